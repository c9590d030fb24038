// Peaks of groups of samples: the sample peak, and where it reaches a threshold the interpolated one. The two lanes
// of a sum are two neighbouring positions; each adds its taps in their order.

import { add, louder, low, high, mul } from './lanes'

/** Samples before and after a position that its interpolated values depend on. */
const reach = 6

/** The highest magnitude of `count` float32. */
// @ts-ignore: decorator
@inline
function samplePeak(samples: usize, count: i32): f32 {
  let four = f32x4.splat(0)
  let i = 0
  for (; i + 4 <= count; i += 4)
    four = f32x4.pmax(four, f32x4.abs(v128.load(samples + (<usize>i << 2))))
  let peak = f32x4.extract_lane(four, 0)
  for (let lane = 1; lane < 4; lane++) {
    four = v128.shuffle<f32>(four, four, 1, 2, 3, 0)
    const one = f32x4.extract_lane(four, 0)
    if (one > peak) peak = one
  }
  for (; i < count; i++) {
    const one = abs(load<f32>(samples + (<usize>i << 2)))
    if (one > peak) peak = one
  }
  return peak
}

/** `count` float32 as float64; up to three more are written. */
// @ts-ignore: decorator
@inline
function widen(samples: usize, count: i32, wide: usize): void {
  for (let i = 0; i < count; i += 4) {
    const four = v128.load(samples + (<usize>i << 2))
    v128.store(wide + (<usize>i << 3), low(four))
    v128.store(wide + (<usize>i << 3), high(four), 16)
  }
}

/**
 * The greatest magnitudes a quarter, half and three quarters of the way between samples 5 and 6, 6 and 7 of
 * those at `wide`: two positions. `taps` holds twelve of the quarter, then six of the half, each twice.
 */
// @ts-ignore: decorator
@inline
function twoPositions(wide: usize, taps: usize): v128 {
  const a = v128.load(wide)
  const b = v128.load(wide, 8)
  const c = v128.load(wide, 16)
  const d = v128.load(wide, 24)
  const e = v128.load(wide, 32)
  const f = v128.load(wide, 40)
  const g = v128.load(wide, 48)
  const h = v128.load(wide, 56)
  const j = v128.load(wide, 64)
  const k = v128.load(wide, 72)
  const l = v128.load(wide, 80)
  const m = v128.load(wide, 88)
  const q0 = v128.load(taps)
  const q1 = v128.load(taps, 16)
  const q2 = v128.load(taps, 32)
  const q3 = v128.load(taps, 48)
  const q4 = v128.load(taps, 64)
  const q5 = v128.load(taps, 80)
  const q6 = v128.load(taps, 96)
  const q7 = v128.load(taps, 112)
  const q8 = v128.load(taps, 128)
  const q9 = v128.load(taps, 144)
  const q10 = v128.load(taps, 160)
  const q11 = v128.load(taps, 176)
  let x = add(mul(q0, a), mul(q1, b))
  let z = add(mul(q11, a), mul(q10, b))
  x = add(x, mul(q2, c))
  z = add(z, mul(q9, c))
  x = add(x, mul(q3, d))
  z = add(z, mul(q8, d))
  x = add(x, mul(q4, e))
  z = add(z, mul(q7, e))
  x = add(x, mul(q5, f))
  z = add(z, mul(q6, f))
  x = add(x, mul(q6, g))
  z = add(z, mul(q5, g))
  x = add(x, mul(q7, h))
  z = add(z, mul(q4, h))
  x = add(x, mul(q8, j))
  z = add(z, mul(q3, j))
  x = add(x, mul(q9, k))
  z = add(z, mul(q2, k))
  x = add(x, mul(q10, l))
  z = add(z, mul(q1, l))
  x = add(x, mul(q11, m))
  z = add(z, mul(q0, m))
  let y = mul(v128.load(taps, 192), add(a, m))
  y = add(y, mul(v128.load(taps, 208), add(b, l)))
  y = add(y, mul(v128.load(taps, 224), add(c, k)))
  y = add(y, mul(v128.load(taps, 240), add(d, j)))
  y = add(y, mul(v128.load(taps, 256), add(e, h)))
  y = add(y, mul(v128.load(taps, 272), add(f, g)))
  return louder(louder(f64x2.abs(x), y), z)
}

/** The highest interpolated magnitude around `count` samples from `wide` + 5 on. */
// @ts-ignore: decorator
@inline
function interSamplePeak(wide: usize, count: i32, taps: usize): f64 {
  let peaks = f64x2.splat(0)
  let i = 0
  for (; i + 2 <= count; i += 2)
    peaks = f64x2.pmax(peaks, twoPositions(wide + (<usize>i << 3), taps))
  let peak = f64x2.extract_lane(peaks, 0)
  const other = f64x2.extract_lane(peaks, 1)
  if (other > peak) peak = other
  if (i < count) {
    const last = f64x2.extract_lane(twoPositions(wide + (<usize>i << 3), taps), 0)
    if (last > peak) peak = last
  }
  return peak
}

/**
 * The peak of every `step` of `count` samples, as float32. Five samples before `samples` and six after its
 * end are read too. `wide` is room for a group, its reach and four more, as float64.
 */
export function peaks(
  samples: usize,
  count: i32,
  step: i32,
  threshold: f64,
  taps: usize,
  wide: usize,
  out: usize,
): void {
  for (let start = 0; start < count; start += step) {
    const at = samples + (<usize>start << 2)
    const length = min(step, count - start)
    let peak = <f64>samplePeak(at, length)
    if (peak >= threshold) {
      widen(at - 4 * (reach - 1), length + 2 * reach, wide)
      const between = interSamplePeak(wide, length, taps)
      if (between > peak) peak = between
    }
    store<f32>(out, <f32>peak)
    out += 4
  }
}
