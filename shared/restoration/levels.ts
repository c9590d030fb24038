/**
 * Evens out how loud voices are: one gain a phrase, towards the loudness that most of the recording has. Hides how phrases
 * are told from pauses, what pauses and music get, and that gains change only in between.
 *
 * Like every plan of gains here it is a series of dB, a value for every 10 ms, from tables of the whole recording.
 */
import { musicFlags } from './music.ts'
import type { OthersTurn } from './turns.ts'
import {
  clearShortRuns,
  gapsOf,
  movingMaximum,
  movingMean,
  movingMinimum,
  quantile,
  runsOf,
  smoothed,
  toDb,
  toPower,
  widened,
  type Run,
} from './series.ts'

export interface Levels {
  /** Undefined where everything is even enough to stay as it is. */
  readonly gainDb: Float32Array | undefined
  /** A flag for every step: phrases; and where it is as loud as speech, if only for a moment. */
  readonly speech: Uint8Array
  readonly loud: Uint8Array
  readonly music: Uint8Array
  /** Of phrases' loudness, as it is, in dB: its standard deviation, weighted by their length. */
  readonly spreadDb: number
  /** What phrases are brought to, LUFS. */
  readonly targetLufs: number | undefined
}

/** Phrases that differ by less than this are left alone. */
const evenDb = 1.5
/** At half strength no more than this stays of any difference, so nearly half of most; at 0.9 it is an eighth of a dB. */
const mostLeftAtHalfDb = 10
const mostBoostDb = 24
const mostCutDb = 12

const floorShare = 0.08
/** A step is speech that far over the local floor, and no further under the local top, and over silence. */
const overFloorDb = 9
const underTopDb = 20
const leastSpeechDb = -60
const floorReachSteps = 450
const topReachSteps = 150
/** Noise is so much louder than its lowest 90 ms within a second on either side, and that surely goes down by so much. */
const noiseOverLows = 1.3
const noiseReachSteps = 120
const mostToldDb = 6
/** A phrase goes on over a gap so short, and none is shorter than this. */
const gapSteps = 25
const phraseSteps = 12
/** What is that much softer than most phrases is none where it is short, little over loud pauses, or its mean so far over its median. */
const faintDb = 14
const loudPauseShare = 0.75
const overPausesDb = 6
const shortFaintSteps = 25
const knockingDb = 7
const steadyDb = 0.4
/** Digital silence says nothing of the floor. */
const underFloorDb = 10
/** Within a long phrase the loudness of this time around counts for `localShare`, that of the phrase for the rest. */
const localSteps = 80
const localShare = 0.6
/** Moments that far under a phrase's mean do not count; in the moving one a little further. */
const gate = 0.1
const localGate = 0.05
/** A phrase's gain holds so long beside it, and goes over into the next one's with this bell. */
const heldSteps = 20
const bellSteps = 10
const besideMusicSteps = 15

/** What is decided on, a value for every step. */
export interface Heard {
  /** K-weighted mean squares. */
  readonly loudness: Float32Array
  /** Where only others are heard: nobody speaks there. */
  readonly others: Uint8Array
  /** The share of tones at a step. */
  readonly tonality: (step: number) => number
  /** How far the noise goes down, in dB. */
  readonly noiseLimitDb: number
}

/** `strength`: how much of a difference is taken away, 0 to 1; of a large one it is more (`takenOf`). */
export async function levelPlan(
  { loudness: all, others, tonality, noiseLimitDb }: Heard,
  strength: number,
  othersTurn: OthersTurn,
): Promise<Levels> {
  const music = musicFlags(all, tonality)
  await othersTurn()
  const { speech, loud } = await speechFlags(all, music, others, othersTurn)
  clearNoises(speech, all, music)
  await othersTurn()
  const loudness = withoutNoise(all, noiseLimitDb)
  await othersTurn()
  const phrases = runsOf(speech)
  const measured = phrases.map((phrase) => loudnessOf(loudness.subarray(phrase.from, phrase.to)))
  const weights = phrases.map(({ from, to }) => Math.max(1, Math.floor((to - from) / 10)))
  const target = weightedMedian(measured, weights)
  const spreadDb = weightedDeviation(measured, weights)
  const isEven = target === undefined || spreadDb < evenDb
  const base = { speech, loud, music, spreadDb, targetLufs: target }
  if (isEven || strength === 0) return { ...base, gainDb: undefined }
  await othersTurn()
  const gains = new Float64Array(loudness.length).fill(NaN)
  phrases.forEach(({ from, to }, i) => {
    localLoudness(loudness.subarray(from, to), measured[i]!).forEach((level, j) => {
      gains[from + j] = Math.max(-mostCutDb, Math.min(mostBoostDb, takenOf(target - level, strength)))
    })
  })
  return { ...base, gainDb: Float32Array.from(smoothed(held(gains, speech, music), bellSteps)) }
}

/** Of a small difference the share that `strength` says is taken away; of a large one more, up to all but a little. */
function takenOf(differenceDb: number, strength: number): number {
  if (strength === 1) return differenceDb
  const mostLeft = mostLeftAtHalfDb * ((1 - strength) / strength) ** 2
  return differenceDb - mostLeft * Math.tanh(((1 - strength) * differenceDb) / mostLeft)
}

const toLufs = (power: number): number => toDb(power) - 0.691

/** About what will be left of speech when the noise has gone down. */
function withoutNoise(loudness: Float32Array, limitDb: number): Float32Array {
  if (limitDb === 0) return loudness
  const least = toPower(-Math.min(limitDb, mostToldDb))
  const lows = movingMinimum(movingMean(loudness, 4), noiseReachSteps)
  const noise = movingMean(lows, noiseReachSteps)
  return loudness.map((power, i) => Math.max(power - noiseOverLows * noise[i]!, least * power))
}

async function speechFlags(
  loudness: Float32Array,
  music: Uint8Array,
  others: Uint8Array,
  othersTurn: OthersTurn,
) {
  const floor = quantile(loudness.map(toLufs), floorShare)
  const short = movingMean(loudness, 2).map(toLufs)
  const background = short.map((level) => Math.max(level, floor - underFloorDb))
  await othersTurn()
  const low = movingMinimum(movingMean(background, 4), floorReachSteps)
  await othersTurn()
  const top = movingMaximum(movingMean(short, 10), topReachSteps)
  const least = short.map((_, i) =>
    Math.max(Math.min(low[i]! + 3, floor + 12) + overFloorDb, top[i]! - underTopDb, leastSpeechDb),
  )
  await othersTurn()
  const loud = Uint8Array.from(loudness, (power, i) => (toLufs(power) >= least[i]! ? 1 : 0))
  const speech = Uint8Array.from(short, (level, i) => (level > least[i]! && !music[i] && !others[i] ? 1 : 0))
  for (const { from, to } of gapsOf(speech)) {
    const isWithin = from > 0 && to < speech.length && to - from < gapSteps
    const isOthers = [music, others].some((flags) => flags.subarray(from, to).includes(1))
    if (isWithin && !isOthers) speech.fill(1, from, to)
  }
  clearShortRuns(speech, phraseSteps)
  return { speech, loud }
}

/** What is no phrase: far softer than the recording's, and no louder than pauses are, short, made of knocks, or wholly steady. */
function clearNoises(speech: Uint8Array, loudness: Float32Array, music: Uint8Array): void {
  const pauses = loudness.filter((_, i) => !speech[i] && !music[i]).map(toLufs)
  const least = quantile(pauses, loudPauseShare) + overPausesDb
  const phrases = runsOf(speech).map(({ from, to }) => ({ from, to, powers: loudness.subarray(from, to) }))
  const usual = weightedMedian(
    phrases.map(({ powers }) => loudnessOf(powers)),
    phrases.map(({ powers }) => powers.length),
  )!
  for (const { from, to, powers } of phrases) {
    const level = loudnessOf(powers)
    if (level >= usual - faintDb) continue
    const knocking = toDb(meanOver(powers, -1)) - toDb(quantile(powers, 0.5))
    const isNoise = level < least || knocking > knockingDb || knocking < steadyDb
    if (isNoise || to - from < shortFaintSteps) speech.fill(0, from, to)
  }
}

function meanOver(powers: Float32Array, least: number): number {
  let [sum, count] = [0, 0]
  for (const power of powers)
    if (power > least) {
      sum += power
      count++
    }
  return count === 0 ? 0 : sum / count
}

const loudnessOf = (powers: Float32Array): number => toLufs(meanOver(powers, gate * meanOver(powers, -1)))

/** How loud it is around each step of a phrase. */
function localLoudness(powers: Float32Array, whole: number): Float64Array {
  if (powers.length <= 1.5 * localSteps) return new Float64Array(powers.length).fill(whole)
  const least = localGate * meanOver(powers, -1)
  const window = Float64Array.from(
    { length: 2 * localSteps + 1 },
    (_, i) => 0.5 - 0.5 * Math.cos((2 * Math.PI * (i + 1)) / (2 * localSteps + 2)),
  )
  return Float64Array.from({ length: powers.length }, (_, i) => {
    let [sum, weight] = [0, 1e-9]
    const [from, to] = [Math.max(0, i - localSteps), Math.min(powers.length, i + localSteps + 1)]
    for (let j = from; j < to; j++) {
      if (powers[j]! <= least) continue
      sum += window[j - i + localSteps]! * powers[j]!
      weight += window[j - i + localSteps]!
    }
    return localShare * toLufs(sum / weight) + (1 - localShare) * whole
  })
}

function weightedMedian(values: readonly number[], weights: readonly number[]): number | undefined {
  const order = values.map((_, i) => i).sort((a, b) => values[a]! - values[b]!)
  const half = weights.reduce((sum, weight) => sum + weight, 0) / 2
  let sum = 0
  for (const i of order) {
    sum += weights[i]!
    if (sum >= half) return values[i]
  }
  return undefined
}

function weightedDeviation(values: readonly number[], weights: readonly number[]): number {
  const total = Math.max(
    1,
    weights.reduce((sum, weight) => sum + weight, 0),
  )
  const mean = values.reduce((sum, value, i) => sum + weights[i]! * value, 0) / total
  return Math.sqrt(values.reduce((sum, value, i) => sum + weights[i]! * (value - mean) ** 2, 0) / total)
}

/** Phrases' gains held beside them; a pause has the smaller of both neighbours', music none. NaN stands for pauses. */
function held(gains: Float64Array, speech: Uint8Array, music: Uint8Array): Float64Array {
  const all = gains.slice()
  for (const pause of gapsOf(speech)) all.fill(pauseGain(gains, pause), pause.from, pause.to)
  widened(music, besideMusicSteps, besideMusicSteps).forEach((flag, i) => {
    if (flag && !speech[i]) all[i] = 0
  })
  const isOpen = widened(speech, heldSteps, heldSteps).map((flag, i) => (flag && !speech[i] ? 1 : 0))
  for (const { from, to } of runsOf(isOpen)) {
    const middle = (from + to) / 2
    const [before, after] = [all[from - 1], all[to]]
    for (let i = from; i < to; i++) all[i] = (i < middle ? (before ?? after) : (after ?? before))!
  }
  return all
}

function pauseGain(gains: Float64Array, { from, to }: Run): number {
  const [before, after] = [gains[from - 1], gains[to]]
  if (before === undefined) return Math.min(0, after ?? 0)
  if (after === undefined) return Math.min(0, before)
  const least = Math.min(before, after)
  return to - from < 2 * heldSteps ? least : Math.min(least, 0)
}
