/**
 * Rumble below the voice (wind, steps, lorries, a table that is knocked against): found where it is loud enough to matter, and
 * taken away up to where the lowest voice begins. Hides how a voice's pitch is told, and the low rate at which the rumble is
 * cut out of the sound.
 */
import { decimate } from '../kernel/decimate.ts'
import { lowPassTaps } from './decimator.ts'
import { lowRateOf, lowRateSound } from './low-rate.ts'
import { autocorrelation } from './periodicity.ts'
import { powerSpectra } from './power-spectra.ts'
import { growingSeries, quantile, toDb } from './series.ts'
import { fromNext, sliding } from './sliding.ts'

const size = 1024
const hopSeconds = 0.25
const lowestHz = 10
/** Powers are kept in steps of this, up to the highest cut-off there is. */
const stepHz = 5
const highestCutHz = 80
const steps = (highestCutHz - lowestHz) / stepHz
const voiceHz = [150, 1000] as const
const pitchesHz = Array.from({ length: 48 }, (_, i) => 60 * 1.035 ** i)
const harmonicsHz = [60, 800] as const

/** Four looks a second: powers below a voice, one step behind the other, power of the voice, pitch and how sure it is. */
export interface RumbleTables {
  readonly steps: readonly Float32Array[]
  readonly voice: Float32Array
  readonly pitchHz: Float32Array
  readonly voicing: Float32Array
}

/** A pitch is told in every second look. */
const pitchEvery = 2
const noPitch = { hz: 0, voicing: 0 }

/** From one look to the next, in samples at the low rate; where a part begins, a pitch is told. */
export const rumbleHop = (sampleRate: number): number => Math.round(hopSeconds * lowRateOf(sampleRate).rate)
/** The first look of a part that begins at sample `start` of the low rate. */
export const firstRumbleLook = (sampleRate: number, start: number): number =>
  pitchEvery * Math.ceil(start / (pitchEvery * rumbleHop(sampleRate)))

/** Takes sound at the low rate, from its sample `start` on. Memory: 300 bytes a second. */
export function rumbleMeter(sampleRate: number, start = 0) {
  const { rate } = lowRateOf(sampleRate)
  const hop = rumbleHop(sampleRate)
  const fromHop = fromNext(pitchEvery * hop, start)
  const bin = (hz: number) => Math.round((hz / rate) * size)
  const pitchOf = pitchMeter(bin(harmonicsHz[0]), bin(harmonicsHz[1]), rate / size)
  const low = Array.from({ length: steps }, growingSeries)
  const [voice, pitchHz, voicing] = [growingSeries(), growingSeries(), growingSeries()]
  let looks = 0

  const frames = { size, hop, lead: size / 2, scale: 2 / (0.375 * size * size) }
  const { add } = powerSpectra(frames, (powers) => {
    const sumOver = (fromHz: number, toHz: number): number => {
      let sum = 0
      for (let k = bin(fromHz); k < bin(toHz); k++) sum += powers[k]!
      return sum
    }
    const pitch = looks++ % pitchEvery === 0 ? pitchOf(powers) : noPitch
    low.forEach((series, i) => series.push(sumOver(lowestHz + i * stepHz, lowestHz + (i + 1) * stepHz)))
    voice.push(sumOver(...voiceHz))
    pitchHz.push(pitch.hz)
    voicing.push(pitch.voicing)
  })
  return {
    add: (sound: Float32Array): void => add(fromHop(sound)),
    finish: (): RumbleTables => {
      add(new Float32Array(size / 2))
      return {
        steps: low.map((series) => series.values()),
        voice: voice.values(),
        pitchHz: pitchHz.values(),
        voicing: voicing.values(),
      }
    },
  }
}

/** The pitch whose period the sound repeats best, of nearly equal ones the highest; and how well. */
function pitchMeter(from: number, to: number, hzPerBin: number) {
  const periods = pitchesHz.map((hz) => 1 / hz)
  const correlationsOf = autocorrelation(periods, [from, to], hzPerBin)
  return (powers: Float32Array): { readonly hz: number; readonly voicing: number } => {
    const band = powers.subarray(from, to)
    const correlations = correlationsOf(band)
    const total = band.reduce((sum, power) => sum + power, 1e-20)
    const best = correlations.reduce((most, value) => Math.max(most, value), 0)
    const highest = correlations.findLastIndex((value) => value >= nearlyBest * best)
    return { hz: pitchesHz[highest]!, voicing: best / total }
  }
}

const nearlyBest = 0.93
/** A look holds a voice that is so periodic, and so far under the loud ones at most. */
const leastVoicing = 0.7
const voiceWithinDb = 15
/** Of the pitches found this share is taken for mistaken; and the cut-off lies so far under the lowest that is left. */
const mistakenShare = 0.03
const underVoiceHz = 15
const leastCutHz = 30
/** Rumble that is this far under the voice is not heard. It is told from the time in which least is said. */
const quietEnoughDb = 35
const pausesShare = 0.25
/** Where there is so much more of it while somebody speaks, it is what voices do: breath on the microphone, plosives. */
const sameDb = 1.5
const leastLooks = 4

export interface Rumble {
  readonly cutHz: number
  /** Of what is below, dBFS. */
  readonly levelDb: number
}

/** Undefined where there is no rumble, or no voice to tell it from. */
export function rumbleOf(tables: RumbleTables, isMusic: (seconds: number) => boolean): Rumble | undefined {
  const withoutMusic = (series: Float32Array) => series.filter((_, i) => !isMusic(i * hopSeconds))
  const [voice, pitchHz, voicing] = [tables.voice, tables.pitchHz, tables.voicing].map(withoutMusic) as [
    Float32Array,
    Float32Array,
    Float32Array,
  ]
  const low = tables.steps.map(withoutMusic)
  const loud = toDb(quantile(voice, 0.9))
  const pitches = pitchHz.filter(
    (_, i) => voicing[i]! > leastVoicing && toDb(voice[i]!) > loud - voiceWithinDb,
  )
  if (pitches.length < leastLooks) return undefined
  const most = Math.min(highestCutHz, quantile(pitches, mistakenShare) - underVoiceHz)
  const cutHz = lowestHz + stepHz * Math.floor((most - lowestHz) / stepHz)
  if (cutHz < leastCutHz) return undefined
  const below = voice.map((_, i) =>
    low.slice(0, (cutHz - lowestHz) / stepHz).reduce((sum, series) => sum + series[i]!, 0),
  )
  const quiet = quantile(voice, pausesShare)
  const levelDb = toDb(meanOf(below.filter((_, i) => voice[i]! <= quiet)))
  const spokenDb = toDb(meanOf(below.filter((_, i) => toDb(voice[i]!) > loud - voiceWithinDb)))
  return levelDb > Math.max(loud - quietEnoughDb, spokenDb - sameDb) ? { cutHz, levelDb } : undefined
}

const meanOf = (values: Float32Array): number =>
  values.reduce((sum, value) => sum + value, 0) / Math.max(1, values.length)

const nothing = new Float32Array(0)
/** At the low rate, to either side: from 11 Hz under the cut-off to 11 Hz over it the filter goes from all to nothing. */
const reach = 300

/**
 * Takes what is below `cutHz` out of one channel. The sound begins at sample `start`, and comes out late: `end` gives what
 * is left. Samples depend on what lies less than a second to either side. `untouched(sample)`: the share (0…1) that stays.
 */
export function rumbleCutter(
  sampleRate: number,
  cutHz: number,
  start: number,
  untouched: (sample: number) => number,
) {
  const { rate, factor } = lowRateOf(sampleRate)
  const taps = lowPassTaps(reach, cutHz / rate)
  const first = Math.ceil(start / factor) * factor
  const decimator = lowRateSound(sampleRate)
  // the low sound from one place further back than the filter reaches; silence before the beginning
  const heldLow = sliding(reach + 1)
  let lowFrom = first / factor - (reach + 1)
  const held = sliding()
  let [heldFrom, skipped] = [start, first - start]

  const mended = (sound: Float32Array, low: Float32Array, isEnd: boolean): Float32Array => {
    const known = lowFrom + low.length - reach // of the filtered sound, up to here
    const soundTo = heldFrom + sound.length
    const to = isEnd ? soundTo : Math.min(soundTo, (known - 2) * factor)
    const count = Math.max(0, to - heldFrom)
    const from = Math.max(lowFrom + reach, Math.floor(heldFrom / factor) - 1)
    const rumble = new Float32Array(Math.max(0, known - from))
    decimate(low.subarray(from - reach - lowFrom), 1, taps, rumble)
    for (let i = 0; i < rumble.length; i++) rumble[i]! *= 1 - untouched((from + i) * factor)
    const out = sound.slice(0, count)
    for (let i = 0; i < count; i++) {
      const place = (heldFrom + i) / factor
      const left = Math.floor(place)
      out[i]! -= between(rumble, left - from, place - left)
    }
    held.forgetFirst(count)
    heldFrom += count
    const keepFrom = Math.max(lowFrom, Math.floor(heldFrom / factor) - 1 - reach)
    heldLow.forgetFirst(keepFrom - lowFrom)
    lowFrom = keepFrom
    return out
  }
  return {
    add: (samples: Float32Array): Float32Array => {
      const taken = Math.min(skipped, samples.length)
      skipped -= taken
      return mended(held.append(samples), heldLow.append(decimator.add(samples.subarray(taken))), false)
    },
    end: (): Float32Array => {
      heldLow.append(decimator.end())
      return mended(held.append(nothing), heldLow.append(new Float32Array(reach + 3)), true)
    },
  }
}

/** A cubic through four values (Catmull and Rom, 1974), between the second and the third. */
function between(values: Float32Array, left: number, share: number): number {
  const [a, b, c, d] = [
    values[left - 1] ?? 0,
    values[left] ?? 0,
    values[left + 1] ?? 0,
    values[left + 2] ?? 0,
  ]
  return b + 0.5 * share * (c - a + share * (2 * a - 5 * b + 4 * c - d + share * (3 * (b - c) + d - a)))
}
