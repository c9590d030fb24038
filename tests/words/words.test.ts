// Words files as producers supply them: JSON, WebVTT and SubRip, with all that goes wrong in them.
import { describe, expect, test } from '@jest/globals'
import fc from 'fast-check'
import { Permanent } from '../../shared/errors.ts'
import { findFillers } from '../../shared/edits/fillers.ts'
import { parseWords } from '../../shared/words/supplied.ts'

const audio = { sampleRate: 1000, totalSamples: 60_000 } // a sample is a millisecond
const read = (file: string | Buffer) => parseWords(file, 'words.json', audio)
const parse = (file: string | Buffer) => read(file).transcript
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
    const word = fc
      .record({
        text: fc.constantFrom('a', 'bc', ''),
        start: fc.option(fc.double({ min: 0, max: 61.9, noNaN: true })),
        length: fc.double({ min: -2, max: 4.9, noNaN: true }),
      })
      .map(({ text, start, length }) => ({ text, start, end: start === null ? null : start + length }))
    fc.assert(
      fc.property(
        fc.array(word, {
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
      parseWords('WEBVTT\n\n100:00:01.000 --> 100:00:02.000\nlate', 'w.vtt', long).transcript.words[0]!
        .startSample,
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
    { what: 'something else', text: 'Hello there', why: 'no words with times' },
    { what: 'another version', text: JSON.stringify({ version: 2, words: [] }), why: 'version' },
    { what: 'a list instead of a document', text: '[]', why: 'no list of words' },
    { what: 'broken JSON', text: '{"version":1,\n"words":[}', why: 'line 2, column 10' },
    {
      what: 'unreadable times',
      text: 'WEBVTT\n\n00:01 --> soon\nhello',
      why: 'line 3: no time can be read in "00:01 --> soon"',
    },
    {
      what: 'times that count frames',
      text: '1\n00:00:01:12 --> 00:00:02:20\nhello',
      why: 'line 2: no time can be read in "00:00:01:12 --> 00:00:02:20"',
    },
    {
      what: 'times in milliseconds',
      text: json(['a', 'b', 'c'].map((text, i) => ({ text, start: 300 * i, end: 300 * i + 200 }))),
      why: 'words are 2.0e+2 s long',
    },
    {
      what: 'times in hundredths, in a recording that is long enough',
      text: json(['a', 'b', 'c'].map((text, i) => ({ text, start: 19 + 15 * i, end: 34 + 15 * i }))),
      why: 'Write them in seconds',
    },
    {
      what: 'words of a longer recording',
      text: json([{ text: 'a', start: 70, end: 71 }]),
      why: 'It belongs to another recording',
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

/** Words with their times in milliseconds, and the codes of what was warned of. */
const heardIn = (file: string | Buffer) => {
  const { transcript, warnings } = read(file)
  return {
    words: transcript.words.map(({ text, startSample, endSample }) => [text, startSample, endSample]),
    text: transcript.words.map(({ text }) => text).join(' '),
    language: transcript.language,
    exactTimes: transcript.exactTimes,
    warned: warnings.map(({ code }) => code).filter((code) => code !== 'captions_only'),
  }
}
const srt = (...lines: readonly string[]) => `1\n${lines.join('\n')}\n`

describe('What people bring as words is read: ', () => {
  const rows: readonly (readonly [string, string, string | Buffer, object])[] = [
    [
      'W01',
      'a cue of length zero keeps its text, up to the next',
      '1\n00:00:01,000 --> 00:00:02,000\nHello there\n\n2\n00:00:02,000 --> 00:00:02,000\nyes\n\n' +
        '3\n00:00:02,200 --> 00:00:04,000\nGoodbye',
      {
        words: [
          ['Hello', 1000, 1500],
          ['there', 1500, 2000],
          ['yes', 2000, 2200],
          ['Goodbye', 2200, 4000],
        ],
      },
    ],
    [
      'W01',
      'a cue that ends before it starts keeps its text and is named',
      '1\n00:00:02,000 --> 00:00:01,500\nyes\n\n2\n00:00:03,000 --> 00:00:04,000\nno',
      {
        words: [
          ['yes', 2000, 2320],
          ['no', 3000, 4000],
        ],
        warned: ['words_repaired'],
      },
    ],
    [
      'W02',
      'words that run past the end are clipped',
      json([{ text: 'thanks', start: 58, end: 89.98 }]),
      { words: [['thanks', 58_000, 58_560]], warned: [] },
    ],
    [
      'W02',
      'a last cue that runs past the end is clipped',
      '1\n00:00:01,000 --> 00:00:02,000\nHello\n\n2\n00:00:55,000 --> 00:01:24,980\nbye',
      {
        words: [
          ['Hello', 1000, 2000],
          ['bye', 55_000, 60_000],
        ],
      },
    ],
    [
      'W02',
      'a cue behind the end is left out, and that is said',
      '1\n00:00:01,000 --> 00:00:02,000\nHello my dear friends\n\n2\n00:01:05,000 --> 00:01:08,000\nThank you.',
      { text: 'Hello my dear friends', warned: ['words_repaired'] },
    ],
    [
      'W03',
      'captions that roll, as YouTube writes them, have each word once and at its time',
      'WEBVTT\nKind: captions\nLanguage: de\n\n00:00:00.799 --> 00:00:02.869 align:start position:0%\n \n' +
        'hallo<00:00:01.040><c> alle</c><00:00:01.920><c> zusammen</c>\n\n' +
        '00:00:02.869 --> 00:00:02.879 align:start position:0%\nhallo alle zusammen\n \n\n' +
        '00:00:02.879 --> 00:00:04.070 align:start position:0%\nhallo alle zusammen\n' +
        'heute<00:00:03.360><c> geht</c><00:00:03.600><c> es</c>\n',
      {
        words: [
          ['hallo', 799, 1040],
          ['alle', 1040, 1920],
          ['zusammen', 1920, 2869],
          ['heute', 2879, 3360],
          ['geht', 3360, 3600],
          ['es', 3600, 4070],
        ],
        language: 'de',
      },
    ],
    [
      'W03',
      'captions that roll in SubRip have each line once',
      ['one two', 'one two\nthree four', 'three four\nfive six', 'five six\nseven']
        .map((text, i) => `${i + 1}\n00:00:0${i},000 --> 00:00:0${i + 1},000\n${text}\n`)
        .join('\n'),
      { text: 'one two three four five six seven' },
    ],
    [
      'W03',
      'somebody who says the same twice has said it twice',
      '1\n00:00:01,000 --> 00:00:02,000\nNo.\n\n2\n00:00:02,000 --> 00:00:03,000\nNo.\n\n' +
        '3\n00:00:04,000 --> 00:00:05,000\nYes.',
      {
        words: [
          ['No.', 1000, 2000],
          ['No.', 2000, 3000],
          ['Yes.', 4000, 5000],
        ],
      },
    ],
    ...([{}, { start: null, end: null }, { start: '', end: 'x' }] as const).map(
      (times) =>
        [
          'W04',
          `a word whose times are ${JSON.stringify(times)} is placed between its neighbours`,
          json([
            { text: 'in', start: 0.4, end: 0.6 },
            { text: '2016,', ...times },
            { text: 'yes', start: 2.4, end: 2.8 },
          ]),
          {
            words: [
              ['in', 400, 600],
              ['2016,', 600, 1080],
              ['yes', 2400, 2800],
            ],
            warned: ['words_repaired'],
          },
        ] as const,
    ),
    [
      'W04',
      'whisperX',
      JSON.stringify({
        segments: [
          {
            start: 0.4,
            end: 2.8,
            text: ' in 2016, yes',
            speaker: 'A',
            words: [
              { word: 'in', start: 0.4, end: 0.6, score: 0.9 },
              { word: '2016,' },
              { word: 'yes', start: 2.4, end: 2.8, score: 0.2 },
            ],
          },
        ],
        word_segments: [],
        language: 'nl',
      }),
      {
        words: [
          ['in', 400, 600],
          ['2016,', 600, 1080],
          ['yes', 2400, 2800],
        ],
        language: 'nl',
        exactTimes: true,
      },
    ],
    [
      'W04',
      "OpenAI's verbose_json",
      JSON.stringify({
        task: 'transcribe',
        language: 'german',
        duration: 2,
        text: 'ja nein',
        words: [
          { word: 'ja', start: 0, end: 0.5 },
          { word: 'nein', start: 0.5, end: 1 },
        ],
        segments: [{ id: 0, start: 0, end: 1, text: ' ja nein' }],
      }),
      {
        words: [
          ['ja', 0, 500],
          ['nein', 500, 1000],
        ],
        language: 'de',
        exactTimes: true,
      },
    ],
    [
      'W04',
      "Whisper's segments without words",
      JSON.stringify({
        text: ' ja nein',
        language: 'de',
        segments: [{ id: 0, start: 1, end: 2, text: ' ja nein' }],
      }),
      {
        words: [
          ['ja', 1000, 1375],
          ['nein', 1375, 2000],
        ],
        language: 'de',
        exactTimes: false,
      },
    ],
    [
      'W04',
      'whisper.cpp',
      JSON.stringify({
        result: { language: 'en' },
        transcription: [
          {
            timestamps: { from: '00:00:01,000', to: '00:00:02,000' },
            offsets: { from: 1000, to: 2000 },
            text: ' Hello you',
          },
        ],
      }),
      {
        words: [
          ['Hello', 1000, 1600],
          ['you', 1600, 2000],
        ],
        exactTimes: false,
      },
    ],
    [
      'W04',
      'Deepgram',
      JSON.stringify({
        results: {
          channels: [
            {
              alternatives: [
                {
                  words: [
                    { word: 'hi', punctuated_word: 'Hi.', start: 1, end: 1.4, confidence: 0.9, speaker: 0 },
                  ],
                },
              ],
            },
          ],
        },
      }),
      { words: [['Hi.', 1000, 1400]], exactTimes: true },
    ],
    [
      'W04',
      'AssemblyAI',
      JSON.stringify({
        id: 'x',
        status: 'completed',
        audio_duration: 60,
        words: [{ text: 'Hi.', start: 1000, end: 1400, confidence: 0.9, speaker: 'A' }],
      }),
      { words: [['Hi.', 1000, 1400]], exactTimes: true },
    ],
    [
      'W06',
      'a timing line begins a cue without an empty line before it',
      '1\n00:00:01,000 --> 00:00:02,000\nHello there\n2\n00:00:02,500 --> 00:00:03,000\nGoodbye\n',
      {
        words: [
          ['Hello', 1000, 1500],
          ['there', 1500, 2000],
          ['Goodbye', 2500, 3000],
        ],
      },
    ],
    [
      'W06',
      'a number that was said stays where cues have no numbers',
      'WEBVTT\n\n00:01.000 --> 00:02.000\n42\n\n00:03.000 --> 00:04.000\nyes',
      {
        words: [
          ['42', 1000, 2000],
          ['yes', 3000, 4000],
        ],
      },
    ],
    [
      'W06',
      'an empty line in a SubRip cue loses nothing',
      '1\n00:00:01,000 --> 00:00:02,000\nab\n\ncd\n\n2\n00:00:03,000 --> 00:00:04,000\nef',
      {
        words: [
          ['ab', 1000, 1500],
          ['cd', 1500, 2000],
          ['ef', 3000, 4000],
        ],
      },
    ],
    [
      'W08',
      'UTF-16 with a byte order mark',
      Buffer.from(`\uFEFF${srt('00:00:01,000 --> 00:00:02,000', 'café')}`, 'utf16le'),
      { words: [['café', 1000, 2000]], warned: [] },
    ],
    [
      'W08',
      'UTF-16 without one',
      Buffer.from(srt('00:00:01,000 --> 00:00:02,000', 'café'), 'utf16le'),
      { words: [['café', 1000, 2000]], warned: ['text_encoding'] },
    ],
    [
      'W08',
      'Windows-1252',
      Buffer.from(srt('00:00:01,000 --> 00:00:02,000', 'It\x92s\xa0caf\xe9'), 'latin1'),
      {
        words: [
          ['It’s', 1000, 1500],
          ['café', 1500, 2000],
        ],
        warned: ['text_encoding'],
      },
    ],
    ...[
      '00:00:01 --> 00:00:02',
      '00:00:01,0000 --> 00:00:02,0000',
      '00:00:01,000-->00:00:02,000',
      '0:0:1.0 --> 0:0:2.0',
      '1 --> 2',
      '00:00:01.000 -> 00:00:02.000',
      '0:00:01.000,0:00:02.000',
    ].map(
      (times) =>
        ['W09', `times written as ${times}`, srt(times, 'one'), { words: [['one', 1000, 2000]] }] as const,
    ),
    [
      'W09',
      'a time below zero is the start',
      srt('-00:00:01,000 --> 00:00:02,000', 'one'),
      { words: [['one', 0, 2000]] },
    ],
    [
      'W09',
      'one unreadable time costs its own cue, and is named',
      '1\n00:00:01,000 --> 00:00:02,000\none\n\n2\n00:00:0x,000 --> 00:00:03,000\ntwo\n\n' +
        '3\n00:00:04,000 --> 00:00:05,000\nthree\n\n4\n00:00:06,000 --> 00:00:07,000\nfour',
      {
        words: [
          ['one', 1000, 2000],
          ['three', 4000, 5000],
          ['four', 6000, 7000],
        ],
        warned: ['words_repaired'],
      },
    ],
    ...[76.67, 46.67].map(
      (wild) =>
        [
          'W11',
          `an end of ${wild} s does not reorder the sentence`,
          json([
            { text: 'Traffic', start: 9, end: wild },
            { text: 'Secrets', start: wild, end: wild },
            { text: '.', start: wild, end: 8.11 },
            { text: 'The', start: 8.11, end: 8.22 },
            { text: 'show', start: 8.3, end: 8.6 },
          ]),
          { text: 'Traffic Secrets . The show', warned: ['words_repaired'] },
        ] as const,
    ),
    [
      'W11',
      'an end that is wild alone costs itself',
      json([
        { text: 'ab', start: 1, end: 31 },
        { text: 'cd', start: 40, end: 41 },
      ]),
      {
        words: [
          ['ab', 1000, 1240],
          ['cd', 40_000, 41_000],
        ],
      },
    ],
    [
      'W12',
      "the podcast namespace's transcript",
      JSON.stringify({
        version: '1.0.0',
        segments: [{ speaker: 'Ann', startTime: 1, endTime: 2, body: 'Hello you' }],
      }),
      {
        words: [
          ['Hello', 1000, 1600],
          ['you', 1600, 2000],
        ],
        exactTimes: false,
      },
    ],
    [
      'W12',
      "the podcast namespace's transcript, word by word",
      JSON.stringify({
        version: '1.0.0',
        segments: [
          { startTime: 1, endTime: 1.5, body: 'Hello' },
          { startTime: '1.5', endTime: '2', body: 'you' },
        ],
      }),
      {
        words: [
          ['Hello', 1000, 1500],
          ['you', 1500, 2000],
        ],
        exactTimes: true,
      },
    ],
    [
      'W15',
      'Audacity labels',
      '1.000000\t2.000000\tone\n\\\t200.0\t400.0\n3,5\t4,5\ttwo\n',
      {
        words: [
          ['one', 1000, 2000],
          ['two', 3500, 4500],
        ],
        exactTimes: false,
      },
    ],
    [
      'P8',
      'NUL and controls are no part of a word',
      json([{ text: 'a\0b\u0007', start: 1, end: 2 }]),
      { words: [['a b', 1000, 2000]] },
    ],
    [
      'P8',
      'a confidence in another scale is none',
      json([{ text: 'a', start: 1, end: 2, confidence: 80 }]),
      { words: [['a', 1000, 2000]] },
    ],
  ]
  test.each(rows)('%s %s', (_id, _what, file, expected) => {
    expect(heardIn(file)).toMatchObject(expected)
  })

  test('a word without times is never cut as a filler', () => {
    const { transcript } = read(json([{ text: 'um' }, { text: 'yes', start: 2, end: 3 }]))
    expect(transcript.words[0]).toMatchObject({ text: 'um', isPlaced: true })
    expect(findFillers(transcript, { enabled: true, risky: false })).toEqual([])
  })
})
