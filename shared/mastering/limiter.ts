/**
 * A look-ahead true-peak limiter whose gain has finite support, so that any slice of the programme limits
 * exactly as the whole does. Hides the gain's shape: the least gain needed within reach, smoothed by two
 * boxcars. The arithmetic is in whole numbers, so running sums give the same result wherever they start.
 */
import { multiplySteps } from '../kernel/gains.ts'

/** The limiter decides once for this many samples (0.6 ms); it divides 100 ms at 44.1 and 48 kHz. */
export const limiterStep = 30
/** Steps from the gain's lowest point to where it is back at one: 50 ms of hold and smoothing either side. */
const reach = 80
/** How many steps before and after a position its gain depends on. */
export const limiterSupportSteps = 2 * reach + 2
export const limiterSupportSamples = limiterSupportSteps * limiterStep

/** Gains are whole multiples of 2⁻²⁴, always rounded down: below the ceiling stays below. */
const unity = 2 ** 24

/**
 * The gain of each step that keeps `peaks` (amplitudes before the limiter) times `inputGain` at or under
 * `ceilings` (one value, or one for each step). Exact for steps at least `limiterSupportSteps` from both ends
 * of `peaks`, except where the programme itself begins or ends.
 */
export function limiterGains(
  peaks: Float32Array,
  inputGain: number,
  ceilings: number | Float32Array,
): Float64Array {
  const needed = new Float64Array(peaks.length)
  let active = false
  for (let i = 0; i < peaks.length; i++) {
    const ceiling = typeof ceilings === 'number' ? ceilings : ceilings[i]!
    const peak = peaks[i]! * inputGain
    needed[i] = peak > ceiling ? Math.floor((ceiling / peak) * unity) : unity
    active ||= needed[i]! < unity
  }
  if (!active) return needed.fill(1)
  // one more than the smoothing needs: gains are interpolated between steps
  const held = slidingMinimum(needed, reach + 1)
  const smooth = boxcar(boxcar(held, reach / 2), reach / 2)
  const scale = 1 / (unity * (reach + 1) ** 2)
  for (let i = 0; i < smooth.length; i++) smooth[i]! *= scale
  return smooth
}

/** Minimum over `radius` values either side. */
function slidingMinimum(values: Float64Array, radius: number): Float64Array {
  const out = new Float64Array(values.length)
  const queue = new Int32Array(values.length)
  let head = 0
  let tail = 0
  for (let i = 0; i < values.length + radius; i++) {
    if (i < values.length) {
      while (tail > head && values[queue[tail - 1]!]! >= values[i]!) tail--
      queue[tail++] = i
    }
    const centre = i - radius
    if (centre < 0) continue
    while (queue[head]! < centre - radius) head++
    out[centre] = values[queue[head]!]!
  }
  return out
}

/** Sum over `radius` values either side; the first and last value continue beyond the ends. */
function boxcar(values: Float64Array, radius: number): Float64Array {
  const padded = new Float64Array(values.length + 2 * radius + 1)
  padded.fill(values[0]!, 0, radius)
  padded.set(values, radius)
  padded.fill(values.at(-1)!, radius + values.length)
  const out = new Float64Array(values.length)
  let sum = 0
  for (let i = 0; i < 2 * radius; i++) sum += padded[i]!
  for (let i = 0; i < out.length; i++) {
    sum += padded[i + 2 * radius]!
    out[i] = sum
    sum -= padded[i]!
  }
  return out
}

/**
 * Multiplies `samples[from…to)` by `inputGain` and the limiter's gain, in place. `gains[firstStep]` belongs
 * to the step that starts at `from`; between the centres of steps the gain runs in straight lines.
 */
export function applyGains(
  samples: Float32Array,
  from: number,
  to: number,
  gains: Float64Array,
  firstStep: number,
  inputGain: number,
): void {
  multiplySteps(samples, from, to, limiterStep, gains, firstStep, inputGain)
}
