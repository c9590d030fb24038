/** Finds the options that somebody meant who wrote them almost right, where a parser asks for another one first. */
import type { Command } from 'commander'
import { nearest } from '../../shared/nearest.ts'

/** A line for each word that is no option of the command it is given to, and is like one. Empty for unknown commands. */
export function misspelt(program: Command, words: readonly string[]): string {
  const command = program.commands.find((each) => each.name() === words[0])
  const known = command?.options.flatMap(({ long }) => long ?? []) ?? []
  const end = words.indexOf('--')
  return (end < 0 ? words : words.slice(0, end))
    .filter((word) => word.startsWith('--'))
    .map((word) => word.split('=')[0]!)
    .filter((word) => !known.includes(word) && word !== '--help')
    .map((word) => [word, nearest(word, known)] as const)
    .map(([word, meant]) =>
      meant === undefined ? '' : `There is no option ${word}; did you mean ${meant}?\n`,
    )
    .join('')
}
