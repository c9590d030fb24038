/**
 * How much of each cell of a spectrum is kept where there is noise, by the log-spectral amplitude estimator. Hides the
 * table of the exponential integral and that rows pass through the kernels' memory. Rows are `stride` long, a multiple of
 * four; gains are logarithms to base 2.
 */
import { floats, kernels, place } from './memory.ts'

const [nearAt, wideAt, oddsAt] = [place.rowsRe, place.rowsIm, place.rowsGain]
const stateAt = place.transform
const tableAt = place.tables + 65_536

const octaves = { first: -12, count: 19, steps: 64 }

/** ½ E₁(v) as a logarithm to base 2, at the middle of each step. */
const table = Float32Array.from({ length: octaves.count * octaves.steps }, (_, i) => {
  const octave = Math.floor(i / octaves.steps) + octaves.first
  const v = 2 ** octave * (1 + ((i % octaves.steps) + 0.5) / octaves.steps)
  return 0.5 * exponentialIntegral(v) * Math.LOG2E
})

/** E₁(v): its series where v is small, its continued fraction elsewhere (Abramowitz and Stegun 5.1.11, 5.1.22). */
function exponentialIntegral(v: number): number {
  if (v < 1) {
    let sum = -0.5772156649015329 - Math.log(v)
    for (let k = 1, term = 1; k < 30; k++) {
      term *= -v / k
      sum -= term / k
    }
    return sum
  }
  let fraction = 0
  for (let k = 60; k > 0; k--) fraction = k / (1 + k / (v + fraction))
  return Math.exp(-v) / (v + fraction)
}

const lay = (row: Float32Array, address: number): void => floats.set(row, address / 4)
const lift = (address: number, row: Float32Array): void =>
  row.set(floats.subarray(address / 4, address / 4 + row.length))

/**
 * The odds that there is no speech in each cell of a frame, from cells' ratios to the noise averaged near by and over a
 * wider band, and the degree (0…1) to which the frame looks like speech.
 */
export function absenceOdds(near: Float32Array, wide: Float32Array, frame: number, out: Float32Array): void {
  lay(near, nearAt)
  lay(wide, wideAt)
  kernels.absenceOdds(nearAt, wideAt, near.length, frame, oddsAt)
  lift(oddsAt, out)
}

export interface Estimator {
  /** How much of the estimate before is believed. */
  readonly alpha: number
  /** The least ratio of speech to noise that is thought of. */
  readonly least: number
  /** The least gain, a logarithm to base 2. */
  readonly floor: number
}

/**
 * A sweep over frames in one direction of time: `next` takes a frame's ratios to the noise and its odds of absence, and
 * puts its gains in place of those that are smaller. `state` is a row of the caller's, which it goes on from.
 */
export function sweepRow(
  { alpha, least, floor }: Estimator,
  ratios: Float32Array,
  odds: Float32Array,
  state: Float32Array,
  gains: Float32Array,
): void {
  lay(table, tableAt)
  lay(ratios, place.rowsRe)
  lay(odds, place.rowsIm)
  lay(state, stateAt)
  lay(gains, place.rowsGain)
  kernels.sweep(
    place.rowsRe,
    place.rowsIm,
    stateAt,
    place.rowsGain,
    ratios.length,
    alpha,
    least,
    floor,
    tableAt,
  )
  lift(stateAt, state)
  lift(place.rowsGain, gains)
}

/** Turns a row of gains into amplitudes, in place: not under `floor`, and towards it where `share` is less than 1. */
export function amplitudesOf(gains: Float32Array, floor: number, share: number): void {
  lay(gains, place.rowsGain)
  kernels.amplitudes(place.rowsGain, gains.length, floor, share)
  lift(place.rowsGain, gains)
}
