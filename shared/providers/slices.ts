/**
 * Divides a recording into slices that are recognised each by itself. Hides where a slice may begin, so that no word is cut
 * in two.
 */
import type { Analysis, Span } from '../audio/analysis.ts'
import { quietestNear } from '../audio/quiet.ts'

/** A boundary is moved to the quietest moment this near. */
const boundaryReachSeconds = 15

/** How many slices of at most `longestSeconds` a recording needs, with a margin for boundaries to move. */
export const sliceCount = (seconds: number, longestSeconds: number): number =>
  Number.isFinite(longestSeconds)
    ? Math.max(1, Math.ceil(seconds / (longestSeconds - 2 * boundaryReachSeconds)))
    : 1

/** The slice's span; neighbours compute the same boundary. */
export const sliceBounds = (analysis: Analysis, slice: number, slices: number): Span => {
  const whole = { startSample: 0, endSample: analysis.totalSamples }
  return partOf(analysis, whole, slice, slices, boundaryReachSeconds)
}

/** One of `count` even parts of a span, its boundaries moved to the quietest moment within reach. */
export function partOf(
  analysis: Analysis,
  { startSample, endSample }: Span,
  part: number,
  count: number,
  reachSeconds: number,
): Span {
  const length = endSample - startSample
  const reach = Math.min(reachSeconds * analysis.format.sampleRate, Math.floor(length / count / 4))
  const boundary = (index: number): number => {
    if (index === 0) return startSample
    if (index === count) return endSample
    const even = startSample + Math.round((index * length) / count)
    return quietestNear(analysis, even, reach, startSample, endSample)
  }
  return { startSample: boundary(part), endSample: boundary(part + 1) }
}
