// True peak against the signals of EBU Tech 3341, table 1, cases 15 to 23: +0.2/−0.4 dB.
import { describe, expect, test } from '@jest/globals'
import fc from 'fast-check'
import { peaks, toDb, truePeakMeter, truePeakReach } from '../../shared/audio/true-peak.ts'
import { noise, speechLike, tones } from '../support/audio.ts'

const sampleRate = 48000

/** A steady tone that swells and fades over 20 ms: a hard start is not band-limited and truly overshoots. */
function steady(cyclesPerSample: number, degrees: number, peak: number): Float32Array {
  const ramp = sampleRate / 50
  const samples = tones(sampleRate, [
    { seconds: 0.25, db: toDb(peak), hz: cyclesPerSample * sampleRate, phase: (degrees / 180) * Math.PI },
  ])
  for (let i = 0; i < ramp; i++) {
    const swell = Math.sin((Math.PI / 2) * (i / ramp)) ** 2
    samples[i]! *= swell
    samples[samples.length - 1 - i]! *= swell
  }
  return samples
}

/**
 * A quiet tone whose one full-scale crest lies on a sample at four times the rate; every fourth sample is
 * kept, `offset` after it.
 */
function crestBetweenSamples(offset: number): Float32Array {
  const length = sampleRate / 4
  const crest = 2 * length
  return Float32Array.from({ length }, (_, i) => {
    const t = 4 * i + offset - crest
    return (0.5 + 0.5 * Math.exp(-((t / 96) ** 2))) * Math.cos((2 * Math.PI * t) / 24)
  })
}

const meterDb = (samples: Float32Array): number => {
  const perStep = new Float32Array(Math.ceil(samples.length / 30))
  peaks(samples, 0, samples.length, 30, 0, perStep)
  return toDb(perStep.reduce((a, b) => Math.max(a, b)))
}

/** The true peak of `samples[start…end)`. */
function peakAround(samples: Float32Array, start: number, end: number): number {
  const peak = new Float32Array(1)
  peaks(samples, start, end, end - start, 0, peak)
  return peak[0]!
}

function expectWithinTolerance(db: number, expectedDb: number): void {
  expect(db).toBeLessThanOrEqual(expectedDb + 0.2)
  expect(db).toBeGreaterThanOrEqual(expectedDb - 0.4)
}

describe('EBU Tech 3341', () => {
  test.each([
    { number: 15, cyclesPerSample: 1 / 4, degrees: 0, peak: 0.5, db: -6 },
    { number: 16, cyclesPerSample: 1 / 4, degrees: 45, peak: 0.5, db: -6 },
    { number: 17, cyclesPerSample: 1 / 6, degrees: 60, peak: 0.5, db: -6 },
    { number: 18, cyclesPerSample: 1 / 8, degrees: 67.5, peak: 0.5, db: -6 },
    { number: 19, cyclesPerSample: 1 / 4, degrees: 45, peak: 1.41, db: 3 },
  ])('case $number reads $db dBTP', ({ cyclesPerSample, degrees, peak, db }) => {
    expectWithinTolerance(meterDb(steady(cyclesPerSample, degrees, peak)), db)
  })

  test.each([
    { number: 20, offset: 0 },
    { number: 21, offset: 1 },
    { number: 22, offset: 2 },
    { number: 23, offset: 3 },
  ])('case $number reads 0 dBTP with the crest $offset quarter samples away', ({ offset }) => {
    expectWithinTolerance(meterDb(crestBetweenSamples(offset)), 0)
  })
})

describe('The interpolator', () => {
  test('reads every tone up to 0.38 of the sampling rate right, whatever its phase', () => {
    for (const cyclesPerSample of [0.03, 0.1, 1 / 6, 0.2, 0.25, 0.3, 1 / 3, 0.35, 0.38]) {
      for (let degrees = 0; degrees < 180; degrees += 7.5)
        expectWithinTolerance(meterDb(steady(cyclesPerSample, degrees, 1)), 0)
    }
  })

  test('leaves a constant as it is', () => {
    const constant = new Float32Array(100).fill(0.7)
    expect(peakAround(constant, truePeakReach, 100 - truePeakReach)).toBeCloseTo(0.7, 6)
  })

  test('looks on both sides of a sample, and takes what lies beyond the ends as silence', () => {
    const pair = new Float32Array(40)
    pair[19] = pair[20] = 0.8
    expect(peakAround(pair, 19, 20)).toBeGreaterThan(0.95)
    expect(peakAround(Float32Array.of(0.8, 0.8), 0, 2)).toBeCloseTo(peakAround(pair, 19, 21), 6)
  })
})

describe('The meter fed block by block', () => {
  const fed = (samples: Float32Array, block: number): number => {
    const meter = truePeakMeter()
    for (let at = 0; at < samples.length; at += block) meter.add(samples.subarray(at, at + block))
    return meter.highest()
  }

  test('reads the EBU signals right in any blocks', () => {
    for (const block of [1, 5, 11, 4410, 48000]) {
      for (const offset of [0, 1, 2, 3])
        expectWithinTolerance(toDb(fed(crestBetweenSamples(offset), block)), 0)
      expectWithinTolerance(toDb(fed(steady(1 / 4, 45, 1.41), block)), 3)
    }
  })

  test('finds the same peak as a look at the whole', () => {
    for (const seed of [1, 2, 3, 4]) {
      const voice = speechLike(sampleRate, 2, seed, -15)
      for (const block of [480, 1000, 4410, 4800, 96_000])
        expect(toDb(fed(voice, block))).toBeCloseTo(meterDb(voice), 4)
    }
  })
})

describe('Peaks per step', () => {
  test('are the same whatever slice they are computed in, away from its ends', () => {
    const samples = noise(3000, -6, 1)
    const whole = new Float32Array(100)
    peaks(samples, 0, 3000, 30, 0.3, whole)
    fc.assert(
      fc.property(fc.integer({ min: 1, max: 90 }), fc.integer({ min: 3, max: 20 }), (first, count) => {
        const last = Math.min(100, first + count)
        const slice = samples.slice(first * 30, last * 30)
        const own = new Float32Array(last - first)
        peaks(slice, 0, slice.length, 30, 0.3, own)
        expect(own.subarray(1, -1)).toEqual(whole.subarray(first + 1, last - 1))
      }),
    )
  })

  test('are true peaks wherever they matter, and sample peaks where they cannot', () => {
    const samples = noise(3000, -12, 2)
    const [all, some] = [new Float32Array(100), new Float32Array(100)]
    peaks(samples, 0, 3000, 30, 0, all)
    const matters = 0.5
    peaks(samples, 0, 3000, 30, matters, some)
    all.forEach((peak, i) => {
      if (peak >= matters) expect(some[i]).toBe(peak)
      else expect(some[i]).toBeLessThan(matters)
    })
    expect(some.filter((peak) => peak >= matters).length).toBeGreaterThan(10)
  })
})
