// Words that a recogniser wrote over silence.
import { describe, expect, test } from '@jest/globals'
import { withoutHallucinations } from '../../shared/words/hallucinations.ts'
import { saying, soundingIn } from '../support/saying.ts'

const transcript = saying('this is good [3000] Thank you.')
const spoken = soundingIn(transcript.words.slice(0, 3), 10_000)

describe('A word over background', () => {
  test('was heard by nobody and is dropped', () => {
    const { transcript: left, dropped } = withoutHallucinations(transcript, spoken)
    expect(left.words.map(({ text }) => text)).toEqual(['this', 'is', 'good'])
    expect(dropped.map(({ text }) => text)).toEqual(['Thank', 'you.'])
    expect(left).toMatchObject({ language: 'en', exactTimes: true })
  })

  test('stays when something sounds within 0.3 s of it: its time may be wrong', () => {
    const { startSample, endSample } = transcript.words[4]!
    spoken.levels.fill(-2000, (endSample + 280) / 10, (endSample + 290) / 10)
    expect(withoutHallucinations(transcript, spoken).dropped.map(({ text }) => text)).toEqual(['Thank'])
    expect(startSample).toBeLessThan(endSample)
  })
})

describe('Every word stays', () => {
  test('when the analysis cannot tell background', () => {
    const tonal = { ...soundingIn([], 10_000), quietBelowDb: -Infinity }
    expect(withoutHallucinations(transcript, tonal)).toEqual({ transcript, dropped: [] })
  })

  test('when more than half of them would go: the times or the line must be wrong', () => {
    expect(
      withoutHallucinations(transcript, soundingIn(transcript.words.slice(0, 1), 10_000)).dropped,
    ).toEqual([])
  })

  test('when all were heard, or there are none', () => {
    expect(withoutHallucinations(transcript, soundingIn(transcript.words)).transcript).toBe(transcript)
    expect(withoutHallucinations({ ...transcript, words: [] }, spoken).dropped).toEqual([])
  })
})
