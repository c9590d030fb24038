// Words files as producers supply them: JSON, WebVTT and SubRip, with all that goes wrong in them.
import { describe, expect, test } from '@jest/globals'
import fc from 'fast-check'
import { Permanent } from '../../shared/errors.ts'
import { parseWords } from '../../shared/words/words.ts'

const audio = { sampleRate: 1000, totalSamples: 60_000 } // a sample is a millisecond
const parse = (text: string) => parseWords(text, 'words.json', audio)
const json = (words: readonly object[], rest: object = {}) => JSON.stringify({ version: 1, words, ...rest })
const timesOf = (text: string) =>
  parse(text).words.map((word) => [word.text, word.startSample, word.endSample])

describe('Words JSON', () => {
  test('becomes words in samples, with what else it says of them', () => {
    const transcript = parse(
      json(
        [
          { text: ' Hello ', start: 0.5, end: 0.9, speaker: 'Ann', confidence: 0.8 },
          { text: 'there.', start: 1, end: 1.25 },
        ],
        { language: 'de-DE' },
      ),
    )
    expect(transcript).toEqual({
      language: 'de-de',
      exactTimes: true,
      words: [
        { text: 'Hello', startSample: 500, endSample: 900, speaker: 'Ann', confidence: 0.8 },
        { text: 'there.', startSample: 1000, endSample: 1250, speaker: null, confidence: null },
      ],
    })
  })

  test('is English when it names no language, and may begin with a byte order mark', () => {
    expect(parse(`\uFEFF${json([])}`)).toEqual({ language: 'en', exactTimes: true, words: [] })
  })

  test('out of order, overlapping, backwards or past the end is repaired', () => {
    const words = [
      { text: 'third', start: 3, end: 9 },
      { text: 'first', start: 1, end: 2.5 },
      { text: 'second', start: 2, end: 1.5 },
      { text: '  ', start: 2.2, end: 2.4 },
      { text: 'last', start: 59.5, end: 61 },
      { text: 'never', start: 60.5, end: 61 },
    ]
    expect(timesOf(json(words))).toEqual([
      ['first', 1000, 2000],
      ['second', 2000, 2000],
      ['third', 3000, 9000],
      ['last', 59_500, 60_000],
    ])
  })

  test('keeps the order in which a speaker said the words when two starts are a little out of order', () => {
    const ann = { speaker: 'Ann', end: 2.4 }
    const words = [
      { text: 'in', start: 2, ...ann },
      { text: 'the', start: 1.8, ...ann },
      { text: 'end', start: 2.1, ...ann },
    ]
    expect(timesOf(json(words))).toEqual([
      ['in', 2000, 2000],
      ['the', 2000, 2100],
      ['end', 2100, 2400],
    ])
    expect(timesOf(json([words[0]!, { ...words[1]!, speaker: 'Ben' }]))).toEqual([
      ['the', 1800, 2000],
      ['in', 2000, 2400],
    ])
    expect(timesOf(json([words[0]!, { ...words[1]!, start: 1.6 }])).map(([text]) => text)).toEqual([
      'the',
      'in',
    ])
  })

  test('always becomes words in order that do not overlap and lie in the recording', () => {
    const time = fc.double({ min: 0, max: 61.9, noNaN: true })
    fc.assert(
      fc.property(
        fc.array(fc.record({ text: fc.constantFrom('a', 'bc', ''), start: time, end: time }), {
          maxLength: 40,
        }),
        (words) => {
          let from = 0
          for (const { startSample, endSample } of parse(json(words)).words) {
            expect(Number.isInteger(startSample) && Number.isInteger(endSample)).toBe(true)
            expect(startSample).toBeGreaterThanOrEqual(from)
            expect(endSample).toBeGreaterThanOrEqual(startSample)
            from = endSample
          }
          expect(from).toBeLessThanOrEqual(audio.totalSamples)
        },
      ),
    )
  })

  test('with line breaks in a word has it on one line', () => {
    expect(timesOf(json([{ text: 'New\n\nYork\tCity', start: 1, end: 2 }]))).toEqual([
      ['New York City', 1000, 2000],
    ])
  })
})

describe('Captions', () => {
  test('share a cue out over its words by their length, and are not exact enough to cut by', () => {
    const transcript = parse('WEBVTT\n\n00:00:01.000 --> 00:00:02.000\nabc defgh')
    expect(transcript.exactTimes).toBe(false)
    expect(
      transcript.words.map(({ text, startSample, endSample }) => [text, startSample, endSample]),
    ).toEqual([
      ['abc', 1000, 1400],
      ['defgh', 1400, 2000],
    ])
  })

  test('may leave the hours out, and have them beyond 24', () => {
    expect(
      timesOf('WEBVTT\n\n00:01.500 --> 00:02.000\none\n\n00:00:03.000 --> 00:00:04.000 align:start\ntwo'),
    ).toEqual([
      ['one', 1500, 2000],
      ['two', 3000, 4000],
    ])
    const long = { sampleRate: 1000, totalSamples: 101 * 3_600_000 }
    expect(
      parseWords('WEBVTT\n\n100:00:01.000 --> 100:00:02.000\nlate', 'w.vtt', long).words[0]!.startSample,
    ).toBe(360_001_000)
  })

  test('have speakers in voice tags, and no other tags', () => {
    const { words } = parse(
      'WEBVTT - an interview\nKind: captions\n\nNOTE nothing\n\n1\n00:01.000 --> 00:02.000\n' +
        '<v.loud Mary Ann>Hi <i>you</i></v>\n\n00:03.000 --> 00:04.000\nfine',
    )
    expect(words.map(({ text, speaker }) => [text, speaker])).toEqual([
      ['Hi', 'Mary Ann'],
      ['you', 'Mary Ann'],
      ['fine', null],
    ])
  })

  test('have the characters that WebVTT writes as entities', () => {
    expect(
      parse('WEBVTT\n\n00:01.000 --> 00:02.000\nQ&amp;A 1&nbsp;&lt;&nbsp;2 &gt;').words.map(
        ({ text }) => text,
      ),
    ).toEqual(['Q&A', '1', '<', '2', '>'])
  })

  test('as SubRip have commas, numbers, several lines and Windows line ends', () => {
    expect(
      timesOf(
        '\uFEFF1\r\n00:00:01,000 --> 00:00:02,000\r\nabc\r\ndef\r\n\r\n2\r\n' +
          '00:00:03,250 --> 00:00:04,000\r\nlast\r\n',
      ),
    ).toEqual([
      ['abc', 1000, 1500],
      ['def', 1500, 2000],
      ['last', 3250, 4000],
    ])
  })

  test('without hours are read in SubRip too', () => {
    expect(timesOf('1\n00:01,5 --> 00:02,0\none')).toEqual([['one', 1500, 2000]])
  })
})

describe('A words file that cannot be used says why', () => {
  test.each([
    { what: 'an empty file', text: ' \n', why: 'empty' },
    { what: 'something else', text: 'Hello there', why: 'neither words JSON nor WebVTT nor SubRip' },
    { what: 'another version', text: JSON.stringify({ version: 2, words: [] }), why: 'version' },
    {
      what: 'a word without a start',
      text: json([
        { text: 'a', start: 1, end: 2 },
        { text: 'b', end: 2 },
      ]),
      why: 'words.1.start',
    },
    {
      what: 'a confidence over one',
      text: json([{ text: 'a', start: 1, end: 2, confidence: 80 }]),
      why: 'words.0.confidence',
    },
    { what: 'a list instead of a document', text: '[]', why: 'the file' },
    {
      what: 'an unreadable time',
      text: 'WEBVTT\n\n00:01 --> soon\nhello',
      why: 'unreadable time, "00:01 --> soon"',
    },
    {
      what: 'a cue that ends before it starts',
      text: 'WEBVTT\n\n00:02.000 --> 00:01.000\nhello',
      why: 'ends before it starts',
    },
    {
      what: 'words of a longer recording',
      text: json([{ text: 'a', start: 70, end: 71 }]),
      why: 'it belongs to another recording',
    },
  ])('$what', ({ text, why }) => {
    const error = (() => {
      try {
        return parse(text)
      } catch (thrown) {
        return thrown as Permanent
      }
    })()
    expect(error).toBeInstanceOf(Permanent)
    expect(error).toMatchObject({ code: 'bad_words_file' })
    expect((error as Permanent).message).toContain('words.json')
    expect((error as Permanent).message).toContain(why)
  })
})
