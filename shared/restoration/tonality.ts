/**
 * How much of the sound is tones that last, as music's do: a value for every quarter of a second. Noise has none, however
 * steady it is. Hides the spectrum that this is seen in.
 */
import { fourier, framesAtOnce } from '../kernel/fourier.ts'
import { growingSeries } from './series.ts'
import { lowRateOf } from './low-rate.ts'

const size = 1024
export const tonalityHopSeconds = 0.25
const bandHz = [80, 1000] as const
/** A tone stands so far over the bins around it. */
const overAround = 8
const aroundBins = 16

/** Takes sound at the low rate. */
export function tonalityMeter(sampleRate: number) {
  const { rate } = lowRateOf(sampleRate)
  const hop = Math.round(tonalityHopSeconds * rate)
  const window = Float32Array.from({ length: size }, (_, i) => 0.5 - 0.5 * Math.cos((2 * Math.PI * i) / size))
  const transform = fourier(size, window)
  const [from, to] = bandHz.map((hz) => Math.round((hz / rate) * size)) as [number, number]
  const [re, im] = [0, 0].map(() => new Float32Array(framesAtOnce * transform.stride)) as [
    Float32Array,
    Float32Array,
  ]
  const shares = growingSeries()
  const powers = new Float32Array(transform.bins)
  let held = new Float32Array(size / 2)

  const add = (sound: Float32Array): void => {
    const all = new Float32Array(held.length + sound.length)
    all.set(held)
    all.set(sound, held.length)
    const count = Math.max(0, Math.floor((all.length - size) / hop) + 1)
    for (let frame = 0; frame < count; frame += framesAtOnce) {
      const some = Math.min(framesAtOnce, count - frame)
      transform.spectra(all, frame * hop, hop, some, re, im, 0)
      for (let row = 0; row < some; row++) {
        for (let k = 0; k < powers.length; k++)
          powers[k] = re[row * transform.stride + k]! ** 2 + im[row * transform.stride + k]! ** 2
        shares.push(toneShare(powers, from, to))
      }
    }
    held = all.slice(count * hop)
  }
  return {
    add,
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
