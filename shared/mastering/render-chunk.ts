/**
 * Renders one chunk of the mix through limiter and MP3 encoder, and measures what was encoded. Hides the
 * encoder's pre-roll, the seams that two chunks share, and what is done when encoding pushes the true peak
 * over its limit.
 */
import { withLentPlanes, type Lend } from './lent-planes.ts'
import { applyGains, limiterGains, limiterStep, limiterSupportSamples } from './limiter.ts'
import { mp3Codec } from '../codec/choose.ts'
import { frameOffsets, samplesPerFrame } from '../audio/mp3-frames.ts'
import type { Mp3Format, Planes } from '../codec/port.ts'
import { frameCount, inputCompensation, preRollFrames } from './mp3.ts'
import {
  ceilingDb,
  margin,
  onGrid,
  postRollSamples,
  preRollSamples,
  programme,
  stepPeaks,
  type Loudness,
  type ObjectLocation,
} from './programme.ts'
import { chunkSpan, type Timeline } from '../timeline/timeline.ts'
import { fromDb } from '../audio/true-peak.ts'
import { measureDecoded, type Place } from './measure-frames.ts'

export interface RenderedChunk {
  /** Exactly the chunk's frames. */
  readonly frames: Buffer
  readonly frameCount: number
  /** K-weighted mean square per 100 ms of the decoded frames, on the timeline's grid. */
  readonly blocks: Float32Array
  readonly truePeakDbtp: number
  /** How far the ceiling had to be lowered, in dB. */
  readonly loweredDb: number
}

const mostRenders = 4
/** Beyond the excess, so that the next render is clear of the limit. */
const extraLoweringDb = 0.15

/** What every render of a run shares. */
interface Job {
  readonly timeline: Timeline
  readonly location: ObjectLocation
  readonly inputGain: number
  readonly limitDb: number
  readonly loudness: Loudness
  readonly format: Mp3Format
  readonly signal: AbortSignal
  readonly lend: Lend
}

/**
 * Renders one chunk; when the true peak of the encoded chunk is over its limit, again with the limiter's
 * ceiling lowered inside the chunk.
 */
export async function renderChunk(
  timeline: Timeline,
  location: ObjectLocation,
  chunk: number,
  gainDb: number,
  loudness: Loudness,
  format: Mp3Format,
  signal: AbortSignal,
): Promise<RenderedChunk> {
  const inputGain = fromDb(gainDb)
  const limitDb = ceilingDb(loudness, format)
  return await withLentPlanes((lend) =>
    render(chunk, { timeline, location, inputGain, limitDb, loudness, format, signal, lend }),
  )
}

async function render(chunk: number, job: Job): Promise<RenderedChunk> {
  const place = placeChunk(job.timeline, chunk)
  const { mix, peak } = await mixOf(place, job)
  const before = chunk === 0 ? 0 : await seamLoweringDb(place.start, peak, place, job)
  const after = place.isLast ? 0 : await seamLoweringDb(place.end, peak, place, job)
  const { encoded, ...settled } = await settle(
    place,
    mix,
    peak,
    (loweredDb) => ceilings(place, peak.length, job.limitDb, before, loweredDb, after),
    job,
  )
  const offsets = frameOffsets(encoded)
  return {
    frames: encoded.subarray(offsets[place.preRoll], offsets[place.preRoll + place.frames]),
    frameCount: place.frames,
    ...settled,
  }
}

async function mixOf(
  { mixStart, mixEnd }: Place,
  { timeline, location, limitDb, inputGain, lend }: Job,
): Promise<{ mix: Float32Array[]; peak: Float32Array }> {
  const mix = await programme(timeline, location, mixStart, mixEnd, lend)
  return { mix, peak: await stepPeaks(mix, fromDb(limitDb) / inputGain) }
}

/**
 * Encodes and measures until the place is under the limit, each time with the ceiling lowered by the excess.
 */
async function settle(
  place: Place,
  mix: readonly Float32Array[],
  peak: Float32Array,
  ceilingsAt: (loweredDb: number) => number | Float32Array,
  job: Job,
) {
  const { inputGain, loudness, format, signal } = job
  const codec = await mp3Codec()
  let loweredDb = 0
  for (let render = 1; ; render++) {
    const gains = limiterGains(peak, inputGain, ceilingsAt(loweredDb))
    const encoded = await codec.encode(
      limited(mix, gains, inputGain * inputCompensation(format.bitrateKbps), place, format),
      format,
      signal,
    )
    const decoded = await measureDecoded(
      codec.decode(encoded, format, signal),
      place,
      mix.length === 1,
      format,
    )
    const over = decoded.truePeakDbtp - loudness.maxTruePeakDbtp
    if (over <= 0 || render === mostRenders) return { encoded, ...decoded, loweredDb }
    loweredDb += over + extraLoweringDb
  }
}

/**
 * What both neighbours look at around a seam: pre-roll before it, post-roll after it, and the limiter's
 * support beyond.
 */
const seamBefore = preRollSamples + limiterSupportSamples
const seamAfter = postRollSamples + limiterSupportSamples
/** Sound this far under the ceiling does not come out of the codec over the limit. */
const riskFromDb = -1
/**
 * Where peaks are no denser than this, as in all speech that was not clipped, the encoder's usual headroom is
 * enough and a trial is not worth its time.
 */
const sparseShare = 0.05
/** On the chunk's own steps, which are not the seam's, the share is a little off. */
const surelySparseShare = sparseShare / 2

/**
 * How far the ceiling is lowered around a seam. Its two chunks must agree without asking each other, so each
 * decides from the same span of sound; where that is dense with peaks, as clipped recordings are, each
 * renders the span and so comes to the same figure.
 */
async function seamLoweringDb(
  seam: number,
  peak: Float32Array,
  { mixStart }: Place,
  job: Job,
): Promise<number> {
  if (riskyShare(peak, mixStart, seam, job) <= surelySparseShare) return 0
  const [encodeStart, encodeEnd] = [seam - 2 * preRollSamples, seam + 4 * postRollSamples]
  const place = {
    start: seam - seamBefore,
    end: seam + seamAfter,
    encodeStart,
    encodeEnd,
    mixStart: onGrid(encodeStart - margin, seam),
    mixEnd: onGrid(encodeEnd + margin + limiterStep, seam),
  }
  return await withLentPlanes(async (lend) => {
    const around = await mixOf(place, { ...job, lend })
    if (riskyShare(around.peak, place.mixStart, seam, job) <= sparseShare) return 0
    const ceilingAt = (lowered: number) => fromDb(job.limitDb - lowered)
    return (await settle(place, around.mix, around.peak, ceilingAt, job)).loweredDb
  })
}

/** The share of steps around a seam whose peaks come near the limit. `mixStart`: the sample of the first step. */
function riskyShare(
  peak: Float32Array,
  mixStart: number,
  seam: number,
  { limitDb, inputGain }: Pick<Job, 'limitDb' | 'inputGain'>,
): number {
  const stepOf = (sample: number) => Math.floor((sample - mixStart) / limiterStep)
  const seen = peak.subarray(stepOf(seam - seamBefore), stepOf(seam + seamAfter))
  const risky = fromDb(limitDb + riskFromDb) / inputGain
  return seen.reduce((count, value) => (value >= risky ? count + 1 : count), 0) / seen.length
}

interface ChunkPlace extends Place {
  readonly frames: number
  /** Frames encoded before the chunk and dropped again. */
  readonly preRoll: number
  readonly isLast: boolean
}

function placeChunk(timeline: Timeline, chunk: number): ChunkPlace {
  const { start, end, isFirst, isLast } = chunkSpan(timeline, chunk)
  const preRoll = isFirst ? 0 : preRollFrames
  const frames = isLast
    ? frameCount(timeline.totalSamples) - start / samplesPerFrame
    : (end - start) / samplesPerFrame
  const encodeStart = start - preRoll * samplesPerFrame
  const encodeEnd = start + frames * samplesPerFrame + postRollSamples
  return {
    start,
    end,
    frames,
    preRoll,
    isLast,
    encodeStart,
    encodeEnd,
    mixStart: onGrid(encodeStart - margin, start),
    mixEnd: onGrid(encodeEnd + margin + limiterStep, start),
  }
}

/**
 * One ceiling, or one for each step: lowered by `insideDb` inside the chunk, by what its seams need wherever
 * a neighbour looks.
 */
function ceilings(
  { start, end, mixStart, isLast }: ChunkPlace,
  steps: number,
  limitDb: number,
  beforeDb: number,
  insideDb: number,
  afterDb: number,
): number | Float32Array {
  if (beforeDb === 0 && insideDb === 0 && afterDb === 0) return fromDb(limitDb)
  const [before, lowered, after] = [
    fromDb(limitDb - beforeDb),
    fromDb(limitDb - insideDb),
    fromDb(limitDb - afterDb),
  ]
  const ramp = limiterSupportSamples
  const first = start === 0 ? -ramp : start + seamAfter
  const last = isLast ? Infinity : end - seamBefore
  return Float32Array.from({ length: steps }, (_, step) => {
    const sample = mixStart + step * limiterStep
    const inside = Math.max(0, Math.min((sample - first) / ramp, (last - sample) / ramp, 1))
    const seam = last - sample < ramp ? after : before
    return seam + (lowered - seam) * inside
  })
}

/**
 * What the encoder is fed: the limited slice a second at a time, one plane given to as many channels as the
 * format has. All seconds come in the same planes.
 */
function* limited(
  mix: Planes,
  gains: Float64Array,
  gain: number,
  { mixStart, encodeStart, encodeEnd }: Place,
  { sampleRate, channels }: Mp3Format,
): Generator<Planes> {
  const scratch = mix.map(() => new Float32Array(sampleRate))
  for (let from = onGrid(encodeStart, mixStart); from < encodeEnd; from += sampleRate) {
    const at = from - mixStart
    const length = Math.min(sampleRate, encodeEnd - from)
    const planes = scratch.map((plane, side) => {
      plane.set(mix[side]!.subarray(at, at + length))
      applyGains(plane, 0, length, gains, at / limiterStep, gain)
      return plane.subarray(Math.max(0, encodeStart - from), length)
    })
    yield planes.length < channels ? [planes[0]!, planes[0]!] : planes
  }
}
