// How much of each cell of a spectrum is speech: the log-spectral amplitude estimator of Ephraim and Malah (1985) with
// the presence of speech after Cohen (2002). Rows of cells, four at a time; gains are logarithms to base 2.

import { sumOf, differenceOf, product, log2Of, exp2Of } from './four'

/** Where a logarithm lies between two, as a share. */
// @ts-ignore: decorator
@inline
function between(value: v128, low: f32, perUnit: f32): v128 {
  const share = product(differenceOf(log2Of(value), f32x4.splat(low)), f32x4.splat(perUnit))
  return f32x4.pmin(f32x4.pmax(share, f32x4.splat(0)), f32x4.splat(1))
}

/** Means, of sums from the beginning to `below` and to `above`, in the first two of four lanes. */
// @ts-ignore: decorator
@inline
function meansOfTwo(below: usize, above: usize, perCell: f64): v128 {
  const within = f64x2.sub(v128.load(above), v128.load(below))
  return f32x4.demote_f64x2_zero(f64x2.mul(within, f64x2.splat(perCell)))
}

/** The mean of up to `radius` cells on either side, as far as there are any. `sums` has room for a float64 a cell. */
function wideMeans(row: usize, bins: i32, radius: i32, sums: usize, out: usize): void {
  let sum: f64 = 0
  store<f64>(sums, 0)
  for (let k = 0; k < bins; k++) {
    sum += <f64>load<f32>(row + (<usize>k << 2))
    store<f64>(sums + (<usize>(k + 1) << 3), sum)
  }
  const perCell = 1 / <f64>(2 * radius + 1)
  const inner = radius + ((bins - 2 * radius) & ~3)
  for (let k = radius; k < inner; k += 4) {
    const below = sums + (<usize>(k - radius) << 3)
    const above = sums + (<usize>(k + radius + 1) << 3)
    const low = meansOfTwo(below, above, perCell)
    const high = meansOfTwo(below + 16, above + 16, perCell)
    v128.store(out + (<usize>k << 2), v128.shuffle<f64>(low, high, 0, 2))
  }
  for (let k = 0; k < bins; k++) {
    if (k === radius && inner > radius) k = inner
    const from = max(0, k - radius)
    const to = min(bins, k + radius + 1)
    const within = load<f64>(sums + (<usize>to << 3)) - load<f64>(sums + (<usize>from << 3))
    const scale = to - from === 2 * radius + 1 ? perCell : 1 / <f64>(to - from)
    store<f32>(out + (<usize>k << 2), <f32>(within * scale))
  }
}

/**
 * The odds that a cell holds no speech, of cells' ratios to the noise averaged near by (`near`) and over a wider band
 * (`wide`), in a frame that looks like speech to the degree `frame`.
 */
function oddsOfRow(near: usize, wide: usize, count: i32, frame: f32, out: usize): void {
  const one = f32x4.splat(1)
  const least = f32x4.splat(1e-20)
  for (let i = 0; i < count; i += 4) {
    const at = <usize>i << 2
    // from 0.8 dB to 6 dB near by, from 1 dB to 7 dB in the wider band
    const a = between(f32x4.pmax(v128.load(near + at), least), 0.2657542, 0.5789075)
    const b = between(f32x4.pmax(v128.load(wide + at), least), 0.3321928, 0.5017167)
    const none = product(differenceOf(one, a), differenceOf(one, product(f32x4.splat(0.7), b)))
    const speech = product(differenceOf(one, none), f32x4.splat(frame))
    const q = f32x4.pmin(f32x4.pmax(differenceOf(one, speech), f32x4.splat(0.02)), f32x4.splat(0.97))
    v128.store(out + at, f32x4.div(q, differenceOf(one, q)))
  }
}

/**
 * The odds of absence in rows of cells, from the ratios averaged near by and their means over `radius` more bins, in frames
 * that look like speech to the degrees at `frames`. `sums` and `wide` are for use.
 */
export function absenceOdds(
  near: usize,
  count: i32,
  stride: i32,
  bins: i32,
  radius: i32,
  frames: usize,
  sums: usize,
  wide: usize,
  out: usize,
): void {
  const rowBytes = <usize>stride << 2
  for (let row = 0; row < count; row++) {
    wideMeans(near, bins, radius, sums, wide)
    for (let k = bins; k < stride; k++) store<f32>(wide + (<usize>k << 2), 1)
    oddsOfRow(near, wide, stride, load<f32>(frames + (<usize>row << 2)), out)
    near += rowBytes
    out += rowBytes
  }
}

/** Entries of the table an octave, as bits of a float's mantissa, and the octave it begins with. */
const tableBits = 6
const tableFirst = (127 - 12) << tableBits
const tableLast = 19 * 64 - 1

/** The table's value for each of four numbers. */
// @ts-ignore: decorator
@inline
function lookUp(v: v128, table: usize): v128 {
  let index = i32x4.sub(i32x4.shr_u(v, 23 - tableBits), i32x4.splat(tableFirst))
  index = i32x4.min_s(i32x4.max_s(index, i32x4.splat(0)), i32x4.splat(tableLast))
  let four = v128.load32_splat(table + (<usize>i32x4.extract_lane(index, 0) << 2))
  four = v128.load32_lane(table + (<usize>i32x4.extract_lane(index, 1) << 2), four, 1)
  four = v128.load32_lane(table + (<usize>i32x4.extract_lane(index, 2) << 2), four, 2)
  return v128.load32_lane(table + (<usize>i32x4.extract_lane(index, 3) << 2), four, 3)
}

/**
 * One frame of a sweep in time. `ratios` are powers over the noise's, `state` what the frame before was estimated to
 * be, over the noise, and is set to that of this one. A gain replaces that at `gains` where it is greater. `table` holds
 * half the exponential integral, as a logarithm to base 2.
 */
function sweepRow(
  ratios: usize,
  odds: usize,
  state: usize,
  gains: usize,
  count: i32,
  alpha: f32,
  least: f32,
  floor: f32,
  table: usize,
): void {
  const one = f32x4.splat(1)
  const zero = f32x4.splat(0)
  const low = f32x4.splat(floor)
  for (let i = 0; i < count; i += 4) {
    const at = <usize>i << 2
    const ratio = v128.load(ratios + at)
    const past = product(f32x4.splat(alpha), v128.load(state + at))
    const excess = product(f32x4.splat(1 - alpha), f32x4.pmax(differenceOf(ratio, one), zero))
    const prior = f32x4.pmax(sumOf(past, excess), f32x4.splat(least))
    const total = sumOf(one, prior)
    const wiener = f32x4.div(prior, total)
    const v = product(wiener, ratio)
    const gain = f32x4.pmin(sumOf(log2Of(wiener), lookUp(v, table)), zero)
    v128.store(state + at, product(exp2Of(sumOf(gain, gain)), ratio))
    const unlikely = exp2Of(product(f32x4.splat(-1.4426950408889634), f32x4.pmin(v, f32x4.splat(50))))
    const presence = f32x4.div(one, sumOf(one, product(product(v128.load(odds + at), total), unlikely)))
    const weighed = sumOf(low, product(presence, differenceOf(gain, low)))
    v128.store(gains + at, f32x4.pmax(v128.load(gains + at), weighed))
  }
}

/** Rows of a sweep, one after the other, or from the last one to the first. */
export function sweep(
  ratios: usize,
  odds: usize,
  state: usize,
  gains: usize,
  rows: i32,
  stride: i32,
  isBackwards: bool,
  alpha: f32,
  least: f32,
  floor: f32,
  table: usize,
): void {
  for (let i = 0; i < rows; i++) {
    const at = <usize>((isBackwards ? rows - 1 - i : i) * stride) << 2
    sweepRow(ratios + at, odds + at, state, gains + at, stride, alpha, least, floor, table)
  }
}

/**
 * Rows of logarithms to base 2, in place, to what they are of: not less than `floor`, and between there and themselves by
 * each row's share.
 */
export function amplitudes(gains: usize, rows: i32, stride: i32, floor: f32, shares: usize): void {
  const low = f32x4.splat(floor)
  for (let row = 0; row < rows; row++) {
    const share = v128.load32_splat(shares + (<usize>row << 2))
    for (let k = 0; k < stride; k += 4) {
      const at = gains + (<usize>(row * stride + k) << 2)
      const above = differenceOf(f32x4.pmax(v128.load(at), low), low)
      v128.store(at, exp2Of(sumOf(low, product(share, above))))
    }
  }
}
