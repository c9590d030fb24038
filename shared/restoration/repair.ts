/**
 * Puts something else in place of a few samples: what an autoregressive model of the sound around them makes of it with the
 * least error (Janssen, Veldhuis and Vries, 1986). Hides the model and the equations.
 */

const order = 64
const rounds = 2
/** Of the sound on either side. */
export const repairContextSeconds = 0.025

/** Replaces `samples[from…to)`, in place; what lies around them, as far as it is there, is taken for good. */
export function repair(samples: Float32Array, from: number, to: number, sampleRate: number): void {
  const filled = filling(samples, from, to, sampleRate)
  if (filled) samples.set(filled, from)
}

/** What fits in place of `samples[from…to)`; undefined in silence. */
export function filling(
  samples: Float32Array,
  from: number,
  to: number,
  sampleRate: number,
): Float64Array | undefined {
  const context = Math.round(repairContextSeconds * sampleRate)
  const first = Math.max(0, from - context)
  const sound = Float64Array.from(samples.subarray(first, Math.min(samples.length, to + context)))
  const [a, b] = [from - first, to - first]
  sound.fill(0, a, b)
  for (let round = 0; round < rounds; round++) {
    const prediction = predictionOf(sound)
    if (!prediction) return undefined
    sound.set(filled(sound, a, b, prediction), a)
  }
  return sound.slice(a, b)
}

/** Coefficients of the error filter, beginning with 1, by Levinson and Durbin; undefined of silence. */
function predictionOf(sound: Float64Array): Float64Array | undefined {
  const windowed = sound.map(
    (sample, i) => sample * (0.5 - 0.5 * Math.cos((2 * Math.PI * (i + 0.5)) / sound.length)),
  )
  const correlation = Float64Array.from({ length: order + 1 }, (_, lag) => {
    let sum = 0
    for (let i = lag; i < windowed.length; i++) sum += windowed[i]! * windowed[i - lag]!
    return sum
  })
  if (correlation[0]! <= 0) return undefined
  let error = correlation[0]! * (1 + 1e-6) + 1e-12
  let filter = new Float64Array(order + 1)
  filter[0] = 1
  for (let m = 1; m <= order; m++) {
    let sum = correlation[m]!
    for (let i = 1; i < m; i++) sum += filter[i]! * correlation[m - i]!
    const reflection = -sum / error
    const next = filter.slice()
    for (let i = 1; i < m; i++) next[i] = filter[i]! + reflection * filter[m - i]!
    next[m] = reflection
    filter = next
    error *= 1 - reflection * reflection
  }
  return filter
}

/** The samples from `a` to `b` with which the filter's error is least: a band of equations, by Cholesky. */
function filled(sound: Float64Array, a: number, b: number, filter: Float64Array): Float64Array {
  const band = Float64Array.from({ length: order + 1 }, (_, lag) => {
    let sum = 0
    for (let i = 0; i + lag <= order; i++) sum += filter[i]! * filter[i + lag]!
    return sum
  })
  const n = b - a
  const right = Float64Array.from({ length: n }, (_, i) => {
    let sum = 0
    for (let j = a + i - order; j <= a + i + order; j++)
      if (j >= 0 && j < sound.length && (j < a || j >= b)) sum -= band[Math.abs(a + i - j)]! * sound[j]!
    return sum
  })
  const lower = Array.from({ length: n }, () => new Float64Array(order + 1)) // lower[i][k]: row i, column i − k
  for (let i = 0; i < n; i++)
    for (let k = Math.min(i, order); k >= 0; k--) {
      const j = i - k
      let sum = band[k]!
      for (let m = Math.max(0, i - order); m < j; m++) sum -= lower[i]![i - m]! * lower[j]![j - m]!
      lower[i]![k] = k === 0 ? Math.sqrt(Math.max(sum, 1e-12)) : sum / lower[j]![0]!
    }
  for (let i = 0; i < n; i++) {
    for (let k = 1; k <= Math.min(i, order); k++) right[i]! -= lower[i]![k]! * right[i - k]!
    right[i]! /= lower[i]![0]!
  }
  for (let i = n - 1; i >= 0; i--) {
    for (let k = 1; k <= order && i + k < n; k++) right[i]! -= lower[i + k]![k]! * right[i + k]!
    right[i]! /= lower[i]![0]!
  }
  return right
}
