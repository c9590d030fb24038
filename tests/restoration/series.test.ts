// Arithmetic on series: quantiles as of a sorted series, and the latest of a series that comes in pieces.
import { describe, expect, test } from '@jest/globals'
import { random } from '../support/audio.ts'
import { quantile } from '../../shared/restoration/series.ts'
import { sliding } from '../../shared/restoration/sliding.ts'

describe('a quantile is that of the sorted series', () => {
  const next = random(7)
  const bySorting = (values: readonly number[], share: number): number => {
    const sorted = values.toSorted((a, b) => a - b)
    const place = share * (sorted.length - 1)
    const [left, right] = [Math.floor(place), Math.ceil(place)]
    return sorted[left]! + (place - left) * (sorted[right]! - sorted[left]!)
  }
  test.each([1, 2, 3, 8, 39, 81, 1024, 1025, 3000])('of %i values, many of them equal', (length) => {
    for (const share of [0, 0.1, 0.2, 0.5, 0.77, 1]) {
      const values = Array.from({ length }, () => Math.floor(next() * 20))
      expect(quantile(values, share)).toBeCloseTo(bySorting(values, share), 12)
      expect(quantile(Float32Array.from(values), share)).toBeCloseTo(bySorting(values, share), 12)
    }
  })

  test('and leaves the series as it was', () => {
    const values = Float32Array.from([3, 1, 2])
    expect(quantile(values, 0.5)).toBe(2)
    expect([...values]).toEqual([3, 1, 2])
  })

  test('of nothing there is none', () => {
    expect(quantile([], 0.5)).toBeNaN()
  })
})

test('what is held goes on from where it was forgotten, in pieces of any length', () => {
  const held = sliding(2)
  expect([...held.append(Float32Array.from([1, 2, 3]))]).toEqual([0, 0, 1, 2, 3])
  expect([...held.forgetFirst(3)]).toEqual([2, 3])
  expect([...held.append(Float32Array.from([4, 5, 6, 7, 8, 9, 10]))]).toEqual([2, 3, 4, 5, 6, 7, 8, 9, 10])
  expect([...held.forgetFirst(9)]).toEqual([])
  expect([...held.append(Float32Array.from([11]))]).toEqual([11])
})
