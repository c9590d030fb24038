// What a review shows of restoration: the gains as points, and places where most was changed.
import { expect, test } from '@jest/globals'
import { gainPoints } from '../../shared/review/gains.ts'
import { placesToHear } from '../../shared/review/restored-places.ts'

const sampleRate = 48_000
const steps = (seconds: number) => 100 * seconds
/** As loud as it was, but for some seconds. */
function planOf(seconds: number, raised: readonly (readonly [from: number, to: number, db: number])[]) {
  const gainDb = new Float32Array(steps(seconds))
  for (const [from, to, db] of raised) gainDb.fill(db, steps(from), steps(to))
  const stays = { clicks: [], music: new Uint8Array(steps(seconds)) }
  return { gainDb, stepSamples: 480, sampleRate, ...stays }
}
/** Of one loudness throughout. */
const steady = (seconds: number) => ({
  waveform: Int8Array.from({ length: 2 * steps(seconds) }, (_, i) => (i % 2 === 0 ? -90 : 90)),
})

test('Gains are means over the points that are asked for, of a span or of all', () => {
  const plan = planOf(10, [[2, 4, 6]])
  expect(gainPoints(plan, { startSeconds: 0, points: 5 })).toEqual([0, 6, 0, 0, 0])
  expect(gainPoints(plan, { startSeconds: 1, endSeconds: 5, points: 2 })).toEqual([3, 3])
  expect(gainPoints({ ...plan, gainDb: undefined }, { startSeconds: 0, points: 5 })).toBeNull()
})

test('In each third of a recording there is a place to hear, where most was changed', () => {
  const plan = planOf(90, [
    [12, 18, 4],
    [40, 46, -6],
    [70, 76, 9],
  ])
  expect(placesToHear(plan, steady(90))).toEqual([12, 40, 70])
})

test('A click that was repaired is worth hearing, music that stayed is not, and a short recording has one place', () => {
  const plan = planOf(20, [[0, 6, 3]])
  const clicks = [{ start: 10.5 * sampleRate, end: 10.6 * sampleRate, ratio: 20 }]
  expect(placesToHear({ ...plan, clicks }, steady(20))[0]).toBeGreaterThan(4)
  plan.music.fill(1, 0, steps(8))
  expect(placesToHear(plan, steady(20))).toEqual([8])
})
