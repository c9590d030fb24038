// The search for the likeliest way through a text, on likelihoods that are made up.
import { expect, test } from '@jest/globals'
import { bestPath } from '../../shared/alignment/best-path.ts'
import { statesOf } from '../../shared/alignment/passages.ts'
import { emissionOf, untoldEmission } from '../../shared/alignment/phone-models.ts'

/** So many frames sound somewhat like the word's one phone, and then so many just like it. */
const hesitation = 40
const word = 21
const emissions = emissionOf(1, 0)

const likelihoods = (longest: number) => {
  const frames = hesitation + word
  const values = new Float32Array(frames * emissions)
  for (let frame = 0; frame < frames; frame++)
    values.set(frame < hesitation ? [-20, -5, -7, -7, -7] : [-20, -5, 0, 0, 0], frame * emissions)
  return {
    emissions,
    values,
    best: new Float32Array(frames),
    longest: new Uint8Array(emissions).fill(longest),
  }
}

const untoldFrames = async (longest: number): Promise<number> => {
  const states = statesOf([[{ phones: [0], from: 0, to: 1000 }]])
  const path = await bestPath(states, 0, likelihoods(longest), new AbortController().signal)
  return path.filter((state) => states.emissions[state] === untoldEmission).length
}

test('A word is not drawn out over a hesitation beside it, unless its phones are known to last so long', async () => {
  expect(await untoldFrames(10)).toBe(hesitation - 1) // one frame is a pause: sound seldom follows sound without
  expect(await untoldFrames(60)).toBe(0)
})

const [short, long] = [30, 45]
const gap = 10
const followingWord = 30

/** By state, how likely its frames are: two phones, each of which is like one sound, and the hesitation less like either. */
test('Of two sounds before a word that are as like its beginning, the one that stands alone is the hesitation', async () => {
  const sounds = [
    ...Array.from({ length: long }, () => [-20, -5, -7, -7, -7, -20, -20, -20]), // stands alone, a little like the first
    ...Array.from({ length: gap }, () => [0, -5, -20, -20, -20, -20, -20, -20]),
    ...Array.from({ length: short }, () => [-20, -5, 0, 0, 0, -20, -20, -20]),
    ...Array.from({ length: followingWord }, () => [-20, -5, -20, -20, -20, 0, 0, 0]),
  ]
  const own = emissionOf(2, 0)
  const states = statesOf([
    [
      { phones: [0], from: 0, to: 1000 },
      { phones: [1], from: 0, to: 1000 },
    ],
  ])
  const path = await bestPath(
    states,
    0,
    {
      emissions: own,
      values: Float32Array.from(sounds.flat()),
      best: new Float32Array(sounds.length),
      longest: new Uint8Array(own).fill(60),
    },
    new AbortController().signal,
  )
  const untold = path.reduce<number[]>(
    (at, state, i) => (states.emissions[state] === untoldEmission ? [...at, i] : at),
    [],
  )
  expect([untold[0], untold.length]).toEqual([0, long])
})
