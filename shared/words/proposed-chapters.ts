/**
 * Chapters proposed from what is heard of a recording, as marks of the recording: where they come in the episode is the
 * ledger's business, as with marks that somebody gave. Hides which words are heard, and that chapters are measured after the
 * cuts, and pauses before.
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
  const placed = heard.map((word, i) => {
    const start = toOutput(ledger, word.startSample)
    const before = heard[i - 1]
    return {
      text: word.text,
      startSample: start,
      endSample: Math.max(start, toOutput(ledger, word.endSample)),
      ...(before && { pauseSamples: pauseBetween(before, word) }),
    }
  })
  return topicsIn(placed, sampleRate).map(({ first, title }, i) => ({
    startSample: heard[first]!.startSample,
    title: title === '' ? `Chapter ${i + 1}` : title,
  }))
}

/** As recorded: that long pauses are shortened makes them no worse as borders, nor does it what was taken out with them. */
const pauseBetween = (before: Word, word: Word): number => Math.max(0, word.startSample - before.endSample)
