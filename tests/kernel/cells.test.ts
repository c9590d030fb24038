// What is computed over rows of cells is what its definition says, however many rows there are.
import { describe, expect, test } from '@jest/globals'
import {
  addWeighted,
  boxMeans,
  exceeding,
  gatherUnder,
  lowerTo,
  meanLogarithms,
  powersOf,
  ratiosTo,
  standingOut,
} from '../../shared/kernel/cells.ts'
import { decimate } from '../../shared/kernel/decimate.ts'
import { clippedIn } from '../../shared/kernel/peaks.ts'
import { subtractTones } from '../../shared/kernel/tones.ts'
import { noiseOf } from '../restoration/made-sounds.ts'

/** More than fit into the kernels' memory at once. */
const [rows, stride, bins] = [300, 132, 129] as const
const next = noiseOf(3)
const positive = (length: number): Float32Array => Float32Array.from({ length }, () => 1.5 + next())
const cells = positive(rows * stride)
const smooth = positive(rows * stride)
const floor = {
  before: positive(stride),
  after: positive(stride),
  shares: Float32Array.from({ length: rows }, () => (1 + next()) / 2),
}
const floorAt = (row: number, k: number): number =>
  floor.before[k]! + floor.shares[row]! * (floor.after[k]! - floor.before[k]!)
const band: readonly [number, number] = [4, 100]

/** Compares at all places, and says at which they differ. */
function near(ours: Float32Array, theirs: (i: number) => number): void {
  const wrong = [...ours].flatMap((value, i) =>
    Math.abs(value - theirs(i)) > 1e-5 * (1 + Math.abs(theirs(i))) ? [{ i, value, not: theirs(i) }] : [],
  )
  expect(wrong).toEqual([])
}

const mean = (values: readonly number[]): number =>
  values.reduce((sum, value) => sum + value, 0) / values.length
const rangeOf = (middle: number, radius: number, length: number): number[] =>
  Array.from({ length: 2 * radius + 1 }, (_, i) => middle - radius + i).filter((i) => i >= 0 && i < length)

describe('Over rows of cells', () => {
  test('powers are those of a channel, or of two channels’ mean', () => {
    const [re, im, otherRe, otherIm] = [0, 0, 0, 0].map(() => positive(rows * stride)) as [
      Float32Array,
      Float32Array,
      Float32Array,
      Float32Array,
    ]
    const out = new Float32Array(rows * stride)
    powersOf([re], [im], 1e-3, out, 0)
    near(out, (i) => re[i]! ** 2 + im[i]! ** 2 + 1e-3)
    powersOf([re, otherRe], [im, otherIm], 1e-3, out, 0)
    near(out, (i) => ((re[i]! + otherRe[i]!) / 2) ** 2 + ((im[i]! + otherIm[i]!) / 2) ** 2 + 1e-3)
  })

  test('means reach as far as there are bins and rows', () => {
    const out = new Float32Array(rows * stride)
    boxMeans(cells, { stride, bins }, { bins: 2, rows: 3 }, out)
    near(out, (i) => {
      const [row, k] = [Math.floor(i / stride), Math.min(i % stride, bins - 1)]
      const across = (other: number) => mean(rangeOf(k, 2, bins).map((bin) => cells[other * stride + bin]!))
      return mean(rangeOf(row, 3, rows).map(across))
    })
  })

  test('only the rows that are asked for are written', () => {
    const [all, some] = [0, 0].map(() => new Float32Array(rows * stride)) as [Float32Array, Float32Array]
    boxMeans(cells, { stride, bins }, { bins: 1, rows: 2 }, all)
    boxMeans(cells, { stride, bins }, { bins: 1, rows: 2 }, some, 270, 280)
    expect(some.subarray(0, 270 * stride).some((value) => value !== 0)).toBe(false)
    expect(some.subarray(270 * stride, 280 * stride)).toEqual(all.subarray(270 * stride, 280 * stride))
  })

  test('the lowest and weighted sums are found', () => {
    const lowest = new Float32Array(stride).fill(Infinity)
    lowerTo(cells, lowest)
    const columns = (k: number) => Array.from({ length: rows }, (_, row) => cells[row * stride + k]!)
    near(lowest, (k) => Math.min(...columns(k)))
    const sum = new Float32Array(stride).fill(1)
    addWeighted(cells, floor.shares, sum)
    near(sum, (k) => columns(k).reduce((total, cell, row) => total + floor.shares[row]! * cell, 1))
  })

  test('what stands out of a floor is counted, and what is under it summed up', () => {
    const isUnder = (row: number, k: number) => smooth[row * stride + k]! < 1.2 * floorAt(row, k)
    const counts = standingOut(smooth, floor, 1.2, band)
    const expected = Array.from({ length: rows }, (_, row) => {
      let over = 0
      for (let k = band[0]; k < band[1]; k++) over += isUnder(row, k) ? 0 : 1
      return over
    })
    expect([...counts]).toEqual(expected)
    const [sums, total] = [new Float32Array(stride), new Float32Array(stride)]
    const weights = floor.shares.map((share) => 1 - share / 2)
    gatherUnder({ powers: cells, smooth }, floor, 1.2, weights, sums, total)
    const summed = (k: number, of: (row: number) => number) =>
      Array.from({ length: rows }, (_, row) => (isUnder(row, k) ? weights[row]! * of(row) : 0)).reduce(
        (a, b) => a + b,
      )
    near(sums, (k) => summed(k, (row) => cells[row * stride + k]!))
    near(total, (k) => summed(k, () => 1))
  })

  test('ratios to a floor have a limit', () => {
    const out = new Float32Array(rows * stride)
    ratiosTo(cells, floor, 1, 1.6, out)
    near(out, (i) => Math.min(1.6, cells[i]! / Math.max(1, floorAt(Math.floor(i / stride), i % stride))))
  })

  test('mean logarithms are those of a band', () => {
    near(meanLogarithms(cells, stride, band), (row) =>
      mean([...cells.subarray(row * stride + band[0], row * stride + band[1])].map(Math.log)),
    )
  })

  test('what exceeds a limit in three rows is counted in two bands', () => {
    const counts = exceeding(cells, stride, 1.6, band, [0, 20])
    const inBand = (row: number, [from, to]: readonly [number, number]): number => {
      let over = 0
      for (let k = from; k < to; k++)
        over += mean(rangeOf(row, 1, rows).map((other) => cells[other * stride + k]!)) > 1.6 ? 1 : 0
      return over
    }
    const expected = Array.from({ length: rows }, (_, row) => [inBand(row, band), inBand(row, [0, 20])])
    expect([...counts]).toEqual(expected.flat())
  })
})

describe('Samples', () => {
  test('at a lower rate are sums of taps, however many there are', () => {
    const [sound, taps] = [positive(20_000), positive(33)] as const
    const out = new Float32Array(Math.floor((sound.length - taps.length) / 5) + 1)
    decimate(sound, 5, taps, out)
    near(out, (i) => taps.reduce((sum, tap, k) => sum + tap * sound[5 * i + k]!, 0))
  })

  test('at full scale are counted', () => {
    const sound = new Float32Array(20_001)
    for (const [at, sample] of [1, -1, 0.99995, 0.9998].entries()) sound[5000 * at + 5000] = sample
    expect(clippedIn(sound, Math.fround(0.9999))).toBe(3)
  })
})

describe('Tones', () => {
  const tones = [100, 200, 300].map((hz) => ({
    angle: hz / 50,
    turn: (2 * Math.PI * hz) / 48_000,
    re: 0.1 + hz / 1000,
    im: 0.2,
    reStep: 1e-5,
    imStep: -1e-5,
  }))
  const toneAt = (i: number): number =>
    tones.reduce((sum, { angle, turn, re, im, reStep, imStep }) => {
      const place = angle + i * turn
      return sum + (re + i * reStep) * Math.cos(place) - (im + i * imStep) * Math.sin(place)
    }, 0)

  test('are subtracted as they turn and move', () => {
    const samples = positive(2400)
    const before = samples.slice()
    subtractTones(samples, 0, 2400, 0, tones)
    near(samples, (i) => before[i]! - toneAt(i))
  })

  test('leave the same where only a part is there', () => {
    const whole = positive(2400)
    const part = whole.slice(700, 2100)
    subtractTones(whole, 0, 2400, 0, tones)
    subtractTones(part, 0, 1400, 700, tones)
    expect(part).toEqual(whole.slice(700, 2100))
  })
})
