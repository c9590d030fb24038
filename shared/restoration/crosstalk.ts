/**
 * Tracks of one conversation: what is heard of others in somebody's track goes down while only they speak. Hides how the
 * way from one microphone to the other is learnt, and how it is told whether what sounds can be explained by it.
 */
import { fourier, framesAtOnce } from '../kernel/fourier.ts'
import { clearShortRuns, movingMaximum, quantile, smoothed, toDb, toPower, widened } from './series.ts'

const bands = 14
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
export function gatePlans(tracks: readonly BandLevels[]): Float32Array[] {
  const powers = tracks.map((levels) => Float32Array.from(levels, (level) => toPower(level / 100)))
  return powers.map((own, i) =>
    gateOf(
      own,
      powers.filter((_, other) => other !== i),
    ),
  )
}

function gateOf(own: Float32Array, others: readonly Float32Array[]): Float32Array {
  const steps = own.length / bands
  const floor = perBand((band) => 1.5 * quantile(bandOf(own, band), 0.1))
  const expected = new Float32Array(own.length)
  for (let i = 0; i < own.length; i++) expected[i] = overFloor * floor[i % bands]!
  for (const other of others) {
    const heard = inRoom(other, steps)
    const transfer = transferOf(own, heard, totals(other))
    const count = Math.min(own.length, heard.length)
    for (let i = 0; i < count; i++) expected[i]! += transfer[i % bands]! * heard[i]!
  }
  const levels = totals(own).map(toDb)
  const least = quantile(levels, 0.95) - withinDb
  const open = Uint8Array.from(levels, (level, step) =>
    level > least && isOwn(own, expected, step * bands) ? 1 : 0,
  )
  clearShortRuns(open, shortestSteps)
  const gains = Float64Array.from(widened(open, aheadSteps, holdSteps), (flag) => (flag ? 0 : -duckDb))
  return Float32Array.from(smoothed(movingMaximum(gains, 1), bellSteps))
}

const perBand = (of: (band: number) => number): number[] =>
  Array.from({ length: bands }, (_, band) => of(band))
const bandOf = (rows: Float32Array, band: number): Float32Array => rows.filter((_, i) => i % bands === band)

function totals(rows: Float32Array): Float64Array {
  const sums = new Float64Array(rows.length / bands)
  for (let i = 0; i < rows.length; i++) sums[Math.floor(i / bands)]! += rows[i]!
  return sums
}

/** What a sound is in a room: it dies away, and comes late. */
function inRoom(rows: Float32Array, steps: number): Float32Array {
  const lasting = rows.slice()
  for (let i = bands; i < steps * bands; i++) lasting[i] = Math.max(lasting[i]!, decay * lasting[i - bands]!)
  return lasting.map((power, i) => Math.max(power, lasting[i - bands] ?? 0))
}

/** How much of the other arrives in each band, with the margin: a factor of powers. */
function transferOf(own: Float32Array, heard: Float32Array, loudness: Float64Array): number[] {
  const levels = loudness.map(toDb)
  const least = quantile(levels, 0.95) - loudWithinDb
  const steps = Math.min(own.length / bands, levels.length)
  return perBand((band) => {
    const differences: number[] = []
    for (let step = 0; step < steps; step++)
      if (levels[step]! > least)
        differences.push(toDb(own[step * bands + band]!) - toDb(heard[step * bands + band]!))
    return differences.length === 0 ? 0 : toPower(quantile(differences, transferShare) + marginDb)
  })
}

function isOwn(own: Float32Array, expected: Float32Array, at: number): boolean {
  let [over, power, predicted] = [0, 1e-12, 0]
  for (let i = at; i < at + bands; i++) {
    predicted += expected[i]!
    if (own[i]! <= expected[i]!) continue
    over++
    power += own[i]!
  }
  const overDb = toDb(power) - toDb(predicted)
  return [manyBands, someBands].some((rule) => over >= rule.share * bands && overDb > rule.overDb)
}
