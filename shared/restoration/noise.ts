/**
 * Takes steady noise away. Hides transforms, the estimate of the noise, gains that are the greater of two sweeps, forward
 * and backward in time, so that no onset is cut, and pauses that go down evenly.
 *
 * Works on blocks at absolute times, each from the sound around it alone: whoever computes a block gets the same bits.
 */
import { ratiosTo } from '../kernel/cells.ts'
import { framesAtOnce } from '../kernel/fourier.ts'
import { amplitudesOf, sweep } from '../kernel/suppression.ts'
import { oddsOf } from './absence.ts'
import { noiseFloor, reachSeconds, type Cells, type NoiseFloor } from './noise-floor.ts'
import { speechShares, type VoiceIn } from './pauses.ts'
import {
  framesBetweenTurns,
  framesOver,
  shapeOf,
  spectraOf,
  type Frames,
  type Shape,
  type Sound,
  type Spectra,
} from './spectra.ts'
import type { OthersTurn } from './turns.ts'
import { voiceIn, voiceStepSeconds } from './voice-detector.ts'

/** Before and after what it is for, a sweep runs for so long, to forget where it began. */
const warmUpSeconds = 1.5
/** What a block's samples depend on, to either side; more than what the floor, the sweep and their averages reach. */
export const contextSeconds = 10
const alpha = 0.96
const leastRatio = 10 ** -1.8
const mostRatio = 1000
const leastNoise = 1e-14

export interface NoiseReducer {
  /**
   * The samples from `start` to `end` with the noise taken away. `around` holds `contextSeconds` more on either side, or all
   * there is. Blocks that follow each other share their spectra, and what is given holds until the next one.
   */
  readonly reduce: (around: Sound, start: number, end: number) => Promise<Float32Array[]>
}

/**
 * `limitDb`: how far noise goes down at most. `untouched(sample)`: the share (0…1) to which the sound there stays as it is.
 */
export function noiseReducer(
  sampleRate: number,
  channels: number,
  limitDb: number,
  othersTurn: OthersTurn,
  untouched: (sample: number) => number = () => 0,
): NoiseReducer {
  const shape = shapeOf(sampleRate, limitDb)
  const { hop, size, transform } = shape
  let known: Spectra | undefined
  let stages: NoiseFloor['stages'] | undefined

  const reduce = async (around: Sound, start: number, end: number): Promise<Float32Array[]> => {
    known = await spectraOf(around, channels, shape, othersTurn, known)
    const own = framesOver(start, end, shape)
    const voice = voiceAround(around, shape, othersTurn)
    const found = await gainsOf(known, own, shape, voice, othersTurn, stages)
    const { gains } = found
    stages = found.stages
    for (let frame = own.from; frame < own.to; frame++) {
      const share = untouched(frame * hop - shape.lead + size / 2)
      if (share === 0) continue
      const at = (frame - own.from) * transform.stride
      for (let k = 0; k < transform.stride; k++) gains[at + k]! += share * (1 - gains[at + k]!)
    }
    return synthesised(known, own, gains, start, end, shape, othersTurn)
  }
  return { reduce }
}

/** Amplitudes for the frames `own`, a row each. */
async function gainsOf(
  { cells }: Spectra,
  own: Frames,
  shape: Shape,
  voice: VoiceIn,
  othersTurn: OthersTurn,
  known?: NoiseFloor['stages'],
): Promise<{ readonly gains: Float32Array; readonly stages: NoiseFloor['stages'] }> {
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
  const noise = await noiseFloor(
    cells,
    framesPerSecond,
    hzPerBin,
    looked.from,
    looked.to - 1,
    shape.scratch,
    othersTurn,
    known,
  )
  const ratios = ratiosOver(noise, cells, looked, shape)
  await othersTurn()
  const odds = oddsOf(ratios, looked, swept, cells, shape)
  const rows = (of: Float32Array, first: number, { from, to }: Frames) =>
    of.subarray((from - first) * stride, (to - first) * stride)
  const gains = shape.scratch.take('gains', (swept.to - swept.from) * stride).fill(-100)
  for (const direction of ['forward', 'backward'] as const) {
    await othersTurn()
    sweep(
      { alpha, least: leastRatio, floor },
      direction,
      rows(ratios, looked.from, swept),
      odds,
      gains,
      stride,
    )
  }
  const kept = rows(gains, swept.from, own)
  const scale = { framesPerSecond, hzPerBin }
  const shares = await speechShares(cells, ratios, looked, noise, scale, own, voice, othersTurn)
  amplitudesOf(kept, floor, shares)
  return { gains: kept, stages: noise.stages }
}

/** Asks the detector about frames. */
function voiceAround(
  { start, planes }: Sound,
  { sampleRate, hop, lead, size }: Shape,
  othersTurn: OthersTurn,
): VoiceIn {
  let mean: Float32Array | undefined
  return async (from, to) => {
    mean ??= planes.length === 1 ? planes[0]! : planes[0]!.map((sample, i) => (sample + planes[1]![i]!) / 2)
    const sampleOf = (frame: number) => frame * hop - lead + size / 2 - start
    const first = Math.max(0, sampleOf(from))
    const likelihoods = await voiceIn(mean, sampleRate, first, Math.max(first, sampleOf(to)), othersTurn)
    const stepSamples = voiceStepSeconds * sampleRate
    return Float32Array.from({ length: to - from }, (_, i) => {
      const step = Math.round((sampleOf(from + i) - first) / stepSamples)
      return likelihoods[Math.max(0, Math.min(likelihoods.length - 1, step))] ?? 0
    })
  }
}

/** Powers over the noise's, up to `mostRatio`. */
function ratiosOver(noise: NoiseFloor, cells: Cells, { from, to }: Frames, shape: Shape): Float32Array {
  const { stride, first, powers } = cells
  const ratios = shape.scratch.take('ratios', (to - from) * stride)
  for (const { from: a, to: b, slope } of noise.slopes(from, to)) {
    const rows = powers.subarray((a - first) * stride, (b - first) * stride)
    ratiosTo(rows, slope, leastNoise, mostRatio, ratios.subarray((a - from) * stride))
  }
  return ratios
}

async function synthesised(
  { re, im, cells }: Spectra,
  own: Frames,
  gains: Float32Array,
  start: number,
  end: number,
  { transform, hop, lead, size, scratch }: Shape,
  othersTurn: OthersTurn,
): Promise<Float32Array[]> {
  const { stride } = transform
  const first = own.from * hop - lead
  const planes: Float32Array[] = []
  for (const [channel, real] of re.entries()) {
    const out = scratch.take(`out${channel}`, (own.to - own.from) * hop + size).fill(0)
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
      if ((frame - own.from) % framesBetweenTurns === 0) await othersTurn()
    }
    planes.push(out.subarray(start - first, end - first))
  }
  return planes
}

/** What the estimate, the sweep and their averages reach has to lie within the context. */
if (reachSeconds + warmUpSeconds + 0.3 > contextSeconds) throw new RangeError('The context is too short.')
