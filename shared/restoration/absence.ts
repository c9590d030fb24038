/**
 * How likely each cell of a spectrum holds no speech, from how far it and what is around stand over the noise. Hides the
 * averages over time and bins.
 */
import { absenceOdds } from '../kernel/suppression.ts'
import type { Cells } from './noise-floor.ts'
import { meanOfRows, type Frames, type Shape } from './spectra.ts'

const speechHz = [110, 8000] as const

/** The odds of absence in the frames `swept`, from ratios averaged over time and bins. */
export function oddsOf(
  ratios: Float32Array,
  looked: Frames,
  swept: Frames,
  { stride, bins }: Cells,
  shape: Shape,
): Float32Array {
  const count = looked.to - looked.from
  const across = meansOverBins(ratios, stride, bins, shape.scratch('across', ratios.length))
  const near = shape.scratch('near', ratios.length)
  const [low, high] = speechHz.map((hz) => Math.min(bins, Math.round((hz * shape.size) / shape.sampleRate)))
  const degrees = new Float32Array(count)
  for (let frame = 0; frame < count; frame++) {
    const at = frame * stride
    if (frame < 3 || frame >= count - 3)
      meanOfRows(across, Math.max(0, frame - 3), Math.min(count, frame + 4), stride, near, at)
    else meanOfSeven(across, at, stride, near)
    degrees[frame] = meanLogarithm(near, at + low!, at + high!)
  }
  const odds = shape.scratch('odds', (swept.to - swept.from) * stride)
  const wide = new Float32Array(stride)
  const sums = new Float64Array(bins + 1)
  for (let frame = swept.from; frame < swept.to; frame++) {
    const index = frame - looked.from
    const row = near.subarray(index * stride, (index + 1) * stride)
    const [from, to] = [Math.max(0, index - 4), Math.min(count, index + 5)]
    let sum = 0
    for (let other = from; other < to; other++) sum += degrees[other]!
    const degree = Math.max(0.15, Math.min(1, (sum / (to - from) - 0.05) / 0.5))
    wideMeans(row, bins, sums, wide)
    const at = (frame - swept.from) * stride
    absenceOdds(row, wide, degree, odds.subarray(at, at + stride))
  }
  return odds
}

function meanOfSeven(rows: Float32Array, at: number, stride: number, out: Float32Array): void {
  const [two, three, end] = [2 * stride, 3 * stride, at + stride]
  for (let i = at; i < end; i++)
    out[i] =
      (rows[i - three]! +
        rows[i - two]! +
        rows[i - stride]! +
        rows[i]! +
        rows[i + stride]! +
        rows[i + two]! +
        rows[i + three]!) /
      7
}

/** Means over five bins. */
function meansOverBins(
  values: Float32Array,
  stride: number,
  bins: number,
  means: Float32Array,
): Float32Array {
  for (let at = 0; at < values.length; at += stride) {
    const [a, b] = [at + 2, at + bins - 2]
    for (let i = a; i < b; i++)
      means[i] = (values[i - 2]! + values[i - 1]! + values[i]! + values[i + 1]! + values[i + 2]!) / 5
    means.fill(means[a]!, at, a)
    means.fill(means[b - 1]!, b, at + stride)
  }
  return means
}

/** The mean natural logarithm; products of a few are as good as sums of their logarithms. */
function meanLogarithm(values: Float32Array, from: number, to: number): number {
  let sum = 0
  for (let i = from; i < to; i += 8) {
    let product = 1
    const end = Math.min(to, i + 8)
    for (let j = i; j < end; j++) product *= values[j]!
    sum += Math.log(Math.max(product, 1e-300))
  }
  return sum / (to - from)
}

const wideRadius = 15

function wideMeans(row: Float32Array, bins: number, sums: Float64Array, out: Float32Array): void {
  for (let k = 0; k < bins; k++) sums[k + 1] = sums[k]! + row[k]!
  for (let k = 0; k < bins; k++) {
    const [from, to] = [Math.max(0, k - wideRadius), Math.min(bins, k + wideRadius + 1)]
    out[k] = (sums[to]! - sums[from]!) / (to - from)
  }
}
