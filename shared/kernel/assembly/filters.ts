// Two biquads in a row, transposed direct form II, and sums of squares of what comes out. Every lane is a filter of
// its own: its sums run in the order of the samples.
//
// A filter is ten vectors, b0 b1 b2 a1 a2 of the first stage and of the second, and a mask of the lanes whose
// sum goes on from group to group; a state is x1 x2 y1 y2 and the sum.

import { add, mul, sub } from './lanes'

/** Lane 0 filters `left`, lane 1 `right`; the sums after every `step` samples go to `out`, two by two. */
export function energies(
  left: usize,
  right: usize,
  count: i32,
  step: i32,
  filter: usize,
  state: usize,
  out: usize,
): void {
  const b0 = v128.load(filter)
  const b1 = v128.load(filter, 16)
  const b2 = v128.load(filter, 32)
  const a1 = v128.load(filter, 48)
  const a2 = v128.load(filter, 64)
  const c0 = v128.load(filter, 80)
  const c1 = v128.load(filter, 96)
  const c2 = v128.load(filter, 112)
  const d1 = v128.load(filter, 128)
  const d2 = v128.load(filter, 144)
  const keep = v128.load(filter, 160)
  let x1 = v128.load(state)
  let x2 = v128.load(state, 16)
  let y1 = v128.load(state, 32)
  let y2 = v128.load(state, 48)
  let sum = v128.load(state, 64)
  for (let start = 0; start < count; start += step) {
    const end = min(start + step, count)
    sum = v128.and(sum, keep)
    for (let i = start; i < end; i++) {
      const at = <usize>i << 2
      const x = f64x2.promote_low_f32x4(v128.load32_lane(right + at, v128.load32_zero(left + at), 1))
      const mid = add(mul(b0, x), x1)
      x1 = add(sub(mul(b1, x), mul(a1, mid)), x2)
      x2 = sub(mul(b2, x), mul(a2, mid))
      const y = add(mul(c0, mid), y1)
      y1 = add(sub(mul(c1, mid), mul(d1, y)), y2)
      y2 = sub(mul(c2, mid), mul(d2, y))
      sum = add(sum, mul(y, y))
    }
    v128.store(out, sum)
    out += 16
  }
  v128.store(state, x1)
  v128.store(state, x2, 16)
  v128.store(state, y1, 32)
  v128.store(state, y2, 48)
  v128.store(state, sum, 64)
}

/** Both lanes filter `left` by the one filter, and two more `right`: their states lie 80 bytes on, sums four by four. */
export function energiesTwice(
  left: usize,
  right: usize,
  count: i32,
  step: i32,
  filter: usize,
  state: usize,
  out: usize,
): void {
  const b0 = v128.load(filter)
  const b1 = v128.load(filter, 16)
  const b2 = v128.load(filter, 32)
  const a1 = v128.load(filter, 48)
  const a2 = v128.load(filter, 64)
  const c0 = v128.load(filter, 80)
  const c1 = v128.load(filter, 96)
  const c2 = v128.load(filter, 112)
  const d1 = v128.load(filter, 128)
  const d2 = v128.load(filter, 144)
  const keep = v128.load(filter, 160)
  let x1 = v128.load(state)
  let x2 = v128.load(state, 16)
  let y1 = v128.load(state, 32)
  let y2 = v128.load(state, 48)
  let sum = v128.load(state, 64)
  let u1 = v128.load(state, 80)
  let u2 = v128.load(state, 96)
  let v1 = v128.load(state, 112)
  let v2 = v128.load(state, 128)
  let other = v128.load(state, 144)
  for (let start = 0; start < count; start += step) {
    const end = min(start + step, count)
    sum = v128.and(sum, keep)
    other = v128.and(other, keep)
    for (let i = start; i < end; i++) {
      const at = <usize>i << 2
      const x = f64x2.promote_low_f32x4(v128.load32_splat(left + at))
      const u = f64x2.promote_low_f32x4(v128.load32_splat(right + at))
      const mid = add(mul(b0, x), x1)
      const between = add(mul(b0, u), u1)
      x1 = add(sub(mul(b1, x), mul(a1, mid)), x2)
      u1 = add(sub(mul(b1, u), mul(a1, between)), u2)
      x2 = sub(mul(b2, x), mul(a2, mid))
      u2 = sub(mul(b2, u), mul(a2, between))
      const y = add(mul(c0, mid), y1)
      const v = add(mul(c0, between), v1)
      y1 = add(sub(mul(c1, mid), mul(d1, y)), y2)
      v1 = add(sub(mul(c1, between), mul(d1, v)), v2)
      y2 = sub(mul(c2, mid), mul(d2, y))
      v2 = sub(mul(c2, between), mul(d2, v))
      sum = add(sum, mul(y, y))
      other = add(other, mul(v, v))
    }
    v128.store(out, sum)
    v128.store(out, other, 16)
    out += 32
  }
  v128.store(state, x1)
  v128.store(state, x2, 16)
  v128.store(state, y1, 32)
  v128.store(state, y2, 48)
  v128.store(state, sum, 64)
  v128.store(state, u1, 80)
  v128.store(state, u2, 96)
  v128.store(state, v1, 112)
  v128.store(state, v2, 128)
  v128.store(state, other, 144)
}
