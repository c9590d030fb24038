/**
 * One pass over a recording, after which it is known what is wrong with it. Hides that the sound comes in pieces of any
 * size: meters get whole seconds, counted from the beginning, so that the tables are the same whatever the pieces.
 *
 * Memory is that of the tables: 5 MB an hour and, where there is hum, 10 MB a channel; ten hours fit into 150 MB.
 */
import { highPass, kWeighting } from '../audio/loudness.ts'
import { doubleEnergyMeter, energyMeter } from '../kernel/filters.ts'
import { clippedIn } from '../kernel/peaks.ts'
import { breathMeter, type BreathTables } from './breaths.ts'
import { clickMeter, type Click } from './clicks.ts'
import { bandMeter, type BandLevels } from './crosstalk.ts'
import { humMeter, type HumStretch } from './hum.ts'
import { lowRateSound } from './low-rate.ts'
import { growingSeries } from './series.ts'
import { tonalityMeter } from './tonality.ts'
import type { Wishes } from './wishes.ts'

/** What the pass leaves. Series have a value for every 10 ms, or the whole number of samples next to it. */
export interface Tables {
  readonly sampleRate: number
  readonly channels: number
  readonly totalSamples: number
  readonly stepSamples: number
  /** Mean squares, of the channels' mean: K-weighted, above 150 Hz, and above 1500 Hz. */
  readonly loudness: Float32Array
  readonly power: Float32Array
  readonly highPower: Float32Array
  /** Samples at full scale, of all channels. */
  readonly clippedSamples: number
  readonly hum: readonly (readonly HumStretch[])[]
  /** The share of tones in every quarter of a second. */
  readonly tonality: Float32Array
  /** In time; of one channel's mean. Empty where they are not looked for. */
  readonly clicks: readonly Click[]
  readonly breaths: BreathTables | undefined
  /** For crosstalk; none where it is not looked for. */
  readonly bands: BandLevels | undefined
}

export interface Analyser {
  /** Takes the next samples, a plane for each channel, all of one length. */
  readonly add: (planes: readonly Float32Array[]) => void
  readonly finish: () => Tables
}

const stepsPerSecond = 100
/** Below this lie hum and rumble; and the highest multiple of mains that is looked for lies well below this. */
const speechHz = 150
const aboveHumHz = 1500
const clippedAt = Math.fround(0.9999)

/** What is not wished for is not looked for; crosstalk only where the recording is one of several tracks. */
export function analyser(
  sampleRate: number,
  channels: number,
  wishes: Wishes,
  isOneOfSeveral = false,
): Analyser {
  const stepSamples = Math.round(sampleRate / stepsPerSecond)
  const second = stepsPerSecond * stepSamples
  const [loudness, power, highPower] = [growingSeries(), growingSeries(), growingSeries()]
  const energies = energiesOf(sampleRate, stepSamples)
  const low = Array.from({ length: channels }, () => lowRateSound(sampleRate))
  const tonality = tonalityMeter(sampleRate)
  const hum = wishes.hum === 'off' ? [] : Array.from({ length: channels }, () => humMeter(sampleRate))
  const bands = isOneOfSeveral && wishes.gate === 'auto' ? bandMeter(sampleRate, stepSamples) : undefined
  const clicks = wishes.clicks === 'off' ? undefined : clickMeter(sampleRate)
  const breaths = wishes.breathsDb === 0 ? undefined : breathMeter(sampleRate, stepSamples)
  const held = Array.from({ length: channels }, () => new Float32Array(second))
  const mean = new Float32Array(second)
  let filled = 0
  let totalSamples = 0
  let clippedSamples = 0

  const lookLow = (planes: readonly Float32Array[]): void => {
    hum.forEach((meter, channel) => meter.add(planes[channel]!))
    tonality.add(channels === 1 ? planes[0]! : meanOf(planes, new Float32Array(planes[0]!.length)))
  }
  const look = (): void => {
    const planes = held.map((plane) => plane.subarray(0, filled))
    const middle = channels === 1 ? planes[0]! : meanOf(planes, mean.subarray(0, filled))
    const found = energies(middle)
    found.loudness.forEach(loudness.push)
    found.power.forEach(power.push)
    found.highPower.forEach(highPower.push)
    lookLow(low.map((sound, channel) => sound.add(planes[channel]!)))
    bands?.add(middle)
    clicks?.add(middle)
    breaths?.add(middle)
    for (const plane of planes) clippedSamples += clippedIn(plane, clippedAt)
    totalSamples += filled
    filled = 0
  }
  const add = (planes: readonly Float32Array[]): void => {
    const { length } = planes[0]!
    for (let taken = 0; taken < length;) {
      const count = Math.min(second - filled, length - taken)
      planes.forEach((plane, channel) => held[channel]!.set(plane.subarray(taken, taken + count), filled))
      filled += count
      taken += count
      if (filled === second) look()
    }
  }
  const finish = (): Tables => {
    if (filled > 0) look()
    lookLow(low.map((sound) => sound.end()))
    return {
      sampleRate,
      channels,
      totalSamples,
      stepSamples,
      loudness: loudness.values(),
      power: power.values(),
      highPower: highPower.values(),
      clippedSamples,
      hum: hum.map((meter) => meter.finish()),
      tonality: tonality.finish(),
      clicks: clicks?.finish() ?? [],
      breaths: breaths?.finish(),
      bands: bands?.finish(),
    }
  }
  return { add, finish }
}

function meanOf(planes: readonly Float32Array[], out: Float32Array): Float32Array {
  out.fill(0)
  for (const plane of planes) for (let i = 0; i < out.length; i++) out[i]! += plane[i]!
  for (let i = 0; i < out.length; i++) out[i]! /= planes.length
  return out
}

/** Mean squares of every step of a second, or of what there is of it. */
function energiesOf(sampleRate: number, stepSamples: number) {
  const speech = highPass(sampleRate, speechHz)
  const above = highPass(sampleRate, aboveHumHz)
  const both = doubleEnergyMeter(kWeighting(sampleRate), [speech, speech])
  const high = energyMeter([above, above], 1)
  const total = new Float64Array(1)
  return (mean: Float32Array) => {
    const steps = Math.ceil(mean.length / stepSamples)
    const [loudness, power, highPower] = [0, 0, 0].map(() => new Float64Array(steps))
    high([mean], stepSamples, [highPower!])
    for (let step = 0; step < steps; step++) {
      const samples = mean.subarray(step * stepSamples, (step + 1) * stepSamples)
      both([samples], stepSamples, total, [power!.subarray(step)])
      loudness![step] = total[0]! / samples.length
      power![step]! /= samples.length
      highPower![step]! /= samples.length
    }
    return { loudness: loudness!, power: power!, highPower: highPower! }
  }
}
