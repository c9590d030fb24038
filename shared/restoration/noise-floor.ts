/**
 * The power of steady noise in every bin and at any time, from the cells in which nobody speaks, before and after. Hides
 * how such cells are told: by minima first, and then by the noise that these gave.
 *
 * Everything is anchored at absolute frames and looks no further than `reachSeconds`, so that whoever computes a
 * stretch, and out of which larger one, gets the same bits.
 */

/** Powers of cells, a row of `stride` a frame; row 0 is frame `first`. */
export interface Cells {
  readonly first: number
  readonly count: number
  readonly bins: number
  readonly stride: number
  readonly powers: Float32Array
  /** The same, averaged over five frames and three bins. */
  readonly smooth: Float32Array
  /** An array of a name and a length, to be used again: what is in it is anything. */
  readonly scratch: (name: string, length: number) => Float32Array
}

/** The noise at the middle of every block of frames; between two middles it goes straight. */
export interface NoiseFloor {
  /** Writes the noise of a frame to `out`. */
  readonly at: (frame: number, out: Float32Array) => void
}

/** A minimum over 15 averaged cells in 2.5 s lies so far under their mean. */
const minimumBias = 1.8
/** Minima are looked for in so many blocks on either side. */
const minimumBlocks = 5
/** A cell under this multiple of the noise is noise. */
const noiseUpTo = 3
const sigmaSeconds = 0.7
/** What the Gaussian is cut off at, in sigmas. */
const tails = 3
const blockSeconds = 0.25
/** What a minimum counts beside the cells that were found to be noise. */
const minimumWeight = 0.5
const speechHz = [50, 8000] as const

/** How far to either side a frame's noise depends on the sound. */
export const reachSeconds = 2 * (tails * sigmaSeconds + 2 * blockSeconds) + (minimumBlocks + 2) * blockSeconds

/** The noise of frames `from` to `to`, of cells that reach as far as they exist, or `reachSeconds` further on either side. */
export function noiseFloor(
  cells: Cells,
  framesPerSecond: number,
  hzPerBin: number,
  from: number,
  to: number,
): NoiseFloor {
  const perBlock = Math.round(blockSeconds * framesPerSecond)
  const bell = gaussian((sigmaSeconds * framesPerSecond) / perBlock, tails)
  const radius = (bell.length - 1) / 2
  const last = cells.first + cells.count - 1
  const blockOf = (frame: number) => Math.floor(frame / perBlock)
  const clip = (block: number) => Math.max(blockOf(cells.first), Math.min(blockOf(last), block))
  const wanted: Range = { from: clip(blockOf(from) - 1), to: clip(blockOf(to) + 1) }
  const wider = ({ from: a, to: b }: Range, by: number): Range => ({ from: clip(a - by), to: clip(b + by) })
  const band: Range = {
    from: Math.ceil(speechHz[0] / hzPerBin),
    to: Math.min(cells.bins, Math.round(speechHz[1] / hzPerBin)),
  }
  const first = wider(wanted, 2 * radius + 1)
  const minima = slidingMinima(cells, perBlock, first)
  const rough = averaged(gathered(cells, perBlock, first, stepwise(minima, perBlock, cells.stride), band), {
    range: wider(wanted, radius + 1),
    bell,
    prior: minima,
    stride: cells.stride,
  })
  const second = wider(wanted, radius)
  const lines = straight(rough, perBlock, cells.stride)
  const fine = averaged(gathered(cells, perBlock, second, lines, band), {
    range: wanted,
    bell,
    prior: rough,
    stride: cells.stride,
  })
  return { at: straight(fine, perBlock, cells.stride) }
}

/** Of blocks, both ends included; of bins, the last one excluded. */
interface Range {
  readonly from: number
  readonly to: number
}

/** A row for every block of a range. */
interface Blocks {
  readonly range: Range
  readonly rows: Float32Array
}

const lengthOf = ({ from, to }: Range): number => to - from + 1

function slidingMinima({ first, count, stride, smooth }: Cells, perBlock: number, range: Range): Blocks {
  const [from, to] = [range.from - minimumBlocks, range.to + minimumBlocks]
  const own = new Float32Array((to - from + 1) * stride).fill(Infinity)
  for (let block = from; block <= to; block++) {
    const at = (block - from) * stride
    const end = Math.min(first + count, (block + 1) * perBlock)
    for (let frame = Math.max(first, block * perBlock); frame < end; frame++) {
      const row = (frame - first) * stride
      for (let k = 0; k < stride; k++) if (smooth[row + k]! < own[at + k]!) own[at + k] = smooth[row + k]!
    }
  }
  const rows = new Float32Array(lengthOf(range) * stride).fill(Infinity)
  for (let block = range.from; block <= range.to; block++) {
    const at = (block - range.from) * stride
    for (let other = block - minimumBlocks; other <= block + minimumBlocks; other++) {
      const row = (other - from) * stride
      for (let k = 0; k < stride; k++) if (own[row + k]! < rows[at + k]!) rows[at + k] = own[row + k]!
    }
    for (let k = 0; k < stride; k++) rows[at + k]! *= minimumBias
  }
  return { range, rows }
}

type RowAt = (frame: number, out: Float32Array) => void

const stepwise =
  ({ range, rows }: Blocks, perBlock: number, stride: number): RowAt =>
  (frame, out) => {
    const at = (Math.floor(frame / perBlock) - range.from) * stride
    out.set(rows.subarray(at, at + stride))
  }

const straight =
  ({ range, rows }: Blocks, perBlock: number, stride: number): RowAt =>
  (frame, out) => {
    const place = (frame + 0.5) / perBlock - 0.5
    const left = Math.max(range.from, Math.min(range.to, Math.floor(place)))
    const right = Math.min(range.to, left + 1)
    const share = Math.max(0, Math.min(1, place - left))
    const [a, b] = [(left - range.from) * stride, (right - range.from) * stride]
    for (let k = 0; k < stride; k++) out[k] = rows[a + k]! + share * (rows[b + k]! - rows[a + k]!)
  }

interface Sums extends Blocks {
  readonly weights: Float32Array
}

/**
 * Sums up the cells of each block that are noise by the floor there. A frame in which much stands out is speech as a
 * whole: its weak cells count less.
 */
function gathered(
  { first, count, stride, powers, smooth, scratch }: Cells,
  perBlock: number,
  range: Range,
  floorAt: RowAt,
  band: Range,
): Sums {
  const rows = new Float32Array(lengthOf(range) * stride)
  const weights = new Float32Array(lengthOf(range) * stride)
  const start = Math.max(first, range.from * perBlock)
  const end = Math.min(first + count, (range.to + 1) * perBlock)
  const limits = scratch('limits', (end - start) * stride)
  const shares = new Float32Array(end - start)
  for (let frame = start; frame < end; frame++) {
    const limit = limits.subarray((frame - start) * stride, (frame - start + 1) * stride)
    floorAt(frame, limit)
    const row = (frame - first) * stride
    for (let k = 0; k < stride; k++) limit[k]! *= noiseUpTo
    let present = 0
    for (let k = band.from; k < band.to; k++) present += smooth[row + k]! < limit[k]! ? 0 : 1
    shares[frame - start] = present / (band.to - band.from)
  }
  for (let frame = start; frame < end; frame++) {
    const at = (Math.floor(frame / perBlock) - range.from) * stride
    const row = (frame - first) * stride
    const limit = (frame - start) * stride
    const weight = Math.max(0.02, Math.min(1, 1.4 - 2 * meanAround(shares, frame - start, 2)))
    for (let k = 0; k < stride; k++) {
      if (smooth[row + k]! >= limits[limit + k]!) continue
      rows[at + k]! += weight * powers[row + k]!
      weights[at + k]! += weight
    }
  }
  return { range, rows, weights }
}

/** The weighted mean over neighbouring blocks, with a minimum for where nothing was noise. */
function averaged(
  sums: Sums,
  how: {
    readonly range: Range
    readonly bell: Float64Array
    readonly prior: Blocks
    readonly stride: number
  },
): Blocks {
  const { range, bell, prior, stride } = how
  const radius = (bell.length - 1) / 2
  const rows = new Float32Array(lengthOf(range) * stride)
  const weights = new Float32Array(stride)
  for (let block = range.from; block <= range.to; block++) {
    const at = (block - range.from) * stride
    weights.fill(0)
    for (let by = -radius; by <= radius; by++) {
      if (block + by < sums.range.from || block + by > sums.range.to) continue
      const from = (block + by - sums.range.from) * stride
      const share = bell[by + radius]!
      for (let k = 0; k < stride; k++) {
        rows[at + k]! += share * sums.rows[from + k]!
        weights[k]! += share * sums.weights[from + k]!
      }
    }
    const own = (Math.max(prior.range.from, Math.min(prior.range.to, block)) - prior.range.from) * stride
    for (let k = 0; k < stride; k++)
      rows[at + k] = (rows[at + k]! + minimumWeight * prior.rows[own + k]!) / (weights[k]! + minimumWeight)
  }
  return { range, rows }
}

/** The mean of the values up to `radius` away, as far as they exist. */
function meanAround(values: Float32Array, at: number, radius: number): number {
  const [from, to] = [Math.max(0, at - radius), Math.min(values.length, at + radius + 1)]
  let sum = 0
  for (let i = from; i < to; i++) sum += values[i]!
  return sum / (to - from)
}

function gaussian(sigma: number, sigmas: number): Float64Array {
  const radius = Math.round(sigmas * sigma)
  return Float64Array.from({ length: 2 * radius + 1 }, (_, i) => Math.exp(-0.5 * ((i - radius) / sigma) ** 2))
}
