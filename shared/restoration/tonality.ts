/**
 * How much of the sound is tones that last, as music's do: a value for every quarter of a second. Noise has none, however
 * steady it is. Hides the spectrum that this is seen in.
 */
import { lowRateOf } from './low-rate.ts'
import { powerSpectra } from './power-spectra.ts'
import { growingSeries } from './series.ts'
import { fromNext } from './sliding.ts'

const size = 1024
export const tonalityHopSeconds = 0.25
const bandHz = [80, 1000] as const
/** A tone stands so far over the bins around it. */
const overAround = 8
const aroundBins = 16

/** From one value to the next, in samples at the low rate. */
export const tonalityHop = (sampleRate: number): number =>
  Math.round(tonalityHopSeconds * lowRateOf(sampleRate).rate)

/** Takes sound at the low rate, from its sample `start` on; the first value is of the first whole hop. */
export function tonalityMeter(sampleRate: number, start = 0) {
  const { rate } = lowRateOf(sampleRate)
  const hop = tonalityHop(sampleRate)
  const fromHop = fromNext(hop, start)
  const [from, to] = bandHz.map((hz) => Math.round((hz / rate) * size)) as [number, number]
  const shares = growingSeries()
  const { add } = powerSpectra({ size, hop, lead: size / 2 }, (powers) =>
    shares.push(toneShare(powers, from, to)),
  )
  return {
    add: (sound: Float32Array): void => add(fromHop(sound)),
    finish: (): Float32Array => {
      add(new Float32Array(size / 2))
      return shares.values()
    },
  }
}

/** Of what is around, more than half is that far under it: no need to sort. */
function isOverMedian(powers: Float32Array, k: number): boolean {
  let under = 0
  for (let i = k - aroundBins; i <= k + aroundBins; i++) under += overAround * powers[i]! < powers[k]! ? 1 : 0
  return under > aroundBins
}

function toneShare(powers: Float32Array, from: number, to: number): number {
  let [tones, all, nearBy] = [0, 1e-20, 0]
  for (let k = from - aroundBins; k < from + aroundBins; k++) nearBy += powers[k]!
  for (let k = from; k < to; k++) {
    nearBy += powers[k + aroundBins]!
    const mean = nearBy / (2 * aroundBins + 1)
    nearBy -= powers[k - aroundBins]!
    all += powers[k]!
    if (powers[k]! < 2 * mean) continue
    if (isOverMedian(powers, k)) tones += powers[k]!
  }
  return tones / all
}
