// Sounds that a phrase calls for.
import { describe, expect, test } from '@jest/globals'
import { detectSounds } from '../../shared/edits/sfx.ts'
import type { Transcript } from '../../shared/words/words.ts'
import { saying, soundingIn } from '../support/saying.ts'

const settings = {
  sfx: {
    sounds: [
      { phrase: 'drum roll', file: 'drums.wav', mode: 'replace' as const },
      { phrase: 'big drum roll', file: 'big.wav', mode: 'replace' as const },
      { phrase: 'applause', file: 'hands.wav', mode: 'follow' as const },
    ],
  },
  matchScore: 0.8,
}
const proposed = (transcript: Transcript) => detectSounds(transcript, soundingIn(transcript.words), settings)

describe('A sound', () => {
  test('takes the place of its phrase, from quiet to quiet', () => {
    const transcript = saying('and now drumroll please')
    const [edit] = proposed(transcript)
    expect(edit).toMatchObject({
      kind: 'sfx',
      text: 'drumroll',
      insert: { sound: 'file', file: 'drums.wav', text: '{drum roll}' },
      reason: '"drum roll" was said; drums.wav takes its place.',
    })
    expect(edit!.startSample).toBeGreaterThanOrEqual(transcript.words[1]!.endSample)
    expect(edit!.startSample).toBeLessThanOrEqual(transcript.words[2]!.startSample)
    expect(edit!.endSample).toBeGreaterThanOrEqual(transcript.words[2]!.endSample)
    expect(edit!.endSample).toBeLessThanOrEqual(transcript.words[3]!.startSample)
  })

  test('follows its phrase in the quiet after it, and nothing is removed', () => {
    const transcript = saying('a big applause for Ada')
    const [edit] = proposed(transcript)
    expect(edit).toMatchObject({
      text: '',
      insert: { file: 'hands.wav', text: '{applause}' },
      reason: '"applause" was said; hands.wav follows it.',
    })
    expect(edit!.endSample).toBe(edit!.startSample)
    expect(edit!.startSample).toBeGreaterThanOrEqual(transcript.words[2]!.endSample)
    expect(edit!.startSample).toBeLessThanOrEqual(transcript.words[3]!.startSample)
  })

  test('is that of the longest phrase', () => {
    expect(proposed(saying('a big drum roll and a drum roll')).map(({ text }) => text)).toEqual([
      'big drum roll',
      'drum roll',
    ])
  })

  test('is not looked for when times come from captions', () => {
    expect(proposed(saying('a drum roll', 'en', false))).toEqual([])
  })
})
