// How likely rows of numbers are by normal distributions.

import { differenceOf, product } from './four'

/**
 * Of `count` rows of `size` numbers, by each of `normals` distributions, a multiple of four: the constant less the sum of
 * half precisions times squared distances from means. Means and half precisions lie by number of the row, then
 * distribution; four distributions are summed side by side, number after number.
 */
export function logDensities(
  rows: usize,
  count: i32,
  size: i32,
  means: usize,
  halfPrecisions: usize,
  constants: usize,
  normals: i32,
  out: usize,
): void {
  const line = <usize>normals << 2
  for (let i = 0; i < count; i++) {
    const row = rows + (<usize>(i * size) << 2)
    for (let at: usize = 0; at < line; at += 16) {
      let sum = v128.load(constants + at)
      let from = at
      for (let d = 0; d < size; d++, from += line) {
        const off = differenceOf(v128.load32_splat(row + (<usize>d << 2)), v128.load(means + from))
        sum = differenceOf(sum, product(product(off, off), v128.load(halfPrecisions + from)))
      }
      v128.store(out + at, sum)
    }
    out += line
  }
}
