// Answers that have been paid for and are not quite as documented: what can be read is kept. And servers that
// only look like OpenAI's.
import { describe, expect, test } from '@jest/globals'
import { readCallback } from '../../shared/providers/callbacks.ts'
import type { RecogniserName, SpeechSound, TranscriptionRequest } from '../../shared/providers/recogniser.ts'
import { openRecogniser } from '../../shared/providers/recognisers.ts'
import { VendorError } from '../../shared/providers/vendor-failure.ts'
import {
  aVendor,
  deepgramAnswer,
  heard,
  scribeAnswer,
  whisperAnswer,
  type FakeVendor,
} from '../support/vendors.ts'

const still = new AbortController().signal
const plain: TranscriptionRequest = { language: 'en', callbackUrl: undefined, callbackSecret: undefined }
const sound: SpeechSound = {
  bytes: 5,
  seconds: 2,
  contentType: 'audio/ogg',
  fileName: 'speech.ogg',
  // eslint-disable-next-line @typescript-eslint/require-await -- a sound is asynchronous
  async *stream() {
    yield Buffer.from('sound')
  },
  signedUrl: undefined,
}

type Word = Readonly<Record<string, unknown>>
/** Each vendor's answer around a list of words. */
const answers: Record<
  RecogniserName,
  { route: string; around: (words: readonly unknown[]) => object; words: readonly Word[] }
> = {
  assemblyai: {
    route: 'POST /v2/transcript',
    around: (words) => ({ id: 'j', status: 'completed', language_code: 'en', words }),
    words: heard.map(({ text, start, end }) => ({ text, start: start * 1000, end: end * 1000 })),
  },
  elevenlabs: {
    route: 'POST /v1/speech-to-text',
    around: (words) => ({ ...scribeAnswer, words }),
    words: scribeAnswer.words.filter(({ type }) => type === 'word'),
  },
  deepgram: {
    route: 'POST /v1/listen',
    around: (words) => ({
      ...deepgramAnswer,
      results: { channels: [{ alternatives: [{ transcript: '', words }] }] },
    }),
    words: deepgramAnswer.results.channels[0]!.alternatives[0]!.words,
  },
  openai: {
    route: 'POST /v1/audio/transcriptions',
    around: (words) => ({ ...whisperAnswer, words }),
    words: whisperAnswer.words,
  },
}

async function aServer(name: RecogniserName, json: object, status = 200): Promise<FakeVendor> {
  const reply = () => ({ status, json })
  return await aVendor({
    'POST /v2/upload': () => ({ json: { upload_url: 'https://a.test/1' } }),
    [answers[name].route]: reply,
  })
}

async function transcribed(name: RecogniserName, vendor: FakeVendor) {
  const baseUrl = name === 'openai' ? `${vendor.baseUrl}/v1` : vendor.baseUrl
  const answer = await openRecogniser(name, { baseUrl, apiKey: 'a-key' }).submit(sound, plain, still)
  if (answer.state !== 'done') throw new Error(answer.state)
  return answer.result
}

const spoilt: readonly [string, (word: Word) => unknown][] = [
  ['no beginning', (word) => ({ ...word, start: null })],
  ['no end', (word) => ({ ...word, end: null })],
  ['a time in words', (word) => ({ ...word, start: 'early' })],
  ['no text', ({ text: _text, word: _word, ...rest }) => ({ ...rest, text: null, word: null })],
  ['nothing', () => null],
]
const names = Object.keys(answers) as RecogniserName[]

describe.each(names)('A word from %s', (name) => {
  const { around, words } = answers[name]

  test.each(spoilt)('with %s costs itself, and not the others', async (_what, spoil) => {
    const vendor = await aServer(name, around([words[0], spoil(words[1]!), words[2]]))
    const { words: kept, unreadable } = await transcribed(name, vendor)
    expect([kept.map(({ text }) => text.replace(/\W/g, '')), unreadable]).toEqual([['Um', 'world'], 1])
  })

  test('that begins before the sound begins with it', async () => {
    const vendor = await aServer(name, around([{ ...words[0], start: -0.02 }, words[1], words[2]]))
    const { words: kept, unreadable } = await transcribed(name, vendor)
    expect([kept.length, kept[0]!.start, unreadable]).toEqual([3, 0, undefined])
  })
})

test('A callback with a word that cannot be read is worth the others', () => {
  const { around, words } = answers.deepgram
  const message = {
    headers: {},
    rawBody: Buffer.from(JSON.stringify(around([words[0], null]))),
    secret: 'abc',
    now: Date.now(),
  }
  expect(readCallback('deepgram', message).answer).toMatchObject({
    result: { words: [{ text: 'Um,' }], unreadable: 1 },
  })
})

describe('A server that only looks like OpenAI’s', () => {
  const refusals: readonly [string, number, object, RegExp][] = [
    [
      'refuses verbose_json',
      400,
      {
        error: { message: "response_format 'verbose_json' is not compatible with model 'gpt-4o-transcribe'" },
      },
      /'verbose_json' is not compatible with model.*transcription\.model.*whisper-1/,
    ],
    [
      'refuses it as a field',
      422,
      { detail: [{ loc: ['body', 'timestamp_granularities[]'], msg: 'Extra inputs are not permitted' }] },
      /transcription\.model.*whisper-1/,
    ],
    ['gives no words', 200, { text: 'Hello there.' }, /without the times of its words.*transcription\.model/],
    ['gives an empty list of words', 200, { text: 'Hello there.', words: [] }, /transcription\.model/],
    [
      'gives words without times',
      200,
      { text: 'Hello there.', words: [{ word: 'Hello', start: null, end: null }] },
      /transcription\.model/,
    ],
  ]
  test.each(refusals)(
    'is asked once, and says which model to choose: %s',
    async (_what, status, json, message) => {
      const vendor = await aServer('openai', json, status)
      const error = await transcribed('openai', vendor).then(
        () => undefined,
        (reason: unknown) => reason,
      )
      expect(error).toBeInstanceOf(VendorError)
      expect(error).toMatchObject({
        kind: 'refused',
        code: 'provider_rejected',
        message: expect.stringMatching(message),
      })
      expect(vendor.received).toHaveLength(1)
    },
  )

  test('is not told to have another model for want of something else', async () => {
    const vendor = await aServer('openai', { error: { message: 'The file is too short.' } }, 400)
    await expect(transcribed('openai', vendor)).rejects.toMatchObject({
      message: expect.not.stringMatching(/transcription\.model/),
    })
  })

  test.each(['[Music]', '♪♪', '(applause) [MUSIC PLAYING]', ' . '])(
    'may hear no words in music: %s',
    async (text) => {
      const vendor = await aServer('openai', { text, words: [], segments: [{ start: 0, end: 9, text }] })
      expect((await transcribed('openai', vendor)).words).toEqual([])
    },
  )
})
