/**
 * What of a recording lies before the first of the words that somebody brought, or behind the last, and is heard all the
 * same: a text of half of it, or of the first of two recordings. Pure.
 */
import { overlapOf, type Analysis, type Span } from '../audio/analysis.ts'
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
  const heardIn = (end: Span) => speech.reduce((sum, one) => sum + overlapOf(end, one), 0)
  return ends.filter((end) => heardIn(end) >= leastSeconds * format.sampleRate)
}

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
