// Canonical PCM: samples that no sound can have are silenced before anything measures them.
import { describe, expect, test } from '@jest/globals'
import { silenceImpossible } from '../../shared/audio/pcm.ts'

const block = (samples: number[]): Buffer => Buffer.from(Float32Array.from(samples).buffer)
const samplesOf = (bytes: Buffer): number[] => [...new Float32Array(Uint8Array.from(bytes).buffer)]
/** A tenth of a second of a square wave. */
const square = (level: number): number[] => Array.from({ length: 4800 }, (_, i) => (i % 2 ? level : -level))

describe('a sample that is', () => {
  test.each([
    ['not a number', NaN],
    ['infinite', Infinity],
    ['infinitely low', -Infinity],
    ['85 dB over full scale', 17_782],
    ['the largest there is', 3.4e38],
  ])('%s becomes silence, and its neighbours stay as they are', (_, value) => {
    const bytes = block(square(0.125).with(100, value))
    expect(silenceImpossible(bytes, { sampleFormat: 'f32le' })).toBe(1)
    expect(samplesOf(bytes)).toEqual(square(0.125).with(100, 0))
  })

  test.each([
    ['a little over full scale', square(0.125).with(100, 1.5)],
    ['loud among others as loud, as in a file of another scale', square(20_000).with(100, 32_768)],
  ])('%s stays', (_, samples) => {
    const bytes = block(samples)
    expect(silenceImpossible(bytes, { sampleFormat: 'f32le' })).toBe(0)
    expect(samplesOf(bytes)).toEqual(samples)
  })
})

test('any number of them are found, wherever the block lies in memory', () => {
  const shifted = Buffer.concat([Buffer.from([0]), block(square(0.125).fill(NaN, 0, 2000))]).subarray(1)
  expect(silenceImpossible(shifted, { sampleFormat: 'f32le' })).toBe(2000)
  expect(samplesOf(shifted)).toEqual(square(0.125).fill(0, 0, 2000))
  expect(silenceImpossible(block(square(NaN)), { sampleFormat: 'f32le' })).toBe(4800)
})

test('whole numbers are all possible', () => {
  expect(silenceImpossible(Buffer.from([0, 0, 0xc0, 0x7f]), { sampleFormat: 's16le' })).toBe(0)
})
