/**
 * Chapters proposed from what is heard of a recording, as marks of the recording: where they come in the episode is the
 * ledger's business, as with marks that somebody gave. Hides which words are heard, and that they are compared at the times
 * they have after the cuts.
 */
import type { Mark } from '../feed/chapter-marks.ts'
import { keptShare, toOutput } from '../timeline/ledger.ts'
import type { Timeline } from '../timeline/timeline.ts'
import { topicsIn } from './topics.ts'
import type { Transcript, Word } from './words.ts'

type Laid = Pick<Timeline, 'ledger' | 'sampleRate'>

/** A word with less than this share of it kept is gone, as in the transcript. */
const keptEnough = 0.5

/** The recorded words that are heard, at their times in the recording. */
export const heardWords = ({ words }: Transcript, { ledger }: Pick<Laid, 'ledger'>): Word[] =>
  words.filter((word) => keptShare(ledger, word) >= keptEnough)

/** None where the talk has one subject, or is too short to say. */
export function proposedChapters(transcript: Transcript, { ledger, sampleRate }: Laid): Mark[] {
  const heard = heardWords(transcript, { ledger })
  const placed = heard.map(({ text, startSample, endSample }) => {
    const start = toOutput(ledger, startSample)
    return { text, startSample: start, endSample: Math.max(start, toOutput(ledger, endSample)) }
  })
  return topicsIn(placed, sampleRate).map(({ first, title }, i) => ({
    startSample: heard[first]!.startSample,
    title: title === '' ? `Chapter ${i + 1}` : title,
  }))
}
