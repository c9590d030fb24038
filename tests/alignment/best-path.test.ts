// The search for the likeliest way through a text, on likelihoods that are made up.
import { expect, test } from '@jest/globals'
import { bestPath } from '../../shared/alignment/best-path.ts'
import { statesOf } from '../../shared/alignment/passages.ts'
import { emissionOf, untoldEmission } from '../../shared/alignment/phone-models.ts'

/** So many frames sound somewhat like the word's one phone, and then so many just like it. */
const hesitation = 60
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
  expect(await untoldFrames(10)).toBe(hesitation)
  expect(await untoldFrames(60)).toBe(0)
})
