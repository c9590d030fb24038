// Arithmetic on four float32, and logarithms and powers of two by polynomials: the same bits on every machine.

// @ts-ignore: decorator
@inline
export function sumOf(a: v128, b: v128): v128 {
  return f32x4.add(a, b)
}

// @ts-ignore: decorator
@inline
export function differenceOf(a: v128, b: v128): v128 {
  return f32x4.sub(a, b)
}

// @ts-ignore: decorator
@inline
export function product(a: v128, b: v128): v128 {
  return f32x4.mul(a, b)
}

// @ts-ignore: decorator
@inline
function next(sum: v128, x: v128, coefficient: f32): v128 {
  return f32x4.add(f32x4.mul(sum, x), f32x4.splat(coefficient))
}

/** The logarithm to base 2 of normal positive numbers; off by less than 3e-6 (interpolated at Chebyshev's points). */
// @ts-ignore: decorator
@inline
export function log2Of(x: v128): v128 {
  const exponent = i32x4.sub(i32x4.shr_u(x, 23), i32x4.splat(127))
  const m = v128.or(v128.and(x, i32x4.splat(0x7fffff)), i32x4.splat(0x3f800000))
  let sum = next(f32x4.splat(-0.024568534745087942), m, 0.2650242925365498)
  sum = next(sum, m, -1.2292910063585956)
  sum = next(sum, m, 3.2128002871700616)
  sum = next(sum, m, -5.261682507812598)
  sum = next(sum, m, 6.066871451547772)
  sum = next(sum, m, -3.0291515388993817)
  return f32x4.add(f32x4.convert_i32x4_s(exponent), sum)
}

/** Two to the power of numbers from -126 to 127; off by less than 2e-7 of itself. */
// @ts-ignore: decorator
@inline
export function exp2Of(x: v128): v128 {
  const whole = f32x4.floor(x)
  const z = f32x4.sub(x, whole)
  let sum = next(f32x4.splat(0.0018937540580547345), z, 0.00894959042362586)
  sum = next(sum, z, 0.055860337077081816)
  sum = next(sum, z, 0.24014181820145927)
  sum = next(sum, z, 0.693154489663239)
  sum = next(sum, z, 0.9999998983500237)
  const exponent = i32x4.shl(i32x4.add(i32x4.trunc_sat_f32x4_s(whole), i32x4.splat(127)), 23)
  return f32x4.mul(sum, exponent)
}
