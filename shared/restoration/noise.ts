/**
 * Takes steady noise away. Hides transforms, the estimate of the noise, gains that are the greater of two sweeps, forward
 * and backward in time, so that no onset is cut, and pauses that go down evenly.
 *
 * Works on blocks at absolute times, each from the sound around it alone: whoever computes a block gets the same bits.
 */
import { fourier, framesAtOnce, type Transform } from '../kernel/fourier.ts'
import { absenceOdds, amplitudesOf, sweepRow } from '../kernel/suppression.ts'
import { noiseFloor, reachSeconds, type Cells, type NoiseFloor } from './noise-floor.ts'
import { speechShares, type VoiceIn } from './pauses.ts'
import { voiceIn, voiceStepSeconds } from './voice-detector.ts'

/** Sound from an absolute sample on, a plane for each channel. */
export interface Sound {
  readonly start: number
  readonly planes: readonly Float32Array[]
}

/** Before and after what it is for, a sweep runs for so long, to forget where it began. */
const warmUpSeconds = 1.5
/** What a block's samples depend on, to either side; more than what the floor, the sweep and their averages reach. */
export const contextSeconds = 10
const alpha = 0.96
const leastRatio = 10 ** -1.8
const mostRatio = 1000
/** Far below the quantisation of 24 bits. */
const leastPower = 1e-12
const speechHz = [110, 8000] as const

const log2OfDb = (db: number): number => db / (20 * Math.log10(2))

/** About 43 ms: harmonics of a voice stand apart. A power of two, so that any rate has its size. */
const sizeFor = (sampleRate: number): number =>
  2 ** Math.max(8, Math.min(12, Math.round(Math.log2(0.0427 * sampleRate))))

export interface NoiseReducer {
  /**
   * The samples from `start` to `end` with the noise taken away. `around` holds `contextSeconds` more on either side, or all
   * there is. Blocks that follow each other share their spectra.
   */
  readonly reduce: (around: Sound, start: number, end: number) => Float32Array[]
}

/**
 * `limitDb`: how far noise goes down at most. `untouched(sample)`: the share (0…1) to which the sound there stays as it is.
 */
export function noiseReducer(
  sampleRate: number,
  channels: number,
  limitDb: number,
  untouched: (sample: number) => number = () => 0,
): NoiseReducer {
  const size = sizeFor(sampleRate)
  const hop = size / 4
  const root = Float32Array.from({ length: size }, (_, i) =>
    Math.sqrt(0.5 - 0.5 * Math.cos((2 * Math.PI * i) / size)),
  )
  const transform = fourier(size, root, 0.5)
  const shape: Shape = {
    sampleRate,
    size,
    hop,
    transform,
    lead: size - hop,
    floor: -log2OfDb(limitDb),
    scratch: scratchArrays(),
  }
  let known: Spectra | undefined

  const reduce = (around: Sound, start: number, end: number): Float32Array[] => {
    known = spectraOf(around, channels, shape, known)
    const own = framesOver(start, end, shape)
    const gains = gainsOf(known, own, shape, voiceAround(around, shape))
    for (let frame = own.from; frame < own.to; frame++) {
      const share = untouched(frame * hop - shape.lead + size / 2)
      if (share === 0) continue
      const at = (frame - own.from) * transform.stride
      for (let k = 0; k < transform.stride; k++) gains[at + k]! += share * (1 - gains[at + k]!)
    }
    return synthesised(known, own, gains, start, end, shape)
  }
  return { reduce }
}

interface Shape {
  readonly sampleRate: number
  readonly size: number
  readonly hop: number
  readonly transform: Transform
  /** Frame 0 begins so many samples before the sound. */
  readonly lead: number
  /** The least gain, a logarithm to base 2. */
  readonly floor: number
  readonly scratch: ReturnType<typeof scratchArrays>
}

/** Frames from `from` to before `to`. */
interface Frames {
  readonly from: number
  readonly to: number
}

const framesOver = (start: number, end: number, { hop, lead, size }: Shape): Frames => ({
  from: Math.max(0, Math.floor((start + lead - size) / hop) + 1),
  to: Math.floor((end - 1 + lead) / hop) + 1,
})

interface Spectra {
  readonly cells: Cells
  readonly re: readonly Float32Array[]
  readonly im: readonly Float32Array[]
}

/** Arrays that are used again for every block: new ones of this size would be collected too late. */
function scratchArrays() {
  const arrays = new Map<string, Float32Array>()
  return (name: string, length: number): Float32Array => {
    const known = arrays.get(name)
    if (known && known.length >= length) return known.subarray(0, length)
    const made = new Float32Array(length)
    arrays.set(name, made)
    return made
  }
}

/** The spectra of all frames that touch the sound; those which are known already stay, moved to the front. */
function spectraOf(sound: Sound, channels: number, shape: Shape, known?: Spectra): Spectra {
  const { transform, hop, lead } = shape
  const { bins, stride } = transform
  const { from, to } = framesOver(sound.start, sound.start + sound.planes[0]!.length, shape)
  // frames at the end of what was known lacked the sound that came after
  const knownTo = known ? known.cells.first + known.cells.count - shape.size / hop : from
  // frames that are transformed together share their rounding: they are always the same ones
  const batchOf = (frame: number) => frame - (frame % framesAtOnce)
  const taken = known && known.cells.first <= from ? Math.max(from, batchOf(Math.min(to, knownTo))) : from
  const moved = (name: string, before?: Float32Array): Float32Array => {
    const all = shape.scratch(name, (to - from) * stride)
    if (!before || taken === from) return all
    const [a, b] = [(from - known!.cells.first) * stride, (taken - known!.cells.first) * stride]
    if (before.buffer === all.buffer) before.copyWithin(0, a, b)
    else all.set(before.subarray(a, b))
    return all
  }
  const planes = (name: string, before?: readonly Float32Array[]) =>
    Array.from({ length: channels }, (_, channel) => moved(`${name}${channel}`, before?.[channel]))
  const [re, im] = [planes('re', known?.re), planes('im', known?.im)]
  const powers = moved('powers', known?.cells.powers)
  const smooth = moved('smooth', known?.cells.smooth)
  for (let frame = taken; frame < to; frame = batchOf(frame) + framesAtOnce) {
    const count = Math.min(batchOf(frame) + framesAtOnce, to) - frame
    for (let channel = 0; channel < channels; channel++)
      transform.spectra(
        sound.planes[channel]!,
        frame * hop - lead - sound.start,
        hop,
        count,
        re[channel]!,
        im[channel]!,
        frame - from,
      )
  }
  fillPowers(re, im, powers, (taken - from) * stride)
  // the means of the last frames that were known lacked those that came after
  smoothen(powers, smooth, Math.max(0, taken - from - 2), to - from, stride, bins, shape)
  const { scratch } = shape
  return { re, im, cells: { first: from, count: to - from, bins, stride, powers, smooth, scratch } }
}

/** The power of the channels' mean. */
function fillPowers(
  re: readonly Float32Array[],
  im: readonly Float32Array[],
  out: Float32Array,
  from: number,
): void {
  const scale = 1 / re.length ** 2
  const [re0, im0, re1, im1] = [re[0]!, im[0]!, re[1], im[1]]
  if (!re1 || !im1)
    for (let i = from; i < out.length; i++) out[i] = re0[i]! * re0[i]! + im0[i]! * im0[i]! + leastPower
  else
    for (let i = from; i < out.length; i++) {
      const [a, b] = [re0[i]! + re1[i]!, im0[i]! + im1[i]!]
      out[i] = scale * (a * a + b * b) + leastPower
    }
}

/** Means over five frames and three bins, as far as there are any, for the frames from `from` on. */
function smoothen(
  powers: Float32Array,
  out: Float32Array,
  from: number,
  count: number,
  stride: number,
  bins: number,
  shape: Shape,
): void {
  const across = shape.scratch('across', powers.length)
  for (let row = Math.max(0, from - 2) * stride; row < powers.length; row += stride) {
    const [a, b] = [row + 1, row + bins - 1]
    for (let i = a; i < b; i++) across[i] = (powers[i - 1]! + powers[i]! + powers[i + 1]!) / 3
    across[row] = (powers[row]! + powers[row + 1]!) / 2
    across[b] = (powers[b - 1]! + powers[b]!) / 2
    for (let i = row + bins; i < row + stride; i++) across[i] = powers[i]!
  }
  for (let frame = from; frame < count; frame++) {
    const at = frame * stride
    if (frame < 2 || frame >= count - 2) {
      meanOfRows(across, Math.max(0, frame - 2), Math.min(count, frame + 3), stride, out, at)
      continue
    }
    const [two, end] = [2 * stride, at + stride]
    for (let i = at; i < end; i++)
      out[i] =
        (across[i - two]! + across[i - stride]! + across[i]! + across[i + stride]! + across[i + two]!) / 5
  }
}

/** The mean of some rows, to `out[at…]`. */
function meanOfRows(
  rows: Float32Array,
  from: number,
  to: number,
  stride: number,
  out: Float32Array,
  at: number,
): void {
  for (let k = 0; k < stride; k++) {
    let sum = 0
    for (let row = from; row < to; row++) sum += rows[row * stride + k]!
    out[at + k] = sum / (to - from)
  }
}

/** Amplitudes for the frames `own`, a row each. */
function gainsOf(spectra: Spectra, own: Frames, shape: Shape, voice: VoiceIn): Float32Array {
  const { cells } = spectra
  const { sampleRate, hop, size, transform, floor } = shape
  const { stride } = transform
  const framesPerSecond = sampleRate / hop
  const hzPerBin = sampleRate / size
  const warmUp = Math.round(warmUpSeconds * framesPerSecond)
  const within = (frames: Frames): Frames => ({
    from: Math.max(cells.first, frames.from),
    to: Math.min(cells.first + cells.count, frames.to),
  })
  const swept = within({ from: own.from - warmUp, to: own.to + warmUp })
  const looked = within({ from: swept.from - 8, to: swept.to + 8 })
  const noise = noiseFloor(cells, framesPerSecond, hzPerBin, looked.from, looked.to - 1)
  const ratios = ratiosTo(noise, cells, looked, shape)
  const odds = oddsOf(ratios, looked, swept, cells, shape)
  const gains = shape.scratch('gains', (swept.to - swept.from) * stride).fill(-100)
  const row = (of: Float32Array, first: number, frame: number) =>
    of.subarray((frame - first) * stride, (frame - first + 1) * stride)
  const sweepOver = (frames: Iterable<number>): void => {
    const state = new Float32Array(stride).fill(1)
    for (const frame of frames)
      sweepRow(
        { alpha, least: leastRatio, floor },
        row(ratios, looked.from, frame),
        row(odds, swept.from, frame),
        state,
        row(gains, swept.from, frame),
      )
  }
  sweepOver(ascending(swept))
  sweepOver(descending(swept))
  const kept = gains.subarray((own.from - swept.from) * stride, (own.to - swept.from) * stride)
  const shares = speechShares(cells, ratios, looked, noise, { framesPerSecond, hzPerBin }, own, voice)
  for (let frame = own.from; frame < own.to; frame++)
    amplitudesOf(row(kept, own.from, frame), floor, shares[frame - own.from]!)
  return kept
}

/** Asks the detector about frames. */
function voiceAround({ start, planes }: Sound, { sampleRate, hop, lead, size }: Shape): VoiceIn {
  let mean: Float32Array | undefined
  return (from, to) => {
    mean ??= planes.length === 1 ? planes[0]! : planes[0]!.map((sample, i) => (sample + planes[1]![i]!) / 2)
    const sampleOf = (frame: number) => frame * hop - lead + size / 2 - start
    const first = Math.max(0, sampleOf(from))
    const likelihoods = voiceIn(mean, sampleRate, first, Math.max(first, sampleOf(to)))
    const stepSamples = voiceStepSeconds * sampleRate
    return Float32Array.from({ length: to - from }, (_, i) => {
      const step = Math.round((sampleOf(from + i) - first) / stepSamples)
      return likelihoods[Math.max(0, Math.min(likelihoods.length - 1, step))] ?? 0
    })
  }
}

function* ascending({ from, to }: Frames): Generator<number> {
  for (let frame = from; frame < to; frame++) yield frame
}
function* descending({ from, to }: Frames): Generator<number> {
  for (let frame = to - 1; frame >= from; frame--) yield frame
}

/** Powers over the noise's, up to `mostRatio`. */
function ratiosTo(noise: NoiseFloor, cells: Cells, { from, to }: Frames, shape: Shape): Float32Array {
  const { stride, first, powers } = cells
  const ratios = shape.scratch('ratios', (to - from) * stride)
  const floor = new Float32Array(stride)
  for (let frame = from; frame < to; frame++) {
    noise.at(frame, floor)
    const [at, row] = [(frame - from) * stride, (frame - first) * stride]
    for (let k = 0; k < stride; k++)
      ratios[at + k] = Math.min(mostRatio, powers[row + k]! / Math.max(floor[k]!, 1e-14))
  }
  return ratios
}

/** The odds of absence in the frames `swept`, from ratios averaged over time and bins. */
function oddsOf(
  ratios: Float32Array,
  looked: Frames,
  swept: Frames,
  { stride, bins }: Cells,
  shape: Shape,
): Float32Array {
  const count = looked.to - looked.from
  const across = meansOverBins(ratios, stride, bins, shape.scratch('across', ratios.length))
  const near = shape.scratch('near', ratios.length)
  const [low, high] = speechHz.map((hz) => Math.min(bins, Math.round((hz * shape.size) / shape.sampleRate)))
  const degrees = new Float32Array(count)
  for (let frame = 0; frame < count; frame++) {
    const at = frame * stride
    if (frame < 3 || frame >= count - 3)
      meanOfRows(across, Math.max(0, frame - 3), Math.min(count, frame + 4), stride, near, at)
    else meanOfSeven(across, at, stride, near)
    degrees[frame] = meanLogarithm(near, at + low!, at + high!)
  }
  const odds = shape.scratch('odds', (swept.to - swept.from) * stride)
  const wide = new Float32Array(stride)
  const sums = new Float64Array(bins + 1)
  for (let frame = swept.from; frame < swept.to; frame++) {
    const index = frame - looked.from
    const row = near.subarray(index * stride, (index + 1) * stride)
    const [from, to] = [Math.max(0, index - 4), Math.min(count, index + 5)]
    let sum = 0
    for (let other = from; other < to; other++) sum += degrees[other]!
    const degree = Math.max(0.15, Math.min(1, (sum / (to - from) - 0.05) / 0.5))
    wideMeans(row, bins, sums, wide)
    const at = (frame - swept.from) * stride
    absenceOdds(row, wide, degree, odds.subarray(at, at + stride))
  }
  return odds
}

function meanOfSeven(rows: Float32Array, at: number, stride: number, out: Float32Array): void {
  const [two, three, end] = [2 * stride, 3 * stride, at + stride]
  for (let i = at; i < end; i++)
    out[i] =
      (rows[i - three]! +
        rows[i - two]! +
        rows[i - stride]! +
        rows[i]! +
        rows[i + stride]! +
        rows[i + two]! +
        rows[i + three]!) /
      7
}

/** Means over five bins. */
function meansOverBins(
  values: Float32Array,
  stride: number,
  bins: number,
  means: Float32Array,
): Float32Array {
  for (let at = 0; at < values.length; at += stride) {
    const [a, b] = [at + 2, at + bins - 2]
    for (let i = a; i < b; i++)
      means[i] = (values[i - 2]! + values[i - 1]! + values[i]! + values[i + 1]! + values[i + 2]!) / 5
    means.fill(means[a]!, at, a)
    means.fill(means[b - 1]!, b, at + stride)
  }
  return means
}

/** The mean natural logarithm; products of a few are as good as sums of their logarithms. */
function meanLogarithm(values: Float32Array, from: number, to: number): number {
  let sum = 0
  for (let i = from; i < to; i += 8) {
    let product = 1
    const end = Math.min(to, i + 8)
    for (let j = i; j < end; j++) product *= values[j]!
    sum += Math.log(Math.max(product, 1e-300))
  }
  return sum / (to - from)
}

const wideRadius = 15

function wideMeans(row: Float32Array, bins: number, sums: Float64Array, out: Float32Array): void {
  for (let k = 0; k < bins; k++) sums[k + 1] = sums[k]! + row[k]!
  for (let k = 0; k < bins; k++) {
    const [from, to] = [Math.max(0, k - wideRadius), Math.min(bins, k + wideRadius + 1)]
    out[k] = (sums[to]! - sums[from]!) / (to - from)
  }
}

function synthesised(
  { re, im, cells }: Spectra,
  own: Frames,
  gains: Float32Array,
  start: number,
  end: number,
  { transform, hop, lead, size }: Shape,
): Float32Array[] {
  const { stride } = transform
  const first = own.from * hop - lead
  return re.map((real, channel) => {
    const out = new Float32Array((own.to - own.from) * hop + size)
    for (let frame = own.from; frame < own.to; frame += framesAtOnce) {
      const count = Math.min(framesAtOnce, own.to - frame)
      const rows = (of: Float32Array, from: number) =>
        of.subarray((frame - from) * stride, (frame - from + count) * stride)
      transform.frames(
        rows(real, cells.first),
        rows(im[channel]!, cells.first),
        rows(gains, own.from),
        0,
        hop,
        count,
        out,
        (frame - own.from) * hop,
      )
    }
    return out.subarray(start - first, end - first)
  })
}

/** What the estimate, the sweep and their averages reach has to lie within the context. */
if (reachSeconds + warmUpSeconds + 0.3 > contextSeconds) throw new RangeError('The context is too short.')
