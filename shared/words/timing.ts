/**
 * Measures how far a transcript's times are from the sound. Words beside silence have edges that can be found
 * in the sound; their errors tell the recogniser's constant lag, and how much any single edge may be off
 * besides.
 */
import type { Analysis } from '../audio/analysis.ts'
import type { Transcript, Word } from './words.ts'

export interface Timing {
  /** The reported time minus that in the sound, in samples: positive when the recogniser is late. */
  readonly lagSamples: number
  /**
   * What nine edges in ten are off by at most once the lag is subtracted, in samples; infinite when too few
   * could be checked.
   */
  readonly errorSamples: number
}

/** Which edge of a word. */
export type Side = 'start' | 'end'

/** An edge further away than this belongs to another word. */
const longestErrorSeconds = 0.3
/** A word edge is checked when no other word is this near. */
const clearSeconds = 0.25
const fewestEdges = 6
/** A lag smaller than this cannot be told from soft onsets and decays. */
const smallestLagSeconds = 0.04

/** Compares word edges beside silence with the edges of the sound: the words' starts, their ends, or both. */
export function checkTiming(
  { words }: Transcript,
  analysis: Analysis,
  sides: readonly Side[] = ['start', 'end'],
): Timing {
  const errors = sides.flatMap((side) =>
    errorsOf(
      clearEdges(words, side, analysis),
      analysis.speech.map((span) => (side === 'start' ? span.startSample : span.endSample)),
      analysis,
    ),
  )
  if (errors.length < fewestEdges) return { lagSamples: 0, errorSamples: Infinity }
  const middle = quantile(errors, 0.5)
  const lagSamples = Math.abs(middle) < smallestLagSeconds * analysis.format.sampleRate ? 0 : middle
  return {
    lagSamples,
    errorSamples: quantile(
      errors.map((error) => Math.abs(error - lagSamples)),
      0.9,
    ),
  }
}

function clearEdges(words: readonly Word[], side: Side, { format, totalSamples }: Analysis): number[] {
  const clear = clearSeconds * format.sampleRate
  return words.flatMap(({ startSample, endSample }, i) => {
    if (side === 'start')
      return startSample - (words[i - 1]?.endSample ?? -Infinity) >= clear ? [startSample] : []
    return (words[i + 1]?.startSample ?? totalSamples + clear) - endSample >= clear ? [endSample] : []
  })
}

function errorsOf(reported: readonly number[], found: readonly number[], { format }: Analysis): number[] {
  const longest = longestErrorSeconds * format.sampleRate
  return reported.flatMap((edge) => {
    const nearest = found.reduce(
      (best, candidate) => (Math.abs(candidate - edge) < Math.abs(best - edge) ? candidate : best),
      Infinity,
    )
    return Math.abs(nearest - edge) <= longest ? [edge - nearest] : []
  })
}

function quantile(values: readonly number[], share: number): number {
  return [...values].sort((a, b) => a - b)[Math.floor((values.length - 1) * share)]!
}

/** The transcript with the lag subtracted from its times. */
export function withoutLag(transcript: Transcript, { lagSamples }: Timing, totalSamples: number): Transcript {
  const shift = (sample: number) => Math.min(totalSamples, Math.max(0, sample - lagSamples))
  return {
    ...transcript,
    words: transcript.words.map((word) => ({
      ...word,
      startSample: shift(word.startSample),
      endSample: shift(word.endSample),
    })),
  }
}
