// Between interleaved samples and planes, four frames at a time: up to three frames beyond `count` are written.

/** Two channels of 16-bit samples → two planes of float32, times `scale`. */
export function splitInt16(source: usize, count: i32, left: usize, right: usize, scale: f32): void {
  const factor = f32x4.splat(scale)
  for (let i = 0; i < count; i += 4) {
    const four = v128.load(source + (<usize>i << 2))
    const lefts = i32x4.shr_s(i32x4.shl(four, 16), 16)
    const rights = i32x4.shr_s(four, 16)
    v128.store(left + (<usize>i << 2), f32x4.mul(f32x4.convert_i32x4_s(lefts), factor))
    v128.store(right + (<usize>i << 2), f32x4.mul(f32x4.convert_i32x4_s(rights), factor))
  }
}

/** One channel of 16-bit samples → a plane of float32, times `scale`. */
export function widenInt16(source: usize, count: i32, plane: usize, scale: f32): void {
  const factor = f32x4.splat(scale)
  for (let i = 0; i < count; i += 4) {
    const four = v128.load16x4_s(source + (<usize>i << 1))
    v128.store(plane + (<usize>i << 2), f32x4.mul(f32x4.convert_i32x4_s(four), factor))
  }
}

/** Two channels of float32 → two planes. */
export function splitFloat32(source: usize, count: i32, left: usize, right: usize): void {
  for (let i = 0; i < count; i += 4) {
    const at = source + (<usize>i << 3)
    const first = v128.load(at)
    const second = v128.load(at, 16)
    v128.store(left + (<usize>i << 2), v128.shuffle<f32>(first, second, 0, 2, 4, 6))
    v128.store(right + (<usize>i << 2), v128.shuffle<f32>(first, second, 1, 3, 5, 7))
  }
}

/** Two planes of float32 → two channels. */
export function weaveFloat32(left: usize, right: usize, count: i32, out: usize): void {
  for (let i = 0; i < count; i += 4) {
    const lefts = v128.load(left + (<usize>i << 2))
    const rights = v128.load(right + (<usize>i << 2))
    const at = out + (<usize>i << 3)
    v128.store(at, v128.shuffle<f32>(lefts, rights, 0, 4, 1, 5))
    v128.store(at, v128.shuffle<f32>(lefts, rights, 2, 6, 3, 7), 16)
  }
}
