/**
 * Mixtures of normal distributions with a variance for each number (diagonal). Hides how one is learned: by rounds in
 * which each vector belongs to the component that explains it best.
 */

/** `count` rows of `size` numbers. */
export interface Vectors {
  readonly values: Float32Array
  readonly count: number
  readonly size: number
}

export interface Mixture {
  readonly means: Float64Array
  /** One over the variance. */
  readonly precisions: Float64Array
  /** By component: the logarithm of its weight and of its density's height. */
  readonly heights: Float64Array
}

/** Learned from so many vectors at most, evenly taken. */
const mostVectors = 20_000
const fewestOfComponent = 20
const rounds = 8
/** A variance is at least this share of that of all vectors: few vectors may lie together by chance. */
const leastVarianceShare = 0.05

/** From the vectors that belong; `between` is waited for after each round. Undefined when they are too few. */
export async function learnMixture(
  vectors: Vectors,
  belongs: (row: number) => boolean,
  components: number,
  between: () => Promise<void>,
): Promise<Mixture | undefined> {
  const rows = rowsThat(vectors.count, belongs)
  if (rows.length < components * fewestOfComponent) return undefined
  const owner = Uint8Array.from(rows, (_, i) => Math.floor((i * components) / rows.length))
  const whole = mixtureOf(vectors, rows, new Uint8Array(rows.length), 1)
  const floor = whole.precisions.map((precision) => leastVarianceShare / precision)
  let mixture = mixtureOf(vectors, rows, owner, components, floor)
  for (let round = 0; round < rounds; round++) {
    rows.forEach((row, i) => (owner[i] = bestComponent(mixture, vectors, row)))
    mixture = mixtureOf(vectors, rows, owner, components, floor)
    await between()
  }
  return mixture
}

function rowsThat(count: number, belongs: (row: number) => boolean): Uint32Array {
  let own = 0
  for (let row = 0; row < count; row++) if (belongs(row)) own++
  const step = Math.max(1, Math.ceil(own / mostVectors))
  const rows = new Uint32Array(Math.ceil(own / step))
  for (let row = 0, seen = 0; row < count; row++)
    if (belongs(row) && seen++ % step === 0) rows[(seen - 1) / step] = row
  return rows
}

function mixtureOf(
  { values, size }: Vectors,
  rows: Uint32Array,
  owner: Uint8Array,
  components: number,
  floor?: Float64Array,
): Mixture {
  const [means, squares] = [new Float64Array(components * size), new Float64Array(components * size)]
  const counts = new Float64Array(components)
  for (let i = 0; i < rows.length; i++) {
    const [from, to] = [rows[i]! * size, owner[i]! * size]
    counts[owner[i]!]!++
    for (let d = 0; d < size; d++) {
      const value = values[from + d]!
      means[to + d]! += value
      squares[to + d]! += value * value
    }
  }
  const precisions = new Float64Array(components * size)
  const heights = new Float64Array(components)
  for (let c = 0; c < components; c++) {
    const count = Math.max(1, counts[c]!)
    let height = Math.log(counts[c]! / rows.length) - (size / 2) * Math.log(2 * Math.PI)
    for (let d = 0; d < size; d++) {
      const at = c * size + d
      means[at]! /= count
      const variance = Math.max(squares[at]! / count - means[at]! ** 2, floor?.[d] ?? 1e-9, 1e-9)
      precisions[at] = 1 / variance
      height -= Math.log(variance) / 2
    }
    heights[c] = height
  }
  return { means, precisions, heights }
}

/** The logarithm of a row's density, by its best component. */
export const likelihood = (mixture: Mixture, vectors: Vectors, row: number): number =>
  densityOf(mixture, bestComponent(mixture, vectors, row), vectors, row)

function bestComponent(mixture: Mixture, vectors: Vectors, row: number): number {
  let [best, highest] = [0, -Infinity]
  for (let c = 0; c < mixture.heights.length; c++) {
    const density = densityOf(mixture, c, vectors, row)
    if (density > highest) [best, highest] = [c, density]
  }
  return best
}

function densityOf(
  { means, precisions, heights }: Mixture,
  c: number,
  { values, size }: Vectors,
  row: number,
): number {
  let sum = 0
  for (let d = 0, at = c * size, from = row * size; d < size; d++, at++, from++) {
    const off = values[from]! - means[at]!
    sum += off * off * precisions[at]!
  }
  return heights[c]! - sum / 2
}
