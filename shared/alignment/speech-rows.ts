/**
 * What the placing of a text compares: for each 10 ms of a recording its cepstra and their slopes, evened over the
 * speech, and which frames are background. Hides how both are found, and what noise and music change about it.
 */
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

/** What is background in a recording, by its level. */
export interface Background {
  /** Levels at or under this, in hundredths of a dB, are background. */
  readonly quietBelow: number
  /** Noise or music goes on under the speech: the level tells less, and what is quiet is a pause all the more. */
  readonly isNoisy: boolean
}

/** Of the levels, what floor and speech are read from, and where between them the line is drawn. */
const floorShare = 0.1
const speechShare = 0.95
const lineShare = 0.3
/** Noise that keeps its level needs less: this far from its lowest to its floor, music has five decibels. */
const steadyLineShare = 0.15
const lowestShare = 0.02
const steady = 200
const leastMargin = 300
const mostMargin = 1200
/** Speech this far above its background stands in the clear. */
const clearRange = 3000
/** Digital silence says nothing of the background. */
const silent = -9000

export function backgroundOf(levels: Int16Array): Background {
  const sorted = levels.filter((level) => level > silent).sort()
  const at = (share: number) => sorted[Math.floor((sorted.length - 1) * share)] ?? silent
  const [floor, speech] = [at(floorShare), at(speechShare)]
  const isNoisy = speech - floor < clearRange
  const share = isNoisy && floor - at(lowestShare) < steady ? steadyLineShare : lineShare
  const margin = max(leastMargin, min(mostMargin, share * (speech - floor)))
  return { quietBelow: floor + margin, isNoisy }
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
