// The limiter's promises: never over the ceiling, no effect out of reach, and the same to the last bit in any
// slice.
import { describe, expect, test } from '@jest/globals'
import fc from 'fast-check'
import { applyGains, limiterGains, limiterStep, limiterSupportSteps } from '../../shared/mastering/limiter.ts'
import { peaks } from '../../shared/audio/true-peak.ts'
import { noise, speechLike } from '../support/audio.ts'

const float = (min: number, max: number) => fc.double({ min, max, noNaN: true })
/** Peaks of a quiet programme with bursts far over full scale here and there. */
const anyPeaks = fc
  .array(fc.oneof({ weight: 20, arbitrary: float(0, 0.5) }, { weight: 1, arbitrary: float(0.5, 30) }), {
    minLength: 1,
    maxLength: 1500,
  })
  .map((values) => Float32Array.from(values))
/** Gains are doubles, samples floats: the last bit of a float is all that rounding may add. */
const lastBit = 1 + 2 ** -23

describe('Limited peaks', () => {
  test('are never over the ceiling', () => {
    fc.assert(
      fc.property(anyPeaks, float(0.1, 8), float(0.2, 1), (peak, inputGain, ceiling) => {
        const gains = limiterGains(peak, inputGain, ceiling)
        gains.forEach((gain, i) => expect(peak[i]! * inputGain * gain).toBeLessThanOrEqual(ceiling * lastBit))
      }),
    )
  })

  test('are never over a ceiling of their own', () => {
    const lower = fc.tuple(fc.nat(1000), fc.integer({ min: 1, max: 600 }), float(0.2, 0.9))
    fc.assert(
      fc.property(anyPeaks, lower, (peak, [from, length, low]) => {
        const ceilings = Float32Array.from(peak, (_, i) => (i >= from && i < from + length ? low : 0.9))
        const gains = limiterGains(peak, 1.5, ceilings)
        gains.forEach((gain, i) => expect(peak[i]! * 1.5 * gain).toBeLessThanOrEqual(ceilings[i]! * lastBit))
      }),
    )
  })

  test('rise and fall gently: no step changes the gain by more than 1.5 dB for 20 dB of limiting', () => {
    const peak = new Float32Array(1000).fill(0.1)
    peak[500] = 10
    const gains = limiterGains(peak, 1, 1)
    expect(gains[500]).toBeCloseTo(0.1, 5)
    const steepest = gains
      .slice(1)
      .reduce((most, gain, i) => Math.max(most, Math.abs(20 * Math.log10(gain / gains[i]!))), 0)
    expect(steepest).toBeLessThan(1.5)
  })
})

describe('The gain', () => {
  test('is exactly one out of reach of every peak over the ceiling', () => {
    fc.assert(
      fc.property(fc.integer({ min: 0, max: 999 }), float(1.001, 50), (at, burst) => {
        const peak = new Float32Array(1000).fill(0.2)
        peak[at] = burst
        const gains = limiterGains(peak, 1, 1)
        gains.forEach((gain, i) => {
          if (Math.abs(i - at) >= limiterSupportSteps) expect(gain).toBe(1)
          if (i === at) expect(gain).toBeLessThan(1)
        })
      }),
      { numRuns: 50 },
    )
  })

  test('is exactly one everywhere when nothing is over the ceiling', () => {
    expect(limiterGains(new Float32Array(500).fill(0.5), 2, 1).every((gain) => gain === 1)).toBe(true)
  })

  test('is the same in any slice that carries its support', () => {
    fc.assert(
      fc.property(anyPeaks, fc.nat(1500), fc.nat(400), float(0.3, 4), (peak, position, length, inputGain) => {
        const [from, to] = [Math.min(position, peak.length), Math.min(position + length, peak.length)]
        const [sliceFrom, sliceTo] = [
          Math.max(0, from - limiterSupportSteps),
          Math.min(peak.length, to + limiterSupportSteps),
        ]
        const whole = limiterGains(peak, inputGain, 0.9)
        const slice = limiterGains(peak.slice(sliceFrom, sliceTo), inputGain, 0.9)
        expect(slice.slice(from - sliceFrom, to - sliceFrom)).toEqual(whole.slice(from, to))
      }),
    )
  })
})

describe('Limited samples', () => {
  const loud = speechLike(48000, 4, 3, -12)
  const limit = (samples: Float32Array, inputGain: number, ceiling: number) => {
    const perStep = new Float32Array(Math.ceil(samples.length / limiterStep))
    peaks(samples, 0, samples.length, limiterStep, ceiling / inputGain, perStep)
    return limiterGains(perStep, inputGain, ceiling)
  }

  test.each([1, 2, 4])(
    'stay under the ceiling, and their true peaks near it, at a gain of %d',
    (inputGain) => {
      const ceiling = 0.84
      const limited = loud.slice()
      applyGains(limited, 0, limited.length, limit(loud, inputGain, ceiling), 0, inputGain)
      for (const sample of limited)
        if (Math.abs(sample) > ceiling * lastBit) throw new Error(`${sample} is over the ceiling`)
      const after = new Float32Array(Math.ceil(limited.length / limiterStep))
      peaks(limited, 0, limited.length, limiterStep, 0, after)
      // 0.05 dB: the gain moves between two samples
      expect(after.reduce((a, b) => Math.max(a, b))).toBeLessThan(ceiling * 1.006)
    },
  )

  test('are the same to the bit in any slice on the grid', () => {
    const gains = limit(loud, 3, 0.84)
    const whole = loud.slice()
    applyGains(whole, 0, whole.length, gains, 0, 3)
    fc.assert(
      fc.property(fc.nat(6000), fc.integer({ min: 1, max: 20_000 }), (step, length) => {
        const from = step * limiterStep
        const to = Math.min(loud.length, from + length)
        const slice = loud.slice(from, to)
        applyGains(slice, 0, slice.length, gains, step, 3)
        expect(Buffer.from(slice.buffer).equals(Buffer.from(whole.slice(from, to).buffer))).toBe(true)
      }),
      { numRuns: 50 },
    )
  })

  test('are only made louder where no peak is near', () => {
    const quiet = noise(9000, -40, 1)
    const raised = quiet.slice()
    applyGains(raised, 0, raised.length, limit(quiet, 2, 0.84), 0, 2)
    expect(raised).toEqual(quiet.map((sample) => sample * 2))
  })
})
