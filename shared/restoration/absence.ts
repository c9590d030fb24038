/**
 * How likely each cell of a spectrum holds no speech, from how far it and what is around stand over the noise. Hides the
 * averages over time and bins.
 */
import { bandOf, boxMeans, meanLogarithms } from '../kernel/cells.ts'
import { absenceOdds } from '../kernel/suppression.ts'
import type { Cells } from './noise-floor.ts'
import type { Frames, Shape } from './spectra.ts'

const speechHz = [110, 8000] as const
const nearRadius = { bins: 2, rows: 3 } as const
const wideRadius = 15
/** A frame looks like speech by the mean of so many on either side. */
const besideFrames = 4

/** The odds of absence in the frames `swept`, from ratios averaged over time and bins. */
export function oddsOf(
  ratios: Float32Array,
  looked: Frames,
  swept: Frames,
  { stride, bins }: Cells,
  shape: Shape,
): Float32Array {
  const near = shape.scratch.take('near', ratios.length)
  boxMeans(ratios, { stride, bins }, nearRadius, near)
  const logarithms = meanLogarithms(near, stride, bandOf(speechHz, shape.sampleRate / shape.size, bins))
  const degrees = Float32Array.from({ length: swept.to - swept.from }, (_, i) => {
    const index = swept.from - looked.from + i
    const around = logarithms.subarray(Math.max(0, index - besideFrames), index + besideFrames + 1)
    const mean = around.reduce((sum, value) => sum + value, 0) / around.length
    return Math.max(0.15, Math.min(1, (mean - 0.05) / 0.5))
  })
  const odds = near.subarray((swept.from - looked.from) * stride, (swept.to - looked.from) * stride)
  absenceOdds(odds, { stride, bins }, wideRadius, degrees)
  return odds
}
