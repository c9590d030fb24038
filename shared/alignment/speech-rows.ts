/**
 * What the placing of a text compares: for each 10 ms of a recording its cepstra and their slopes, evened over the
 * speech, and which frames are background. Hides how slopes are taken and what evens them.
 */
import type { Background } from './background.ts'
import { cepstrumSize } from './cepstra.ts'

const { max, min, sqrt } = Math

/** Numbers in one row: the cepstra, and how they change. */
export const rowSize = 2 * cepstrumSize

/** The cepstra of frames `from` to `to`, and of what lies beyond the recording as of its first and last. */
export type ReadCepstra = (from: number, to: number) => Promise<Float32Array>

/** A recording as it is aligned. */
export interface Sound {
  readonly frames: number
  /** By frame, in hundredths of a dBFS. */
  readonly levels: Int16Array
  readonly cepstra: ReadCepstra
}

/** The rows of some frames, and which of them are background. */
export interface Rows {
  /** The first frame's number in the recording. */
  readonly first: number
  readonly frames: number
  readonly values: Float32Array
  readonly quiet: Uint8Array
}

/** How a recording's rows are evened: subtracted, then divided. */
export interface Evening {
  readonly mean: readonly number[]
  readonly deviation: readonly number[]
}

/** So many frames to either side tell how a cepstrum changes. */
const slopeReach = 2

/** The rows of frames `from` to `to`, not yet evened. */
export async function readRows(
  { cepstra, levels, frames }: Sound,
  { quietBelow }: Background,
  from: number,
  to: number,
): Promise<Rows> {
  const first = max(0, from)
  const count = max(0, min(frames, to) - first)
  const before = min(first, slopeReach)
  const read = await cepstra(first - before, min(frames, first + count + slopeReach))
  const last = read.length / cepstrumSize - 1
  const values = new Float32Array(count * rowSize)
  for (let i = 0; i < count; i++) {
    const place = (offset: number) => max(0, min(last, i + before + offset)) * cepstrumSize
    const [now, back2, back1, on1, on2] = [place(0), place(-2), place(-1), place(1), place(2)]
    for (let d = 0, at = i * rowSize; d < cepstrumSize; d++, at++) {
      values[at] = read[now + d]!
      values[at + cepstrumSize] =
        (2 * (read[on2 + d]! - read[back2 + d]!) + read[on1 + d]! - read[back1 + d]!) / 10
    }
  }
  const quiet = new Uint8Array(count)
  for (let i = 0; i < count; i++) quiet[i] = levels[first + i]! <= quietBelow ? 1 : 0
  return { first, frames: count, values, quiet }
}

const leastVariance = 1e-6

/** Removes what voice, room and microphone do to every sound alike: measured over what is not background. */
export function eveningOf(all: readonly Rows[]): Evening {
  const sum = new Float64Array(rowSize)
  const square = new Float64Array(rowSize)
  let count = 0
  for (const { frames, values, quiet } of all)
    for (let i = 0; i < frames; i++) {
      if (quiet[i]) continue
      count++
      for (let d = 0, at = i * rowSize; d < rowSize; d++, at++) {
        sum[d]! += values[at]!
        square[d]! += values[at]! * values[at]!
      }
    }
  const mean = Array.from(sum, (value) => value / max(1, count))
  const deviation = Array.from(square, (value, d) =>
    sqrt(max(leastVariance, value / max(1, count) - mean[d]! ** 2)),
  )
  return { mean, deviation }
}

/** Evens rows in their place. */
export function even({ values }: Rows, { mean, deviation }: Evening): void {
  for (let at = 0, d = 0; at < values.length; at++, d = d + 1 === rowSize ? 0 : d + 1)
    values[at] = (values[at]! - mean[d]!) / deviation[d]!
}
