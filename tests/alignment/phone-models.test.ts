// How likely a frame's sound is by each phone that was learned.
import { expect, test } from '@jest/globals'
import {
  emissionOf,
  hear,
  learnPhones,
  likelihoodsOf,
  nothingHeard,
} from '../../shared/alignment/phone-models.ts'
import { rowSize, type Rows } from '../../shared/alignment/speech-rows.ts'

const rowsOf = (...levels: number[]): Rows => ({
  first: 0,
  frames: levels.length,
  values: Float32Array.from({ length: levels.length * rowSize }, (_, i) => levels[Math.floor(i / rowSize)]!),
  quiet: new Uint8Array(levels.length),
})

test('A sound that is like no phone tells little of which one it is, a usual one tells them apart', async () => {
  const heard = nothingHeard(2)
  const [ah, sh] = [emissionOf(0, 0), emissionOf(1, 0)]
  for (let i = 0; i < 200; i++) {
    const off = 0.8 * Math.sin(i)
    hear(heard, ah, rowsOf(-0.3 + off), 0)
    hear(heard, sh, rowsOf(0.3 + off), 0)
  }
  const { emissions, values, best } = await likelihoodsOf(
    learnPhones(heard, false),
    rowsOf(-0.3, 0.3, 60),
    new AbortController().signal,
  )
  const unlike = (frame: number) => [ah, sh].map((phone) => best[frame]! - values[frame * emissions + phone]!)
  expect(unlike(0)[1]! - unlike(0)[0]!).toBeGreaterThan(3)
  expect(unlike(1)[0]! - unlike(1)[1]!).toBeGreaterThan(3)
  expect(Math.max(...unlike(2))).toBeLessThanOrEqual(10)
})
