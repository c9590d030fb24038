/**
 * Reads slices of the mix together with the peaks that the limiter needs. Hides how much before and after a
 * chunk must be read for the result to be as if everything had been rendered in one piece.
 */
import type { ObjectStore } from '../storage.ts'
import type { Lend } from './lent-planes.ts'
import { limiterStep, limiterSupportSamples } from './limiter.ts'
import { mixSlice } from './mixer.ts'
import { othersTurn, type Mp3Format } from '../codec/port.ts'
import { codecHeadroomDb, postRollFrames, preRollFrames } from './mp3.ts'
import { samplesPerFrame } from '../audio/mp3-frames.ts'
import type { Timeline } from '../timeline/timeline.ts'
import { peaks } from '../audio/true-peak.ts'

export interface Loudness {
  readonly targetLufs: number
  readonly maxTruePeakDbtp: number
}

/** Where the mix is read from. */
export interface ObjectLocation {
  readonly storage: ObjectStore
  readonly bucket: string
}

/** K-weighting forgets what was before in 0.4 s; the pre-roll is longer. */
export const preRollSamples = preRollFrames * samplesPerFrame
export const postRollSamples = postRollFrames * samplesPerFrame
/** What the limiter depends on beyond a slice, and a step for the grid. */
export const margin = limiterSupportSamples + limiterStep

/** The limiter's steps are anchored at a chunk's start, or at the seam that two chunks look at: whoever does sees the same. */
export const onGrid = (sample: number, anchor: number): number =>
  anchor + Math.floor((sample - anchor) / limiterStep) * limiterStep

/** The programme's slice as it is carried through mastering: a single plane when both sides are the same. */
export async function programme(
  timeline: Timeline,
  location: ObjectLocation,
  start: number,
  end: number,
  lend: Lend,
): Promise<Float32Array[]> {
  const planes = await mixSlice(timeline, location.storage, location.bucket, start, end, lend)
  if (timeline.outputChannels === 2 || planes.length === 1) return planes
  const [left, right] = planes as [Float32Array, Float32Array]
  for (let i = 0; i < left.length; i++) left[i] = (left[i]! + right[i]!) / 2
  return [left]
}

/** Whole steps, about ten seconds, that are looked at in one go: 10 ms, so that heartbeats go on. */
const samplesPerTurn = 16_384 * limiterStep

/** The highest peak of each step over all planes; true peaks where they could reach `matters`. */
export async function stepPeaks(planes: readonly Float32Array[], matters: number): Promise<Float32Array> {
  const samples = planes[0]!.length
  const highest = new Float32Array(Math.ceil(samples / limiterStep))
  const own = new Float32Array(samplesPerTurn / limiterStep)
  for (const plane of planes)
    for (let from = 0; from < samples; from += samplesPerTurn) {
      const to = Math.min(samples, from + samplesPerTurn)
      peaks(plane, from, to, limiterStep, matters, own)
      const firstStep = from / limiterStep
      for (let i = firstStep; i * limiterStep < to; i++)
        if (own[i - firstStep]! > highest[i]!) highest[i] = own[i - firstStep]!
      await othersTurn()
    }
  return highest
}

/** How far the limiter lets peaks go, so that the peaks of the encoded sound stay under their limit. */
export const ceilingDb = ({ maxTruePeakDbtp }: Loudness, format: Mp3Format): number =>
  maxTruePeakDbtp - codecHeadroomDb(format)
