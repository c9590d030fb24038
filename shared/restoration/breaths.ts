/**
 * Breaths between words: found by how they sound and where they stand, and turned down as a whole. Hides the measures that
 * tell a breath from a voice, from an [s] and from a whisper.
 */
import { voicingMeter } from './periodicity.ts'
import { powerSpectra } from './power-spectra.ts'
import { growingSeries, movingMean, quantile, runsOf, smoothed, toDb, type Run } from './series.ts'

/** A value for every step of 10 ms. Powers of bands, one behind the other. */
export interface BreathTables {
  readonly bands: readonly Float32Array[]
  readonly voicing: Float32Array
  readonly flatness: Float32Array
}

const bandEdgesHz = [60, 300, 900, 2500, 5500, 11_000]
const voicedHz = [60, 1200] as const
const flatHz = [700, 6000] as const

/** Gathers what is to be known of breaths. Memory: 2.8 kB a second. */
export function breathMeter(sampleRate: number, stepSamples: number) {
  const size = 2 ** Math.max(8, Math.min(12, Math.round(Math.log2(0.0427 * sampleRate))))
  const bin = (hz: number) => Math.min(size / 2 + 1, Math.round((hz / sampleRate) * size))
  const edges = bandEdgesHz.map(bin)
  const bands = Array.from({ length: bandEdgesHz.length - 1 }, growingSeries)
  const [voicing, flatness] = [growingSeries(), growingSeries()]
  const harmonics = [bin(voicedHz[0]), bin(voicedHz[1])] as const
  const voicingOf = voicingMeter(harmonics, sampleRate / size)
  const frames = {
    ...{ size, hop: stepSamples, lead: Math.round((size - stepSamples) / 2) },
    scale: 2 / (0.375 * size * size),
  }
  const { add } = powerSpectra(frames, (powers) => {
    bands.forEach((band, i) => band.push(sumOf(powers, edges[i]!, edges[i + 1]!)))
    voicing.push(voicingOf(powers.subarray(...harmonics)))
    flatness.push(flatnessOf(powers, bin(flatHz[0]), bin(flatHz[1])))
  })
  return {
    add,
    finish: (): BreathTables => {
      add(new Float32Array(size))
      return {
        bands: bands.map((band) => band.values()),
        voicing: voicing.values(),
        flatness: flatness.values(),
      }
    },
  }
}

function sumOf(values: Float32Array, from: number, to: number): number {
  let sum = 0
  for (let k = from; k < to; k++) sum += values[k]!
  return sum
}

/** The geometric mean over the arithmetic one, of means of four bins. */
function flatnessOf(powers: Float32Array, from: number, to: number): number {
  let [logs, sum, count] = [0, 0, 0]
  for (let k = from; k + 4 <= to; k += 4) {
    const power = (powers[k]! + powers[k + 1]! + powers[k + 2]! + powers[k + 3]!) / 4
    logs += Math.log(power + 1e-15)
    sum += power
    count++
  }
  return Math.exp(logs / Math.max(1, count)) / (sum / Math.max(1, count) + 1e-15)
}

/** In dB: over the floor, over silence, under speech; and what bands are to each other. */
const overFloorDb = 8
const leastDb = -60
const underSpeechDb = 5
const lowUnderMiddleDb = 5
const mostVoicing = 0.55
const leastFlatness = 0.1
/** In steps of 10 ms. */
const shortest = 12
const longest = 70
const joinedSteps = 6
/** It rises from silence and ends in a dip, and holds in between; and its bands are not far apart. */
const riseDb = 12
const dipDb = 7
const holdDb = 14
const bandsWithinDb = 20
const bellSteps = 1.2

export function breathRuns({ bands, voicing, flatness }: BreathTables): Run[] {
  const count = voicing.length
  const total = voicing.map((_, i) => bands.reduce((sum, band) => sum + band[i]!, 0))
  const levels = movingMean(total, 1).map(toDb)
  const [floor, speech] = [quantile(levels, 0.1), quantile(levels, 0.85)]
  const middle = (i: number) => toDb(bands[1]![i]! + bands[2]![i]! + bands[3]![i]!)
  const breathy = Uint8Array.from(levels, (level, i) => {
    const isLoud = level > floor + overFloorDb && level > leastDb && level < speech - underSpeechDb
    const isAir = voicing[i]! < mostVoicing && flatness[i]! > leastFlatness
    return isLoud &&
      isAir &&
      toDb(bands[0]![i]!) < middle(i) - lowUnderMiddleDb &&
      toDb(bands[4]![i]!) < middle(i)
      ? 1
      : 0
  })
  const voted = breathy.map((_, i) =>
    breathy.subarray(Math.max(0, i - 3), i + 4).reduce((sum, flag) => sum + flag, 0) > 3 ? 1 : 0,
  )
  const together: { from: number; to: number }[] = []
  for (const { from, to } of runsOf(voted)) {
    const last = together.at(-1)
    const isOne =
      last &&
      from - last.to < joinedSteps &&
      Math.min(...levels.subarray(last.to, from)) > floor + overFloorDb
    if (isOne) last.to = to
    else together.push({ from, to })
  }
  return together
    .map(({ from, to }) => {
      while (
        from > 0 &&
        levels[from - 1]! > floor + 4 &&
        levels[from - 1]! < levels[from]! + 3 &&
        voicing[from - 1]! < 0.6
      )
        from--
      while (to < count && levels[to]! > floor + 4 && levels[to]! < levels[to - 1]! + 1 && voicing[to]! < 0.6)
        to++
      return { from, to }
    })
    .filter((run) => isBreath(run, levels, floor, bands))
}

function isBreath(
  { from, to }: Run,
  levels: Float64Array,
  floor: number,
  bands: readonly Float32Array[],
): boolean {
  if (to - from < shortest || to - from > longest) return false
  const own = levels.subarray(from, to)
  const peak = Math.max(...own)
  const before = from > 0 ? Math.min(...levels.subarray(Math.max(0, from - 4), from)) : floor
  const after = to < levels.length ? Math.min(...levels.subarray(to - 1, to + 5)) : floor
  const edge = own.length >> 2
  const hold = Math.min(...own.subarray(edge, own.length - edge))
  const means = [1, 2, 3].map((band) => toDb(sumOf(bands[band]!, from, to) / (to - from)))
  return (
    before <= peak - riseDb &&
    after <= peak - dipDb &&
    hold >= peak - holdDb &&
    Math.max(...means) - Math.min(...means) <= bandsWithinDb
  )
}

/** A gain for each of `count` steps, in dB. */
export function breathPlan(runs: readonly Run[], count: number, byDb: number): Float32Array | undefined {
  if (runs.length === 0) return undefined
  const gains = new Float64Array(count)
  for (const { from, to } of runs) gains.fill(-byDb, Math.max(0, from - 1), to + 1)
  return Float32Array.from(smoothed(gains, bellSteps))
}
