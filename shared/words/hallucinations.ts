/**
 * Drops words that nobody said: recognisers fill silence with "Thank you." and the like. Hides how a word is
 * compared with the sound, and when the sound cannot tell.
 */
import { frameSamples, type Analysis, type Span } from '../audio/analysis.ts'
import type { Transcript, Word } from './words.ts'

/** A recogniser's times may be off by this much; what sounds no further away may be the word. */
const wrongTimesSeconds = 0.3
/**
 * When more of the words than this would go, it is the times, or the line between speech and background, that
 * are wrong.
 */
const mostDropped = 0.5

/**
 * Drops the words that stand wholly over background. Where the analysis cannot tell
 * background, every word stays.
 */
export function withoutHallucinations(
  transcript: Transcript,
  analysis: Analysis,
): { readonly transcript: Transcript; readonly dropped: Word[] } {
  const reach = Math.round(wrongTimesSeconds * analysis.format.sampleRate)
  const isHallucination = ({ startSample, endSample }: Word) =>
    isBackground(analysis, startSample - reach, endSample + reach)
  const dropped = transcript.words.filter(isHallucination)
  if (dropped.length === 0 || dropped.length > mostDropped * transcript.words.length)
    return { transcript, dropped: [] }
  const hallucinated = new Set(dropped)
  return {
    transcript: { ...transcript, words: transcript.words.filter((word) => !hallucinated.has(word)) },
    dropped,
  }
}

/** Whether nothing between two samples rises above the background. */
export const isBackground = (analysis: Analysis, startSample: number, endSample: number): boolean =>
  soundWithin(analysis, startSample, endSample) === undefined

/** From the first 10 ms that rise above the background to the last, of what lies between two samples. */
export function soundWithin(
  { levels, quietBelowDb, format }: Analysis,
  startSample: number,
  endSample: number,
): Span | undefined {
  const frame = frameSamples(format.sampleRate)
  const isLoud = (i: number) => levels[i]! > quietBelowDb * 100
  let first = Math.max(0, Math.floor(startSample / frame))
  let last = Math.min(levels.length - 1, Math.floor(endSample / frame))
  while (first <= last && !isLoud(first)) first++
  while (last > first && !isLoud(last)) last--
  return first > last
    ? undefined
    : {
        startSample: Math.max(startSample, first * frame),
        endSample: Math.min(endSample, (last + 1) * frame),
      }
}
