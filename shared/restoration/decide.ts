/**
 * From tables to a plan: what is wrong with a recording, and what is done about it, for all of it at once. Hides every
 * threshold between them.
 */
import type { Tables } from './analysis.ts'
import { breathPlan, breathRuns } from './breaths.ts'
import { clicksToRepair, type Click } from './clicks.ts'
import type { ClippedRun } from './clipping.ts'
import { gatedDb, gatedShareOf, gatePlans } from './crosstalk.ts'
import { humGrid, humWindowPoints } from './hum.ts'
import type { HumRun } from './hum-curves.ts'
import { levelPlan, type Heard, type Levels } from './levels.ts'
import { rumbleOf, type Rumble } from './rumble.ts'
import { movingMean, quantile, runsOf, toDb, toPower, type Run } from './series.ts'
import { tonalityHopSeconds } from './tonality.ts'
import type { OthersTurn } from './turns.ts'
import type { Wishes } from './wishes.ts'

/** What is done, to be applied anywhere in the recording. */
export interface Plan {
  readonly sampleRate: number
  readonly channels: number
  readonly totalSamples: number
  readonly stepSamples: number
  /** Runs of hum, by channel. */
  readonly hum: readonly (readonly HumRun[])[]
  /** Where the voice begins; undefined where there is nothing below. */
  readonly rumbleCutHz: number | undefined
  /** How far noise goes down at most; undefined where it stays. */
  readonly noiseLimitDb: number | undefined
  /** A gain for every step, in dB; undefined where all stays as loud as it is. */
  readonly gainDb: Float32Array | undefined
  /** A flag for every step: noise in music stays. */
  readonly music: Uint8Array
  readonly clicks: readonly Click[]
  /** What was cut off there is put back. */
  readonly clipped: readonly ClippedRun[]
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
  /** What is taken away below a voice; null where that stays. */
  readonly rumble: Rumble | null
  /** How far noise goes down, null where it stays. */
  readonly noiseLimitDb: number | null
  /** Of phrases' loudness: what they are brought to, how far they lay apart, and the gains that this takes. */
  readonly levels: {
    readonly changed: boolean
    readonly targetLufs: number | null
    readonly spreadDb: number
    readonly leastGainDb: number
    readonly mostGainDb: number
  }
  /** Where there is music. */
  readonly music: readonly { readonly start: number; readonly end: number }[]
  /** How much of the time this track is turned down because only others speak; null where it is no track. */
  readonly gatedShare: number | null
  /** How many breaths are turned down, and clicks repaired. */
  readonly breaths: number
  readonly clicks: number
  /** The share of samples at full scale, and in how many places what they cut off is put back. */
  readonly clippedShare: number
  readonly unclipped: number
}

/** Noise this far under the speech is not heard; nothing is done where it is, and `mostAutoDb` at most elsewhere. */
const quietEnoughDb = 45
const mostAutoDb = 15
/** Less is not worth a change. */
const leastNoiseDb = 0.5

/** A plan for each of several recordings that sound together, or for one. */
export async function decide(
  recordings: readonly Tables[],
  wishes: Wishes,
  othersTurn: OthersTurn,
): Promise<Plan[]> {
  const bands = recordings.flatMap((tables) => tables.bands ?? [])
  const gates = bands.length > 1 ? await gatePlans(bands, othersTurn) : []
  const plans: Plan[] = []
  for (const [i, tables] of recordings.entries())
    plans.push(await decideAlone(tables, wishes, gates[i], othersTurn))
  return plans
}

async function decideAlone(
  tables: Tables,
  wishes: Wishes,
  gate: Float32Array | undefined,
  othersTurn: OthersTurn,
): Promise<Plan> {
  const { sampleRate, channels, totalSamples, stepSamples } = tables
  const { hum } = tables
  const hasHum = hum.some((runs) => runs.length > 0)
  const snrDb = signalToNoise(tables.power)
  const noiseLimitDb = limitOf(wishes.noise, snrDb)
  const heard: Heard = {
    loudness: tables.loudness.map((power, i) => power * toPower(gate?.[i] ?? 0)),
    others: Uint8Array.from(tables.loudness, (_, i) => (gate && gate[i]! < gatedDb ? 1 : 0)),
    tonality: tonalityOf(tables),
    noiseLimitDb: noiseLimitDb ?? 0,
  }
  await othersTurn()
  const levels = await levelPlan(heard, wishes.level, othersTurn)
  await othersTurn()
  const isMusic = (seconds: number) => levels.music[Math.round((seconds * sampleRate) / stepSamples)] === 1
  const rumble = tables.rumble && rumbleOf(tables.rumble, isMusic)
  const breaths = tables.breaths ? breathRuns(tables.breaths) : []
  const clicks = clicksToRepair(tables.clicks, wishes.clicks, sampleRate, calmness(tables, levels))
  const clipped = wishes.clipping === 'auto' ? tables.clippedRuns : []
  const gainDb = summed([gate, breathPlan(breaths, tables.loudness.length, wishes.breathsDb), levels.gainDb])
  const isGated = gate?.some((gain) => gain < gatedDb) ?? false
  return {
    sampleRate,
    channels,
    totalSamples,
    stepSamples,
    hum,
    rumbleCutHz: rumble?.cutHz,
    noiseLimitDb,
    gainDb,
    music: levels.music,
    clicks,
    clipped,
    summary: {
      snrDb: snrDb === undefined ? null : rounded(snrDb),
      untouched: [
        hasHum,
        rumble,
        noiseLimitDb,
        levels.gainDb,
        isGated,
        breaths[0],
        clicks[0],
        clipped[0],
      ].every((done) => !done),
      hum: describeHum(hum, tables),
      rumble: rumble ? { cutHz: rumble.cutHz, levelDb: rounded(rumble.levelDb) } : null,
      noiseLimitDb: noiseLimitDb === undefined ? null : rounded(noiseLimitDb),
      levels: describeLevels(levels),
      music: runsOf(levels.music).map(({ from, to }) => ({
        start: rounded((from * stepSamples) / sampleRate),
        end: rounded(Math.min(totalSamples, to * stepSamples) / sampleRate),
      })),
      gatedShare: gate ? rounded(gatedShareOf(gate)) : null,
      breaths: breaths.length,
      clicks: clicks.length,
      clippedShare: tables.clippedSamples / Math.max(1, totalSamples * channels),
      unclipped: clipped.length,
    },
  }
}

/** How many steps on either side of some samples nobody speaks, up to 4; what the click itself reaches is passed over. */
function calmness({ stepSamples }: Tables, { loud, music }: Levels): (run: Run) => number {
  const isCalm = (step: number) => !loud[step] && !music[step]
  return ({ from, to }) => {
    const [first, last] = [Math.floor(from / stepSamples), Math.floor(to / stepSamples)]
    let steps = 1
    while (steps < 4 && isCalm(first - steps - 1) && isCalm(last + steps + 1)) steps++
    return steps
  }
}

/** For every step the share of tones there. */
function tonalityOf({ tonality, stepSamples, sampleRate }: Tables): (step: number) => number {
  const perStep = stepSamples / sampleRate / tonalityHopSeconds
  return (step) => tonality[Math.min(tonality.length - 1, Math.round(step * perStep))] ?? 0
}

function describeHum(
  hum: readonly (readonly HumRun[])[],
  { sampleRate, totalSamples }: Tables,
): Summary['hum'] {
  const { pointSamples } = humGrid(sampleRate)
  const secondsAt = (point: number) => rounded(Math.min(totalSamples, point * pointSamples) / sampleRate)
  return hum.flatMap((runs) =>
    runs.map(({ family, firstPoint, points, levelDb, lines }) => ({
      mainsHz: family,
      start: secondsAt(firstPoint),
      end: secondsAt(firstPoint + points + humWindowPoints),
      levelDb: rounded(levelDb),
      lines,
    })),
  )
}

function describeLevels({ gainDb, targetLufs, spreadDb, speech }: Levels): Summary['levels'] {
  const gains = gainDb?.filter((_, i) => speech[i] === 1) ?? []
  return {
    changed: gainDb !== undefined,
    targetLufs: targetLufs === undefined ? null : rounded(targetLufs),
    spreadDb: rounded(spreadDb),
    leastGainDb: gains.length === 0 ? 0 : rounded(quantile(gains, 0)),
    mostGainDb: gains.length === 0 ? 0 : rounded(quantile(gains, 1)),
  }
}

/** Gains one upon the other. */
function summed(plans: readonly (Float32Array | undefined)[]): Float32Array | undefined {
  const some = plans.filter((plan) => plan !== undefined)
  return some[0]?.map((_, i) => some.reduce((sum, plan) => sum + (plan[i] ?? 0), 0))
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
