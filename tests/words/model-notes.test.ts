// What a language model wrote of a transcript: nothing of it is believed.
import { describe, expect, test } from '@jest/globals'
import { cleanModelNotes } from '../../shared/words/model-notes.ts'
import { shortened, spokenLines } from '../../shared/words/spoken-lines.ts'
import { saying } from '../support/saying.ts'

const lines = spokenLines(
  saying(
    'Ada: Welcome to the show about bees and honey today. Visit example dot com slash shop for all of our honey. ' +
      'Ben: Thank you, I run Node JS on my bee hive now.',
  ).words,
)
const nothing = { titles: [], summary: '', notes: [], chapters: [] }
const clean = (given: Partial<Parameters<typeof cleanModelNotes>[0]>) =>
  cleanModelNotes({ ...nothing, ...given }, lines, { by: 'openai', mostTitles: 3 })
const summary = (text: string) => clean({ summary: text }).proposal.summary

describe('Of what a model wrote', () => {
  test('places are lines of the transcript, in order; others are left out with a word', () => {
    const { proposal, leftOut } = clean({
      notes: [
        { line: 2, text: 'Where to buy.' },
        { line: 1, text: 'Welcome.' },
        { line: 99, text: 'Never.' },
        { line: -1, text: 'Never.' },
      ],
      chapters: [{ line: 3, title: 'The hive' }],
    })
    expect(proposal.notes).toEqual([
      { startSample: lines[0]!.startSample, text: 'Welcome.' },
      { startSample: lines[1]!.startSample, text: 'Where to buy.' },
    ])
    expect(proposal.chapters).toEqual([{ startSample: lines[2]!.startSample, title: 'The hive' }])
    expect(leftOut).toEqual(['2 places that are not in the episode'])
  })

  test.each([
    ['Buy at https://evil.example/x?y=1 now.', 'Buy at now.'],
    ['Go to evil.example today.', 'Go to today.'],
    ['Press [here](javascript:alert(1)) now.', 'Press here now.'],
    ['Write to me@evil.example.', 'Write to me@ .'],
  ])('an address that nobody says is left out with a word: %s', (written, left) => {
    const { proposal, leftOut } = clean({ summary: written })
    expect(proposal.summary.replaceAll(' ', '')).toBe(left.replaceAll(' ', ''))
    expect(leftOut).toEqual(['1 address that nobody says'])
  })

  test('an address that somebody says stays, however it is spelt', () => {
    expect(summary('See https://example.com/shop for honey.')).toBe('See https://example.com/shop for honey.')
    expect(summary('He runs Node.js.')).toBe('He runs Node.js.')
  })

  test('markup and what nobody sees are taken out', () => {
    expect(
      summary('<script>alert(1)</script><b>Bees</b> **and** `honey`\u0000\u202E <img src=x onerror=y>'),
    ).toBe('alert(1) Bees and honey')
    expect(summary('a < b > c <<i>>')).not.toMatch(/[<>]/)
  })

  test('what is too long or too much is left out with a word', () => {
    const { proposal, leftOut } = clean({
      titles: ['x'.repeat(121), 'One', 'One', 'Two', 'Three', 'Four'],
      summary: 'y'.repeat(2001),
    })
    expect(proposal).toMatchObject({ titles: ['One', 'Two', 'Three'], summary: '' })
    expect(leftOut).toEqual(['2 texts that are too long', '1 entry beyond the limit'])
  })
})

describe('A transcript', () => {
  test('has lines of about a sentence, a new one for each speaker, who is named once', () => {
    expect(lines.map(({ number, text }) => [number, text.slice(0, 12)])).toEqual([
      [1, 'Ada: Welcome'],
      [2, 'Visit exampl'],
      [3, 'Ben: Thank y'],
    ])
  })

  test('that is too long is shortened from its beginning to its end, and no line is cut', () => {
    const long = spokenLines(saying('One two three four five six seven eight nine. '.repeat(400)).words)
    const kept = shortened(long, 6000)
    const length = kept.reduce((sum, { number, text }) => sum + `[${number}] ${text}\n`.length, 0)
    expect(length).toBeLessThanOrEqual(6000)
    expect(length).toBeGreaterThan(5000)
    expect(kept.at(-1)!.number).toBeGreaterThan(350)
    expect(kept.every((line) => long.includes(line))).toBe(true)
    expect(shortened(long, 1e6)).toBe(long)
  })
})
