/**
 * Which letters of listener mail an episode reads out: those its producer names; else those it has read out, and the newest
 * that no other episode of theirs has. Hides what becomes of letters that the voice cannot say.
 */
import type { Knex } from 'knex'
import type { Warning } from '../codes.ts'
import { lettersById, unreadLetters, type KeptLetter } from '../db/letters.ts'
import { asSeen, type UploadPath } from '../objects.ts'
import { unsayable } from '../providers/sayable.ts'
import { lettersWanted, withLetters } from '../settings/needs.ts'
import { variablesIn } from '../settings/script.ts'
import type { EpisodeSettings } from '../settings/episode.ts'
import type { RunSettings, Template } from '../settings/settings.ts'

/** So many letters that cannot be said are passed over for older ones. */
const mostPassedOver = 100
const mostNamed = 3

export interface LettersRead {
  readonly letters: readonly KeptLetter[]
  /** The template without the segments for which no letter is left. */
  readonly settings: RunSettings
  readonly warnings: readonly Warning[]
}

export async function lettersRead(
  trx: Knex,
  { userId, podcast, episode: slug }: Pick<UploadPath, 'userId' | 'podcast' | 'episode'>,
  { episode, template }: { episode: Pick<EpisodeSettings, 'letters'>; template: Template },
): Promise<LettersRead> {
  const wanted = lettersWanted(template)
  if (wanted === 0) return { letters: [], settings: template, warnings: [] }
  const where = { userId, podcast: asSeen(podcast), slug: asSeen(slug) }
  const found = episode.letters
    ? await lettersById(trx, userId, episode.letters)
    : await unreadLetters(trx, where, wanted + mostPassedOver)
  const sayable = found.filter((letter) => canBeSaid(letter, template))
  const letters = sayable.slice(0, wanted)
  const passed = letters.length < wanted ? found : found.slice(0, found.indexOf(letters.at(-1)!))
  const unsaid = passed.filter((letter) => !sayable.includes(letter))
  const unheard = episode.letters ? sayable.slice(wanted) : []
  const { template: settings, leftOut } = withLetters(template, letters.length)
  return {
    letters,
    settings,
    warnings: [
      ...leftOut.map((segment) => noLetters(segment, episode.letters !== undefined)),
      ...(unsaid.length > 0 ? [unsaidLetters(unsaid)] : []),
      ...(unheard.length > 0 ? [unheardLetters(unheard, wanted)] : []),
    ],
  }
}

/** By the voice of each segment that reads letters out; of a letter only what is read out counts. */
const canBeSaid = (letter: KeptLetter, { segments, voice: usual }: Template): boolean =>
  segments.every((one) => {
    if (one.type === 'content' || one.source.kind !== 'mail') return true
    const { script, voice = usual } = one.source
    const said = variablesIn(script)
    const parts = { from: letter.sender, subject: letter.subject, text: letter.text }
    const text = Object.entries(parts).flatMap(([name, part]) => (said.has(name) ? [part] : []))
    return unsayable(voice.provider, text.join(' ')) === undefined
  })

const noLetters = (segment: string, areNamed: boolean): Warning => ({
  code: 'letters_left_out',
  message: areNamed
    ? `${segment} reads out listener mail, and no more letters are this episode's: it was left out. A rebuild takes no new ones; ./spool assemble and upload do.`
    : `${segment} reads out listener mail, and there is none that no episode has read out: it was left out.`,
})

const unsaidLetters = (letters: readonly KeptLetter[]): Warning => ({
  code: 'letters_left_out',
  message:
    `Left out, since the voice can read English only: ${named(letters)}. ` +
    'Choose another voice for the segment, or delete what is not to be read (./spool letters).',
})

const unheardLetters = (letters: readonly KeptLetter[], wanted: number): Warning => ({
  code: 'letters_left_out',
  message: `The template reads out ${wanted} ${wanted === 1 ? 'letter' : 'letters'}, and more are named. Left out: ${named(letters)}.`,
})

function named(letters: readonly KeptLetter[]): string {
  const names = letters
    .slice(0, mostNamed)
    .map(({ subject, sender }) => `“${subject || 'without a subject'}” of ${sender}`)
  const more = letters.length - names.length
  return names.join(', ') + (more > 0 ? ` and ${more} more` : '')
}
