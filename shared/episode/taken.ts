/**
 * What is said of an episode once its producer has taken something of what was proposed. Hides that whatever is given by hand
 * wins, and where places of the recording come in the episode.
 */
import type { Warning } from '../codes.ts'
import type { Taken } from '../edits/decisions.ts'
import type { NamedVoice } from '../db/voices.ts'
import type { Mark } from '../feed/chapter-marks.ts'
import { clockOf } from '../feed/chapters.ts'
import { mostDescriptionCharacters } from '../settings/episode.ts'
import { keptShare, toOutput } from '../timeline/ledger.ts'
import type { Timeline } from '../timeline/timeline.ts'
import type { Portrait, Transcript } from '../words/words.ts'

type Laid = Pick<Timeline, 'ledger' | 'sampleRate'>

export interface Given {
  /** An episode that nobody has named has its folder's name. */
  readonly title: string
  readonly slug: string
  /** Empty when there is none. */
  readonly description: string
}

export interface Said {
  /** Null where what is given by hand stays. */
  readonly title: string | null
  readonly description: string | null
  readonly warnings: readonly Warning[]
}

/** The title and the description that stand in for what nobody gave. */
export function saidBy(taken: Taken, { title, slug, description }: Given, laid: Laid): Said {
  const { text, leftOut } = descriptionOf(taken, laid)
  const isDescribed = description !== '' || text === ''
  return {
    title: title === slug ? (taken.title ?? null) : null,
    description: isDescribed ? null : text,
    warnings:
      leftOut === 0 || isDescribed
        ? []
        : [
            {
              code: 'notes_shortened',
              message: `${leftOut} of the show notes do not fit into a description of ${mostDescriptionCharacters} characters.`,
            },
          ],
  }
}

/** The chapters that count: those given by hand, else those taken, else those found in the words, if they are wanted. */
export function marksFor(
  given: readonly Mark[],
  taken: Taken,
  found: readonly Mark[],
  laid: Pick<Laid, 'sampleRate'>,
): readonly Mark[] {
  const chosen = marksTaken(taken, laid)
  return [given, chosen].find((marks) => marks.length > 0) ?? found
}

const marksTaken = ({ chapters = [] }: Taken, { sampleRate }: Pick<Laid, 'sampleRate'>): Mark[] =>
  chapters
    .map(({ startSeconds, title }) => ({ startSample: Math.round(startSeconds * sampleRate), title }))
    .toSorted((a, b) => a.startSample - b.startSample)
    .filter(({ startSample }, i, all) => startSample !== all[i - 1]?.startSample)

/** The names of the speakers: whoever was named in a review has heard them. */
export const speakersNamed = (given: Readonly<Record<string, string>>, { speakers = {} }: Taken) => ({
  ...given,
  ...speakers,
})

/**
 * The voices whose names were given: a likeness that nobody has confirmed would be handed on as if it had been. What the
 * words call a voice is no name, also where the two were changed for each other.
 */
export const voicesNamed = (
  { voices = [] }: Transcript,
  names: Readonly<Record<string, string>>,
): NamedVoice<Portrait>[] => {
  const labels = voices.map(({ label }) => label)
  return voices.flatMap(({ label, portrait }) => {
    const name = names[label]
    return name === undefined || labels.includes(name) ? [] : [{ label, name, portrait }]
  })
}

/** The summary, and a line for each note that is still heard, with its time in the episode; as many as fit. */
function descriptionOf(
  { summary, notes = [] }: Taken,
  { ledger, sampleRate }: Laid,
): { text: string; leftOut: number } {
  const lines = notes
    .map(({ startSeconds, text }) => ({ startSample: Math.round(startSeconds * sampleRate), text }))
    .filter(({ startSample }) => keptShare(ledger, { startSample, endSample: startSample + sampleRate }) > 0)
    .map(({ startSample, text }) => ({ at: toOutput(ledger, startSample), text }))
    .toSorted((a, b) => a.at - b.at)
    .map(({ at, text }) => `${clockOf(Math.floor((1000 * at) / sampleRate)).slice(0, 8)} ${text}`)
  for (let count = lines.length; count >= 0; count--) {
    const listed = lines.slice(0, count).join('\n')
    const text = [summary ?? '', listed].filter((part) => part !== '').join('\n\n')
    if (text.length <= mostDescriptionCharacters) return { text, leftOut: lines.length - count }
  }
  return { text: '', leftOut: lines.length }
}
