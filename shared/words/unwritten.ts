/**
 * What of a recording lies before the first of the words that somebody brought, or behind the last, and is heard all the
 * same: a text of half of it, or of the first of two recordings. Pure.
 */
import type { Analysis, Span } from '../audio/analysis.ts'
import type { Warning } from '../codes.ts'
import { minutesOf } from '../timecode.ts'
import type { Word } from './words.ts'

/** Less is a jingle, or somebody who clears their throat. */
const leastSeconds = 8

/** Each end of the recording that has no words and so much sound. */
export function unwrittenEnds(
  words: readonly Word[],
  { speech, totalSamples, format }: Pick<Analysis, 'speech' | 'totalSamples' | 'format'>,
): Span[] {
  const [first, last] = [words[0], words.at(-1)]
  if (!first || !last) return []
  const ends = [
    { startSample: 0, endSample: first.startSample },
    { startSample: last.endSample, endSample: totalSamples },
  ]
  return ends.filter((end) => heardIn(end, speech) >= leastSeconds * format.sampleRate)
}

const heardIn = ({ startSample, endSample }: Span, speech: readonly Span[]): number =>
  speech.reduce(
    (sum, one) =>
      sum + Math.max(0, Math.min(endSample, one.endSample) - Math.max(startSample, one.startSample)),
    0,
  )

export function unwritten(ends: readonly Span[], sampleRate: number): Warning[] {
  if (ends.length === 0) return []
  const named = ends.map((end) =>
    [end.startSample, end.endSample].map((sample) => minutesOf(sample / sampleRate)).join(' to '),
  )
  return [
    {
      code: 'sentences_missing',
      message:
        `The text has nothing of ${named.join(' and of ')}, where something is heard: listeners read none of it, and no ` +
        'filler goes there. If somebody speaks there, bring all of the text.',
    },
  ]
}
