// Sums and products of planes with gains, computed in float64 and rounded once to float32. Four samples at a time:
// up to three beyond `count` are written.

import { add, high, low, mul, rounded, sub } from './lanes'

/** plane += source · gain */
export function mixSteady(plane: usize, source: usize, count: i32, gain: f64): void {
  const factor = f64x2.splat(gain)
  for (let i = 0; i < count; i += 4) {
    const at = <usize>i << 2
    const sum = v128.load(plane + at)
    const more = v128.load(source + at)
    const first = add(low(sum), mul(low(more), factor))
    const second = add(high(sum), mul(high(more), factor))
    v128.store(plane + at, rounded(first, second))
  }
}

/** plane += (source · gain) · (level + slope · n), where n counts up from `first` */
export function mixLine(
  plane: usize,
  source: usize,
  count: i32,
  gain: f64,
  level: f64,
  slope: f64,
  first: f64,
): void {
  const factor = f64x2.splat(gain)
  const levels = f64x2.splat(level)
  const slopes = f64x2.splat(slope)
  const two = f64x2.splat(2)
  let n = f64x2.replace_lane(f64x2.splat(first), 1, first + 1)
  for (let i = 0; i < count; i += 4) {
    const at = <usize>i << 2
    const sum = v128.load(plane + at)
    const more = v128.load(source + at)
    const next = add(n, two)
    const one = mul(mul(low(more), factor), add(levels, mul(slopes, n)))
    const other = mul(mul(high(more), factor), add(levels, mul(slopes, next)))
    v128.store(plane + at, rounded(add(low(sum), one), add(high(sum), other)))
    n = add(next, two)
  }
}

/** plane += ((source · gain) · fades) · levels, where these two are float64, one for each sample */
export function mixFaded(
  plane: usize,
  source: usize,
  count: i32,
  gain: f64,
  fades: usize,
  levels: usize,
): void {
  const factor = f64x2.splat(gain)
  for (let i = 0; i < count; i += 4) {
    const at = <usize>i << 2
    const wide = <usize>i << 3
    const sum = v128.load(plane + at)
    const more = v128.load(source + at)
    const one = mul(mul(low(more), factor), v128.load(fades + wide))
    const other = mul(mul(high(more), factor), v128.load(fades + wide, 16))
    const first = add(low(sum), mul(one, v128.load(levels + wide)))
    const second = add(high(sum), mul(other, v128.load(levels + wide, 16)))
    v128.store(plane + at, rounded(first, second))
  }
}

/**
 * samples *= gain · a line through the gains of steps: half a step on either side of a step's centre it runs
 * towards the neighbour's. `gains` points at the first step's float64, with one before it and one behind the
 * last; `places` holds each sample's distance from the centre of its step. `step` is even.
 */
export function gainSteps(
  samples: usize,
  count: i32,
  step: i32,
  gains: usize,
  places: usize,
  gain: f64,
): void {
  const factor = f64x2.splat(gain)
  const zero = f64x2.splat(0)
  for (let start = 0; start < count; start += step) {
    const before = v128.load64_splat(gains - 8)
    const here = v128.load64_splat(gains)
    const after = v128.load64_splat(gains, 8)
    const rising = sub(here, before)
    const falling = sub(after, here)
    const end = min(step, count - start)
    for (let i = 0; i < end; i += 2) {
      const t = v128.load(places + (<usize>i << 3))
      const slope = v128.bitselect(rising, falling, f64x2.lt(t, zero))
      const line = mul(factor, add(here, mul(slope, t)))
      const at = samples + (<usize>(start + i) << 2)
      const scaled = mul(f64x2.promote_low_f32x4(v128.load64_zero(at)), line)
      v128.store64_lane(at, f32x4.demote_f64x2_zero(scaled), 0)
    }
    gains += 8
  }
}
