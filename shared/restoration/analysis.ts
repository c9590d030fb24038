/**
 * A look at a recording, after which it is known what is wrong with it; where it hums a second one, at what is left without
 * the hum. Hides that the sound comes in pieces of any size: meters get whole seconds, counted from the beginning, so that the
 * tables are the same whatever the pieces.
 *
 * Memory is that of the tables: 5 MB an hour and, where there is hum, 10 MB a channel: ten hours of stereo with hum take
 * 250 MB, and as much again while parts are joined.
 */
import { highPass, kWeighting } from '../audio/loudness.ts'
import { pairEnergyMeter } from '../kernel/filters.ts'
import { breathMeter, type BreathTables } from './breaths.ts'
import { clickMeter, type Click } from './clicks.ts'
import { clippingMeter, helpedRuns, type ClippedRun } from './clipping.ts'
import { bandMeter, type BandLevels } from './crosstalk.ts'
import { humGrid, humMeter, humPointSeconds, humPointsPerStretch, type HumStretch } from './hum.ts'
import { humRuns, subtractHum, type HumRun } from './hum-curves.ts'
import { lowRateOf, lowRateSound } from './low-rate.ts'
import { rumbleMeter, type RumbleTables } from './rumble.ts'
import { growingSeries } from './series.ts'
import { tonalityMeter } from './tonality.ts'
import type { Wishes } from './wishes.ts'

/** What is known then. Series have a value for every 10 ms, or the whole number of samples next to it. */
export interface Tables {
  readonly sampleRate: number
  readonly channels: number
  readonly totalSamples: number
  readonly stepSamples: number
  /** By channel. All the rest is of the sound without it. */
  readonly hum: readonly (readonly HumRun[])[]
  /** Mean squares, of the channels' mean: K-weighted, and above 150 Hz. */
  readonly loudness: Float32Array
  readonly power: Float32Array
  /** Samples at full scale, of all channels; and runs of them, in time. */
  readonly clippedSamples: number
  readonly clippedRuns: readonly ClippedRun[]
  /** The share of tones in every quarter of a second. */
  readonly tonality: Float32Array
  /** None where it is not looked for. */
  readonly rumble: RumbleTables | undefined
  /** In time; of one channel's mean. Empty where they are not looked for. */
  readonly clicks: readonly Click[]
  readonly breaths: BreathTables | undefined
  /** For crosstalk; none where it is not looked for. */
  readonly bands: BandLevels | undefined
}

type Planes = readonly Float32Array[]

/** What a recording is looked at for. */
export interface Subject {
  readonly sampleRate: number
  readonly channels: number
  /** What is not wished for is not looked for. */
  readonly wishes: Wishes
  /** Crosstalk is looked for where the recording is one of several tracks. */
  readonly isOneOfSeveral?: boolean
}

const stepsPerSecond = 100
/** Below this lies rumble, and little of a voice. */
const speechHz = 150

/** `sound` is asked for once or twice: planes, one for each channel, all of one length, which may be any. */
export async function analysed(sound: () => AsyncIterable<Planes>, subject: Subject): Promise<Tables> {
  return await tablesOf(await look(sound(), subject), sound, subject)
}

/** What one look tells, of all of the sound or of a part of it (looks.ts), before it is known whether there is hum. */
export interface Look extends Omit<Tables, 'hum' | 'clippedSamples'> {
  /** By channel. */
  readonly stretches: readonly (readonly HumStretch[])[]
  /** Samples at full scale of every second, of all channels. */
  readonly clippedCounts: Float32Array
}

/** Looks once. Where it is a part, `start` says at which sample of the recording it begins. */
export async function look(sound: AsyncIterable<Planes>, subject: Subject, start = 0): Promise<Look> {
  const meters = metersFor(subject, start)
  for await (const planes of sound) meters.add(planes)
  return meters.finish()
}

/** Where it hums `sound` is asked for, for another look. */
export async function tablesOf(
  { stretches, clippedCounts, clippedRuns: runs, ...found }: Look,
  sound: () => AsyncIterable<Planes>,
  subject: Subject,
): Promise<Tables> {
  const clippedSamples = clippedCounts.reduce((sum, count) => sum + count, 0)
  const clippedRuns = helpedRuns(runs)
  const hum = stretches.map((some) => humOf(some, found))
  if (hum.every((runs) => runs.length === 0)) return { ...found, clippedSamples, clippedRuns, hum }
  const second = metersFor(subject, 0, hum)
  for await (const planes of sound()) second.add(planes)
  const { stretches: _none, clippedCounts: _its, ...without } = second.finish()
  return { ...without, hum, clippedSamples, clippedRuns }
}

function humOf(
  stretches: readonly HumStretch[],
  { sampleRate, totalSamples }: Pick<Tables, 'sampleRate' | 'totalSamples'>,
): HumRun[] {
  const stretchSamples = humPointsPerStretch * humGrid(sampleRate).pointSamples
  const stretchCount = Math.max(1, Math.ceil(totalSamples / stretchSamples))
  return humRuns(stretches, stretchCount, Math.floor(totalSamples / stretchSamples), humPointSeconds)
}

/** Gathers everything, and the hum unless what it is, by channel, is known: then of the sound without it. */
function metersFor(
  { sampleRate, channels, wishes, isOneOfSeveral }: Subject,
  start: number,
  knownHum?: readonly (readonly HumRun[])[],
) {
  const stepSamples = Math.round(sampleRate / stepsPerSecond)
  const second = stepsPerSecond * stepSamples
  const [loudness, power] = [growingSeries(), growingSeries()]
  const energies = energiesOf(sampleRate, stepSamples)
  const low = Array.from({ length: channels }, () => lowRateSound(sampleRate))
  const lowStart = start / lowRateOf(sampleRate).factor
  const tonality = tonalityMeter(sampleRate, lowStart)
  const rumble = wishes.rumble === 'off' ? undefined : rumbleMeter(sampleRate, lowStart)
  const looksForHum = wishes.hum === 'auto' && !knownHum
  const hum = Array.from({ length: looksForHum ? channels : 0 }, () => humMeter(sampleRate, lowStart))
  const bands = isOneOfSeveral && wishes.gate === 'auto' ? bandMeter(sampleRate, stepSamples) : undefined
  const clicks = wishes.clicks === 'off' ? undefined : clickMeter(sampleRate, start)
  const breaths = wishes.breathsDb === 0 ? undefined : breathMeter(sampleRate, stepSamples)
  const clipping = Array.from({ length: channels }, (_, channel) => clippingMeter(channel, sampleRate, start))
  const clippedCounts = growingSeries()
  const held = Array.from({ length: channels }, () => new Float32Array(second))
  const [mean, lowMean] = [new Float32Array(second), new Float32Array(second)]
  let filled = 0
  let totalSamples = 0

  const lookLow = (planes: Planes): void => {
    hum.forEach((meter, channel) => meter.add(planes[channel]!))
    const middle = middleOf(planes, lowMean)
    tonality.add(middle)
    rumble?.add(middle)
  }
  const look = (): void => {
    const planes = held.map((plane) => plane.subarray(0, filled))
    clippedCounts.push(clipping.reduce((sum, meter, channel) => sum + meter.add(planes[channel]!), 0))
    knownHum?.forEach((runs, channel) =>
      subtractHum(planes[channel]!, totalSamples, runs, humGrid(sampleRate), sampleRate),
    )
    const middle = middleOf(planes, mean)
    const found = energies(middle)
    found.loudness.forEach(loudness.push)
    found.power.forEach(power.push)
    lookLow(low.map((sound, channel) => sound.add(planes[channel]!)))
    bands?.add(middle)
    clicks?.add(middle)
    breaths?.add(middle)
    totalSamples += filled
    filled = 0
  }
  const add = (planes: Planes): void => {
    const { length } = planes[0]!
    for (let taken = 0; taken < length;) {
      const count = Math.min(second - filled, length - taken)
      planes.forEach((plane, channel) => held[channel]!.set(plane.subarray(taken, taken + count), filled))
      filled += count
      taken += count
      if (filled === second) look()
    }
  }
  const finish = (): Look => {
    if (filled > 0) look()
    lookLow(low.map((sound) => sound.end()))
    return {
      sampleRate,
      channels,
      totalSamples,
      stepSamples,
      loudness: loudness.values(),
      power: power.values(),
      clippedCounts: clippedCounts.values(),
      clippedRuns: clipping.flatMap((meter) => meter.finish()),
      stretches: hum.map((meter) => meter.finish()),
      tonality: tonality.finish(),
      rumble: rumble?.finish(),
      clicks: clicks?.finish() ?? [],
      breaths: breaths?.finish(),
      bands: bands?.finish(),
    }
  }
  return { add, finish }
}

/** One channel as it is; of two the mean, at the front of `out`, which is at least as long. */
function middleOf([left, right]: Planes, out: Float32Array): Float32Array {
  if (!right) return left!
  const mean = out.subarray(0, left!.length)
  for (let i = 0; i < mean.length; i++) mean[i] = Math.fround(left![i]! + right[i]!) / 2
  return mean
}

/** Mean squares of every step of a second, or of what there is of it. */
function energiesOf(sampleRate: number, stepSamples: number) {
  const speech = highPass(sampleRate, speechHz)
  const both = pairEnergyMeter(kWeighting(sampleRate), [speech, speech])
  return (mean: Float32Array) => {
    const steps = Math.ceil(mean.length / stepSamples)
    const [loudness, power] = [new Float64Array(steps), new Float64Array(steps)]
    both(mean, stepSamples, loudness, power)
    for (let step = 0; step < steps; step++) {
      const samples = Math.min(stepSamples, mean.length - step * stepSamples)
      loudness[step]! /= samples
      power[step]! /= samples
    }
    return { loudness, power }
  }
}
