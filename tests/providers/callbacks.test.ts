// Callbacks as the vendors send them, twice, forged and late.
import { createHmac } from 'node:crypto'
import { describe, expect, test } from '@jest/globals'
import { Permanent } from '../../shared/errors.ts'
import { readCallback, type CallbackMessage } from '../../shared/providers/callbacks.ts'
import type { RecogniserName } from '../../shared/providers/recogniser.ts'
import { deepgramAnswer, heard, scribeAnswer } from '../support/vendors.ts'

const secret = 'wsec_0123456789'
const now = Date.UTC(2026, 10, 22, 9)
const spokenWords = heard.map(
  ({ text, start, end }) => expect.objectContaining({ text, start, end }) as unknown,
)

const aMessage = (body: unknown, headers: CallbackMessage['headers'] = {}): CallbackMessage => ({
  headers,
  rawBody: Buffer.from(typeof body === 'string' ? body : JSON.stringify(body)),
  secret,
  now,
})

const refused = (name: RecogniserName, message: CallbackMessage) => {
  const read = () => readCallback(name, message)
  expect(read).toThrow(Permanent)
  expect(read).toThrow(expect.objectContaining({ code: 'bad_callback' }))
}

describe('AssemblyAI', () => {
  const body = { transcript_id: 'job-1', status: 'completed' }
  const known = { 'x-spool-callback': secret }

  test('brings only the name of the job, the same each time', () => {
    const message = aMessage(body, known)
    expect(readCallback('assemblyai', message)).toEqual({
      reference: 'job-1',
      answer: undefined,
      failure: undefined,
      callbackUrl: undefined,
    })
    expect(readCallback('assemblyai', message)).toEqual(readCallback('assemblyai', message))
    expect(readCallback('assemblyai', aMessage({ ...body, status: 'error' }, known))).toMatchObject({
      reference: 'job-1',
    })
  })

  test.each([[{}], [{ 'x-spool-callback': `${secret}0` }], [{ 'x-spool-callback': '' }]])(
    'with the headers %p is forged',
    (headers) => {
      refused('assemblyai', aMessage(body, headers))
    },
  )

  test('is not believed by a secret that is empty', () => {
    refused('assemblyai', { ...aMessage(body, { 'x-spool-callback': '' }), secret: '' })
  })

  test.each(['', 'no JSON', '{}', '{"transcript_id":"","status":"completed"}'])(
    'with the body %p makes no sense',
    (text) => {
      refused('assemblyai', aMessage(text, known))
    },
  )
})

describe('ElevenLabs', () => {
  const callbackUrl = 'https://spool.example/on-callback?call=7&signature=abc'
  const data = {
    request_id: 'req-1',
    webhook_metadata: JSON.stringify({ callbackUrl }),
    transcription: scribeAnswer,
  }
  const body = JSON.stringify({ type: 'speech_to_text_transcription', event_timestamp: now / 1000, data })
  const sign = (text: string, at = now, by = secret) =>
    createHmac('sha256', by)
      .update(`${at / 1000}.${text}`)
      .digest('hex')
  const signed = (text: string, at = now, by = secret) =>
    aMessage(text, { 'elevenlabs-signature': `t=${at / 1000},v0=${sign(text, at, by)}` })

  test('brings the words, and the address we wished to be called at, the same each time', () => {
    const reading = readCallback('elevenlabs', signed(body))
    expect(reading).toMatchObject({
      reference: 'req-1',
      callbackUrl,
      answer: { state: 'done', result: { language: 'en', words: spokenWords } },
    })
    expect(readCallback('elevenlabs', signed(body))).toEqual(reading)
  })

  test.each<[string, unknown]>([
    ['an object', { callbackUrl }],
    ['nothing', null],
    ['somebody else’s text', 'order 66'],
    ['somebody else’s object', '{"order":66}'],
  ])('may bring %s as metadata', (_, metadata) => {
    const text = JSON.stringify({
      type: 'speech_to_text_transcription',
      data: { ...data, webhook_metadata: metadata },
    })
    const own = typeof metadata === 'object' && metadata !== null
    expect(readCallback('elevenlabs', signed(text))).toMatchObject({
      reference: 'req-1',
      callbackUrl: own ? callbackUrl : undefined,
    })
  })

  test('says why there are no words', () => {
    const text = JSON.stringify({
      type: 'speech_to_text_transcription',
      data: { request_id: 'req-1', error: 'The file could not be downloaded.' },
    })
    expect(readCallback('elevenlabs', signed(text))).toMatchObject({
      answer: undefined,
      failure: 'ElevenLabs could not transcribe the sound: The file could not be downloaded.',
    })
  })

  test('is believed for half an hour, on either side', () => {
    const minutes = (count: number) => now + count * 60_000
    for (const at of [minutes(-30), minutes(30)])
      expect(readCallback('elevenlabs', signed(body, at))).toMatchObject({ reference: 'req-1' })
    for (const at of [minutes(-31), minutes(31)]) refused('elevenlabs', signed(body, at))
  })

  test('is forged when anything about it is not as it was signed', () => {
    refused('elevenlabs', aMessage(body))
    refused('elevenlabs', signed(body, now, 'another secret'))
    refused('elevenlabs', { ...signed(body), rawBody: Buffer.from(body.replace('hello', 'hullo')) })
    refused('elevenlabs', aMessage(body, { 'elevenlabs-signature': `t=${now / 1000 + 1},v0=${sign(body)}` }))
    refused('elevenlabs', aMessage(body, { 'elevenlabs-signature': `v0=${sign(body)}` }))
    refused(
      'elevenlabs',
      aMessage(body, {
        'elevenlabs-signature':
          't=soon,v0=' + createHmac('sha256', secret).update(`soon.${body}`).digest('hex'),
      }),
    )
    refused('elevenlabs', { ...signed(body, now, ''), secret: '' })
  })

  test('may sign with two keys while one is replaced', () => {
    const header = `t=${now / 1000}, v0=${sign(body, now, 'the next one')}, v0=${sign(body)}`
    expect(readCallback('elevenlabs', aMessage(body, { 'elevenlabs-signature': header }))).toMatchObject({
      reference: 'req-1',
    })
  })
})

describe('Deepgram', () => {
  test('brings the words, the same each time; the address it called has proved it', () => {
    const message = aMessage(deepgramAnswer, { 'dg-token': 'no-secret' })
    expect(readCallback('deepgram', message)).toMatchObject({
      reference: 'dg-1',
      answer: { state: 'done', result: { language: 'en', words: spokenWords } },
    })
    expect(readCallback('deepgram', message)).toEqual(readCallback('deepgram', message))
  })

  test('says why there are no words', () => {
    const failed = aMessage({
      err_code: 'Bad Request',
      err_msg: 'failed to process audio: corrupt or unsupported data',
      request_id: 'dg-1',
    })
    expect(readCallback('deepgram', failed)).toMatchObject({
      reference: 'dg-1',
      answer: undefined,
      failure: expect.stringContaining('corrupt'),
    })
  })

  test.each(['', 'no JSON', '{}', '{"results":{}}'])('with the body %p makes no sense', (text) => {
    refused('deepgram', aMessage(text))
  })
})

test('OpenAI never calls', () => {
  refused('openai', aMessage({}))
})
