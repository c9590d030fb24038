/**
 * From tables to a plan: what is wrong with a recording, and what is done about it, for all of it at once. Hides every
 * threshold between them.
 */
import type { Tables } from './analysis.ts'
import { humPointSeconds, humPointsPerStretch, humGrid } from './hum.ts'
import { humRuns, type HumRun } from './hum-curves.ts'
import { movingMean, quantile, toDb } from './series.ts'
import type { Wishes } from './wishes.ts'

/** What is done, to be applied anywhere in the recording. */
export interface Plan {
  readonly sampleRate: number
  readonly channels: number
  readonly totalSamples: number
  readonly stepSamples: number
  /** Runs of hum, by channel. */
  readonly hum: readonly (readonly HumRun[])[]
  /** How far noise goes down at most; undefined where it stays. */
  readonly noiseLimitDb: number | undefined
  readonly summary: Summary
}

/** What was found and done, as it is shown. Times in seconds, levels in dBFS. */
export interface Summary {
  /** Speech over background. Null where there is no sound. */
  readonly snrDb: number | null
  /** The same samples come out. */
  readonly untouched: boolean
  /** What is subtracted. */
  readonly hum: readonly {
    readonly mainsHz: number
    readonly start: number
    readonly end: number
    readonly levelDb: number
    readonly lines: readonly number[]
  }[]
  /** How far noise goes down, null where it stays. */
  readonly noiseLimitDb: number | null
  readonly clippedShare: number
}

/** Noise this far under the speech is not heard; nothing is done where it is, and `mostAutoDb` at most elsewhere. */
const quietEnoughDb = 45
const mostAutoDb = 15
/** Less is not worth a change. */
const leastNoiseDb = 0.5

/** A plan for each of several recordings that sound together, or for one. */
export const decide = (recordings: readonly Tables[], wishes: Wishes): Plan[] =>
  recordings.map((tables) => decideAlone(tables, wishes))

function decideAlone(tables: Tables, wishes: Wishes): Plan {
  const { sampleRate, channels, totalSamples, stepSamples } = tables
  const grid = humGrid(sampleRate)
  const stretchSamples = humPointsPerStretch * grid.pointSamples
  const stretchCount = Math.max(1, Math.ceil(totalSamples / stretchSamples))
  const hum = tables.hum.map((stretches) => humRuns(stretches, stretchCount, humPointSeconds))
  const hasHum = hum.some((runs) => runs.length > 0)
  const snrDb = signalToNoise(hasHum ? tables.highPower : tables.power)
  const noiseLimitDb = limitOf(wishes.noise, snrDb)
  return {
    sampleRate,
    channels,
    totalSamples,
    stepSamples,
    hum,
    noiseLimitDb,
    summary: {
      snrDb: snrDb === undefined ? null : rounded(snrDb),
      untouched: !hasHum && noiseLimitDb === undefined,
      hum: hum.flatMap((runs) =>
        runs.map((run) => {
          const secondsAt = (point: number) =>
            Math.max(0, Math.min(totalSamples, point * grid.pointSamples)) / sampleRate
          return {
            mainsHz: run.family,
            start: rounded(secondsAt(run.firstPoint)),
            end: rounded(secondsAt(run.firstPoint + run.points + 5)),
            levelDb: rounded(run.levelDb),
            lines: run.lines,
          }
        }),
      ),
      noiseLimitDb: noiseLimitDb === undefined ? null : rounded(noiseLimitDb),
      clippedShare: tables.clippedSamples / Math.max(1, totalSamples * channels),
    },
  }
}

const rounded = (value: number): number => Math.round(value * 100) / 100

/** The loud moments of 400 ms over the quiet ones of 50 ms, in dB; undefined where there is nothing but silence. */
function signalToNoise(power: Float32Array): number | undefined {
  const sounding = power.filter((value) => value > 0)
  if (sounding.length < power.length / 100 || sounding.length === 0) return undefined
  return toDb(quantile(movingMean(power, 20), 0.9)) - toDb(quantile(movingMean(power, 2), 0.1))
}

function limitOf(wish: Wishes['noise'], snrDb: number | undefined): number | undefined {
  if (wish === 'off' || snrDb === undefined) return undefined
  const limit = wish === 'auto' ? Math.min(mostAutoDb, quietEnoughDb - snrDb) : wish
  return limit < leastNoiseDb ? undefined : limit
}
