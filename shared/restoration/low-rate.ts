/** Sound at about 2.4 kHz, where mains and the lower tones of music are looked for cheaply. Hides two filters in a row. */
import { concatenated } from '../audio/pcm.ts'
import { decimator, lowPassTaps, responseAt, type Decimator } from './decimator.ts'

/** Up to here nothing is folded back, and `gainAt` is right. */
export const lowRateHighestHz = 720
const wantedRates = [12_000, 2400] as const

export interface LowRate {
  readonly rate: number
  /** Samples of the recording for one. */
  readonly factor: number
  /** What is left of a tone. */
  readonly gainAt: (hz: number) => number
}

interface Stages extends LowRate {
  readonly factors: readonly [number, number]
  readonly taps: readonly [Float32Array, Float32Array]
}

function stagesFor(sampleRate: number): Stages {
  const first = Math.max(1, Math.round(sampleRate / wantedRates[0]))
  const middleRate = sampleRate / first
  const second = Math.max(1, Math.round(middleRate / wantedRates[1]))
  const rate = middleRate / second
  const taps = [
    lowPassTaps(first === 1 ? 0 : 4 * first, 0.5 / first),
    lowPassTaps(Math.ceil((2.75 * middleRate) / (rate - 2 * lowRateHighestHz)), 0.5 / second),
  ] as const
  return {
    rate,
    factor: first * second,
    factors: [first, second],
    taps,
    gainAt: (hz) => responseAt(taps[0], hz / sampleRate) * responseAt(taps[1], hz / middleRate),
  }
}

export const lowRateOf = (sampleRate: number): LowRate => stagesFor(sampleRate)

export function lowRateSound(sampleRate: number): Decimator {
  const { factors, taps } = stagesFor(sampleRate)
  const [first, second] = [decimator(factors[0], taps[0]), decimator(factors[1], taps[1])]
  return {
    add: (samples) => second.add(first.add(samples)),
    end: () => concatenated(Float32Array, [second.add(first.end()).slice(), second.end()]),
  }
}
