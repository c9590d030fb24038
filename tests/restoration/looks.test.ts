// A long recording is looked at in parts, and what is found is what one look finds: to the bit.
import { expect, test } from '@jest/globals'
import { isDeepStrictEqual } from 'node:util'
import { look, type Look } from '../../shared/restoration/analysis.ts'
import { helpedRuns } from '../../shared/restoration/clipping.ts'
import { joinedLooks, lookSpans, ownLook } from '../../shared/restoration/looks.ts'
import { defaultWishes } from '../../shared/restoration/wishes.ts'
import { dbToGain, hiss, mixed, noiseOf, rate, words } from './made-sounds.ts'

/** Spoken words, a hum that comes and goes within a part, clicks and clipped peaks: of neither is a part's edge in the way. */
function spoilt(seconds: number): Float32Array {
  const sound = mixed(words(seconds).samples, hiss(seconds, -60))
  const next = noiseOf(5)
  for (let i = 30 * rate; i < 110 * rate; i++)
    for (const [hz, db] of [
      [50, -40],
      [100, -42],
      [150, -44],
      [250, -46],
    ] as const)
      sound[i]! += dbToGain(db) * Math.sin((2 * Math.PI * hz * i) / rate)
  for (let at = 5; at < sound.length - 5; at += Math.round(2.77 * rate))
    for (let i = at; i < at + 5; i++) sound[i] = 0.5 * next()
  for (let at = 4 * rate; at < sound.length - 4; at += Math.round(5.3 * rate)) sound.fill(1, at, at + 4)
  return sound
}

test('The parts of a recording tell together what one look at all of it tells', async () => {
  const sound = spoilt(171)
  const other = sound.map((sample) => -sample / 2)
  async function* hear(from: number, to: number) {
    for (let at = from; at < to; at += 10_000)
      yield await Promise.resolve([sound, other].map((one) => one.subarray(at, Math.min(to, at + 10_000))))
  }
  const wishes = { ...defaultWishes, hum: 'auto', clicks: 'all', clipping: 'auto', breathsDb: 12 } as const
  const subject = { sampleRate: rate, channels: 2, wishes }
  const spans = lookSpans(sound.length, rate, 50)
  const parts = []
  for (const span of spans)
    parts.push(ownLook(await look(hear(span.hearFrom, span.hearTo), subject, span.hearFrom), span))
  const whole = await look(hear(0, sound.length), subject)
  expect([parts.length, whole.stretches[0]!.length]).toEqual([3, 5])
  expect(whole.clicks.length).toBeGreaterThan(50)
  expect(whole.clippedRuns.length).toBeGreaterThan(20)
  const inTime = (some: Look): Look => ({ ...some, clippedRuns: helpedRuns(some.clippedRuns) })
  const [one, all] = [inTime(joinedLooks(parts)), inTime(whole)]
  for (const key of Object.keys(all) as (keyof Look)[])
    expect([key, isDeepStrictEqual(one[key], all[key])]).toEqual([key, true])
})

test('A recording of less than twenty-two minutes is one part; of longer ones each hears some of its neighbours', () => {
  const minutes = (count: number) => lookSpans(count * 60 * 44_100, 44_100)
  expect(
    [minutes(1), minutes(22), minutes(23), minutes(60), minutes(600)].map(({ length }) => length),
  ).toEqual([1, 1, 2, 4, 40])
  const seconds = (sample: number) => sample / 44_100
  expect(minutes(60).map(({ from, to }) => [from, to].map(seconds))).toEqual([
    [0, 900],
    [900, 1800],
    [1800, 2700],
    [2700, 3600],
  ])
  const [, second] = minutes(60)
  expect([seconds(second!.hearFrom), seconds(second!.hearTo)]).toEqual([859, 1841])
})
