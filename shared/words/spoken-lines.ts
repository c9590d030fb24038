/**
 * What is heard of a recording, in lines that a reader can refer to by number. Hides where a line ends, and what is left
 * out of a talk that is longer than its reader takes.
 */
import type { Word } from './words.ts'

export interface SpokenLine {
  /** Counted from 1 in all of the talk. */
  readonly number: number
  /** With the speaker's name before it where that changes. */
  readonly text: string
  readonly startSample: number
}

/** A line is about as long as a sentence: a note's place is no finer than that. */
const fewestWords = 8
const mostWords = 40
const endsSentence = /[.!?…。！？]["'”’)]?$/

export function spokenLines(words: readonly Word[]): SpokenLine[] {
  const groups: Word[][] = []
  for (const word of words) {
    const group = groups.at(-1)
    if (!group || isComplete(group) || group[0]!.speaker !== word.speaker) groups.push([word])
    else group.push(word)
  }
  return groups.map((group, i) => {
    const { speaker, startSample } = group[0]!
    const isNew = speaker !== null && speaker !== groups[i - 1]?.[0]!.speaker
    const said = group.map(({ text }) => text).join(' ')
    return { number: i + 1, text: isNew ? `${speaker}: ${said}` : said, startSample }
  })
}

const isComplete = (group: readonly Word[]): boolean =>
  group.length >= mostWords || (group.length >= fewestWords && endsSentence.test(group.at(-1)!.text))

/** What is left out is left out evenly, a stretch of the talk at a time: each keeps its beginning. */
const linesInStretch = 40

/** As much as fits into so many characters, of all of the talk; all of it where it fits. */
export function shortened(lines: readonly SpokenLine[], mostCharacters: number): readonly SpokenLine[] {
  const total = lengthOf(lines)
  if (total <= mostCharacters) return lines
  const share = mostCharacters / total
  const kept: SpokenLine[] = []
  for (let from = 0; from < lines.length; from += linesInStretch) {
    const stretch = lines.slice(from, from + linesInStretch)
    let room = Math.floor(share * lengthOf(stretch))
    for (const line of stretch) {
      room -= written(line)
      if (room < 0) break
      kept.push(line)
    }
  }
  return kept
}

/** With its number and what separates it from the next. */
const written = ({ number, text }: SpokenLine): number => String(number).length + text.length + 4
const lengthOf = (lines: readonly SpokenLine[]): number => lines.reduce((sum, line) => sum + written(line), 0)
