// Questions to the assistant: where one ends, and what becomes of it.
import { describe, expect, test } from '@jest/globals'
import { detectInterns } from '../../shared/edits/intern.ts'
import type { Transcript } from '../../shared/words/words.ts'
import { saying, soundingIn } from '../support/saying.ts'

const intern = {
  enabled: true,
  phrases: ['ask the assistant'],
  endPhrases: ['stop intern', 'stop'],
  keepQuestion: false,
}
const settings = { intern, matchScore: 0.8 }
const keeping = { ...settings, intern: { ...intern, keepQuestion: true } }
const proposed = (transcript: Transcript, own = settings) =>
  detectInterns(transcript, soundingIn(transcript.words), own)
const asked = (text: string) => proposed(saying(text)).map(({ question }) => question)
const removed = (text: string, own = settings) => proposed(saying(text), own).map((edit) => edit.text)

describe('A question', () => {
  test('ends where the speaker says so, and an answer takes the place of all of it', () => {
    const transcript = saying('Well. Ask the assistant how high Everest is, stop. So there.')
    const [edit, ...others] = proposed(transcript)
    expect(others).toEqual([])
    expect(edit).toMatchObject({
      kind: 'intern',
      text: 'Ask the assistant how high Everest is, stop.',
      question: 'how high Everest is,',
      insert: { sound: 'speech', text: null },
      score: 1,
      reason:
        '"ask the assistant" was said. The answer replaces the command, the question and what ended it.',
    })
    expect(edit!.status).toBeUndefined()
    const [well, ask, so] = [0, 1, 9].map((i) => transcript.words[i]!)
    expect(edit!.startSample).toBeGreaterThanOrEqual(well!.endSample)
    expect(edit!.startSample).toBeLessThanOrEqual(ask!.startSample)
    expect(edit!.endSample).toBeGreaterThanOrEqual(transcript.words[8]!.endSample)
    expect(edit!.endSample).toBeLessThanOrEqual(so!.startSample)
  })

  test('ends with the longer of two end phrases', () => {
    expect(removed('ask the assistant how high is it stop intern so there')).toEqual([
      'ask the assistant how high is it stop intern',
    ])
  })

  test('ends with a silence of two and a half seconds', () => {
    expect(asked('ask the assistant how high is it [2500] so there')).toEqual(['how high is it'])
    expect(asked('ask the assistant how high [2400] is it stop so there')).toEqual(['how high is it'])
  })

  test('ends with the recording, or with the next command', () => {
    expect(asked('ask the assistant how high is it')).toEqual(['how high is it'])
    expect(asked('ask the assistant how high is it ask the assistant how deep is it')).toEqual([
      'how high is it',
      'how deep is it',
    ])
  })

  test('has at most forty words', () => {
    const numbers = Array.from({ length: 50 }, (_, i) => `${i}`)
    const quick = (text: string): Transcript => {
      const { words, ...rest } = saying(text)
      return {
        ...rest,
        words: words.map((word, i) => ({ ...word, startSample: 1000 + i * 200, endSample: 1150 + i * 200 })),
      }
    }
    expect(proposed(quick(`ask the assistant ${numbers.join(' ')}`))[0]!.question).toBe(
      numbers.slice(0, 40).join(' '),
    )
    expect(proposed(quick(`ask the assistant ${numbers.slice(0, 40).join(' ')} stop so`))[0]!.question).toBe(
      numbers.slice(0, 40).join(' '),
    )
  })

  test('lasts at most fifteen seconds', () => {
    expect(asked(`ask the assistant ${'mud '.repeat(60)}`)).toEqual(['mud '.repeat(37).trim()])
  })

  test('ends at its question mark, whatever is said behind it', () => {
    const talk = 'Today is a good day for a walk. I like walks.'
    for (const behind of [
      talk,
      `[1600] ${talk}`,
      `${talk} [3000] So there.`,
      `On warm days they never stop working. ${talk}`,
    ]) {
      const [edit] = proposed(saying(`Ask the assistant, what is the capital of France? ${behind}`))
      expect(edit).toMatchObject({
        text: 'Ask the assistant, what is the capital of France?',
        question: 'what is the capital of France?',
      })
      expect(edit!.status).toBeUndefined()
    }
  })

  test('is of several sentences where a pause or a phrase ends them', () => {
    for (const end of ['[2500] So there.', 'Stop. So there.'])
      expect(asked(`Ask the assistant, how high is it? And how deep? ${end}`)).toEqual([
        'how high is it? And how deep?',
      ])
  })

  test('that nothing ends is a guess, and so is one that another follows at once: somebody should look', () => {
    const [unmarked] = proposed(saying(`ask the assistant how high is it ${'mud '.repeat(60)}`))
    expect(unmarked).toMatchObject({ status: 'pending' })
    const [first] = proposed(saying('Ask the assistant, how high is it? How many of you knew? I did not.'))
    expect(first).toMatchObject({ question: 'how high is it?', status: 'pending' })
  })
})

describe('A command is no edit', () => {
  test('when no question follows it', () => {
    expect(asked('and then ask the assistant')).toEqual([])
    expect(asked('ask the assistant stop so there')).toEqual([])
    expect(asked('ask the assistant [2500] so there')).toEqual([])
  })

  test('when switched off or when times come from captions', () => {
    const text = 'ask the assistant how high is it stop'
    expect(proposed(saying(text), { ...settings, intern: { ...intern, enabled: false } })).toEqual([])
    expect(proposed(saying(text, 'en', false))).toEqual([])
  })
})

describe('A question that listeners hear', () => {
  test('stays between two edits: the command goes, and the answer replaces what ended it', () => {
    const [command, answer] = proposed(
      saying('Well. Ask the assistant how high is it, stop. So there.'),
      keeping,
    )
    expect(command).toMatchObject({ kind: 'intern', text: 'Ask the assistant' })
    expect(command!.insert).toBeUndefined()
    expect(answer).toMatchObject({
      kind: 'intern',
      text: 'stop.',
      question: 'how high is it,',
      insert: { sound: 'speech', text: null },
    })
    expect(answer!.startSample).toBeGreaterThan(command!.endSample)
  })

  test('is followed by the answer where nothing was said to end it', () => {
    const transcript = saying('ask the assistant how high is it [2500] so there')
    const [command, answer] = proposed(transcript, keeping)
    expect(command!.text).toBe('ask the assistant')
    expect(answer).toMatchObject({ text: '', question: 'how high is it' })
    expect(answer!.endSample).toBe(answer!.startSample)
    expect(answer!.startSample).toBeGreaterThanOrEqual(transcript.words[6]!.endSample)
    expect(answer!.startSample).toBeLessThanOrEqual(transcript.words[7]!.startSample)
  })
})
