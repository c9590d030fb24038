// Cuts by hand: what a list of spans comes to.
import { describe, expect, test } from '@jest/globals'
import fc from 'fast-check'
import { detectCuts, droppedCuts } from '../../shared/edits/cuts.ts'
import { sampleRate, saying, soundingIn } from '../support/saying.ts'

const analysis = soundingIn([], 10_000)
const cutsOf = (...spans: readonly [number, number][]) => ({
  cuts: spans.map(([startSeconds, endSeconds]) => ({ startSeconds, endSeconds })),
})
const spansOf = (...spans: readonly [number, number][]) =>
  detectCuts(undefined, analysis, cutsOf(...spans)).map(({ startSample, endSample }) => [
    startSample,
    endSample,
  ])

describe('Cuts by hand', () => {
  test('are made as they are asked for, in order', () => {
    expect(spansOf([4, 5], [1, 2.5])).toEqual([
      [1000, 2500],
      [4000, 5000],
    ])
  })

  test('are whole samples, wherever they are asked for', () => {
    expect(spansOf([1 / 3, 2 / 3])).toEqual([[333, 667]])
  })

  test('that overlap or touch are one', () => {
    expect(spansOf([1, 2], [1.5, 3], [3, 4])).toEqual([[1000, 4000]])
  })

  test('end with the recording; one beyond it or shorter than 20 ms is dropped and counted', () => {
    const cuts = cutsOf([9, 12], [1, 1.019], [2, 2.02])
    expect(detectCuts(undefined, analysis, cuts)).toHaveLength(2)
    expect(droppedCuts(analysis, cuts)).toBe(1)
    expect(droppedCuts(analysis, cutsOf([11, 12]))).toBe(1)
  })

  test('say which words they take', () => {
    const { words, ...rest } = saying('this is good mud')
    expect(detectCuts({ ...rest, words }, analysis, cutsOf([1.3, 2.2]))[0]).toMatchObject({
      kind: 'cut',
      text: 'is good',
      reason: 'Cut by hand.',
      score: 1,
    })
  })

  test('take exactly what any of them asked for', () => {
    const span = fc
      .tuple(fc.nat(9_900), fc.integer({ min: 20, max: 3000 }))
      .map(([start, length]): [number, number] => [start / 1000, (start + length) / 1000])
    fc.assert(
      fc.property(fc.array(span, { maxLength: 12 }), fc.nat(9_999), (spans, at) => {
        const asked = spans.some(
          ([from, to]) => at >= Math.round(from * sampleRate) && at < Math.round(to * sampleRate),
        )
        const cut = spansOf(...spans).filter(([from, to]) => at >= from! && at < to!)
        expect(cut).toHaveLength(asked ? 1 : 0)
      }),
    )
  })
})
