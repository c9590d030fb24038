/**
 * How much of each cell of a spectrum is kept where there is noise, by the log-spectral amplitude estimator. Hides the
 * table of the exponential integral and that rows pass through the kernels' memory. Arrays hold row behind
 * row, `stride` cells each, a multiple of four; gains are logarithms to base 2.
 */
import type { Grid } from './cells.ts'
import { kernels, place, put, rowsAtOnce, take } from './memory.ts'

const [sumsAt, wideAt] = [place.transform, place.wide]
const stateAt = place.transform
const perRowAt = place.parameters
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

/**
 * The odds that there is no speech in each cell, in place of the ratios to the noise averaged near by; their means over
 * `radius` more bins on either side count too, and the degree (0…1) to which each row looks like speech.
 */
export function absenceOdds(
  rows: Float32Array,
  { stride, bins }: Grid,
  radius: number,
  degrees: Float32Array,
): void {
  const most = rowsAtOnce(stride)
  for (let first = 0; first < degrees.length; first += most) {
    const count = Math.min(most, degrees.length - first)
    put(rows.subarray(first * stride, (first + count) * stride), place.rowsRe)
    put(degrees.subarray(first, first + count), perRowAt)
    kernels.absenceOdds(place.rowsRe, count, stride, bins, radius, perRowAt, sumsAt, wideAt, place.rowsGain)
    take(place.rowsGain, count * stride, rows, first * stride)
  }
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
 * Sweeps over frames in one direction of time: from their ratios to the noise and odds of absence come gains, which take the
 * place of those that are smaller.
 */
export function sweep(
  { alpha, least, floor }: Estimator,
  direction: 'forward' | 'backward',
  ratios: Float32Array,
  odds: Float32Array,
  gains: Float32Array,
  stride: number,
): void {
  const rows = gains.length / stride
  const most = rowsAtOnce(stride)
  const isBackwards = direction === 'backward'
  put(table, tableAt)
  put(new Float32Array(stride).fill(1), stateAt)
  for (let done = 0; done < rows; done += most) {
    const count = Math.min(most, rows - done)
    const first = isBackwards ? rows - done - count : done
    const part = (of: Float32Array) => of.subarray(first * stride, (first + count) * stride)
    put(part(ratios), place.rowsRe)
    put(part(odds), place.rowsIm)
    put(part(gains), place.rowsGain)
    kernels.sweep(
      place.rowsRe,
      place.rowsIm,
      stateAt,
      place.rowsGain,
      count,
      stride,
      isBackwards,
      alpha,
      least,
      floor,
      tableAt,
    )
    take(place.rowsGain, count * stride, gains, first * stride)
  }
}

/** Turns rows of gains into amplitudes, in place: not under `floor`, and towards it where a row's share is less than 1. */
export function amplitudesOf(gains: Float32Array, floor: number, shares: Float32Array): void {
  const stride = gains.length / shares.length
  const most = rowsAtOnce(stride)
  for (let first = 0; first < shares.length; first += most) {
    const count = Math.min(most, shares.length - first)
    put(gains.subarray(first * stride, (first + count) * stride), place.rowsGain)
    put(shares.subarray(first, first + count), perRowAt)
    kernels.amplitudes(place.rowsGain, count, stride, floor, perRowAt)
    take(place.rowsGain, count * stride, gains, first * stride)
  }
}
