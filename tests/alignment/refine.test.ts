// What is believed of where a text was found, and what is said about it.
import { expect, test } from '@jest/globals'
import { isVoiced } from '../../shared/alignment/voicing.ts'
import { refine } from '../../shared/alignment/refine.ts'
import { cuesIn } from '../../shared/alignment/told.ts'
import type { Transcript } from '../../shared/words/words.ts'
import { noise } from '../support/audio.ts'
import { saying, soundingIn } from '../support/saying.ts'

const sentence = 'every one of these ten words is said quite clearly. [500]'
const long = saying(Array.from({ length: 32 }, () => sentence).join(' '))
const wordFrames = ({ words }: Transcript) =>
  words.map(({ startSample, endSample }) => ({ start: startSample / 10, end: endSample / 10 }))

/** As if every passage had been found where the words truly are. */
const placedAt = (truth: Transcript, fit = -1.5) => {
  const frames = wordFrames(truth)
  const text = truth.words.map(({ text: own }, i) => ({ text: own, ...frames[i]! }))
  return cuesIn(text).map(({ first, end }) => ({
    words: frames.slice(first, end),
    fit,
    untold: [],
    under: [],
  }))
}

/** Late or early by up to so many milliseconds. */
const offBy = (most: number): Transcript => ({
  ...long,
  words: long.words.map((word, i) => {
    const off = Math.round(most * Math.sin(11 * i))
    return { ...word, startSample: word.startSample + off, endSample: word.endSample + off }
  }),
})
const wrong = offBy(200)

const refined = (transcript: Transcript, placed: ReturnType<typeof placedAt>) =>
  refine(transcript, soundingIn(long.words), placed, false)

test('Of many words that are off, each moves to where it was found', () => {
  const { transcript } = refined(wrong, placedAt(long))
  expect(wordFrames(transcript)).toEqual(wordFrames(long))
})

test('Words that are off stay where they are when the sound says that they were found no better', () => {
  const { transcript } = refined(wrong, placedAt(offBy(260)))
  const starts = ({ words }: Transcript) => words.map(({ startSample }) => startSample)
  expect(starts(transcript)).toEqual(starts(wrong))
})

test('Where a recogniser knows well when words begin and badly when they end, only their ends move', () => {
  const ends = {
    ...long,
    words: long.words.map((word, i) => ({ ...word, endSample: wrong.words[i]!.endSample })),
  }
  const found = placedAt(long).map(({ words, ...rest }) => ({
    ...rest,
    words: words.map(({ start, end }) => ({ start: start + 3, end })),
  }))
  const { transcript } = refined(ends, found)
  expect(transcript.words.map(({ startSample }) => startSample)).toEqual(
    long.words.map(({ startSample }) => startSample),
  )
  expect(transcript.words.map(({ endSample }) => endSample)).toEqual(
    long.words.map(({ endSample }) => endSample),
  )
})

test('Words that are good stay where they are', () => {
  const found = placedAt(long).map(({ words, ...rest }) => ({
    ...rest,
    words: words.map(({ start, end }) => ({ start: start + 4, end: end + 4 })),
  }))
  expect(refined(long, found).transcript.words).toEqual(long.words)
})

test('Where nothing sounds like what a recogniser heard, its words stay as they are', () => {
  const { transcript, untold, warnings } = refined(wrong, placedAt(long, -3.3))
  expect([transcript, untold, warnings]).toEqual([wrong, [], []])
})

test.each([
  [320, -2.8, -2.6],
  [120, -2.35, -2.2],
])('Captions of %d words are not believed where they sound unlike the recording', (count, unlike, like) => {
  const words = long.words.slice(0, count).map((word, i) => ({ ...word, cue: Math.floor(i / 10) }))
  const captions = { ...long, exactTimes: false, words }
  const codesAt = (fit: number) => {
    const { transcript, warnings } = refine(captions, soundingIn(words), placedAt(captions, fit), true)
    return [transcript.exactTimes, warnings.map(({ code }) => code)]
  }
  expect(codesAt(unlike)).toEqual([false, ['words_unlike_sound']])
  expect(codesAt(like)).toEqual([true, []])
})

test('Words with times of another recording are told by their pauses and their sound together, never by one alone', () => {
  const spoken = (seed: number) =>
    saying(
      Array.from({ length: 40 }, (_, i) => {
        const words = Array.from({ length: 4 + ((seed * (i + 3)) % 5) }, () => 'said')
        return `${words.join(' ')}. [${400 + 100 * ((seed * (i + 1)) % 9)}]`
      }).join(' '),
    )
  const [own, other] = [spoken(7), spoken(11)]
  const told = (words: Transcript, fit: number, isBrought = true) => {
    const { transcript, warnings } = refine(words, soundingIn(own.words), placedAt(words, fit), isBrought)
    return [transcript.exactTimes, ...warnings.map(({ code }) => code)]
  }
  expect(told(other, -2.6)).toEqual([false, 'words_unlike_sound'])
  expect(told(other, -2.6, false)).toEqual([true])
  expect(told(other, -1.8)).toEqual([true])
  expect(told(own, -2.6)).toEqual([true])
})

test('A hum is voiced, hiss and silence are not', () => {
  const hum = Float32Array.from({ length: 24_000 }, (_, i) => {
    const at = (2 * Math.PI * 120 * i) / 48_000
    return 0.1 * Math.sin(at) + 0.05 * Math.sin(2 * at) + 0.03 * Math.sin(3 * at)
  })
  expect([
    isVoiced(hum, 48_000),
    isVoiced(noise(24_000, -20, 1), 48_000),
    isVoiced(new Float32Array(24_000), 48_000),
  ]).toEqual([true, false, false])
})
