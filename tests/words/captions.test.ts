// Transcripts of the finished audio: nothing that was cut, nothing too long to read, nothing a player cannot
// parse.
import { describe, expect, test } from '@jest/globals'
import fc from 'fast-check'
import subtitle from 'subtitle'
import webvtt from 'webvtt-parser'
import { keepAllBut } from '../../shared/timeline/ledger.ts'
import {
  captionWords,
  nameSpeakers,
  toPlainText,
  toSrt,
  toTranscriptJson,
  toVtt,
  type CaptionWord,
} from '../../shared/words/captions.ts'
import { parseWords } from '../../shared/words/supplied.ts'
import type { Transcript, Word } from '../../shared/words/words.ts'

const said = (text: string, secondsEach = 0.4, speaker: string | null = null): CaptionWord[] =>
  text
    .split(' ')
    .map((word, i) => ({ text: word, start: i * secondsEach, end: (i + 0.9) * secondsEach, speaker }))

const word = (text: string, startSample: number, endSample: number): Word => ({
  text,
  startSample,
  endSample,
  speaker: null,
  confidence: null,
})
const transcriptOf = (words: readonly Word[]): Transcript => ({ language: 'en', exactTimes: true, words })

/** Random words: mostly short, some longer than a line, by two speakers, with gaps. */
const someWords = fc
  .array(
    fc.record({
      length: fc.oneof(
        { weight: 9, arbitrary: fc.integer({ min: 1, max: 12 }) },
        { weight: 1, arbitrary: fc.integer({ min: 13, max: 30 }) },
      ),
      gap: fc.nat(1500),
      time: fc.integer({ min: 1, max: 900 }),
      second: fc.boolean(),
    }),
    { maxLength: 60 },
  )
  .map((pieces) => {
    let at = 0
    return pieces.map(({ length, gap, time, second }, i): CaptionWord => {
      const start = at + (i % 5 === 0 ? gap : 30)
      at = start + time
      return {
        text: 'x'.repeat(length),
        start: start / 1000,
        end: at / 1000,
        speaker: second && i % 7 === 0 ? 'B' : 'A',
      }
    })
  })

const secondsOf = (clock: string): number =>
  clock.split(':').reduce((sum, part) => sum * 60 + Number(part.replace(',', '.')), 0)

interface ReadCue {
  readonly start: number
  readonly end: number
  readonly lines: readonly string[]
}

function cuesOf(text: string): ReadCue[] {
  return text
    .split('\n\n')
    .filter((block) => block.includes('-->'))
    .map((block) => {
      const lines = block.trimEnd().split('\n')
      const timing = lines.findIndex((line) => line.includes('-->'))
      const [start, end] = lines[timing]!.split(' --> ').map(secondsOf)
      return { start: start!, end: end!, lines: lines.slice(timing + 1) }
    })
}

describe('WebVTT', () => {
  test('looks as players expect', () => {
    expect(
      toVtt([
        ...said('Hello there.', 0.5, 'Ann'),
        { text: 'Hi!', start: 3661.5, end: 3661.9, speaker: null },
      ]),
    ).toBe(
      'WEBVTT\n\n00:00:00.000 --> 00:00:00.950\n<v Ann>Hello there.\n\n01:01:01.500 --> 01:01:01.900\nHi!\n',
    )
  })

  test('has one line a cue, of at most 65 characters', () => {
    fc.assert(
      fc.property(someWords, (words) => {
        for (const { lines } of cuesOf(toVtt(words))) {
          expect(lines.length).toBe(1)
          expect(lines[0]!.replace(/^<v [^>]*>/, '').length).toBeLessThanOrEqual(65)
        }
      }),
    )
  })

  test('escapes what has a meaning of its own', () => {
    expect(toVtt(said('a<b Q&A -->', 0.4, 'R&D <x>'))).toContain(
      '<v R&amp;D &lt;x&gt;>a&lt;b Q&amp;A --&gt;\n',
    )
  })
})

describe('SubRip', () => {
  test('is numbered, with commas in its times', () => {
    expect(toSrt([...said('One two.', 0.5), { text: 'Three.', start: 5, end: 5.25, speaker: null }])).toBe(
      '1\n00:00:00,000 --> 00:00:00,950\nOne two.\n\n2\n00:00:05,000 --> 00:00:05,250\nThree.\n',
    )
  })

  test('has at most two lines of 32 characters', () => {
    fc.assert(
      fc.property(someWords, (words) => {
        for (const { lines } of cuesOf(toSrt(words))) {
          expect(lines.length).toBeLessThanOrEqual(2)
          for (const line of lines) expect(line.length).toBeLessThanOrEqual(32)
        }
      }),
    )
  })
})

describe('Every form', () => {
  test('has every word once and in order, in cues in order, apart and at most six seconds long', () => {
    fc.assert(
      fc.property(someWords, (words) => {
        const all = words.map(({ text }) => text)
        for (const text of [toVtt(words), toSrt(words)]) {
          const cues = cuesOf(text)
          expect(
            cues
              .flatMap(({ lines }) =>
                lines
                  .join(' ')
                  .replace(/^<v [^>]*>/, '')
                  .split(' '),
              )
              .filter(Boolean),
          ).toEqual(all)
          cues.forEach(({ start, end }, i) => {
            expect(end).toBeGreaterThanOrEqual(start)
            expect(end - start).toBeLessThanOrEqual(6.001)
            expect(start).toBeGreaterThanOrEqual(cues[i - 1]?.end ?? 0)
          })
        }
        const { segments } = JSON.parse(toTranscriptJson(words)) as { segments: { body: string }[] }
        expect(segments.flatMap(({ body }) => body.split(' '))).toEqual(all)
        expect(
          toPlainText(words)
            .replaceAll(/^[AB]: /gm, '')
            .split(/\s+/)
            .filter(Boolean),
        ).toEqual(all)
      }),
    )
  })

  test('can be read again as a words file, at the same times', () => {
    const words = said('these are the words of a sentence that goes on for a while', 0.5)
    for (const text of [toVtt(words), toSrt(words)]) {
      const again = parseWords(text, 'again', { sampleRate: 1000, totalSamples: 60_000 }).transcript.words
      expect(again.map((found) => found.text)).toEqual(words.map((found) => found.text))
      again.forEach(({ startSample }, i) =>
        expect(Math.abs(startSample / 1000 - words[i]!.start)).toBeLessThan(0.8),
      )
    }
  })

  test('of nobody saying anything is empty', () => {
    expect(toVtt([])).toBe('WEBVTT\n')
    expect([toSrt([]), toPlainText([])]).toEqual(['', ''])
    expect(JSON.parse(toTranscriptJson([]))).toEqual({ version: '1.0.0', segments: [] })
  })

  test('names speakers where there are some', () => {
    const words = [...said('yes', 0.4, 'Ann'), { text: 'no', start: 0.4, end: 0.76, speaker: 'Bob' }]
    expect(toPlainText(words)).toBe('Ann: yes\n\nBob: no\n')
    expect(JSON.parse(toTranscriptJson(words))).toEqual({
      version: '1.0.0',
      segments: [
        { speaker: 'Ann', startTime: 0, endTime: 0.36, body: 'yes' },
        { speaker: 'Bob', startTime: 0.4, endTime: 0.76, body: 'no' },
      ],
    })
  })
})

/** Pieces that are several code points, or need escaping. */
const oddText = fc.constantFrom('👩‍🚀', '🎙️', 'é', 'a&b<c>', '-->')

/** Words of any script and any length, by people who interrupt each other. */
const anyWords = fc
  .array(
    fc.record({
      text: fc.oneof(
        fc.stringMatching(/^[a-z]{1,9}[.,]?$/),
        fc.stringMatching(/^[a-z]{30,150}$/),
        fc.stringMatching(/^[\u4E00-\u4FFF]{1,90}$/),
        fc.array(oddText, { minLength: 1, maxLength: 40 }).map((parts) => parts.join('')),
      ),
      gap: fc.integer({ min: -900, max: 1500 }),
      time: fc.nat(9000),
      speaker: fc.constantFrom('A', 'B', null),
    }),
    { maxLength: 25 },
  )
  .map((pieces) => {
    let at = 0
    return pieces.map(({ text, gap, time, speaker }): CaptionWord => {
      at = Math.max(0, at + gap)
      return { text, start: at / 1000, end: (at += time) / 1000, speaker }
    })
  })
  .map((words) => words.toSorted((a, b) => a.start - b.start))

const letters = (text: string): string => text.replaceAll(/\s/g, '')
const unescaped = (text: string): string =>
  text
    .replace(/^<v [^>]*>/, '')
    .replaceAll('&lt;', '<')
    .replaceAll('&gt;', '>')
    .replaceAll('&amp;', '&')

interface Shown {
  readonly startMs: number
  readonly endMs: number
  readonly text: string
}

describe('What a player makes of them', () => {
  const readableInOrder = (cues: readonly Shown[], words: readonly CaptionWord[]) => {
    expect(letters(cues.map(({ text }) => text).join(''))).toBe(
      letters(words.map(({ text }) => text).join('')),
    )
    const longestWord = words.reduce((most, { start, end }) => Math.max(most, end - start), 6)
    cues.forEach(({ startMs, endMs }, i) => {
      expect(endMs).toBeGreaterThan(startMs)
      expect(endMs - startMs).toBeLessThanOrEqual(1000 * longestWord + 1)
      expect(startMs).toBeGreaterThanOrEqual(cues[i - 1]?.endMs ?? 0)
    })
  }

  test('of WebVTT is every letter, in lines of at most 65, never two at once', () => {
    fc.assert(
      fc.property(anyWords, (words) => {
        const { cues, errors } = new webvtt.WebVTTParser().parse(toVtt(words))
        expect(errors).toEqual([])
        const shown = cues.map(({ startTime, endTime, text }) => ({
          startMs: Math.round(1000 * startTime),
          endMs: Math.round(1000 * endTime),
          text: unescaped(text),
        }))
        for (const { text } of shown) expect(text.length).toBeLessThanOrEqual(65)
        readableInOrder(shown, words)
      }),
    )
  })

  test('of SubRip is every letter, in two lines of at most 32, never two at once', () => {
    fc.assert(
      fc.property(anyWords, (words) => {
        const shown = subtitle
          .parseSync(toSrt(words))
          .flatMap((node) =>
            node.type === 'cue'
              ? [{ startMs: node.data.start, endMs: node.data.end, text: node.data.text }]
              : [],
          )
        for (const { text } of shown) {
          const lines = text.split('\n')
          expect(lines.length).toBeLessThanOrEqual(2)
          for (const line of lines) expect(line.length).toBeLessThanOrEqual(32)
        }
        readableInOrder(shown, words)
      }),
    )
  })

  test('shows the words at the times they are said', () => {
    const words = said(
      'these are the words of a sentence that goes on for quite a while and then some',
      0.5,
      'Ann',
    )
    const { cues } = new webvtt.WebVTTParser().parse(toVtt(words))
    for (const { startTime, endTime, text } of cues) {
      const inside = words.filter(({ start, end }) => start >= startTime - 0.001 && end <= endTime + 0.001)
      expect(unescaped(text)).toBe(inside.map((one) => one.text).join(' '))
      expect(startTime).toBeCloseTo(inside[0]!.start, 3)
      expect(endTime).toBeCloseTo(inside.at(-1)!.end, 3)
    }
  })
})

describe('Speakers', () => {
  test('have the names that their producer gives them, and keep their letters otherwise', () => {
    const words = ['A', 'B', null, 'constructor'].map((speaker) => ({ ...word('hi', 0, 1), speaker }))
    const named = nameSpeakers(transcriptOf(words), { A: ' Ada\nLovelace ' })
    expect(named.words.map(({ speaker }) => speaker)).toEqual(['Ada Lovelace', 'B', null, 'constructor'])
  })
})

describe('Words that are heard', () => {
  test('are those of which at least half was kept, at their new times', () => {
    const ledger = keepAllBut([{ startSample: 1000, endSample: 2000 }], 10_000, 500, () => 0)
    const words = [
      word('kept', 0, 900),
      word('gone', 1100, 1900),
      word('mostly', 600, 1300),
      word('hardly', 1500, 2200),
      word('later', 3000, 3500),
    ]
    expect(
      captionWords(transcriptOf(words), { ledger, inserted: [], segments: [], sampleRate: 1000 }),
    ).toEqual([
      { text: 'kept', start: 0.5, end: 1.4, speaker: null },
      { text: 'mostly', start: 1.1, end: 1.5, speaker: null },
      { text: 'later', start: 2.5, end: 3, speaker: null },
    ])
  })

  test('stand beside what was put in, each at its time, also when nobody transcribed', () => {
    const ledger = keepAllBut([], 10_000, 0, () => 0)
    const inserted = [{ text: 'answer', startSample: 2000, endSample: 2500, speaker: 'Assistant' }]
    const words = [word('before', 0, 900), word('after', 3000, 3900)]
    expect(
      captionWords(transcriptOf(words), { ledger, inserted, segments: [], sampleRate: 1000 }).map(
        ({ text, start }) => [text, start],
      ),
    ).toEqual([
      ['before', 0],
      ['answer', 2],
      ['after', 3],
    ])
    expect(captionWords(undefined, { ledger, inserted, segments: [], sampleRate: 1000 })).toEqual([
      { text: 'answer', start: 2, end: 2.5, speaker: 'Assistant' },
    ])
  })

  test('share no cue and no paragraph with those of another segment, whoever says them', () => {
    const segment = (startSample: number, endSample: number) => ({
      ...{ type: 'transition', title: null, startSample, endSample, isChapter: false },
    })
    const say = (text: string, startSample: number) => ({
      ...{ text, startSample, endSample: startSample + 300, speaker: 'Host' },
    })
    const inserted = [say('Welcome', 0), say('back.', 350), say('Your', 700), say('letters.', 1050)]
    const segments = [segment(0, 700), segment(700, 1400)]
    const words = captionWords(undefined, { ledger: [], inserted, segments, sampleRate: 1000 })
    expect(cuesOf(toSrt(words)).map(({ lines }) => lines.join(' '))).toEqual([
      'Welcome back.',
      'Your letters.',
    ])
    expect(toPlainText(words)).toBe('Host: Welcome back.\n\nHost: Your letters.\n')
    const jingle = [segment(0, 1400), segment(600, 2000)]
    const under = captionWords(undefined, { ledger: [], inserted, segments: jingle, sampleRate: 1000 })
    expect(toPlainText(under)).toBe('Host: Welcome back. Your letters.\n')
  })

  test('never end before they start, however they lie in a crossfade', () => {
    const cut = fc.record({
      startSample: fc.integer({ min: 200, max: 900 }),
      length: fc.integer({ min: 1, max: 500 }),
      crossfade: fc.nat(120),
    })
    fc.assert(
      fc.property(
        cut,
        fc.nat(1900),
        fc.integer({ min: 0, max: 100 }),
        ({ startSample, length, crossfade }, at, wordLength) => {
          const ledger = keepAllBut(
            [{ startSample, endSample: startSample + length }],
            2000,
            0,
            () => crossfade,
          )
          for (const { start, end } of captionWords(transcriptOf([word('x', at, at + wordLength)]), {
            ledger,
            inserted: [],
            segments: [],
            sampleRate: 1000,
          }))
            expect(end).toBeGreaterThanOrEqual(start)
        },
      ),
      { numRuns: 1000 },
    )
  })
})
