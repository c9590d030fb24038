// Many episodes through shared queues: known loads have known times.
import { expect, test } from '@jest/globals'
import { flow, type FlowStep, type QueueLimits } from '../../bench/flow.ts'

const show: FlowStep[] = [
  { name: 'prepare', after: [], queue: 'audio', parts: 1, seconds: 4 },
  { name: 'voice', after: ['prepare'], queue: 'light', parts: 0, seconds: 9 },
  { name: 'render', after: ['voice'], queue: 'audio', parts: 10, seconds: 2 },
  { name: 'finish', after: ['render'], queue: 'light', parts: 1, seconds: 1 },
]
const plenty: QueueLimits = { slots: 10_000, perSecond: Infinity }
const through = (audio: Partial<QueueLimits>, perSecond: number, seconds = 100) =>
  flow(show, { audio: { ...plenty, ...audio }, light: plenty }, { perSecond, seconds })

test('with room for all, an episode takes its longest chain', () => {
  expect(through({}, 5)).toEqual({ medianSeconds: 7, lastSeconds: 7 })
})

test('one at a time in one slot, it takes the sum', () => {
  expect(through({ slots: 1 }, 0.01, 1000)).toEqual({ medianSeconds: 25, lastSeconds: 25 })
})

test('slots for just the load keep up, and one fewer in ten does not', () => {
  const load = 5 * 24 // episodes a second × seconds of audio work
  expect(through({ slots: 1.1 * load }, 5).lastSeconds).toBeLessThan(10)
  const short = { slots: 0.9 * load }
  expect(through(short, 5, 200).lastSeconds).toBeGreaterThan(1.5 * through(short, 5, 100).lastSeconds)
})

test('a queue’s rate holds up as slots do', () => {
  expect(through({ perSecond: 60 }, 5).lastSeconds).toBeLessThan(10)
  expect(through({ perSecond: 50 }, 5, 200).lastSeconds).toBeGreaterThan(15)
})

test('steps that wait for each other are refused', () => {
  const circle = [
    { ...show[0]!, after: ['finish'] },
    { ...show[3]!, after: ['prepare'] },
  ]
  expect(() => flow(circle, { audio: plenty, light: plenty }, { perSecond: 1, seconds: 1 })).toThrow('wait')
})
