/**
 * Tracks of one conversation: what is heard of others in somebody's track goes down while only they speak. Hides how the
 * way from one microphone to the other is learnt, and how it is told whether what sounds can be explained by it.
 */
import { fourier, framesAtOnce } from '../kernel/fourier.ts'
import type { OthersTurn } from './turns.ts'
import { clearShortRuns, movingMaximum, quantile, smoothed, toDb, toPower, widened } from './series.ts'

export const bandCount = 14
const bands = bandCount
const [lowestHz, highestHz] = [150, 7000]
const duckDb = 15
/** What a room makes of a sound: it dies away by this a step, and arrives up to a step later. */
const decay = 0.63
/** The way is learnt where the other is within this of their loud moments; below its quantile nobody else spoke. */
const loudWithinDb = 15
const transferShare = 0.3
/** So much more than expected is explained still, and so much more than the floor. */
const marginDb = 10
const overFloor = 2.5
/** Own sound: in this share of bands, and so loud against what was expected. */
const manyBands = { share: 0.35, overDb: -3 }
const someBands = { share: 0.2, overDb: 3 }
const withinDb = 42
/** A track that is never so much softer has no pauses: music, or the sound of a computer. */
const leastRangeDb = 10
/** In steps of 10 ms. */
const shortestSteps = 3
const aheadSteps = 5
const holdSteps = 20
const bellSteps = 1.2

/** Levels of bands of one track, in hundredths of a dB, a row of `bands` for every step. */
export type BandLevels = Int16Array

const quietest = -32_768

/** Gathers the levels of bands; memory: 2.8 kB a second. */
export function bandMeter(sampleRate: number, stepSamples: number) {
  const size = 2 ** Math.max(7, Math.min(12, Math.round(Math.log2(0.0213 * sampleRate))))
  const window = Float32Array.from({ length: size }, (_, i) => 0.5 - 0.5 * Math.cos((2 * Math.PI * i) / size))
  const transform = fourier(size, window)
  const edges = Array.from({ length: bands + 1 }, (_, i) =>
    Math.min(
      transform.bins,
      Math.round(((lowestHz * (highestHz / lowestHz) ** (i / bands)) / sampleRate) * size),
    ),
  )
  const scale = 2 / (0.375 * size * size)
  const lead = (size - stepSamples) / 2
  const [re, im] = [0, 0].map(() => new Float32Array(framesAtOnce * transform.stride)) as [
    Float32Array,
    Float32Array,
  ]
  let held = new Float32Array(Math.ceil(lead))
  let rows = new Int16Array(4096 * bands)
  let steps = 0

  const add = (samples: Float32Array): void => {
    const sound = new Float32Array(held.length + samples.length)
    sound.set(held)
    sound.set(samples, held.length)
    const count = Math.max(0, Math.floor((sound.length - size) / stepSamples) + 1)
    if ((steps + count) * bands > rows.length) {
      const larger = new Int16Array(2 * rows.length)
      larger.set(rows)
      rows = larger
    }
    for (let step = 0; step < count; step += framesAtOnce) {
      const some = Math.min(framesAtOnce, count - step)
      transform.spectra(sound, step * stepSamples, stepSamples, some, re, im, 0)
      for (let row = 0; row < some; row++, steps++)
        for (let band = 0; band < bands; band++) {
          let power = 0
          const at = row * transform.stride
          for (let k = edges[band]!; k < edges[band + 1]!; k++) power += re[at + k]! ** 2 + im[at + k]! ** 2
          rows[steps * bands + band] =
            power === 0 ? quietest : Math.max(quietest, Math.round(100 * toDb(power * scale)))
        }
    }
    held = sound.slice(count * stepSamples)
  }
  return {
    add,
    finish: (): BandLevels => {
      add(new Float32Array(size))
      return rows.slice(0, steps * bands)
    },
  }
}

/** For each track the gain of every step, in dB: 0 where its own voice sounds, `-15` where all can be explained. */
export async function gatePlans(
  tracks: readonly BandLevels[],
  othersTurn: OthersTurn,
): Promise<Float32Array[]> {
  const totals = tracks.map(totalDb)
  const plans: Float32Array[] = []
  for (const [i, own] of tracks.entries()) {
    const others: Other[] = []
    for (const [j, levels] of tracks.entries()) {
      if (j === i) continue
      const least = quantile(totals[j]!, 0.95) - loudWithinDb
      const transfer = await transferOf(own, levels, (step) => totals[j]![step]! > least, othersTurn)
      others.push({ transfer, heard: inRoom(levels) })
    }
    plans.push(await gateOf(own, totals[i]!, others, othersTurn))
  }
  return plans
}

/** A track that is turned down by more is turned down because of others. */
export const gatedDb = -1

/** How much of the time a track is turned down, 0 to 1. */
export const gatedShareOf = (gainDb: Float32Array): number =>
  gainDb.reduce((sum, gain) => sum + (gain < gatedDb ? 1 : 0), 0) / Math.max(1, gainDb.length)

interface Other {
  /** How much of them arrives in each band, with the margin: a factor of powers. */
  readonly transfer: readonly number[]
  readonly heard: Heard
}

/** Work of some 10 ms. */
const stepsBetweenTurns = 10_000

async function gateOf(
  own: BandLevels,
  totals: Float32Array,
  others: readonly Other[],
  othersTurn: OthersTurn,
): Promise<Float32Array> {
  const floor = perBand((band) => 1.5 * toPower(quantile(bandOf(own, band), 0.1) / 100))
  const loud = quantile(totals, 0.95)
  // nothing could be told from its own floor
  if (loud - quantile(totals, 0.1) < leastRangeDb) return new Float32Array(totals.length)
  const least = loud - withinDb
  const open = new Uint8Array(totals.length)
  for (let step = 0; step < open.length; step++) {
    const expected = floor.map((power) => overFloor * power)
    for (const { transfer, heard } of others) {
      const powers = heard(step)
      for (let band = 0; band < bands; band++) expected[band]! += transfer[band]! * powers[band]!
    }
    if (totals[step]! > least && isOwn(own, step, expected)) open[step] = 1
    if (step % stepsBetweenTurns === 0) await othersTurn()
  }
  clearShortRuns(open, shortestSteps)
  const gains = Float64Array.from(widened(open, aheadSteps, holdSteps), (flag) => (flag ? 0 : -duckDb))
  return Float32Array.from(smoothed(movingMaximum(gains, 1), bellSteps))
}

const perBand = (of: (band: number) => number): number[] =>
  Array.from({ length: bands }, (_, band) => of(band))
const bandOf = (levels: BandLevels, band: number): BandLevels => levels.filter((_, i) => i % bands === band)

/** Powers by level. */
const powers = Float32Array.from({ length: 65_536 }, (_, i) => toPower((i + quietest) / 100))
const powerOf = (level: number): number => powers[level - quietest]!

const totalDb = (levels: BandLevels): Float32Array =>
  Float32Array.from({ length: levels.length / bands }, (_, step) => {
    let sum = 0
    for (let i = step * bands; i < (step + 1) * bands; i++) sum += powerOf(levels[i]!)
    return toDb(sum)
  })

/** The powers of each band at a step; asked for one step after the other. */
type Heard = (step: number) => Float32Array

/** What a sound is in a room: it dies away, and comes late. */
function inRoom(levels: BandLevels): Heard {
  const [lasting, heard] = [new Float32Array(bands), new Float32Array(bands)]
  return (step) => {
    for (let band = 0; band < bands; band++) {
      const at = step * bands + band
      const before = lasting[band]!
      lasting[band] = Math.max(at < levels.length ? powerOf(levels[at]!) : 0, decay * before)
      heard[band] = Math.max(lasting[band]!, before)
    }
    return heard
  }
}

/** In steps of a tenth of a dB, from `-mostDifferenceDb` on. */
const mostDifferenceDb = 150
const perDb = 10

/** How much of the other arrives in each band, told where they are loud. */
async function transferOf(
  own: BandLevels,
  other: BandLevels,
  isLoud: (step: number) => boolean,
  othersTurn: OthersTurn,
): Promise<number[]> {
  const heard = inRoom(other)
  const counts = Array.from({ length: bands }, () => new Uint32Array(2 * mostDifferenceDb * perDb + 1))
  const length = Math.min(own.length, other.length) / bands
  let all = 0
  for (let step = 0; step < length; step++) {
    const arriving = heard(step)
    if (step % stepsBetweenTurns === 0) await othersTurn()
    if (!isLoud(step)) continue
    all++
    for (let band = 0; band < bands; band++) {
      const differenceDb = own[step * bands + band]! / 100 - toDb(arriving[band]!)
      const within = Math.max(-mostDifferenceDb, Math.min(mostDifferenceDb, differenceDb))
      counts[band]![Math.round((within + mostDifferenceDb) * perDb)]!++
    }
  }
  return counts.map((of) => {
    let [at, sum] = [0, of[0]!]
    while (sum < transferShare * all) sum += of[++at]!
    return all === 0 ? 0 : toPower(at / perDb - mostDifferenceDb + marginDb)
  })
}

function isOwn(own: BandLevels, step: number, expected: readonly number[]): boolean {
  let [over, power, predicted] = [0, 1e-12, 0]
  for (let band = 0; band < bands; band++) {
    predicted += expected[band]!
    const here = powerOf(own[step * bands + band]!)
    if (here <= expected[band]!) continue
    over++
    power += here
  }
  const overDb = toDb(power) - toDb(predicted)
  return [manyBands, someBands].some((rule) => over >= rule.share * bands && overDb > rule.overDb)
}
