/**
 * Arithmetic over the cells of spectra: powers, means, minima, and what lies over or under a floor. Hides that rows pass
 * through the kernels' memory, as many as fit. Arrays hold row behind row, `stride` cells each, a multiple of four.
 */
import { floats, kernels, place, put, rowsAtOnce, take } from './memory.ts'

/** Half of what two pages hold: one row of a floor or of sums. */
const pageBytes = 65_536
const [beforeAt, afterAt] = [place.out, place.out + pageBytes]
const [sumsAt, totalAt] = [place.wide, place.wide + pageBytes]
const [sharesAt, weightsAt, resultsAt] = [0, 1, 2].map((part) => place.parameters + part * 8192)

const integers = new Int32Array(floats.buffer)

/** Bins from the first to before the second, both multiples of four. */
export type Band = readonly [number, number]

export interface Grid {
  readonly stride: number
  readonly bins: number
}

/** A floor that goes from one row to another one: each row's share says how far it has come. */
export interface Slope {
  readonly before: Float32Array
  readonly after: Float32Array
  readonly shares: Float32Array
}

/** The bins of a band of frequencies, rounded to multiples of four. */
export const bandOf = (hz: readonly [number, number], hzPerBin: number, bins: number): Band => {
  const [from, to] = hz.map((edge) => 4 * Math.round(Math.min(bins - 1, edge / hzPerBin) / 4))
  return [from!, to!]
}

/** Calls with parts of so many rows that they fit: the first row and the one behind the last. */
function inParts(rows: number, stride: number, call: (from: number, to: number) => void): void {
  const most = rowsAtOnce(stride)
  for (let from = 0; from < rows; from += most) call(from, Math.min(rows, from + most))
}

/** The powers of one channel's cells, or of two channels' mean, and `least`, from cell `from` on. */
export function powersOf(
  re: readonly Float32Array[],
  im: readonly Float32Array[],
  least: number,
  out: Float32Array,
  from: number,
): void {
  const others = re.length > 1 ? [place.rowsGain, place.transform + 2 * pageBytes] : [0, 0]
  const most = rowsAtOnce(1)
  for (let at = from; at < out.length; at += most) {
    const end = Math.min(out.length, at + most)
    put(re[0]!.subarray(at, end), place.rowsRe)
    put(im[0]!.subarray(at, end), place.rowsIm)
    if (re[1] && im[1]) {
      put(re[1].subarray(at, end), others[0]!)
      put(im[1].subarray(at, end), others[1]!)
    }
    const scale = 1 / re.length ** 2
    kernels.powers(
      place.rowsRe,
      place.rowsIm,
      others[0]!,
      others[1]!,
      end - at,
      scale,
      least,
      place.transform,
    )
    take(place.transform, end - at, out, at)
  }
}

/** Means over `radius.bins` and `radius.rows` to every side, as far as there are any; the rows `from` to `to` are written. */
export function boxMeans(
  rows: Float32Array,
  { stride, bins }: Grid,
  radius: { readonly bins: number; readonly rows: number },
  out: Float32Array,
  from = 0,
  to = rows.length / stride,
): void {
  const count = rows.length / stride
  const most = rowsAtOnce(stride) - 2 * radius.rows
  for (let first = from; first < to; first += most) {
    const last = Math.min(to, first + most)
    const [a, b] = [Math.max(0, first - radius.rows), Math.min(count, last + radius.rows)]
    put(rows.subarray(a * stride, b * stride), place.rowsRe)
    kernels.boxMeans(
      place.rowsRe,
      b - a,
      stride,
      bins,
      radius.bins,
      radius.rows,
      first - a,
      last - a,
      place.transform,
      place.rowsIm,
    )
    take(place.rowsIm, (last - first) * stride, out, first * stride)
  }
}

/** Lowers a row to the lowest of rows. */
export function lowerTo(rows: Float32Array, row: Float32Array): void {
  const stride = row.length
  put(row, sumsAt)
  inParts(rows.length / stride, stride, (from, to) => {
    put(rows.subarray(from * stride, to * stride), place.rowsRe)
    kernels.lowest(place.rowsRe, to - from, stride, sumsAt)
  })
  take(sumsAt, stride, row, 0)
}

/** Adds rows to a row, each times its weight. */
export function addWeighted(rows: Float32Array, weights: Float32Array, row: Float32Array): void {
  const stride = row.length
  put(row, sumsAt)
  inParts(weights.length, stride, (from, to) => {
    put(rows.subarray(from * stride, to * stride), place.rowsRe)
    put(weights.subarray(from, to), weightsAt!)
    kernels.addWeighted(place.rowsRe, to - from, stride, weightsAt!, sumsAt)
  })
  take(sumsAt, stride, row, 0)
}

function lay({ before, after }: Slope): void {
  put(before, beforeAt)
  put(after, afterAt)
}

/** Of each row, how many cells of a band are not under `factor` times the floor. */
export function standingOut(rows: Float32Array, floor: Slope, factor: number, band: Band): Int32Array {
  const { length: stride } = floor.before
  const counts = new Int32Array(floor.shares.length)
  lay(floor)
  inParts(counts.length, stride, (from, to) => {
    put(rows.subarray(from * stride, to * stride), place.rowsRe)
    put(floor.shares.subarray(from, to), sharesAt!)
    kernels.standingOut(
      place.rowsRe,
      to - from,
      stride,
      beforeAt,
      afterAt,
      sharesAt!,
      factor,
      ...band,
      resultsAt!,
    )
    counts.set(integers.subarray(resultsAt! / 4, resultsAt! / 4 + to - from), from)
  })
  return counts
}

/** Adds to `sums` the powers of cells whose `smooth` ones are under `factor` times the floor, and their weights to `total`. */
export function gatherUnder(
  cells: { readonly powers: Float32Array; readonly smooth: Float32Array },
  floor: Slope,
  factor: number,
  weights: Float32Array,
  sums: Float32Array,
  total: Float32Array,
): void {
  const { length: stride } = floor.before
  lay(floor)
  put(sums, sumsAt)
  put(total, totalAt)
  inParts(weights.length, stride, (from, to) => {
    put(cells.smooth.subarray(from * stride, to * stride), place.rowsRe)
    put(cells.powers.subarray(from * stride, to * stride), place.rowsIm)
    put(floor.shares.subarray(from, to), sharesAt!)
    put(weights.subarray(from, to), weightsAt!)
    kernels.gather(
      place.rowsRe,
      place.rowsIm,
      to - from,
      stride,
      beforeAt,
      afterAt,
      sharesAt!,
      weightsAt!,
      factor,
      sumsAt,
      totalAt,
    )
  })
  take(sumsAt, stride, sums, 0)
  take(totalAt, stride, total, 0)
}

/** Rows over a floor that is at least `least`; at most `most`. */
export function ratiosTo(
  rows: Float32Array,
  floor: Slope,
  least: number,
  most: number,
  out: Float32Array,
): void {
  const { length: stride } = floor.before
  lay(floor)
  inParts(floor.shares.length, stride, (from, to) => {
    put(rows.subarray(from * stride, to * stride), place.rowsRe)
    put(floor.shares.subarray(from, to), sharesAt!)
    kernels.ratios(place.rowsRe, to - from, stride, beforeAt, afterAt, sharesAt!, least, most, place.rowsIm)
    take(place.rowsIm, (to - from) * stride, out, from * stride)
  })
}

/** Of each row, the mean natural logarithm of the cells of a band. */
export function meanLogarithms(rows: Float32Array, stride: number, [low, high]: Band): Float32Array {
  const means = new Float32Array(rows.length / stride)
  inParts(means.length, stride, (from, to) => {
    put(rows.subarray(from * stride, to * stride), place.rowsRe)
    kernels.logSums(place.rowsRe, to - from, stride, low, high, resultsAt!)
    take(resultsAt!, to - from, means, from)
  })
  return means.map((sum) => (sum * Math.LN2) / (high - low))
}

/** Of each row, how many cells of one band, and of another one, exceed a limit in the mean of three rows. */
export function exceeding(
  rows: Float32Array,
  stride: number,
  limit: number,
  band: Band,
  other: Band,
): Int32Array {
  const count = rows.length / stride
  const counts = new Int32Array(2 * count)
  const most = rowsAtOnce(stride) - 2
  for (let first = 0; first < count; first += most) {
    const last = Math.min(count, first + most)
    const [a, b] = [Math.max(0, first - 1), Math.min(count, last + 1)]
    put(rows.subarray(a * stride, b * stride), place.rowsRe)
    kernels.exceeding(place.rowsRe, b - a, stride, limit, ...band, ...other, resultsAt!)
    const at = resultsAt! / 4 + 2 * (first - a)
    counts.set(integers.subarray(at, at + 2 * (last - first)), 2 * first)
  }
  return counts
}
