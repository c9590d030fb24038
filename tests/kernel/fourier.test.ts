// Spectra are those of the definition, the way back is the way back, and gains are those of the estimator's formulas.
import { describe, expect, test } from '@jest/globals'
import { fourier, framesAtOnce } from '../../shared/kernel/fourier.ts'
import { absenceOdds, amplitudesOf, sweep } from '../../shared/kernel/suppression.ts'
import { noiseOf } from '../restoration/made-sounds.ts'

const root = (size: number): Float32Array =>
  Float32Array.from({ length: size }, (_, i) => Math.sqrt(0.5 - 0.5 * Math.cos((2 * Math.PI * i) / size)))
const random = (length: number, seed: number): Float32Array => {
  const next = noiseOf(seed)
  return Float32Array.from({ length }, () => next())
}

describe.each([16, 64, 512, 4096])('A transform of %d samples', (size) => {
  const window = root(size)
  const hop = size / 4
  const transform = fourier(size, window, 0.5)
  const samples = random(5 * size, size)
  const [re, im] = [0, 0].map(() => new Float32Array(framesAtOnce * transform.stride)) as [
    Float32Array,
    Float32Array,
  ]
  transform.spectra(samples, 3, hop, framesAtOnce, re, im, 0)

  test.each([0, 1, 6, 7])('is that of the definition, of frame %d', (frame) => {
    for (const k of [0, 1, 5, size / 4, size / 2]) {
      let [a, b] = [0, 0]
      for (let i = 0; i < size; i++) {
        const sample = samples[3 + frame * hop + i]! * window[i]!
        a += sample * Math.cos((2 * Math.PI * ((k * i) % size)) / size)
        b -= sample * Math.sin((2 * Math.PI * ((k * i) % size)) / size)
      }
      expect(re[frame * transform.stride + k]).toBeCloseTo(a, 4)
      expect(im[frame * transform.stride + k]).toBeCloseTo(b, 4)
    }
  })

  test('comes back as the sound it was', () => {
    const out = new Float32Array(samples.length)
    transform.frames(re, im, new Float32Array(re.length).fill(1), 0, hop, framesAtOnce, out, 3)
    for (let i = 3 + size - hop; i < 3 + framesAtOnce * hop; i++) expect(out[i]).toBeCloseTo(samples[i]!, 5)
  })

  test('takes what lies outside of the sound for silence', () => {
    const [outRe, outIm] = [0, 0].map(() => new Float32Array(2 * transform.stride)) as [
      Float32Array,
      Float32Array,
    ]
    transform.spectra(samples, -size, hop, 1, outRe, outIm, 1)
    transform.spectra(samples, samples.length, hop, 1, outRe, outIm, 0)
    expect(Math.max(...outRe, ...outIm)).toBe(0)
  })
})

describe('Gains', () => {
  const floor = -2.5
  /** E₁ by its integral, coarsely. */
  const e1 = (v: number): number => {
    let sum = 0
    for (let x = Math.log(v); x < Math.log(60); x += 0.001) sum += 0.001 * Math.exp(-Math.exp(x + 0.0005))
    return sum
  }

  test('are those of the log-spectral estimator, weighed by the presence of speech', () => {
    const ratios = Float32Array.from([0.1, 0.5, 1, 2, 5, 20, 100, 900, 900, 100, 20, 5, 2, 1, 0.5, 0.1])
    const odds = Float32Array.from([30, 5, 2, 1, 0.5, 0.2, 0.1, 0.02, 0.02, 0.1, 0.2, 0.5, 1, 2, 5, 30])
    const gains = new Float32Array(16).fill(-100)
    sweep({ alpha: 0.96, least: 10 ** -1.8, floor }, 'forward', ratios, odds, gains, 8)
    const state = new Float64Array(8).fill(1)
    ratios.forEach((ratio, i) => {
      const prior = Math.max(0.96 * state[i % 8]! + 0.04 * Math.max(ratio - 1, 0), 10 ** -1.8)
      const wiener = prior / (1 + prior)
      const v = wiener * ratio
      const gain = Math.min(Math.log2(wiener) + 0.5 * e1(v) * Math.LOG2E, 0)
      const presence = 1 / (1 + odds[i]! * (1 + prior) * Math.exp(-Math.min(v, 50)))
      expect(gains[i]).toBeCloseTo(floor + presence * (gain - floor), 1)
      state[i % 8] = 4 ** gain * ratio
    })
  })

  test('are the same backward for what is the other way round', () => {
    const next = noiseOf(7)
    const [ratios, odds] = [0, 0].map(() => Float32Array.from({ length: 4 * 9000 }, () => 2 + next()))
    const rows = (of: Float32Array): number[][] =>
      Array.from({ length: 9000 }, (_, row) => [...of.subarray(4 * row, 4 * row + 4)])
    const turned = (of: Float32Array) => Float32Array.from(rows(of).reverse().flat())
    const [ahead, back] = [0, 0].map(() => new Float32Array(4 * 9000).fill(-100))
    const estimator = { alpha: 0.96, least: 0.01, floor }
    sweep(estimator, 'forward', ratios!, odds!, ahead!, 4)
    sweep(estimator, 'backward', turned(ratios!), turned(odds!), back!, 4)
    expect(turned(back!)).toEqual(ahead)
  })

  test('only ever grow from one sweep to the next', () => {
    const gains = new Float32Array(4).fill(-0.01)
    const [ratios, odds] = [0.1, 30].map((value) => new Float32Array(4).fill(value))
    sweep({ alpha: 0.96, least: 0.01, floor }, 'forward', ratios!, odds!, gains, 4)
    expect([...gains]).toEqual([...new Float32Array(4).fill(-0.01)])
  })

  test('become amplitudes, towards the floor in pauses', () => {
    const gains = Float32Array.from([0, -1, -2, -9, 0, -1, -2, -9])
    amplitudesOf(gains, floor, Float32Array.of(1, 0))
    ;[1, 0.5, 0.25, 2 ** floor].forEach((value, i) => expect(gains[i]).toBeCloseTo(value, 5))
    gains.subarray(4).forEach((gain) => expect(gain).toBeCloseTo(2 ** floor, 5))
  })

  test('know speech from noise by what is around', () => {
    const odds = Float32Array.from([0.5, 0.5, 1, 1, 3, 3, 50, 50])
    absenceOdds(odds, { stride: 8, bins: 8 }, 0, Float32Array.of(1))
    expect([...odds].sort((a, b) => b - a)).toEqual([...odds])
    expect(odds[0]).toBeCloseTo(0.97 / 0.03, 2)
    expect(odds[7]).toBeCloseTo(0.02 / 0.98, 4)
  })

  test('know speech by what is in a wider band, too', () => {
    const near = Float32Array.from([1, 1, 1, 1, 60, 60, 60, 60])
    const [narrow, wide] = [0, 2].map((radius) => {
      const odds = near.slice()
      absenceOdds(odds, { stride: 8, bins: 8 }, radius, Float32Array.of(1))
      return odds
    })
    expect(wide![0]).toBeCloseTo(narrow![0]!, 3)
    expect(wide![3]).toBeLessThan(narrow![3]! / 5)
  })
})
