/**
 * How well sound repeats after given periods: its autocorrelation there, from a band of its power spectrum. Hides that this is
 * a sum of rows that the kernel adds up.
 */
import { addWeighted } from '../kernel/cells.ts'

/** The kernel's rows are of whole groups of four. */
const group = 4

const lagsPerSecond = 12_000
const voiceHz = [70, 400] as const

/** Of the pitches a voice may have, in seconds. */
export const voicePeriods: readonly number[] = Array.from(
  { length: Math.ceil(lagsPerSecond / voiceHz[0]) - Math.floor(lagsPerSecond / voiceHz[1]) + 1 },
  (_, i) => (Math.floor(lagsPerSecond / voiceHz[1]) + i) / lagsPerSecond,
)

/**
 * A value for each of the periods (seconds), not divided by the power; it holds until the next one. `powers` are those of the
 * bins `from` to `to`.
 */
export function autocorrelation(
  periods: readonly number[],
  [from, to]: readonly [number, number],
  hzPerBin: number,
): (powers: Float32Array) => Float32Array {
  const stride = group * Math.ceil(periods.length / group)
  const cosines = Float32Array.from({ length: (to - from) * stride }, (_, i) =>
    Math.cos(2 * Math.PI * (from + Math.floor(i / stride)) * hzPerBin * (periods[i % stride] ?? 0)),
  )
  const sums = new Float32Array(stride)
  return (powers) => {
    sums.fill(0)
    addWeighted(cosines, powers, sums)
    return sums.subarray(0, periods.length)
  }
}

/** How periodic a voice's harmonics are, at most 1; 0 for nothing. */
export function voicingMeter(
  [from, to]: readonly [number, number],
  hzPerBin: number,
): (powers: Float32Array) => number {
  const correlationsOf = autocorrelation(voicePeriods, [from, to], hzPerBin)
  return (powers) => {
    let [total, best] = [1e-15, 0]
    for (const power of powers) total += power
    for (const correlation of correlationsOf(powers)) if (correlation > best) best = correlation
    return best / total
  }
}
