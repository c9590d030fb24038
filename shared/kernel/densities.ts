/**
 * How likely rows of numbers are by many normal distributions. Hides that they pass through the kernels' memory, as many
 * distributions and rows as fit, in float32.
 */
import { floats, kernels, place, put } from './memory.ts'

/** Distributions that are compared at a time, and what fits of rows and results: numbers in the places for rows. */
const normalsAtOnce = 512
const numbersAtOnce = 32_768
const largestRow = numbersAtOnce / normalsAtOnce

/** Normal distributions laid out for `logDensities`; `size` numbers each, 64 at most. */
export interface Normals {
  readonly count: number
  readonly size: number
  readonly blocks: readonly Block[]
}

/** Some of the distributions: by number of the row, then distribution; filled up to a multiple of four. */
interface Block {
  readonly first: number
  readonly count: number
  readonly constants: Float32Array
  readonly means: Float32Array
  readonly halfPrecisions: Float32Array
}

/** `means` and `halfPrecisions`: by distribution, then number of the row. Throws a RangeError where rows are too long. */
export function layOutNormals(
  means: Float64Array,
  halfPrecisions: Float64Array,
  constants: Float64Array,
): Normals {
  const count = constants.length
  const size = means.length / count
  if (size > largestRow) throw new RangeError(`A row has at most ${largestRow} numbers, not ${size}.`)
  const blocks = Array.from({ length: Math.ceil(count / normalsAtOnce) }, (_, block): Block => {
    const first = block * normalsAtOnce
    const some = Math.min(normalsAtOnce, count - first)
    const padded = 4 * Math.ceil(some / 4)
    const across = (values: Float64Array, numbers: number): Float32Array => {
      const laid = new Float32Array(padded * numbers)
      for (let i = 0; i < some; i++)
        for (let d = 0; d < numbers; d++) laid[d * padded + i] = values[(first + i) * numbers + d]!
      return laid
    }
    return {
      ...{ first, count: some, constants: across(constants, 1) },
      ...{ means: across(means, size), halfPrecisions: across(halfPrecisions, size) },
    }
  })
  return { count, size, blocks }
}

/**
 * The logarithm of each row's density by each distribution, up to what the constants leave out: into `out`, by row, then
 * distribution. Each is summed by itself, number after number, so it does not depend on what else is asked for.
 */
export function logDensities({ count, size, blocks }: Normals, rows: Float32Array, out: Float32Array): void {
  for (const block of blocks) {
    const padded = block.constants.length
    put(block.constants, place.parameters)
    put(block.means, place.rowsRe)
    put(block.halfPrecisions, place.rowsIm)
    const atOnce = Math.floor(numbersAtOnce / Math.max(padded, size))
    for (let from = 0; from * size < rows.length; from += atOnce) {
      const some = Math.min(atOnce, rows.length / size - from)
      put(rows.subarray(from * size, (from + some) * size), place.transform)
      kernels.logDensities(
        ...([place.transform, some, size, place.rowsRe, place.rowsIm] as const),
        ...([place.parameters, padded, place.rowsGain] as const),
      )
      for (let i = 0; i < some; i++) {
        const at = place.rowsGain / 4 + i * padded
        out.set(floats.subarray(at, at + block.count), (from + i) * count + block.first)
      }
    }
  }
}
