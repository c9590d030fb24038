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
export function sliceBounds(analysis: Analysis, slice: number, slices: number): Span {
  const { totalSamples, format } = analysis
  const reach = Math.min(boundaryReachSeconds * format.sampleRate, Math.floor(totalSamples / slices / 4))
  const boundary = (index: number): number => {
    if (index <= 0) return 0
    if (index >= slices) return totalSamples
    return quietestNear(analysis, Math.round((index * totalSamples) / slices), reach, 0, totalSamples)
  }
  return { startSample: boundary(slice), endSample: boundary(slice + 1) }
}
