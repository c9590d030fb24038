// Cepstra: what is the same in two sounds, and what is not.
import { describe, expect, test } from '@jest/globals'
import { cepstra, cepstrumSize } from '../../shared/alignment/cepstra.ts'
import { amplitude, noise, tone, tones } from '../support/audio.ts'

const { cos, log, PI, sqrt } = Math
const row = (rows: Float32Array, frame: number) =>
  rows.subarray(frame * cepstrumSize, (frame + 1) * cepstrumSize)
const apart = (a: Float32Array, b: Float32Array) =>
  sqrt(a.reduce((sum, value, i) => sum + (value - b[i]!) ** 2, 0))

describe('Cepstra', () => {
  test('are one row for every whole 10 ms, at any rate', () => {
    for (const sampleRate of [8000, 16_000, 44_100, 48_000]) {
      expect(cepstra(tone(sampleRate, 0.256, 500, -20), sampleRate)).toHaveLength(25 * cepstrumSize)
    }
    expect(cepstra(new Float32Array(100), 48_000)).toHaveLength(0)
  })

  test('tell sounds apart, not places in a sound', () => {
    const rows = cepstra(
      tones(48_000, [
        { seconds: 0.2, db: -20, hz: 400 },
        { seconds: 0.2, db: -20, hz: 1800 },
      ]),
      48_000,
    )
    expect(apart(row(rows, 4), row(rows, 14))).toBeLessThan(2)
    expect(apart(row(rows, 10), row(rows, 30))).toBeGreaterThan(10)
  })

  test('know a louder sound from a softer one by their first number alone', () => {
    const soft = noise(48_000, -30, 1)
    const loud = soft.map((sample) => sample * amplitude(12))
    const [a, b] = [row(cepstra(soft, 48_000), 50), row(cepstra(loud, 48_000), 50)]
    expect(b[0]! - a[0]!).toBeCloseTo((sqrt(2 / 24) * 24 * 12 * log(10)) / 10, 2)
    expect(apart(a.subarray(1), b.subarray(1))).toBeLessThan(0.01)
  })

  test('are much the same at another sample rate', () => {
    const at = (sampleRate: number) => row(cepstra(tone(sampleRate, 0.5, 700, -20), sampleRate), 20)
    expect(apart(at(44_100), at(48_000))).toBeLessThan(
      0.2 * apart(at(48_000), row(cepstra(tone(48_000, 0.5, 1400, -20), 48_000), 20)),
    )
  })

  test('are those that the textbook computes, one frame at a time', () => {
    const sound = noise(1600, -20, 3)
    const rows = cepstra(sound, 16_000)
    for (const frame of [3, 4])
      row(rows, frame).forEach((value, c) => expect(value).toBeCloseTo(textbook(sound, frame)[c]!, 3))
  })
})

/** Mel-frequency cepstra at 16 kHz by their definition, with the slow Fourier transform. */
function textbook(sound: Float32Array, frame: number): number[] {
  const [width, size, bands] = [320, 512, 24]
  const from = frame * 160 + 80 - width / 2
  const windowed = Array.from(
    { length: width },
    (_, i) =>
      (sound[from + i]! - 0.97 * (sound[from + i - 1] ?? 0)) *
      (0.54 - 0.46 * cos((2 * PI * i) / (width - 1))),
  )
  const power = Array.from({ length: size / 2 }, (_, k) => {
    const re = windowed.reduce((sum, value, i) => sum + value * cos((2 * PI * k * i) / size), 0)
    const im = windowed.reduce((sum, value, i) => sum + value * Math.sin((2 * PI * k * i) / size), 0)
    return re * re + im * im
  })
  const mel = (hz: number) => 2595 * Math.log10(1 + hz / 700)
  const edge = (b: number) =>
    Math.round(
      (700 * (10 ** ((mel(100) + ((mel(7000) - mel(100)) * b) / (bands + 1)) / 2595) - 1) * size) / 16_000,
    )
  const levels = Array.from({ length: bands }, (_, b) => {
    const [low, peak, high] = [edge(b), edge(b + 1), edge(b + 2)]
    const weigh = (k: number) =>
      k < peak ? (k - low) / (peak - low) : k === peak ? 1 : (high - k) / (high - peak)
    return log(1e-9 + power.slice(low, high + 1).reduce((sum, value, i) => sum + value * weigh(low + i), 0))
  })
  return Array.from({ length: cepstrumSize }, (_, c) =>
    levels.reduce((sum, level, b) => sum + level * cos((PI * c * (b + 0.5)) / bands) * sqrt(2 / bands), 0),
  )
}
