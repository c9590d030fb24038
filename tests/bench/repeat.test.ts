// Several runs of one measurement.
import { expect, test } from '@jest/globals'
import { medianOf } from '../../bench/repeat.ts'

test.each([
  { times: [5, 1, 9], median: 5 },
  { times: [2], median: 2 },
  { times: [4, 1, 2, 3], median: 3 },
])(
  'of $times the run that took $median is told, with the shortest and the longest',
  async ({ times, median }) => {
    const left = [...times]
    const once = () =>
      Promise.resolve(left.shift()!).then((seconds) => ({ seconds, cpuSeconds: 10 * seconds }))
    expect(await medianOf(times.length, once)).toEqual({
      seconds: median,
      cpuSeconds: 10 * median,
      runs: times.length,
      minSeconds: Math.min(...times),
      maxSeconds: Math.max(...times),
    })
  },
)
