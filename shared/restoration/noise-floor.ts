/**
 * The power of steady noise in every bin and at any time, from the cells in which nobody speaks, before and after. Hides
 * how such cells are told: by minima first, and then by the noise that these gave.
 *
 * Everything is anchored at absolute frames and looks no further than `reachSeconds`, so that whoever computes a
 * stretch, and out of which larger one, gets the same bits; and what was computed for one stretch holds for the next one.
 */
import {
  addWeighted,
  bandOf,
  gatherUnder,
  lowerTo,
  standingOut,
  type Band,
  type Slope,
} from '../kernel/cells.ts'
import type { Scratch } from './scratch.ts'
import type { OthersTurn } from './turns.ts'

/** Powers of cells, a row of `stride` a frame; row 0 is frame `first`. */
export interface Cells {
  readonly first: number
  readonly count: number
  readonly bins: number
  readonly stride: number
  readonly powers: Float32Array
  /** The same, averaged over five frames and three bins. */
  readonly smooth: Float32Array
}

/** The noise at the middle of every block of frames; between two middles it goes straight. */
export interface NoiseFloor {
  /** Frames on end that lie between the same two middles, from `from` to before `to`. */
  readonly slopes: (from: number, to: number) => Iterable<Stretch>
  /** Writes the noise of a frame's first cells to `out`. */
  readonly at: (frame: number, out: Float32Array) => void
  /** For the next stretch. */
  readonly stages: Stages
}

interface Stretch {
  readonly from: number
  readonly to: number
  readonly slope: Slope
}

/** A minimum over 15 averaged cells in 2.5 s lies so far under their mean. */
const minimumBias = 1.8
/** Minima are looked for in so many blocks on either side. */
const minimumBlocks = 5
/**
 * A cell over this multiple of the noise stands out; one under the other is noise. What is between is summed up with it, since
 * noise such as other people's voices would be thought softer than it is, and counts where little stands out in its frame.
 */
const standsOutFrom = 3
const noiseUpTo = 5
/** By the share that stands out, what the cells of a frame count. */
const weightOf = (share: number): number => Math.max(0.005, Math.min(1, 1.4 - 4 * share))
const sigmaSeconds = 0.7
/** What the Gaussian is cut off at, in sigmas. */
const tails = 3
const blockSeconds = 0.25
/** What a minimum counts beside the cells that were found to be noise. */
const minimumWeight = 0.5
const speechHz = [50, 8000] as const
/** Work of some 10 ms. */
const blocksBetweenTurns = 16

/** How far to either side a frame's noise depends on the sound. */
export const reachSeconds = 2 * (tails * sigmaSeconds + 2 * blockSeconds) + (minimumBlocks + 2) * blockSeconds

/** Of blocks, both ends included. */
interface Range {
  readonly from: number
  readonly to: number
}

/** A row for every block of a range. */
interface Blocks {
  readonly range: Range
  readonly rows: Float32Array
}

/** What leads to the noise. Rows of sums are followed by what was summed up. */
interface Stages {
  readonly lows: Blocks
  readonly minima: Blocks
  readonly roughSums: Blocks
  readonly rough: Blocks
  readonly fineSums: Blocks
  readonly fine: Blocks
}

/**
 * The noise of frames `from` to `to`, of cells that reach as far as they exist, or `reachSeconds` further on either side.
 * `known`: the stages of an earlier stretch, of which what lies in this one too is taken; they end with it.
 */
export async function noiseFloor(
  cells: Cells,
  framesPerSecond: number,
  hzPerBin: number,
  from: number,
  to: number,
  scratch: Scratch,
  othersTurn: OthersTurn,
  known?: Stages,
): Promise<NoiseFloor> {
  const { stride } = cells
  const perBlock = Math.round(blockSeconds * framesPerSecond)
  const bell = gaussian((sigmaSeconds * framesPerSecond) / perBlock, tails)
  const radius = (bell.length - 1) / 2
  const last = cells.first + cells.count - 1
  const blockOf = (frame: number) => Math.floor(frame / perBlock)
  const clip = (block: number) => Math.max(blockOf(cells.first), Math.min(blockOf(last), block))
  const wanted: Range = { from: clip(blockOf(from) - 1), to: clip(blockOf(to) + 1) }
  const wider = (by: number): Range => ({ from: clip(wanted.from - by), to: clip(wanted.to + by) })
  const band = bandOf(speechHz, hzPerBin, cells.bins)
  const stage = (
    name: keyof Stages,
    range: Range,
    length: number,
    compute: (block: number, row: Float32Array) => void,
  ): Promise<Blocks> =>
    continued(known?.[name], range, length, (...wanted) => scratch.keep(name, ...wanted), othersTurn, compute)
  const lows = await stage('lows', wider(2 * radius + 2 + minimumBlocks), stride, (block, row) => {
    row.fill(Infinity)
    lowerTo(framesOf(cells, cells.smooth, block * perBlock, (block + 1) * perBlock), row)
  })
  const minima = await stage('minima', wider(2 * radius + 2), stride, (block, row) => {
    row.fill(Infinity)
    lowerTo(rowsOf(lows, block - minimumBlocks, block + minimumBlocks), row)
    for (let k = 0; k < stride; k++) row[k]! *= minimumBias
  })
  const roughSums = await stage('roughSums', wider(2 * radius + 1), 2 * stride, (block, row) => {
    gather(cells, perBlock, block, stepwise(minima, perBlock, stride), band, row)
  })
  const rough = await stage('rough', wider(radius + 1), stride, (block, row) => {
    average(roughSums, block, bell, minima, row)
  })
  const fineSums = await stage('fineSums', wider(radius), 2 * stride, (block, row) => {
    gather(cells, perBlock, block, straight(rough, perBlock, stride), band, row)
  })
  const fine = await stage('fine', wanted, stride, (block, row) => {
    average(fineSums, block, bell, rough, row)
  })
  const slopes = straight(fine, perBlock, stride)
  return {
    slopes,
    at: (frame, out) => {
      for (const { slope } of slopes(frame, frame + 1))
        for (let k = 0; k < out.length; k++)
          out[k] = slope.before[k]! + slope.shares[0]! * (slope.after[k]! - slope.before[k]!)
    },
    stages: { lows, minima, roughSums, rough, fineSums, fine },
  }
}

/** A row for every block: those that are known, and others as `compute` fills them. */
async function continued(
  known: Blocks | undefined,
  range: Range,
  length: number,
  keep: (length: number, kept: Float32Array) => Float32Array,
  othersTurn: OthersTurn,
  compute: (block: number, row: Float32Array) => void,
): Promise<Blocks> {
  const isContinued = known && known.range.from <= range.from
  const kept = isContinued ? rowsOf(known, range.from, range.to) : new Float32Array(0)
  const rows = keep((range.to - range.from + 1) * length, kept)
  for (let block = range.from + kept.length / length; block <= range.to; block++) {
    compute(block, rows.subarray((block - range.from) * length, (block - range.from + 1) * length))
    if (block % blocksBetweenTurns === 0) await othersTurn()
  }
  return { range, rows }
}

/** The rows of blocks, as far as there are any. */
function rowsOf({ range, rows }: Blocks, from: number, to: number): Float32Array {
  const length = rows.length / (range.to - range.from + 1)
  const first = Math.max(range.from, from)
  return rows.subarray((first - range.from) * length, (Math.min(range.to, to) + 1 - range.from) * length)
}

/** The rows of frames, as far as there are any. */
function framesOf(
  { first, count, stride }: Cells,
  rows: Float32Array,
  from: number,
  to: number,
): Float32Array {
  const start = Math.max(first, from)
  const end = Math.max(start, Math.min(first + count, to))
  return rows.subarray((start - first) * stride, (end - first) * stride)
}

type Slopes = NoiseFloor['slopes']

const stepwise = (blocks: Blocks, perBlock: number, stride: number): Slopes =>
  slopesOf(blocks, stride, (frame) => ({ left: Math.floor(frame / perBlock), share: 0 }))

const straight = (blocks: Blocks, perBlock: number, stride: number): Slopes =>
  slopesOf(blocks, stride, (frame) => {
    const place = (frame + 0.5) / perBlock - 0.5
    const left = Math.max(blocks.range.from, Math.min(blocks.range.to, Math.floor(place)))
    return { left, share: Math.max(0, Math.min(1, place - left)) }
  })

function slopesOf(
  { range, rows }: Blocks,
  stride: number,
  placeOf: (frame: number) => { readonly left: number; readonly share: number },
): Slopes {
  const rowAt = (block: number) => {
    const at = (Math.max(range.from, Math.min(range.to, block)) - range.from) * stride
    return rows.subarray(at, at + stride)
  }
  return function* (from, to) {
    for (let frame = from; frame < to;) {
      const { left } = placeOf(frame)
      const shares: number[] = []
      const start = frame
      for (; frame < to && placeOf(frame).left === left; frame++) shares.push(placeOf(frame).share)
      const slope = { before: rowAt(left), after: rowAt(left + 1), shares: Float32Array.from(shares) }
      yield { from: start, to: frame, slope }
    }
  }
}

const besideFrames = 2

/**
 * Sums up the cells of a block that are noise by the floor there. A frame in which much stands out is speech as a whole:
 * its weak cells count less.
 */
function gather(
  cells: Cells,
  perBlock: number,
  block: number,
  floor: Slopes,
  band: Band,
  row: Float32Array,
): void {
  const { first, count, stride, powers, smooth } = cells
  const within = (frame: number) => Math.max(first, Math.min(first + count, frame))
  const [from, to] = [within(block * perBlock), within((block + 1) * perBlock)]
  const start = within(from - besideFrames)
  const shares = new Float32Array(within(to + besideFrames) - start)
  row.fill(0)
  for (const { from: a, to: b, slope } of floor(start, start + shares.length))
    standingOut(framesOf(cells, smooth, a, b), slope, standsOutFrom, band).forEach((over, i) => {
      shares[a - start + i] = over / (band[1] - band[0])
    })
  for (const { from: a, to: b, slope } of floor(from, to)) {
    const weights = Float32Array.from({ length: b - a }, (_, i) =>
      weightOf(meanAround(shares, a + i - start, besideFrames)),
    )
    const some = { smooth: framesOf(cells, smooth, a, b), powers: framesOf(cells, powers, a, b) }
    gatherUnder(some, slope, noiseUpTo, weights, row.subarray(0, stride), row.subarray(stride))
  }
}

/** The weighted mean over neighbouring blocks, with a minimum for where nothing was noise. */
function average(sums: Blocks, block: number, bell: Float32Array, prior: Blocks, row: Float32Array): void {
  const radius = (bell.length - 1) / 2
  const skipped = Math.max(0, sums.range.from - (block - radius))
  const rows = rowsOf(sums, block - radius, block + radius)
  const total = new Float32Array(2 * row.length)
  addWeighted(rows, bell.subarray(skipped, skipped + rows.length / total.length), total)
  const least = rowsOf(prior, block, block)
  for (let k = 0; k < row.length; k++)
    row[k] = (total[k]! + minimumWeight * least[k]!) / (total[row.length + k]! + minimumWeight)
}

/** The mean of the values up to `radius` away, as far as they exist. */
function meanAround(values: Float32Array, at: number, radius: number): number {
  const [from, to] = [Math.max(0, at - radius), Math.min(values.length, at + radius + 1)]
  let sum = 0
  for (let i = from; i < to; i++) sum += values[i]!
  return sum / (to - from)
}

function gaussian(sigma: number, sigmas: number): Float32Array {
  const radius = Math.round(sigmas * sigma)
  return Float32Array.from({ length: 2 * radius + 1 }, (_, i) => Math.exp(-0.5 * ((i - radius) / sigma) ** 2))
}
