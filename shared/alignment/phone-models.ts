/**
 * What each phone of a recording sounds like: three parts of a phone, a normal distribution each, learned from where
 * the phones were found before. Hides the statistics: what little was heard of is drawn towards all speech.
 */
import { layOutNormals, logDensities, type Normals } from '../kernel/densities.ts'
import { rowSize, type Rows } from './speech-rows.ts'

const { log, max, min } = Math

/** The first two emissions stand for what is between words. */
export const pauseEmission = 0
export const untoldEmission = 1
export const firstEmission = 2
export const partsOfPhone = 3

/** The emission of a part of a phone. */
export const emissionOf = (phone: number, part: number): number => firstEmission + phone * partsOfPhone + part

/** So many frames of its own weigh as much as what all speech says of a mean, and of a variance. */
const framesPerMean = 10
const framesPerVariance = 30
/** No part varies less than this share of what parts vary by: a gate leaves digital silence. */
const leastVarianceShare = 0.05
const leastVariance = 1e-6
/** A part of a phone lasts hardly ever longer than so many times its mean; but may always last so long, in frames. */
const longestRuns = 2
const leastLongest = 10
export const mostLongest = 60

/** How much less likely a loud frame is to be pause than the best phone, whatever it sounds like. */
const loudPauseCost = 2
/** In noise and music, how much likelier than the best phone a quiet frame is to be pause. */
const quietPauseBonus = 1
/** How much less likely than by the best phone a frame is by what nobody wrote down: per frame. */
export const untoldCost = 5
/**
 * And by any phone, at most: a frame that is like no phone at all lies so far out in all distributions that the differences
 * between them say nothing, and a few of its kind, in noise, would make a word's own sound untold.
 */
const mostUnlike = 10

/** Frames by emission, in how many runs, with the sums of their rows and of the rows' squares. */
export interface Heard {
  readonly frames: Float64Array
  readonly runs: Float64Array
  readonly sums: Float64Array
  readonly squares: Float64Array
}

export function nothingHeard(phones: number): Heard {
  const emissions = emissionOf(phones, 0)
  return {
    frames: new Float64Array(emissions),
    runs: new Float64Array(emissions),
    sums: new Float64Array(emissions * rowSize),
    squares: new Float64Array(emissions * rowSize),
  }
}

export function hear(
  { frames, sums, squares }: Heard,
  emission: number,
  { values }: Rows,
  frame: number,
): void {
  frames[emission]!++
  for (let d = 0, at = emission * rowSize, from = frame * rowSize; d < rowSize; d++, at++, from++) {
    const value = values[from]!
    sums[at]! += value
    squares[at]! += value * value
  }
}

/** The distributions, by emission, then number of the row; plain numbers, so that they can be stored. */
export interface PhoneModels {
  readonly means: Float64Array
  readonly halfPrecisions: Float64Array
  readonly constants: Float64Array
  /** How many frames a part lasts hardly ever longer. */
  readonly longest: Uint8Array
  readonly isNoisy: boolean
}

/** The models learned from what was heard. */
export function learnPhones(heard: Heard, isNoisy: boolean): PhoneModels {
  const emissions = heard.frames.length
  const speech = allSpeech(heard)
  const means = new Float64Array(emissions * rowSize)
  const halfPrecisions = new Float64Array(emissions * rowSize)
  const constants = new Float64Array(emissions)
  for (let emission = 0; emission < emissions; emission++) {
    const isPause = emission < firstEmission
    const frames = heard.frames[emission]!
    const [meanFrames, varianceFrames] = isPause ? [1e-9, 1e-9] : [framesPerMean, framesPerVariance]
    for (let d = 0, at = emission * rowSize; d < rowSize; d++, at++) {
      const [sum, square] = [heard.sums[at]!, heard.squares[at]!]
      const mean = (sum + meanFrames * (isPause ? 0 : speech.mean[d]!)) / (frames + meanFrames)
      const own = max(0, square - 2 * mean * sum + frames * mean * mean)
      const within = speech.within[d]!
      const variance = max(
        leastVarianceShare * within,
        (own + varianceFrames * within) / (frames + varianceFrames),
      )
      means[at] = mean
      halfPrecisions[at] = 0.5 / variance
      constants[emission]! -= 0.5 * log(variance)
    }
  }
  return { means, halfPrecisions, constants, longest: longestOf(heard), isNoisy }
}

/** Of what was not heard in runs nothing is known. */
const longestOf = ({ frames, runs }: Heard): Uint8Array =>
  Uint8Array.from(frames, (count, emission) =>
    runs[emission] === 0
      ? leastLongest
      : min(mostLongest, max(leastLongest, Math.round((longestRuns * count) / runs[emission]!))),
  )

/** The mean of all speech, and how much rows vary within a part of a phone. */
function allSpeech({ frames, sums, squares }: Heard): { mean: Float64Array; within: Float64Array } {
  let count = 1e-9
  const sum = new Float64Array(rowSize)
  const within = new Float64Array(rowSize)
  for (let emission = firstEmission; emission < frames.length; emission++) {
    if (frames[emission] === 0) continue
    count += frames[emission]!
    for (let d = 0, at = emission * rowSize; d < rowSize; d++, at++) {
      sum[d]! += sums[at]!
      within[d]! += squares[at]! - sums[at]! ** 2 / frames[emission]!
    }
  }
  return {
    mean: sum.map((value) => value / count),
    within: within.map((value) => max(leastVariance, value / count)),
  }
}

/** The logarithm of how likely each frame's row is by each emission: by frame, then emission. */
export interface Likelihoods {
  readonly emissions: number
  readonly values: Float32Array
  /** Of the best phone, by frame. */
  readonly best: Float32Array
  /** By emission: how many frames a part lasts hardly ever longer. */
  readonly longest: Uint8Array
}

/** Frames that are compared at a time; then heartbeats get their turn. */
const framesAtOnce = 2000

/** Throws the signal's reason when it aborts. */
export async function likelihoodsOf(
  models: PhoneModels,
  rows: Rows,
  signal: AbortSignal,
): Promise<Likelihoods> {
  const emissions = models.constants.length
  const normals = layOutNormals(models.means, models.halfPrecisions, models.constants)
  const values = new Float32Array(rows.frames * emissions)
  const best = new Float32Array(rows.frames)
  for (let from = 0; from < rows.frames; from += framesAtOnce) {
    compare(normals, models.isNoisy, rows, from, min(rows.frames, from + framesAtOnce), values, best)
    await new Promise(setImmediate)
    signal.throwIfAborted()
  }
  return { emissions, values, best, longest: models.longest }
}

function compare(
  normals: Normals,
  isNoisy: boolean,
  { values: rows, quiet }: Rows,
  from: number,
  to: number,
  values: Float32Array,
  best: Float32Array,
): void {
  const emissions = normals.count
  logDensities(
    normals,
    rows.subarray(from * rowSize, to * rowSize),
    values.subarray(from * emissions, to * emissions),
  )
  for (let frame = from; frame < to; frame++) {
    const out = frame * emissions
    let top = -Infinity
    for (let at = out + firstEmission; at < out + emissions; at++) if (values[at]! > top) top = values[at]!
    const least = top - mostUnlike
    for (let at = out + firstEmission; at < out + emissions; at++) if (values[at]! < least) values[at] = least
    let pause = values[out + pauseEmission]!
    if (!quiet[frame]) pause = min(pause, top) - loudPauseCost
    else if (isNoisy) pause = max(pause, top + quietPauseBonus)
    values[out + pauseEmission] = pause
    values[out + untoldEmission] = max(pause, top) - untoldCost
    best[frame] = top
  }
}
