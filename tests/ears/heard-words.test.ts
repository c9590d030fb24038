// What models answer becomes words: tokens are joined, times are kept, and what cannot be has none.
import { describe, expect, test } from '@jest/globals'
import { wordsOf } from '../../shared/ears/heard-words.ts'
import { chooseModel } from '../../shared/ears/installed.ts'
import { layoutOf } from '../../shared/ears/layout.ts'
import { spokenLanguage } from '../../shared/ears/spoken-language.ts'
import { fromRecognised } from '../../shared/words/repair.ts'

const brief = (result: Parameters<typeof wordsOf>[0], seconds = 10) =>
  wordsOf(result, seconds).words.map(({ text, start, end }) => [text, start, end])

describe('Words', () => {
  test('are joined of tokens and end with their last one, as the model says or before the next', () => {
    const tokens = [' Hel', 'lo', ',', ' wor', 'ld', '.']
    const timestamps = [1, 1.25, 1.5, 2, 2.125, 2.5]
    expect(
      brief({ text: ' Hello, world.', tokens, timestamps, durations: [0.25, 0.125, 0, 0.125, 0.25, 0] }),
    ).toEqual([
      ['Hello,', 1, 1.5],
      ['world.', 2, 2.5],
    ])
    expect(
      brief({ text: 'Hello, world.', tokens: tokens.slice(0, 5), timestamps: timestamps.slice(0, 5) }, 2.25),
    ).toEqual([
      ['Hello,', 0, 1.125],
      ['world.', 1.125, 2.25],
    ])
  })

  test('are known by the sign of SentencePiece too, and lie within the sound', () => {
    const heard = { text: '▁one▁two', tokens: ['▁one', '▁two'], timestamps: [0.5, 1.9] }
    expect(brief(heard, 2)).toEqual([
      ['one', 0.5, 0.8],
      ['two', 1.9, 2],
    ])
  })

  test('of a model that shouts are written small; a capital that is meant stays', () => {
    expect(brief({ text: 'HELLO', tokens: [' HELLO'], timestamps: [0] })[0]![0]).toBe('hello')
    expect(brief({ text: 'NATO said', tokens: [' NATO', ' said'], timestamps: [0, 1] })[0]![0]).toBe('NATO')
  })

  test('without times, or of tokens that are bytes of letters, share the sound out and say so', () => {
    const whisper = wordsOf(
      { text: ' three fives', lang: '<|en|>', tokens: [' three', ' fives'], timestamps: [] },
      5,
    )
    expect(whisper).toMatchObject({ hasTimes: false, language: 'en' })
    expect(whisper.words.map(({ start, end }) => [start, end])).toEqual([
      [0, 2.5],
      [2.5, 5],
    ])
    expect(wordsOf({ text: 'né', tokens: [' n', '�', '�'], timestamps: [1, 2, 3] }, 5)).toMatchObject({
      hasTimes: false,
      words: [{ text: 'né' }],
    })
  })

  test('are none where nothing was said', () => {
    expect(wordsOf({ text: '', tokens: [], timestamps: [] }, 5)).toMatchObject({ hasTimes: true, words: [] })
  })
})

test('The language is the one that the words are in, where the model knows several and there are enough words', () => {
  const text =
    'Der Mond besteht aus Gestein und Staub und sehr altem Eis, und die Leute haben ihn angesehen, seit es Leute gibt. '
  const words = text
    .repeat(3)
    .split(' ')
    .map((word) => ({ text: word }))
  expect(spokenLanguage('parakeet-v3', words)).toBe('de')
  expect(spokenLanguage('parakeet-v3', words.slice(0, 5))).toBeNull()
  expect(spokenLanguage('parakeet-v2', words)).toBe('en')
  expect(spokenLanguage('my-own', words)).toBeNull()
})

test('a model that a template names is one name and no path', async () => {
  expect(await chooseModel({ dir: undefined, model: undefined }, 'my-own')).toEqual({
    name: 'my-own',
    digest: null,
  })
  for (const name of ['../w/other', '..', '.hidden', 'a/b', 'A', ''])
    expect(await chooseModel({ dir: undefined, model: undefined }, name)).toBeUndefined()
})

test('a recording of which one slice has captions only has captions only, each of them counted once', () => {
  const word = (text: string, start: number, cue?: number) => ({
    ...{ text, start, end: start + 0.5, speaker: null, confidence: null },
    ...(cue === undefined ? {} : { cue }),
  })
  const slices = [
    {
      startSample: 0,
      recognised: { language: null, words: [word('a', 1, 1), word('b', 2, 1), word('c', 3, 2)] },
    },
    { startSample: 10_000, recognised: { language: 'fr', words: [word('d', 1), word('e', 2)] } },
  ]
  const transcript = fromRecognised(slices, { sampleRate: 1000, totalSamples: 20_000 })
  expect(transcript).toMatchObject({ exactTimes: false, language: 'fr' })
  expect(transcript.words.map(({ text, startSample, cue }) => [text, startSample, cue])).toEqual([
    ['a', 1000, 1],
    ['b', 2000, 1],
    ['c', 3000, 2],
    ['d', 11_000, 3],
    ['e', 12_000, 4],
  ])
})

describe('A folder', () => {
  test.each([
    [['model.onnx', 'tokens.txt'], 'nemo-ctc'],
    [['encoder.int8.onnx', 'decoder.int8.onnx', 'joiner.int8.onnx', 'tokens.txt'], 'transducer'],
    [['tiny-encoder.onnx', 'tiny-decoder.onnx', 'tiny-tokens.txt', 'tiny-encoder.int8.onnx'], 'whisper'],
  ] as const)('with %s is a %s', (names, kind) => {
    expect(layoutOf(names)?.kind).toBe(kind)
  })

  test('that holds weights twice is used with the smaller ones', () => {
    const halves = ['encoder-epoch-30-avg-1', 'decoder-epoch-30-avg-1', 'joiner-epoch-30-avg-1']
    const names = [
      ...halves.flatMap((name) => [`${name}.onnx`, `${name}.int8.onnx`]),
      'tokens.txt',
      'bpe.model',
    ]
    expect(Object.values(layoutOf(names)!.files)).toEqual([
      ...halves.map((name) => `${name}.int8.onnx`),
      'tokens.txt',
    ])
  })

  test.each([[['model.onnx']], [['tokens.txt', 'readme.md']], [['encoder.onnx', 'tokens.txt']]])(
    'with %s alone is no model',
    (names) => {
      expect(layoutOf(names)).toBeUndefined()
    },
  )
})
