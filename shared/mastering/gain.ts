/**
 * Computes the one gain that brings a programme to its target loudness: measured at a few trial gains, a
 * chunk at a time, then interpolated. Hides that nothing is rendered for it: the energies per limiter step,
 * times the limiter's gain squared, give the loudness after limiting.
 */
import { withLentPlanes, type Lend } from './lent-planes.ts'
import { limiterGains, limiterStep } from './limiter.ts'
import { othersTurn } from '../codec/port.ts'
import { integratedLoudness, kWeighting } from '../audio/loudness.ts'
import { energyMeter } from '../kernel/filters.ts'
import { margin, onGrid, preRollSamples, programme, stepPeaks, type ObjectLocation } from './programme.ts'
import { chunkSpan, type Timeline } from '../timeline/timeline.ts'
import { fromDb } from '../audio/true-peak.ts'

/** Gains tried around the estimate, in dB: limiting makes the programme quieter, so more above than below. */
const triedGainsDb = [-2, -1, 0, 1, 2, 3.5, 5]
/**
 * Steps small enough for the loudness bar of 0.2 LU, coarse enough that a small edit does not change every
 * chunk.
 */
const gainStepDb = 0.1

export interface GainTrial {
  readonly gainDb: number
  /** K-weighted mean square per 100 ms, after gain and limiter. */
  readonly blocks: Float32Array
}

/**
 * The loudness partials of one chunk at every tried gain. The limiter's gain moves so slowly that it commutes
 * with K-weighting.
 */
export const measureChunk = (
  timeline: Timeline,
  location: ObjectLocation,
  chunk: number,
  estimateDb: number,
  limitDb: number,
): Promise<GainTrial[]> =>
  withLentPlanes((lend) => measure(timeline, location, chunk, estimateDb, limitDb, lend))

async function measure(
  timeline: Timeline,
  location: ObjectLocation,
  chunk: number,
  estimateDb: number,
  limitDb: number,
  lend: Lend,
): Promise<GainTrial[]> {
  const { start, end } = chunkSpan(timeline, chunk)
  const from = onGrid(start - preRollSamples, start)
  const planes = await programme(timeline, location, from, onGrid(end + margin, start), lend)
  const ceiling = fromDb(limitDb)
  // at the higher gains sample peaks do: only the loudness is asked for
  const peak = await stepPeaks(planes, ceiling / fromDb(estimateDb))
  const energy = await stepEnergies(planes, timeline.sampleRate)
  const block = timeline.sampleRate / 10
  const stepsPerBlock = block / limiterStep
  const firstStep = (start - from) / limiterStep
  const gains = new Float64Array(peak.length)
  const trials: GainTrial[] = []
  for (const offset of triedGainsDb) {
    const gainDb = estimateDb + offset
    const inputGain = fromDb(gainDb)
    limiterGains(peak, inputGain, ceiling, gains)
    const blocks = new Float32Array(Math.floor((end - start) / block))
    for (let i = 0; i < blocks.length; i++) {
      let sum = 0
      for (let step = firstStep + i * stepsPerBlock, n = 0; n < stepsPerBlock; step++, n++)
        sum += energy[step]! * (gains[step]! * inputGain) ** 2
      blocks[i] = sum / block
    }
    trials.push({ gainDb, blocks })
    await othersTurn()
  }
  return trials
}

/**
 * The gain in dB, a whole multiple of 0.1, that brings the programme to the target; undefined when the
 * programme is silent.
 */
export function chooseGain(trials: readonly GainTrial[], targetLufs: number): number | undefined {
  const tried = trials
    .map(({ gainDb, blocks }) => ({ gainDb, lufs: integratedLoudness(blocks) }))
    .filter(({ lufs }) => Number.isFinite(lufs))
  const [first, last] = [tried[0], tried.at(-1)]
  if (!first || !last) return undefined
  const above = tried.findIndex(({ lufs }) => lufs >= targetLufs)
  let gainDb: number
  if (above === 0) gainDb = first.gainDb + targetLufs - first.lufs
  else if (above < 0) gainDb = last.gainDb
  else {
    const [low, high] = [tried[above - 1]!, tried[above]!]
    gainDb = low.gainDb + ((high.gainDb - low.gainDb) * (targetLufs - low.lufs)) / (high.lufs - low.lufs)
  }
  return Math.round(gainDb / gainStepDb) * gainStepDb
}

/** The K-weighted energy of each limiter step, summed over what both ears hear. */
async function stepEnergies(planes: readonly Float32Array[], sampleRate: number): Promise<Float64Array> {
  const steps = Math.ceil(planes[0]!.length / limiterStep)
  const [left, right] = planes.map(() => new Float64Array(steps)) as [Float64Array, Float64Array?]
  const meter = energyMeter(kWeighting(sampleRate), right ? 2 : 1)
  // a second at a time: only between calls does the meter forget what silence has left of a sound, and until then
  // computes with numbers that take a processor a hundred times as long
  for (let at = 0; at < planes[0]!.length; at += sampleRate) {
    meter(
      planes.map((plane) => plane.subarray(at, at + sampleRate)),
      limiterStep,
      right ? [left, right] : [left],
      at / limiterStep,
    )
    await othersTurn()
  }
  // a single plane is heard from both sides
  for (let i = 0; i < steps; i++) left[i]! += right ? right[i]! : left[i]!
  return left
}
