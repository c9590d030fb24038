/** Peaks of groups of samples, interpolated where they matter; lowest and highest samples. Hides the blocks. */
import { blockFrames, floats, groupsAtOnce, kernels, place, put, putDoubles, take } from './memory.ts'

/** Samples before and after a position that its interpolated values depend on. */
export const interpolatorReach = 6

/** A four times oversampling filter; lay it out once. */
export type Interpolator = Float64Array & { readonly isLaidOut: true }

/**
 * `quarter` has twelve taps, those of three quarters are the same backwards; `half` has the first six of twelve
 * that are symmetric.
 */
export const layOutInterpolator = (quarter: Float64Array, half: Float64Array): Interpolator =>
  Float64Array.from([...quarter, ...half].flatMap((tap) => [tap, tap])) as Interpolator

/**
 * Writes the peak of every `step` samples of `samples[from…to)` to `out`, from `outStart` on, as amplitude: the sample
 * peak, or where that reaches `threshold`, what the interpolator finds too. Up to six samples beyond both ends
 * are read where they exist; others are silence. `step` is at most 8192.
 */
export function groupPeaks(
  samples: Float32Array,
  from: number,
  to: number,
  step: number,
  threshold: number,
  interpolator: Interpolator,
  out: Float32Array,
  outStart: number,
): void {
  const groups = groupsAtOnce(step)
  const [before, after] = [interpolatorReach - 1, interpolatorReach]
  const samplesAt = place.left + 4 * before
  putDoubles(interpolator, place.parameters)
  for (let start = from, group = outStart; start < to; start += groups * step, group += groups) {
    const end = Math.min(start + groups * step, to)
    const [first, last] = [Math.max(0, start - before), Math.min(samples.length, end + after)]
    floats.fill(0, place.left / 4, samplesAt / 4)
    put(samples.subarray(first, last), samplesAt - 4 * (start - first))
    floats.fill(0, samplesAt / 4 + last - start, samplesAt / 4 + end - start + after)
    kernels.peaks(samplesAt, end - start, step, threshold, place.parameters, place.wide, place.out)
    take(place.out, Math.ceil((end - start) / step), out, group)
  }
}

/** How many samples of a plane of any length have a magnitude of `clippedAt`, a float32, or more. */
export function clippedIn(plane: Float32Array, clippedAt: number): number {
  let clipped = 0
  for (let at = 0; at < plane.length; at += blockFrames) {
    const count = Math.min(blockFrames, plane.length - at)
    put(plane.subarray(at, at + count), place.left)
    clipped += kernels.extremes(place.left, count, count, clippedAt, place.out)
  }
  return clipped
}

/**
 * Lowers `lows` and raises `highs` to the lowest and highest of every `step` samples of a plane. Returns how many
 * samples have a magnitude of `clippedAt`, a float32, or more. A plane has at most 8192 samples.
 */
export function extremes(
  plane: Float32Array,
  step: number,
  clippedAt: number,
  lows: Float32Array,
  highs: Float32Array,
): number {
  put(plane, place.left)
  const clipped = kernels.extremes(place.left, plane.length, step, clippedAt, place.out)
  for (let group = 0, at = place.out / 4; group * step < plane.length; group++, at += 2) {
    lows[group] = Math.min(lows[group]!, floats[at]!)
    highs[group] = Math.max(highs[group]!, floats[at + 1]!)
  }
  return clipped
}
