// The two channels of a recording: heard on one side alone, or turned round.
import { expect, test } from '@jest/globals'
import { addSides, joinSides, noSides, sidesWarnings } from '../../shared/audio/sides.ts'
import { noise, tone } from '../support/audio.ts'

const voice = tone(8000, 1, 150, -20)
const softer = (by: number) => voice.map((sample) => sample * 10 ** (-by / 20))
const sidesOf = (left: Float32Array, right: Float32Array) => {
  const sides = noSides()
  addSides(left, right, sides)
  return sides
}
const told = (left: Float32Array, right: Float32Array) =>
  sidesWarnings(sidesOf(left, right), 'talk.wav').map(({ code, message }) => `${code} ${message}`)

test('A voice on one side alone is told with the side, and how it comes to both', () => {
  const silence = new Float32Array(voice.length)
  expect(told(voice, silence)).toEqual([
    expect.stringMatching(
      /^one_sided talk\.wav is heard on the left alone: the other side is silent\..*"mono"/,
    ),
  ])
  expect(told(softer(20), voice)).toEqual([expect.stringMatching(/on the right alone.*20 dB softer/)])
})

test('Sides that are each other turned round are told', () => {
  expect(
    told(
      voice,
      voice.map((sample) => -sample),
    ),
  ).toEqual([expect.stringMatching(/^sides_opposed/)])
})

test('Nothing is told of mono, of a stereo room, of two voices on two sides, and of silence', () => {
  const other = noise(voice.length, -20, 1)
  const silence = new Float32Array(voice.length)
  for (const [left, right] of [
    [voice, voice],
    [voice, softer(12)],
    [voice, other],
    [silence, silence],
  ] as const)
    expect(told(left, right)).toEqual([])
})

test('What is counted in parts is the same to the bit as what is counted at once', () => {
  const [left, right] = [noise(8000, -12, 1), noise(8000, -20, 2)]
  const parts = [0, 2400, 5600].map((from, i) =>
    sidesOf(left.subarray(from, [2400, 5600, 8000][i]), right.subarray(from, [2400, 5600, 8000][i])),
  )
  expect(joinSides(parts)).toEqual(sidesOf(left, right))
})
