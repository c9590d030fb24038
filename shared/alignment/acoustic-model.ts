/**
 * The acoustic model of one recording: for each acoustic unit (roughly, a letter of the words' spelling),
 * what it sounds like. It is learned from that recording alone: from which sounds lie where the transcript
 * has which letters. Hides how words are spelt as units, and the statistics: a normal distribution per unit
 * and speaker, drawn towards that of all speakers, and towards that of all speech where a speaker said
 * little.
 */
import { cepstrumSize as size } from './cepstra.ts'
import { soundOf } from '../words/phrases.ts'

const { log, max } = Math

/** The first two units of the inventory stand for what is between words. */
export const pause = 0
/** A gap in which somebody may have said what nobody wrote down. */
export const unwritten = 1
const firstUnit = 2

/** A unit with this many frames from a speaker weighs as much as the prior it is drawn towards. */
const framesPerSpeaker = 20
const framesPerUnit = 10
const framesPerVariance = 30
/** A pause varies less than speech, but never by nothing: a gate leaves digital silence. */
const leastPauseVariance = 0.05
/**
 * As a logarithm: how much less likely than a unit it is that speech belongs to no word. In a gap with sound
 * in it, that is the likelier.
 */
const strayPenalty = 4
const unwrittenBonus = 6

/**
 * Units that make one sound in a hesitation: a vowel with its "r", a hum. Drawn out, and different from the
 * same units in words.
 */
const hesitationSounds = /^h|\p{L}(?<![hmnr])r?|[mn]+/gu

/** Whether a filler is a mere noise, not a word used as one: "um", "äh", "hmm", but not "like". */
export const isHesitation = (text: string): boolean => /^h?[aeiouy]{0,2}r?h?[mn]?h?$/.test(soundOf(text))

/** An acoustic unit, by its number in the inventory. */
export type AcousticUnit = number

/** The units met so far, each with its number. */
export type UnitInventory = Map<string, AcousticUnit>

export const unitCount = (inventory: UnitInventory): number => firstUnit + inventory.size

/** A word as units: its letters, accents and doubling aside; a hesitation's are its own. Never empty. */
export function unitsOf(text: string, isHesitation: boolean, inventory: UnitInventory): AcousticUnit[] {
  const letters = text
    .toLowerCase()
    .normalize(isHesitation ? 'NFC' : 'NFD')
    .replaceAll(/[^\p{L}\p{N}]/gu, '')
    .replaceAll(/(.)\1+/gu, '$1')
  const sounds = isHesitation
    ? (letters.match(hesitationSounds) ?? []).flatMap(drawnOut)
    : Array.from(letters)
  return (sounds.length > 0 ? sounds : ['?']).map((sound) => {
    if (!inventory.has(sound)) inventory.set(sound, firstUnit + inventory.size)
    return inventory.get(sound)!
  })
}

const drawnOut = (sound: string): string[] => (sound === 'h' ? ['~h'] : [`~${sound}`, `~${sound}`])

/**
 * The statistics of each unit by speaker: how many frames, and the sums of their rows and of the rows'
 * squares.
 */
export function tally(unitCount: number, speakerCount: number) {
  const frames = new Float64Array(unitCount * speakerCount)
  const sums = new Float64Array(frames.length * size)
  const squares = new Float64Array(sums.length)
  /** Adds a frame's row, or the `share` of it that is thought to be the unit. */
  const add = (speaker: number, unit: number, rows: Float32Array, frame: number, share: number): void => {
    const cell = speaker * unitCount + (unit === unwritten ? pause : unit)
    frames[cell]! += share
    for (let d = 0, at = cell * size, from = frame * size; d < size; d++, at++, from++) {
      const value = rows[from]!
      sums[at]! += share * value
      squares[at]! += share * value * value
    }
  }
  return { unitCount, speakerCount, frames, sums, squares, add }
}

export type Tally = ReturnType<typeof tally>

/** A normal distribution for each number of a row; `constant` is the logarithm of its height. */
interface Shape {
  readonly mean: Float64Array
  readonly halfPrecision: Float64Array
  readonly constant: number
}

export interface LetterModels {
  /** Writes into `out`, for each frame, the logarithm of how likely its row is to be the unit. */
  likelihoods(unit: number, rows: Float32Array, speakers: Uint8Array, out: Float64Array): void
}

/** The models learned from the statistics. */
export function learn(statistics: Tally): LetterModels {
  const { unitCount, speakerCount } = statistics
  const speech = allSpeech(statistics)
  const own = Array.from({ length: speakerCount }, (_, speaker) =>
    Array.from({ length: unitCount }, (_, unit) => shapeOf(statistics, speech, speaker, unit)),
  )
  const stray = shaped(speech.mean, speech.spread)
  const likelihoods = (unit: number, rows: Float32Array, speakers: Uint8Array, out: Float64Array): void => {
    const isGap = unit < firstUnit
    const odds = unit === pause ? -strayPenalty : unwrittenBonus
    for (let frame = 0; frame < out.length; frame++) {
      const likely = logDensity(own[speakers[frame]!]![isGap ? pause : unit]!, rows, frame)
      out[frame] = isGap ? max(likely, logDensity(stray, rows, frame) + odds) : likely
    }
  }
  return { likelihoods }
}

function logDensity({ mean, halfPrecision, constant }: Shape, rows: Float32Array, frame: number): number {
  let sum = constant
  for (let d = 0, at = frame * size; d < size; d++, at++) {
    const off = rows[at]! - mean[d]!
    sum -= off * off * halfPrecision[d]!
  }
  return sum
}

function shaped(mean: Float64Array, variance: Float64Array): Shape {
  return {
    mean,
    halfPrecision: variance.map((value) => 0.5 / value),
    constant: variance.reduce((sum, value) => sum - 0.5 * log(value), 0),
  }
}

interface Speech {
  readonly mean: Float64Array
  /** How much rows vary over all speech, and how much within a unit. */
  readonly spread: Float64Array
  readonly within: Float64Array
  /** Frames, sums and variances by unit, all speakers together; a variance is summed over frames. */
  readonly frames: Float64Array
  readonly sums: Float64Array
  readonly variances: Float64Array
}

function allSpeech({ unitCount, frames, sums, squares }: Tally): Speech {
  const byUnit = {
    frames: new Float64Array(unitCount),
    sums: new Float64Array(unitCount * size),
    variances: new Float64Array(unitCount * size),
  }
  const total = {
    frames: 1e-9,
    sum: new Float64Array(size),
    square: new Float64Array(size),
    within: new Float64Array(size),
  }
  for (let cell = 0; cell < frames.length; cell++) {
    const unit = cell % unitCount
    const count = frames[cell]!
    if (count === 0) continue
    byUnit.frames[unit]! += count
    if (unit !== pause) total.frames += count
    for (let d = 0; d < size; d++) {
      const sum = sums[cell * size + d]!
      const variance = max(0, squares[cell * size + d]! - (sum * sum) / count)
      byUnit.sums[unit * size + d]! += sum
      byUnit.variances[unit * size + d]! += variance
      if (unit === pause) continue
      total.sum[d]! += sum
      total.square[d]! += squares[cell * size + d]!
      total.within[d]! += variance
    }
  }
  const mean = total.sum.map((sum) => sum / total.frames)
  const spread = total.square.map((square, d) => max(leastVariance, square / total.frames - mean[d]! ** 2))
  return {
    mean,
    spread,
    within: total.within.map((value) => max(leastVariance, value / total.frames)),
    ...byUnit,
  }
}

/** A variance of logarithms of power; far below what any voice varies by. */
const leastVariance = 1e-3

/** How one speaker says a unit: drawn towards how all speakers say it, and that towards all speech. */
function shapeOf({ unitCount, frames, sums }: Tally, speech: Speech, speaker: number, unit: number): Shape {
  const cell = speaker * unitCount + unit
  const mean = new Float64Array(size)
  const variance = new Float64Array(size)
  for (let d = 0; d < size; d++) {
    const at = unit * size + d
    const background = unit === pause ? 0 : speech.mean[d]!
    const common = (speech.sums[at]! + framesPerUnit * background) / (speech.frames[unit]! + framesPerUnit)
    mean[d] = (sums[cell * size + d]! + framesPerSpeaker * common) / (frames[cell]! + framesPerSpeaker)
    variance[d] =
      unit === pause
        ? max(speech.variances[at]! / max(1, speech.frames[pause]!), leastPauseVariance * speech.within[d]!)
        : (speech.variances[at]! + framesPerVariance * speech.within[d]!) /
          (speech.frames[unit]! + framesPerVariance)
  }
  return shaped(mean, variance)
}
