// The few instructions the kernels are written in, under short names. Two lanes hold float64, four hold float32.

// @ts-ignore: decorator
@inline
export function add(a: v128, b: v128): v128 {
  return f64x2.add(a, b)
}

// @ts-ignore: decorator
@inline
export function sub(a: v128, b: v128): v128 {
  return f64x2.sub(a, b)
}

// @ts-ignore: decorator
@inline
export function mul(a: v128, b: v128): v128 {
  return f64x2.mul(a, b)
}

/** The greater magnitude; one that is not a number compares with nothing and is passed over. */
// @ts-ignore: decorator
@inline
export function louder(peak: v128, value: v128): v128 {
  return f64x2.pmax(peak, f64x2.abs(value))
}

/** The first two of four float32 as float64. */
// @ts-ignore: decorator
@inline
export function low(four: v128): v128 {
  return f64x2.promote_low_f32x4(four)
}

/** The last two of four float32 as float64. */
// @ts-ignore: decorator
@inline
export function high(four: v128): v128 {
  return f64x2.promote_low_f32x4(v128.shuffle<u64>(four, four, 1, 0))
}

/** Two times two float64, rounded to four float32. */
// @ts-ignore: decorator
@inline
export function rounded(a: v128, b: v128): v128 {
  return v128.shuffle<u64>(f32x4.demote_f64x2_zero(a), f32x4.demote_f64x2_zero(b), 0, 2)
}
