// The model of a fleet: known graphs have known times.
import { describe, expect, test } from '@jest/globals'
import { simulate, type Fleet, type ModelStep } from '../../bench/fleet.ts'

const ideal: Omit<Fleet, 'instances'> = {
  coldStartSeconds: 0,
  dispatchSeconds: 0,
  createdPerSecond: Infinity,
  dispatchedPerSecond: Infinity,
}
const step = (name: string, after: string[], parts: number, seconds: number): ModelStep => ({
  name,
  after,
  parts,
  seconds,
})
const seconds = (steps: readonly ModelStep[], fleet: Partial<Fleet> & { instances: number }) =>
  simulate(steps, { ...ideal, ...fleet }).seconds

const show = [
  step('prepare', [], 1, 4),
  step('recognise', ['prepare'], 0, 9),
  step('arrange', ['recognise'], 1, 1),
  step('preview', ['arrange'], 1, 3),
  step('render', ['arrange'], 10, 2),
  step('finish', ['render', 'preview'], 1, 1),
]

describe('An episode', () => {
  test.each([
    [1, 4 + 1 + 20 + 1],
    [5, 4 + 1 + 4 + 1],
    [10, 4 + 1 + 3 + 1], // the reel is longer than two seconds
    [1000, 4 + 1 + 3 + 1],
  ])('on %d instances takes its longest chain', (instances, expected) => {
    expect(seconds(show, { instances })).toBeCloseTo(expected, 9)
  })

  test('names the chain that it waited for', () => {
    const chain = (instances: number) =>
      simulate(show, { ...ideal, instances }).criticalPath.map(({ name }) => name)
    expect(chain(1)).toEqual(['prepare', 'arrange', 'render', 'finish'])
    expect(chain(100)).toEqual(['prepare', 'arrange', 'preview', 'finish'])
  })

  test('pays a cold start for each function it wakes, and not when waiting is shorter', () => {
    const one = [step('a', [], 1, 1), step('b', ['a'], 1, 1)]
    expect(seconds(one, { instances: 10, coldStartSeconds: 2 })).toBeCloseTo(6, 9)
    const slowly = { instances: 10, coldStartSeconds: 2, createdPerSecond: 1 }
    expect(seconds([step('a', [], 3, 0.1)], slowly)).toBeCloseTo(3.3, 9)
  })

  test('is held up by the queue’s rate', () => {
    const many = [step('a', [], 1000, 0.1)]
    expect(seconds(many, { instances: 1000, dispatchedPerSecond: 500 })).toBeCloseTo(2.1, 9)
    expect(seconds(many, { instances: 1000, createdPerSecond: 100 })).toBeCloseTo(10.1, 9)
  })

  test('whose steps wait for each other is refused', () => {
    expect(() => seconds([step('a', ['b'], 1, 1), step('b', ['a'], 1, 1)], { instances: 1 })).toThrow('a, b')
  })
})
