// Fourier transforms of eight real frames at a time: two are the parts of a complex signal, and the four lanes of a
// vector hold four such signals. So nothing is shuffled inside a transform.

import { sumOf, differenceOf, product } from './four'

/** One value of each of four rows. */
// @ts-ignore: decorator
@inline
function gather(row: usize, between: usize): v128 {
  let four = v128.load32_splat(row)
  four = v128.load32_lane(row + between, four, 1)
  four = v128.load32_lane(row + 2 * between, four, 2)
  return v128.load32_lane(row + 3 * between, four, 3)
}

/** Sets the lanes at `part` to windowed samples of four frames, `between` bytes apart, in the order that the transform takes. */
function place(samples: usize, between: usize, window: usize, order: usize, size: i32, part: usize): void {
  for (let i = 0; i < size; i++) {
    const at = <usize>i << 2
    const windowed = product(gather(samples + at, between), v128.load32_splat(window + at))
    v128.store(part + (<usize>load<i32>(order + at) << 4), windowed)
  }
}

/** Where the samples of a frame lie among the lanes. */
// @ts-ignore: decorator
@inline
function partOf(frame: i32, re: usize, im: usize): usize {
  return (frame & 1 ? im : re) + (<usize>(frame >> 1) << 2)
}

/** The first two layers, in which nothing is turned but by quarters. */
function firstLayers(re: usize, im: usize, size: i32): void {
  for (let first = 0; first < size; first += 4) {
    const a = re + (<usize>first << 4)
    const p = im + (<usize>first << 4)
    const ar = v128.load(a)
    const br = v128.load(a, 16)
    const cr = v128.load(a, 32)
    const dr = v128.load(a, 48)
    const ai = v128.load(p)
    const bi = v128.load(p, 16)
    const ci = v128.load(p, 32)
    const di = v128.load(p, 48)
    const a0 = sumOf(ar, br)
    const p0 = sumOf(ai, bi)
    const b0 = differenceOf(ar, br)
    const q0 = differenceOf(ai, bi)
    const e0 = sumOf(cr, dr)
    const f0 = sumOf(ci, di)
    const g0 = differenceOf(cr, dr)
    const h0 = differenceOf(ci, di)
    v128.store(a, sumOf(a0, e0))
    v128.store(p, sumOf(p0, f0))
    v128.store(a, sumOf(b0, h0), 16)
    v128.store(p, differenceOf(q0, g0), 16)
    v128.store(a, differenceOf(a0, e0), 32)
    v128.store(p, differenceOf(p0, f0), 32)
    v128.store(a, differenceOf(b0, h0), 48)
    v128.store(p, sumOf(q0, g0), 48)
  }
}

/**
 * Transforms four complex signals in place, decimated in time; their samples lie in bit-reversed order. `cosines` and
 * `sines` hold half a turn. Two layers are done with one look at the samples.
 */
function transform(re: usize, im: usize, size: i32, cosines: usize, sines: usize): void {
  firstLayers(re, im, size)
  let half = 4
  for (; half << 2 <= size; half <<= 2) {
    const step = <usize>half << 4
    for (let first = 0; first < size; first += half << 2) {
      for (let j = 0; j < half; j++) {
        const a = re + (<usize>(first + j) << 4)
        const p = im + (<usize>(first + j) << 4)
        const b = a + step
        const q = p + step
        const c = b + step
        const r = q + step
        const d = c + step
        const s = r + step
        const inner = <usize>(j * (size / (half << 1))) << 2
        const c1 = v128.load32_splat(cosines + inner)
        const s1 = v128.load32_splat(sines + inner)
        const outer = <usize>(j * (size / (half << 2))) << 2
        const c2 = v128.load32_splat(cosines + outer)
        const s2 = v128.load32_splat(sines + outer)
        // first layer
        const br = v128.load(b)
        const bi = v128.load(q)
        const dr = v128.load(d)
        const di = v128.load(s)
        const b1 = differenceOf(product(br, c1), product(bi, s1))
        const q1 = sumOf(product(br, s1), product(bi, c1))
        const d1 = differenceOf(product(dr, c1), product(di, s1))
        const t1 = sumOf(product(dr, s1), product(di, c1))
        const ar = v128.load(a)
        const ai = v128.load(p)
        const cr = v128.load(c)
        const ci = v128.load(r)
        const a0 = sumOf(ar, b1)
        const p0 = sumOf(ai, q1)
        const b0 = differenceOf(ar, b1)
        const q0 = differenceOf(ai, q1)
        const e0 = sumOf(cr, d1)
        const f0 = sumOf(ci, t1)
        const g0 = differenceOf(cr, d1)
        const h0 = differenceOf(ci, t1)
        // second layer: the odd half is turned a quarter further
        const er = differenceOf(product(e0, c2), product(f0, s2))
        const ei = sumOf(product(e0, s2), product(f0, c2))
        const gr = sumOf(product(g0, s2), product(h0, c2))
        const gi = differenceOf(product(h0, s2), product(g0, c2))
        v128.store(a, sumOf(a0, er))
        v128.store(p, sumOf(p0, ei))
        v128.store(c, differenceOf(a0, er))
        v128.store(r, differenceOf(p0, ei))
        v128.store(b, sumOf(b0, gr))
        v128.store(q, sumOf(q0, gi))
        v128.store(d, differenceOf(b0, gr))
        v128.store(s, differenceOf(q0, gi))
      }
    }
  }
  if (half < size) lastLayer(re, im, half, cosines, sines)
}

function lastLayer(re: usize, im: usize, half: i32, cosines: usize, sines: usize): void {
  const step = <usize>half << 4
  for (let j = 0; j < half; j++) {
    const a = re + (<usize>j << 4)
    const p = im + (<usize>j << 4)
    const c = v128.load32_splat(cosines + (<usize>j << 2))
    const s = v128.load32_splat(sines + (<usize>j << 2))
    const br = v128.load(a + step)
    const bi = v128.load(p + step)
    const xr = differenceOf(product(br, c), product(bi, s))
    const xi = sumOf(product(br, s), product(bi, c))
    const ar = v128.load(a)
    const ai = v128.load(p)
    v128.store(a, sumOf(ar, xr))
    v128.store(p, sumOf(ai, xi))
    v128.store(a + step, differenceOf(ar, xr))
    v128.store(p + step, differenceOf(ai, xi))
  }
}

/** Four lanes to four rows. */
// @ts-ignore: decorator
@inline
function spread(four: v128, row: usize, between: usize): void {
  v128.store32_lane(row, four, 0)
  v128.store32_lane(row + between, four, 1)
  v128.store32_lane(row + 2 * between, four, 2)
  v128.store32_lane(row + 3 * between, four, 3)
}

/**
 * Spectra of eight frames of `size` samples, `hop` apart: rows of `stride` at `outRe` and `outIm`, from bin 0 to half
 * the size. `order` says where each sample goes.
 */
export function spectra(
  samples: usize,
  hop: i32,
  size: i32,
  window: usize,
  order: usize,
  cosines: usize,
  sines: usize,
  re: usize,
  im: usize,
  outRe: usize,
  outIm: usize,
  stride: i32,
): void {
  const between = <usize>hop << 3
  place(samples, between, window, order, size, re)
  place(samples + (<usize>hop << 2), between, window, order, size, im)
  transform(re, im, size, cosines, sines)
  const row = <usize>stride << 2
  for (let k = 0; k <= size >> 1; k++) {
    const at = <usize>k << 4
    const mirror = <usize>((size - k) & (size - 1)) << 4
    const zr = v128.load(re + at)
    const zi = v128.load(im + at)
    const yr = v128.load(re + mirror)
    const yi = v128.load(im + mirror)
    const half = f32x4.splat(0.5)
    const bin = <usize>k << 2
    spread(product(half, sumOf(zr, yr)), outRe + bin, 2 * row)
    spread(product(half, differenceOf(zi, yi)), outIm + bin, 2 * row)
    spread(product(half, sumOf(zi, yi)), outRe + bin + row, 2 * row)
    spread(product(half, differenceOf(yr, zr)), outIm + bin + row, 2 * row)
  }
}

/**
 * The way back: adds eight windowed frames to `samples`, `hop` apart, from rows as `spectra` writes them, each bin times
 * its row's gain at `gains`. The sum is not scaled by the size.
 */
export function frames(
  inRe: usize,
  inIm: usize,
  gains: usize,
  stride: i32,
  hop: i32,
  size: i32,
  window: usize,
  order: usize,
  cosines: usize,
  sines: usize,
  re: usize,
  im: usize,
  samples: usize,
): void {
  const row = <usize>stride << 2
  for (let k = 0; k <= size >> 1; k++) {
    const bin = <usize>k << 2
    const even = gather(gains + bin, 2 * row)
    const odd = gather(gains + bin + row, 2 * row)
    const ar = product(even, gather(inRe + bin, 2 * row))
    const ai = product(even, gather(inIm + bin, 2 * row))
    const br = product(odd, gather(inRe + bin + row, 2 * row))
    const bi = product(odd, gather(inIm + bin + row, 2 * row))
    const at = <usize>load<i32>(order + bin) << 4
    v128.store(re + at, differenceOf(ar, bi))
    v128.store(im + at, sumOf(ai, br))
    if (k == 0 || k == size >> 1) continue
    const mirror = <usize>load<i32>(order + (<usize>(size - k) << 2)) << 4
    v128.store(re + mirror, sumOf(ar, bi))
    v128.store(im + mirror, differenceOf(br, ai))
  }
  transform(im, re, size, cosines, sines) // with the parts exchanged it runs backward
  for (let frame = 0; frame < 8; frame++) {
    const part = partOf(frame, re, im)
    const out = samples + (<usize>(frame * hop) << 2)
    for (let i = 0; i < size; i++) {
      const at = <usize>i << 2
      store<f32>(out + at, load<f32>(out + at) + load<f32>(part + (at << 2)) * load<f32>(window + at))
    }
  }
}
