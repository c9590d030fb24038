/** Columns of numbers, each sorted by itself. Hides that some columns at a time pass through the kernels' memory. */
import { floats, kernels, place, put, rowsAtOnce } from './memory.ts'

/** What fits into the place for rows, a row of four columns being the least. */
export const mostSortedRows = rowsAtOnce(4)

/**
 * Sorts each column of `count` rows of `stride` cells, in place: the lowest comes into the first row. None may be NaN. Throws a
 * RangeError of more rows than fit.
 */
export function sortColumns(rows: Float32Array, count: number, stride: number): void {
  if (count > mostSortedRows) throw new RangeError(`At most ${mostSortedRows} rows are sorted, not ${count}.`)
  const most = 4 * Math.floor(rowsAtOnce(count) / 4)
  for (let from = 0; from < stride; from += most) {
    const width = Math.min(most, stride - from)
    const padded = 4 * Math.ceil(width / 4)
    const addressOf = (row: number) => place.rowsRe + 4 * row * padded
    for (let row = 0; row < count; row++) {
      const at = row * stride + from
      put(rows.subarray(at, at + width), addressOf(row))
    }
    kernels.sortColumns(place.rowsRe, count, padded)
    for (let row = 0; row < count; row++) {
      const at = addressOf(row) / 4
      rows.set(floats.subarray(at, at + width), row * stride + from)
    }
  }
}
