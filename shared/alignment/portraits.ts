/**
 * Knows a voice again in another recording, by how its cepstra vary together: what a microphone or a room does to all of a
 * voice's sounds alike moves their mean and leaves that as it is. Hides how such portraits are taken and compared, and how
 * near one must be to have a name. After Bimbot and Mathan's sphericity of covariances ("Text-free speaker recognition
 * using an arithmetic-harmonic sphericity measure", Eurospeech 1993).
 */
import type { Portrait } from '../words/words.ts'
import type { Vectors } from './mixtures.ts'

/** The voice of somebody in another episode. */
export interface Known {
  readonly name: string
  readonly portrait: Portrait
}

/** Whose voice another is like, and how sure that is: the share by which the next one is farther away. */
export interface Like {
  readonly name: string
  readonly sureness: number
}

/**
 * A voice farther than this from those of a name is not said to be its. Measured (docs/words.md): one voice in two
 * recordings lay 0.03 apart, in nine of ten cases 0.11 at most; two voices never nearer than 0.21.
 */
const nearEnough = 0.1
/** What else it might be must be so many times as far. */
const clearly = 2
/** Two voices were at least so far apart: what there is to be confused with when there is no other name. */
const stranger = 0.2
/** Digits of a covariance that are kept. */
const digits = 5

/** Of the rows that belong. Shape: row 0's one number, row 1's two, and so on. */
export function portraitOf({ values, count, size }: Vectors, belongs: (row: number) => boolean): Portrait {
  const sums = new Float64Array(size)
  const products = new Float64Array((size * (size + 1)) / 2)
  let own = 0
  for (let row = 0; row < count; row++) {
    if (!belongs(row)) continue
    own++
    for (let a = 0, at = 0; a < size; a++) {
      const value = values[row * size + a]!
      sums[a]! += value
      for (let b = 0; b <= a; b++, at++) products[at]! += value * values[row * size + b]!
    }
  }
  return pairsOf(size).map(([a, b], at) =>
    Number((products[at]! / own - (sums[a]! / own) * (sums[b]! / own)).toPrecision(digits)),
  )
}

const pairsOf = (size: number): [number, number][] =>
  Array.from({ length: size }, (_, a) =>
    Array.from({ length: a + 1 }, (_, b): [number, number] => [a, b]),
  ).flat()

/** 0 where two voices vary alike, however loudly; grows with how differently they do. */
export function distanceBetween(one: Portrait, other: Portrait): number {
  const [a, b] = [squareOf(one), squareOf(other)]
  return Math.log((traceOfRatio(a, b) * traceOfRatio(b, a)) / a.length ** 2)
}

function squareOf(portrait: Portrait): number[][] {
  const size = Math.floor(Math.sqrt(2 * portrait.length))
  const square = Array.from({ length: size }, () => new Array<number>(size).fill(0))
  pairsOf(size).forEach(([a, b], at) => (square[a]![b] = square[b]![a] = portrait[at]!))
  return square
}

/** The trace of one matrix by the inverse of another, which is positive definite: by its Cholesky factor. */
function traceOfRatio(above: readonly number[][], below: readonly number[][]): number {
  const factor = choleskyOf(below)
  return above.reduce((sum, row, i) => sum + solved(factor, row)[i]!, 0)
}

function choleskyOf(matrix: readonly number[][]): number[][] {
  const factor = matrix.map(() => new Array<number>(matrix.length).fill(0))
  for (let i = 0; i < matrix.length; i++)
    for (let j = 0; j <= i; j++) {
      let rest = matrix[i]![j]!
      for (let k = 0; k < j; k++) rest -= factor[i]![k]! * factor[j]![k]!
      factor[i]![j] = i === j ? Math.sqrt(rest) : rest / factor[j]![j]!
    }
  return factor
}

/** What the matrix with this factor takes to `right`. */
function solved(factor: readonly number[][], right: readonly number[]): number[] {
  const size = factor.length
  const found = [...right]
  for (let i = 0; i < size; i++) {
    for (let k = 0; k < i; k++) found[i]! -= factor[i]![k]! * found[k]!
    found[i]! /= factor[i]![i]!
  }
  for (let i = size - 1; i >= 0; i--) {
    for (let k = i + 1; k < size; k++) found[i]! -= factor[k]![i]! * found[k]!
    found[i]! /= factor[i]![i]!
  }
  return found
}

/**
 * Whose voices those of one recording are like: each is undefined unless it is near one name and clearly farther from every
 * other, and no other voice of the recording is nearly as near to that name.
 */
export function likenesses(
  portraits: readonly Portrait[],
  known: readonly Known[],
): readonly (Like | undefined)[] {
  const distances = portraits.map((portrait) => distancesByName(portrait, known))
  return distances.map((own, voice) => {
    const [nearest, ...others] = [...own].sort(([, a], [, b]) => a - b)
    if (!nearest) return undefined
    const [name, distance] = nearest
    const rivals = distances.filter((_, other) => other !== voice).map((other) => other.get(name)!)
    const next = Math.min(stranger, ...others.map(([, far]) => far), ...rivals)
    const isLike = distance <= nearEnough && clearly * distance <= next
    return isLike ? { name, sureness: 1 - distance / next } : undefined
  })
}

/** The mean over the portraits there are of a name. */
const distancesByName = (portrait: Portrait, known: readonly Known[]): ReadonlyMap<string, number> =>
  new Map(
    [...Map.groupBy(known, ({ name }) => name)].map(([name, own]) => [
      name,
      own.reduce((sum, each) => sum + distanceBetween(portrait, each.portrait), 0) / own.length,
    ]),
  )
