// What is heard of a recording beyond the words that somebody brought.
import { expect, test } from '@jest/globals'
import { unwritten, unwrittenEnds } from '../../shared/words/unwritten.ts'

const sampleRate = 10
const seconds = (start: number, end: number) => ({ startSample: 10 * start, endSample: 10 * end })
const heard = (...speech: [number, number][]) => ({
  speech: speech.map(([start, end]) => seconds(start, end)),
  totalSamples: 1800,
  format: { sampleRate, channels: 1 as const, sampleFormat: 's16le' as const },
})
const word = (start: number, end: number) => ({
  text: 'word',
  ...seconds(start, end),
  confidence: 1,
  speaker: null,
})
const toldOf = (words: ReturnType<typeof word>[], sound: ReturnType<typeof heard>) =>
  unwritten(unwrittenEnds(words, sound), sampleRate).map(({ message }) => message)

test('A text that ends before its recording, or begins after it, is told with what it lacks', () => {
  const sound = heard([1, 40], [45, 170])
  expect(toldOf([word(1, 2), word(44, 45)], sound)).toEqual([
    expect.stringMatching(/nothing of 0:45 to 3:00, where something is heard/),
  ])
  expect(toldOf([word(40, 41), word(45, 46)], sound)).toEqual([
    expect.stringMatching(/nothing of 0:00 to 0:40 and of 0:46 to 3:00/),
  ])
})

test('Silence, a jingle and a text of everything are not told, nor is a recording without words', () => {
  expect(toldOf([word(6, 7), word(44, 45)], heard([1, 45]))).toEqual([])
  expect(toldOf([word(1, 2), word(169, 170)], heard([1, 40], [45, 170]))).toEqual([])
  expect(toldOf([], heard([1, 170]))).toEqual([])
})
