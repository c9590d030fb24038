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
 * of `peaks`, except where the programme itself begins or ends. Written to `out`, which is returned.
 */
export function limiterGains(
  peaks: Float32Array,
  inputGain: number,
  ceilings: number | Float32Array,
  out = new Float64Array(peaks.length),
): Float64Array {
  const { needed, queue, padded } = roomFor(peaks.length)
  let active = false
  for (let i = 0; i < peaks.length; i++) {
    const ceiling = typeof ceilings === 'number' ? ceilings : ceilings[i]!
    const peak = peaks[i]! * inputGain
    needed[i] = peak > ceiling ? Math.floor((ceiling / peak) * unity) : unity
    active ||= needed[i]! < unity
  }
  if (!active) return out.fill(1)
  // one more than the smoothing needs: gains are interpolated between steps
  slidingMinimum(needed, reach + 1, queue, out)
  boxcar(out, reach / 2, padded)
  boxcar(out, reach / 2, padded)
  const scale = 1 / (unity * (reach + 1) ** 2)
  for (let i = 0; i < out.length; i++) out[i]! *= scale
  return out
}

/** What lies between peaks and gains, used again by every call: for a chunk it is 2 MB. */
let room = { needed: new Float64Array(0), queue: new Int32Array(0), padded: new Float64Array(0) }

function roomFor(steps: number): typeof room {
  const paddedSteps = steps + reach + 1
  if (room.needed.length < steps)
    room = {
      needed: new Float64Array(steps),
      queue: new Int32Array(steps),
      padded: new Float64Array(paddedSteps),
    }
  return {
    needed: room.needed.subarray(0, steps),
    queue: room.queue,
    padded: room.padded.subarray(0, paddedSteps),
  }
}

/** Minimum over `radius` values either side, written to `out`. `queue` has room for as many places. */
function slidingMinimum(values: Float64Array, radius: number, queue: Int32Array, out: Float64Array): void {
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
}

/**
 * Replaces values by the sum over `radius` values either side; the first and last value continue beyond the ends,
 * in `padded`.
 */
function boxcar(values: Float64Array, radius: number, padded: Float64Array): void {
  padded.fill(values[0]!, 0, radius)
  padded.set(values, radius)
  padded.fill(values.at(-1)!, radius + values.length)
  let sum = 0
  for (let i = 0; i < 2 * radius; i++) sum += padded[i]!
  for (let i = 0; i < values.length; i++) {
    sum += padded[i + 2 * radius]!
    values[i] = sum
    sum -= padded[i]!
  }
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
