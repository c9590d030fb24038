// What counts as background, by the levels of speech that was left as it is, gated, edited, turned down or echoing.
import { describe, expect, test } from '@jest/globals'
import { backgroundOf } from '../../shared/alignment/background.ts'

const room = -5000
const sentenceFrames = 200
const pauseFrames = 60
const digitalSilence = -10_000

/** Sentences of two seconds, from −16 dBFS down to 12 dB less, with a pause behind each; levels swing as hum does. */
function talk(inPause: (frame: number, pause: number) => number, pauses = 20): Int16Array {
  const sentence = Array.from({ length: sentenceFrames }, (_, i) => -1600 - 1200 * Math.abs(Math.sin(i / 7)))
  const swing = (level: number, i: number) => (level === digitalSilence || i % 2 === 0 ? level : level + 400)
  return Int16Array.from(
    Array.from({ length: pauses }, (_, pause) => [
      ...sentence,
      ...Array.from({ length: pauseFrames }, (_, i) => swing(inPause(i, pause), i)),
    ]).flat(),
  )
}

const holdFrames = 18
/** What a gate leaves of the room behind a sentence: open for 180 ms, then closed so many dB lower. */
const gated = (closedBy: number) => (frame: number) => (frame < holdFrames ? room : room - 100 * closedBy)

const floorOf = (levels: Int16Array) => backgroundOf(levels).quietBelow
const untouched = backgroundOf(talk(() => room))
/** Whether the room is background, and the softest of the speech is not. */
const isBetween = ({ quietBelow }: { quietBelow: number }) => quietBelow > room + 400 && quietBelow < -2800

describe('Background', () => {
  test('of speech as it is lies between the room and the speech', () => {
    expect(isBetween(untouched)).toBe(true)
    expect(untouched.isNoisy).toBe(false)
  })

  test.each([
    ['by a gate that closes', talk(gated(25))],
    ['by a gate that leaves next to nothing', talk(gated(45))],
    ['by an editor who mutes pauses', talk((frame) => (frame < holdFrames ? room : digitalSilence))],
    [
      'by a gate that opens in some pauses only now and then',
      talk((i, n) => (n % 3 === 0 ? room : gated(25)(i))),
    ],
  ])('is what it was before what was made quieter %s', (_how, levels) => {
    expect(Math.abs(backgroundOf(levels).quietBelow - untouched.quietBelow)).toBeLessThan(100)
  })

  test.each([
    ['as it is', talk(() => room)],
    ['gated', talk(gated(25))],
  ])('is as far under the speech when speech %s was turned down', (_how, levels) => {
    const { quietBelow } = backgroundOf(levels.map((level) => level - 1400))
    expect(quietBelow).toBeCloseTo(backgroundOf(levels).quietBelow - 1400)
  })

  test('of an echo that dies away is the room behind it, fast or slow', () => {
    for (const dbPerFrame of [0.5, 0.8, 1.2, 2]) {
      const echo = talk((frame) => Math.max(room - 1000, -3600 - 100 * dbPerFrame * frame))
      expect(floorOf(echo)).toBeLessThan(-4000)
    }
  })

  test('is told by its floor where few pauses, or a few words alone, look like those of a gate', () => {
    expect(floorOf(talk(gated(25), 6))).toBeLessThan(room - 800)
    const longEnds = talk((frame, pause) => (pause % 3 === 0 && frame < 12 ? -4000 : room - 1000))
    expect(floorOf(longEnds)).toBe(floorOf(talk(() => room - 1000)))
  })

  test('is not the softest of the speech where all between was muted', () => {
    expect(isBetween(backgroundOf(talk(() => digitalSilence)))).toBe(true)
  })

  test('is the noise that goes on under the speech, also where one long stretch was muted', () => {
    const noisy = talk(() => -3900)
    const half = Int16Array.from([...noisy, ...new Int16Array(noisy.length).fill(digitalSilence)])
    expect(backgroundOf(half)).toEqual(backgroundOf(noisy))
  })

  test('of digital silence alone is that', () => {
    expect(backgroundOf(new Int16Array(500).fill(digitalSilence)).quietBelow).toBeGreaterThan(digitalSilence)
  })
})
