/**
 * Tells two voices of one recording apart by their sound: cepstra of speech → which voice each frame has. Hides how two
 * models of voices are learned from the recording itself, and when one voice alone was heard. The same sound gives the
 * same voices. After the usual way to tell speakers without a model: mixtures of normal distributions, and a search for
 * the likeliest turns.
 */
import { backgroundOf } from './background.ts'
import { cepstrumSize } from './cepstra.ts'
import type { Portrait } from '../words/words.ts'
import type { Sound } from './speech-rows.ts'
import { portraitOf } from './portraits.ts'
import { learnMixture, likelihood, type Mixture, type Vectors } from './mixtures.ts'

const { floor, min, sqrt } = Math

export interface Voices {
  /** By frame: 0, or 1, or −1 where nobody speaks. */
  readonly ofFrame: Int8Array
  /** How far apart they are: the distance of their means, in deviations of two seconds of one voice. */
  readonly distance: number
  /** How each sounds. */
  readonly portraits: readonly Portrait[]
}

/** Every second frame is looked at; the level, which is the room's and not the voice's, is not. */
const stride = 2
const size = cepstrumSize - 1
const framesAtOnce = 1000
/** Frames of speech by which the first guess is made: two seconds. */
const windowVectors = 100
/** With less, one voice falls into halves as far apart as two voices are. */
const fewestWindows = 75
/** So many seconds of speech are needed. */
export const leastSpeechSeconds = 2 * fewestWindows
/** First guesses divide along so many directions; of what becomes of them the likeliest is taken. */
const starts = 4
const rounds = 6
const components = 12
/** Another voice costs so much likelihood, or every phone would have a voice of its own. */
const turnPrice = 40
/** So many vectors are worked at before others may. */
const vectorsAtOnce = 5000

/** Undefined where too little is said. */
export async function tellVoices(sound: Sound, signal: AbortSignal): Promise<Voices | undefined> {
  const { vectors, frameOf } = await speechOf(sound, signal)
  const windows = meansOf(vectors)
  await letOthers(signal)
  if (windows.count < fewestWindows) return undefined
  let best: { voices: Uint8Array; score: number } | undefined
  for (let start = 0; start < starts; start++) {
    const guess = firstGuess(windows, start, vectors.count)
    await letOthers(signal)
    const found = await divide(vectors, guess, signal)
    if (found && (!best || found.score > best.score)) best = found
  }
  if (!best) return undefined
  const { voices } = best
  const ofFrame = new Int8Array(sound.frames).fill(-1)
  frameOf.forEach((frame, i) => {
    for (let at = frame; at < min(frame + stride, sound.frames); at++) ofFrame[at] = voices[i]!
  })
  const portraits = [0, 1].map((voice) => portraitOf(vectors, (row) => voices[row] === voice))
  return { ofFrame, distance: distanceOf(windows, voices), portraits }
}

/** The cepstra of what is loud, and which frames they are; a quarter of what the whole recording has. */
async function speechOf(
  sound: Sound,
  signal: AbortSignal,
): Promise<{ vectors: Vectors; frameOf: Uint32Array }> {
  const { quietBelow } = backgroundOf(sound.levels)
  let count = 0
  for (let frame = 0; frame < sound.frames; frame += stride) if (sound.levels[frame]! > quietBelow) count++
  const values = new Float32Array(count * size)
  const frameOf = new Uint32Array(count)
  let at = 0
  for (let from = 0; from < sound.frames; from += framesAtOnce) {
    const to = min(sound.frames, from + framesAtOnce)
    const rows = await sound.cepstra(from, to)
    await letOthers(signal)
    for (let frame = from; frame < to; frame += stride) {
      if (sound.levels[frame]! <= quietBelow) continue
      const row = (frame - from) * cepstrumSize + 1
      values.set(rows.subarray(row, row + size), at * size)
      frameOf[at++] = frame
    }
  }
  return { vectors: { values, count, size }, frameOf }
}

async function letOthers(signal: AbortSignal): Promise<void> {
  await new Promise(setImmediate)
  signal.throwIfAborted()
}

/** The mean of each two seconds of speech. */
function meansOf({ values, count }: Vectors): Vectors {
  const windows = floor(count / windowVectors)
  const means = new Float32Array(windows * size)
  for (let i = 0; i < windows * windowVectors; i++)
    for (let d = 0; d < size; d++)
      means[floor(i / windowVectors) * size + d]! += values[i * size + d]! / windowVectors
  return { values: means, count: windows, size }
}

/** Divides windows at the middle along the direction in which they differ most, or next to most. */
function firstGuess(windows: Vectors, start: number, count: number): Uint8Array {
  const axis = axesOf(windows, start + 1)[start]!
  const places = Array.from({ length: windows.count }, (_, w) => along(windows, w, axis))
  const line = twoMeansLine(places)
  return Uint8Array.from({ length: count }, (_, i) =>
    places[min(windows.count - 1, floor(i / windowVectors))]! > line ? 1 : 0,
  )
}

/** Where one-dimensional numbers fall into two groups. */
function twoMeansLine(places: readonly number[]): number {
  let line = places.reduce((sum, place) => sum + place, 0) / places.length
  for (let round = 0; round < rounds; round++) {
    const mean = (group: number[]) => group.reduce((sum, place) => sum + place, 0) / (group.length || 1)
    line = (mean(places.filter((place) => place > line)) + mean(places.filter((place) => place <= line))) / 2
  }
  return line
}

const along = ({ values }: Vectors, row: number, axis: Float64Array): number => {
  let sum = 0
  for (let d = 0; d < size; d++) sum += values[row * size + d]! * axis[d]!
  return sum
}

/** The first principal axes, by the power method; each is taken out before the next. */
function axesOf({ values, count }: Vectors, wanted: number): Float64Array[] {
  const covariance = covarianceOf(values, count)
  const axes: Float64Array[] = []
  for (let k = 0; k < wanted; k++) {
    let axis = Float64Array.from({ length: size }, (_, d) => 1 + d / size)
    let strength = 0
    for (let round = 0; round < 60; round++) {
      const next = new Float64Array(size)
      for (let a = 0; a < size; a++)
        for (let b = 0; b < size; b++) next[a]! += covariance[a * size + b]! * axis[b]!
      strength = sqrt(next.reduce((sum, value) => sum + value * value, 0))
      axis = next.map((value) => value / (strength || 1))
    }
    for (let a = 0; a < size; a++)
      for (let b = 0; b < size; b++) covariance[a * size + b]! -= strength * axis[a]! * axis[b]!
    axes.push(axis)
  }
  return axes
}

function covarianceOf(values: Float32Array, count: number): Float64Array {
  const mean = new Float64Array(size)
  for (let i = 0; i < count * size; i++) mean[i % size]! += values[i]! / count
  const covariance = new Float64Array(size * size)
  for (let row = 0; row < count; row++)
    for (let a = 0; a < size; a++)
      for (let b = 0; b < size; b++)
        covariance[a * size + b]! +=
          ((values[row * size + a]! - mean[a]!) * (values[row * size + b]! - mean[b]!)) / count
  return covariance
}

/** Learns two voices and finds their turns, by rounds. Undefined when one of them has nothing left to say. */
async function divide(
  vectors: Vectors,
  guess: Uint8Array,
  signal: AbortSignal,
): Promise<{ voices: Uint8Array; score: number } | undefined> {
  let found = { voices: guess, score: -Infinity }
  for (let round = 0; round < rounds; round++) {
    const models: Mixture[] = []
    for (const voice of [0, 1]) {
      const isOwn = (i: number) => found.voices[i] === voice
      const model = await learnMixture(vectors, isOwn, components, () => letOthers(signal))
      if (!model) return undefined
      models.push(model)
    }
    found = await likeliestTurns(vectors, models, signal)
  }
  return found
}

/** The path of least cost through two states, a turn being dear. */
async function likeliestTurns(
  vectors: Vectors,
  [a, b]: readonly Mixture[],
  signal: AbortSignal,
): Promise<{ voices: Uint8Array; score: number }> {
  const came = new Uint8Array(2 * vectors.count)
  let [first, second] = [0, 0]
  for (let i = 0; i < vectors.count; i++) {
    const [toFirst, toSecond] = [second - turnPrice > first, first - turnPrice > second]
    came[2 * i] = toFirst ? 1 : 0
    came[2 * i + 1] = toSecond ? 0 : 1
    const [stayed, turned] = [toFirst ? second - turnPrice : first, toSecond ? first - turnPrice : second]
    first = stayed + likelihood(a!, vectors, i)
    second = turned + likelihood(b!, vectors, i)
    if (i % vectorsAtOnce === vectorsAtOnce - 1) {
      await letOthers(signal)
    }
  }
  const voices = new Uint8Array(vectors.count)
  let voice = second > first ? 1 : 0
  for (let i = vectors.count - 1; i >= 0; i--) {
    voices[i] = voice
    voice = came[2 * i + voice]!
  }
  return { voices, score: Math.max(first, second) }
}

/** Along the line between the voices' means: how far apart these are, in deviations of windows of one voice. */
function distanceOf(windows: Vectors, voices: Uint8Array): number {
  const groups: number[][] = [[], []]
  for (let w = 0; w < windows.count; w++) {
    const own = voices.subarray(w * windowVectors, (w + 1) * windowVectors)
    const share = own.reduce((sum, voice) => sum + voice, 0) / windowVectors
    if (share <= 0.1 || share >= 0.9) groups[share > 0.5 ? 1 : 0]!.push(w)
  }
  if (groups.some((group) => group.length < 3)) return 0
  const means = groups.map((group) =>
    Float64Array.from(
      { length: size },
      (_, d) => group.reduce((sum, w) => sum + windows.values[w * size + d]!, 0) / group.length,
    ),
  )
  const axis = means[1]!.map((value, d) => value - means[0]![d]!)
  const places = groups.map((group) => group.map((w) => along(windows, w, axis)))
  const [low, high] = places.map((all) => all.reduce((sum, place) => sum + place, 0) / all.length)
  const spread = places.map((all, g) =>
    all.reduce((sum, place) => sum + (place - (g === 0 ? low! : high!)) ** 2, 0),
  )
  const deviation = sqrt((spread[0]! + spread[1]!) / (places[0]!.length + places[1]!.length))
  return deviation > 0 ? (high! - low!) / deviation : Infinity
}
