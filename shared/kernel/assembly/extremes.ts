// The lowest and the highest of groups of samples, and how many are at full scale.

/**
 * For every `step` of `count` float32: the lowest and highest at `out`, as float32, beginning at 0. Returns how many
 * samples have a magnitude of `clippedAt` or more.
 */
export function extremes(samples: usize, count: i32, step: i32, clippedAt: f32, out: usize): i32 {
  const limit = f32x4.splat(clippedAt)
  let clipped = i32x4.splat(0)
  let clippedAtEnds = 0
  for (let start = 0; start < count; start += step) {
    const end = min(start + step, count)
    let lows = f32x4.splat(0)
    let highs = f32x4.splat(0)
    let i = start
    for (; i + 4 <= end; i += 4) {
      const four = v128.load(samples + (<usize>i << 2))
      lows = f32x4.pmin(lows, four)
      highs = f32x4.pmax(highs, four)
      clipped = i32x4.sub(clipped, f32x4.ge(f32x4.abs(four), limit))
    }
    let low: f32 = 0
    let high: f32 = 0
    for (let lane = 0; lane < 4; lane++) {
      const below = f32x4.extract_lane(lows, 0)
      const above = f32x4.extract_lane(highs, 0)
      if (below < low) low = below
      if (above > high) high = above
      lows = v128.shuffle<f32>(lows, lows, 1, 2, 3, 0)
      highs = v128.shuffle<f32>(highs, highs, 1, 2, 3, 0)
    }
    for (; i < end; i++) {
      const one = load<f32>(samples + (<usize>i << 2))
      if (one < low) low = one
      if (one > high) high = one
      if (abs(one) >= clippedAt) clippedAtEnds++
    }
    store<f32>(out, low)
    store<f32>(out, high, 4)
    out += 8
  }
  for (let lane = 0; lane < 4; lane++) {
    clippedAtEnds += i32x4.extract_lane(clipped, 0)
    clipped = v128.shuffle<i32>(clipped, clipped, 1, 2, 3, 0)
  }
  return clippedAtEnds
}
