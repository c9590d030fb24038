// Rows of cells of spectra, one row `stride` cells behind the other, a multiple of four; four cells at a time.

import { differenceOf, log2Of, product, sumOf } from './four'

/** Powers of `count` cells, and `least`; of the mean of two channels where there is another one, `scale` being ¼ then. */
export function powers(
  re: usize,
  im: usize,
  otherRe: usize,
  otherIm: usize,
  count: i32,
  scale: f32,
  least: f32,
  out: usize,
): void {
  for (let i = 0; i < count; i += 4) {
    const at = <usize>i << 2
    let a = v128.load(re + at)
    let b = v128.load(im + at)
    if (otherRe !== 0) {
      a = sumOf(a, v128.load(otherRe + at))
      b = sumOf(b, v128.load(otherIm + at))
    }
    const power = product(f32x4.splat(scale), sumOf(product(a, a), product(b, b)))
    v128.store(out + at, sumOf(power, f32x4.splat(least)))
  }
}

/** The mean of up to `radius` cells on either side, as far as there are any; behind the last bin it goes on as it is. */
function acrossBins(row: usize, stride: i32, bins: i32, radius: i32, out: usize): void {
  const width: i32 = 2 * radius + 1
  const scale = f32x4.splat(<f32>1 / <f32>width)
  for (let k = 0; k < stride; k += 4) {
    let sum = v128.load(row + (<usize>(k - radius) << 2))
    for (let by = 1 - radius; by <= radius; by++) sum = sumOf(sum, v128.load(row + (<usize>(k + by) << 2)))
    v128.store(out + (<usize>k << 2), product(scale, sum))
  }
  for (let edge = 0; edge < 2 * radius; edge++) {
    const k = edge < radius ? edge : bins - 2 * radius + edge
    const from = max(0, k - radius)
    const to = min(bins, k + radius + 1)
    let sum: f32 = 0
    for (let i = from; i < to; i++) sum += load<f32>(row + (<usize>i << 2))
    store<f32>(out + (<usize>k << 2), sum / <f32>(to - from))
  }
  const last = load<f32>(out + (<usize>(bins - 1) << 2))
  for (let k = bins; k < stride; k++) store<f32>(out + (<usize>k << 2), last)
}

/** Means over bins and rows around each cell of the rows `from` to `to`, as far as there are any. `across` is for use. */
export function boxMeans(
  rows: usize,
  count: i32,
  stride: i32,
  bins: i32,
  binRadius: i32,
  rowRadius: i32,
  from: i32,
  to: i32,
  across: usize,
  out: usize,
): void {
  const rowBytes = <usize>stride << 2
  for (let row = 0; row < count; row++)
    acrossBins(rows + <usize>row * rowBytes, stride, bins, binRadius, across + <usize>row * rowBytes)
  for (let row = from; row < to; row++) {
    const first = max(0, row - rowRadius)
    const last = min(count, row + rowRadius + 1)
    const scale = f32x4.splat(<f32>1 / <f32>(last - first))
    for (let at: usize = 0; at < rowBytes; at += 16) {
      let sum = v128.load(across + <usize>first * rowBytes + at)
      for (let other = first + 1; other < last; other++)
        sum = sumOf(sum, v128.load(across + <usize>other * rowBytes + at))
      v128.store(out + at, product(scale, sum))
    }
    out += rowBytes
  }
}

/** Lowers `out` to the lowest of the rows. */
export function lowest(rows: usize, count: i32, stride: i32, out: usize): void {
  const rowBytes = <usize>stride << 2
  for (let at: usize = 0; at < rowBytes; at += 16) {
    let least = v128.load(out + at)
    for (let row = 0; row < count; row++)
      least = f32x4.pmin(least, v128.load(rows + <usize>row * rowBytes + at))
    v128.store(out + at, least)
  }
}

/** Adds the rows to `out`, each times its weight. */
export function addWeighted(rows: usize, count: i32, stride: i32, weights: usize, out: usize): void {
  const rowBytes = <usize>stride << 2
  for (let at: usize = 0; at < rowBytes; at += 16) {
    let sum = v128.load(out + at)
    for (let row = 0; row < count; row++) {
      const weight = v128.load32_splat(weights + (<usize>row << 2))
      sum = sumOf(sum, product(weight, v128.load(rows + <usize>row * rowBytes + at)))
    }
    v128.store(out + at, sum)
  }
}

/** Between two rows, by a share. */
// @ts-ignore: decorator
@inline
function between(before: usize, after: usize, share: v128): v128 {
  const a = v128.load(before)
  return sumOf(a, product(share, differenceOf(v128.load(after), a)))
}

// @ts-ignore: decorator
@inline
function countOf(negatives: v128): i32 {
  return -(
    i32x4.extract_lane(negatives, 0) +
    i32x4.extract_lane(negatives, 1) +
    i32x4.extract_lane(negatives, 2) +
    i32x4.extract_lane(negatives, 3)
  )
}

/** Of each row, how many cells from `from` to `to`, multiples of four, are not under `factor` times the floor, as int32. */
export function standingOut(
  rows: usize,
  count: i32,
  stride: i32,
  before: usize,
  after: usize,
  shares: usize,
  factor: f32,
  from: i32,
  to: i32,
  out: usize,
): void {
  for (let row = 0; row < count; row++) {
    const share = v128.load32_splat(shares + (<usize>row << 2))
    const cells = rows + (<usize>(row * stride) << 2)
    let over = i32x4.splat(0)
    for (let k = from; k < to; k += 4) {
      const at = <usize>k << 2
      const limit = product(between(before + at, after + at, share), f32x4.splat(factor))
      over = i32x4.add(over, f32x4.ge(v128.load(cells + at), limit))
    }
    store<i32>(out + (<usize>row << 2), countOf(over))
  }
}

/**
 * Adds the powers of each row, times its weight, to `sums`, and the weight to `total`, where the cell of `smooth` is under
 * `factor` times the floor.
 */
export function gather(
  smooth: usize,
  cells: usize,
  count: i32,
  stride: i32,
  before: usize,
  after: usize,
  shares: usize,
  weights: usize,
  factor: f32,
  sums: usize,
  total: usize,
): void {
  const rowBytes = <usize>stride << 2
  for (let at: usize = 0; at < rowBytes; at += 16) {
    let sum = v128.load(sums + at)
    let weighed = v128.load(total + at)
    for (let row = 0; row < count; row++) {
      const share = v128.load32_splat(shares + (<usize>row << 2))
      const weight = v128.load32_splat(weights + (<usize>row << 2))
      const place = <usize>row * rowBytes + at
      const limit = product(between(before + at, after + at, share), f32x4.splat(factor))
      const taken = v128.and(weight, f32x4.lt(v128.load(smooth + place), limit))
      sum = sumOf(sum, product(taken, v128.load(cells + place)))
      weighed = sumOf(weighed, taken)
    }
    v128.store(sums + at, sum)
    v128.store(total + at, weighed)
  }
}

/** The rows over the floor, `most` at most; the floor is `least` at least. */
export function ratios(
  rows: usize,
  count: i32,
  stride: i32,
  before: usize,
  after: usize,
  shares: usize,
  least: f32,
  most: f32,
  out: usize,
): void {
  for (let row = 0; row < count; row++) {
    const share = v128.load32_splat(shares + (<usize>row << 2))
    for (let k = 0; k < stride; k += 4) {
      const at = <usize>k << 2
      const place = (<usize>(row * stride) << 2) + at
      const floor = f32x4.max(between(before + at, after + at, share), f32x4.splat(least))
      v128.store(out + place, f32x4.min(f32x4.splat(most), f32x4.div(v128.load(rows + place), floor)))
    }
  }
}

/** Of each row the sum of the logarithms to base 2 of the cells from `from` to `to`, multiples of four. */
export function logSums(rows: usize, count: i32, stride: i32, from: i32, to: i32, out: usize): void {
  for (let row = 0; row < count; row++) {
    const cells = rows + (<usize>(row * stride) << 2)
    let sum = f32x4.splat(0)
    for (let k = from; k < to; k += 4) sum = sumOf(sum, log2Of(v128.load(cells + (<usize>k << 2))))
    store<f32>(
      out + (<usize>row << 2),
      f32x4.extract_lane(sum, 0) +
        f32x4.extract_lane(sum, 1) +
        (f32x4.extract_lane(sum, 2) + f32x4.extract_lane(sum, 3)),
    )
  }
}

/** How many cells of the mean of three rows, or of those there are, exceed `limit`, as int32: in one band and in another. */
export function exceeding(
  rows: usize,
  count: i32,
  stride: i32,
  limit: f32,
  from: i32,
  to: i32,
  otherFrom: i32,
  otherTo: i32,
  out: usize,
): void {
  for (let row = 0; row < count; row++) {
    const own = rows + (<usize>(row * stride) << 2)
    const before = row > 0 ? own - (<usize>stride << 2) : 0
    const after = row + 1 < count ? own + (<usize>stride << 2) : 0
    const summed: i32 = 1 + i32(before !== 0) + i32(after !== 0)
    const least = f32x4.splat(limit * <f32>summed)
    let over = i32x4.splat(0)
    let otherOver = i32x4.splat(0)
    for (let k = min(from, otherFrom); k < max(to, otherTo); k += 4) {
      const at = <usize>k << 2
      let sum = v128.load(own + at)
      if (before !== 0) sum = sumOf(v128.load(before + at), sum)
      if (after !== 0) sum = sumOf(sum, v128.load(after + at))
      const isOver = f32x4.gt(sum, least)
      if (k >= from && k < to) over = i32x4.add(over, isOver)
      if (k >= otherFrom && k < otherTo) otherOver = i32x4.add(otherOver, isOver)
    }
    store<i32>(out, countOf(over))
    store<i32>(out, countOf(otherOver), 4)
    out += 8
  }
}
