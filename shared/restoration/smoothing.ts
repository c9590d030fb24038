/**
 * A curve through values of which some are to be believed more than others: Whittaker–Henderson smoothing with second
 * differences (Eilers, "A perfect smoother", 2003). Where nothing is to be believed it goes on as it came and as it will go on.
 */

/**
 * `weights`: 1 for what is to be believed, 0 for what is not. What turns faster than `seconds` is smoothed away, where all is to
 * be believed; values follow each other at `stepSeconds`.
 */
export function smoothCurve(
  values: Float64Array,
  weights: Float64Array,
  seconds: number,
  stepSeconds: number,
): Float64Array {
  const count = values.length
  if (count < 3) return values.slice()
  const stiffness = (seconds / stepSeconds) ** 4
  const [diagonal, first, second] = secondDifferences(count, stiffness)
  const out = new Float64Array(count)
  // A = L·D·Lᵀ, banded; `out` holds the solution of L·z = b, and then that of A·x = b
  for (let i = 0; i < count; i++) {
    const [d1, d2] = [i > 0 ? diagonal[i - 1]! : 0, i > 1 ? diagonal[i - 2]! : 0]
    const [a1, a2, b1] = [i > 0 ? first[i - 1]! : 0, i > 1 ? second[i - 2]! : 0, i > 0 ? second[i - 1]! : 0]
    diagonal[i]! += weights[i]! - d1 * a1 * a1 - d2 * a2 * a2
    first[i] = (first[i]! - d1 * a1 * b1) / diagonal[i]!
    second[i]! /= diagonal[i]!
    out[i] = weights[i]! * values[i]! - a1 * (out[i - 1] ?? 0) - a2 * (out[i - 2] ?? 0)
  }
  for (let i = count - 1; i >= 0; i--)
    out[i] = out[i]! / diagonal[i]! - first[i]! * (out[i + 1] ?? 0) - second[i]! * (out[i + 2] ?? 0)
  return out
}

/** The three bands of DᵀD, D taking second differences, times a factor. */
function secondDifferences(count: number, factor: number): [Float64Array, Float64Array, Float64Array] {
  const bands: [Float64Array, Float64Array, Float64Array] = [
    new Float64Array(count),
    new Float64Array(count),
    new Float64Array(count),
  ]
  const [diagonal, first, second] = bands
  for (let i = 0; i + 2 < count; i++) {
    diagonal[i]! += factor
    diagonal[i + 1]! += 4 * factor
    diagonal[i + 2]! += factor
    first[i]! -= 2 * factor
    first[i + 1]! -= 2 * factor
    second[i]! += factor
  }
  return bands
}
