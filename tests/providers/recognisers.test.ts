// Every recogniser against a local server that speaks its vendor's wire format: what it asks for, what it
// makes of the answer, what a failure means.
import { describe, expect, test } from '@jest/globals'
import { punctuated } from '../../shared/providers/openai-transcriptions.ts'
import { openRecogniser, sliceSecondsOf } from '../../shared/providers/recognisers.ts'
import type { RecogniserName, SpeechSound, TranscriptionRequest } from '../../shared/providers/recogniser.ts'
import { callVendor, readJson } from '../../shared/providers/vendor.ts'
import { VendorError } from '../../shared/providers/vendor-failure.ts'
import { openai } from '../../shared/providers/vendors.ts'
import {
  aDeepgram,
  anAssemblyai,
  aScribe,
  aVendor,
  aWhisper,
  heard,
  whisperAnswer,
  type FakeVendor,
  type Fault,
} from '../support/vendors.ts'
import { z } from 'zod'

const apiKey = 'sk-verysecret-0123456789'
const soundBytes = Buffer.from('not really a recording')
const still = new AbortController().signal
const plain: TranscriptionRequest = { language: undefined, callbackUrl: undefined, callbackSecret: undefined }
const calledBack: TranscriptionRequest = {
  language: 'en',
  callbackUrl: 'https://spool.example/on-callback?call=7&signature=abc',
  callbackSecret: 'abc',
}
const address = 'https://store.example/work/w/u1/k1/speech.ogg?X-Goog-Signature=f00d'

// eslint-disable-next-line @typescript-eslint/require-await -- a sound is asynchronous
async function* inTwo(): AsyncGenerator<Buffer> {
  yield soundBytes.subarray(0, 5)
  yield soundBytes.subarray(5)
}

const aSound = (over: Partial<SpeechSound> = {}): SpeechSound => ({
  bytes: soundBytes.length,
  seconds: 2,
  contentType: 'audio/ogg',
  fileName: 'speech.ogg',
  stream: inTwo,
  signedUrl: undefined,
  ...over,
})
/** Never comes to its end. */
const anEndlessSound = () => {
  async function* endless(): AsyncGenerator<Buffer> {
    for (;;) {
      yield Buffer.alloc(65_536)
      await new Promise(setImmediate)
    }
  }
  return aSound({ bytes: 2 ** 31, stream: endless })
}
const aSharedSound = () => aSound({ signedUrl: () => Promise.resolve(address) })

const vendors = {
  assemblyai: anAssemblyai,
  elevenlabs: aScribe,
  deepgram: aDeepgram,
  openai: aWhisper,
} satisfies Record<RecogniserName, () => Promise<FakeVendor>>
const names = Object.keys(vendors) as RecogniserName[]
const open = (name: RecogniserName, { baseUrl }: { baseUrl: string }, key = apiKey) =>
  openRecogniser(name, { baseUrl: name === 'openai' ? `${baseUrl}/v1` : baseUrl, apiKey: key })
const words = (confidence: number | null, speakers: readonly (string | null)[]) =>
  heard.map(({ text, start, end, speaker }) => ({ text, start, end, speaker: speakers[speaker], confidence }))
const failureOf = async (work: Promise<unknown>): Promise<VendorError> => {
  const error = await work.then(
    () => undefined,
    (reason: unknown) => reason,
  )
  expect(error).toBeInstanceOf(VendorError)
  return error as VendorError
}

describe('AssemblyAI', () => {
  test('is told where the sound is, and to tell speakers apart and keep fillers', async () => {
    const vendor = await anAssemblyai()
    const answer = await open('assemblyai', vendor).submit(aSharedSound(), plain, still)
    expect(answer).toEqual({ state: 'waiting', reference: 'job-1' })
    expect(vendor.received).toHaveLength(1)
    expect(vendor.last().headers).toMatchObject({ authorization: apiKey, 'content-type': 'application/json' })
    expect(vendor.last().json()).toEqual({
      audio_url: address,
      speech_models: ['universal-3-5-pro', 'universal-2'],
      speaker_labels: true,
      disfluencies: true,
      language_detection: true,
    })
  })

  test('is sent a sound that it cannot fetch before the job is made', async () => {
    const vendor = await anAssemblyai()
    await open('assemblyai', vendor).submit(aSound(), { ...plain, language: 'de-AT' }, still)
    const [upload, job] = vendor.received
    expect(upload).toMatchObject({ path: '/v2/upload', body: soundBytes })
    expect(upload!.headers).toMatchObject({
      'content-length': `${soundBytes.length}`,
      'content-type': 'application/octet-stream',
    })
    expect(job!.json()).toMatchObject({
      audio_url: 'https://cdn.assemblyai.com/upload/0d7a',
      language_code: 'de',
    })
  })

  test('is asked until it is done, and speaks in seconds then', async () => {
    const vendor = await anAssemblyai()
    const { poll } = open('assemblyai', vendor)
    await open('assemblyai', vendor).submit(aSharedSound(), plain, still)
    expect(await poll!('job-1', still)).toEqual({ state: 'waiting', reference: 'job-1' })
    expect(await poll!('job-1', still)).toEqual({
      state: 'done',
      result: { language: 'en-us', words: words(0.875, ['A', 'B']) },
    })
  })

  test('repeats our secret when it calls back', async () => {
    const vendor = await anAssemblyai()
    await open('assemblyai', vendor).submit(aSharedSound(), calledBack, still)
    expect(vendor.last().json()).toMatchObject({
      webhook_url: calledBack.callbackUrl,
      webhook_auth_header_name: 'x-spool-callback',
      webhook_auth_header_value: 'abc',
    })
  })

  test('knows a lost job by the object it fetched, however that was signed', async () => {
    const vendor = await anAssemblyai()
    const { submit, find } = open('assemblyai', vendor)
    const signedAnew = aSound({ signedUrl: () => Promise.resolve(address.replace('f00d', 'beef')) })
    expect(await find!(signedAnew, still)).toBeUndefined()
    await submit(aSharedSound(), plain, still)
    expect(await find!(signedAnew, still)).toBe('job-1')
    expect(
      await find!(aSound({ signedUrl: () => Promise.resolve('https://store.example/other.ogg') }), still),
    ).toBeUndefined()
    expect(await find!(aSound(), still)).toBeUndefined()
  })

  test('says why a job failed, without the signature of the address it could not fetch', async () => {
    const vendor = await aVendor({
      'GET /v2/transcript/{id}': () => ({
        json: { id: 'job-1', status: 'error', error: `Download error, unable to download ${address}.` },
      }),
    })
    const failure = await failureOf(open('assemblyai', vendor).poll!('job-1', still))
    expect(failure).toMatchObject({ kind: 'refused', code: 'provider_rejected' })
    expect(failure.message).toContain('Download error')
    expect(failure.message).not.toContain('f00d')
  })

  test('refuses a negative balance with 400 and no code', async () => {
    const vendor = await anAssemblyai()
    vendor.fault = {
      status: 400,
      body: { error: 'Your current account balance is negative. Please top up to continue using the API.' },
    }
    expect(await failureOf(open('assemblyai', vendor).submit(aSharedSound(), plain, still))).toMatchObject({
      kind: 'refused',
      code: 'provider_unpaid',
    })
  })
})

describe('Scribe', () => {
  test('takes a form with the sound in it, and its words are those that somebody said', async () => {
    const vendor = await aScribe()
    const answer = await open('elevenlabs', vendor).submit(aSound(), { ...plain, language: 'en-GB' }, still)
    expect(answer).toEqual({
      state: 'done',
      result: { language: 'en', words: words(0.5, ['speaker_0', 'speaker_1']) },
    })
    const { headers, form, bytes } = vendor.last()
    expect(headers).toMatchObject({ 'xi-api-key': apiKey, 'content-length': `${bytes}` })
    const { file, ...fields } = Object.fromEntries(await form())
    expect(fields).toEqual({
      model_id: 'scribe_v2',
      diarize: 'true',
      timestamps_granularity: 'word',
      tag_audio_events: 'false',
      language_code: 'en',
    })
    expect(file).toMatchObject({ name: 'speech.ogg', type: 'audio/ogg' })
    expect(Buffer.from(await (file as File).arrayBuffer())).toEqual(soundBytes)
  })

  test('is told where the sound is when it can fetch it', async () => {
    const vendor = await aScribe()
    await open('elevenlabs', vendor).submit(aSharedSound(), plain, still)
    const fields = Object.fromEntries(await vendor.last().form())
    expect(fields).toMatchObject({ source_url: address })
    expect(fields).not.toHaveProperty('file')
  })

  test('works on by itself when it may call back, and can be asked meanwhile', async () => {
    const vendor = await aScribe()
    const { submit, poll } = open('elevenlabs', vendor)
    const answer = await submit(aSharedSound(), calledBack, still)
    expect(answer).toEqual({ state: 'waiting', reference: 'req-1/tr-1' })
    expect(Object.fromEntries(await vendor.last().form())).toMatchObject({
      webhook: 'true',
      webhook_metadata: JSON.stringify({ callbackUrl: calledBack.callbackUrl }),
    })
    expect(await poll!('req-1/tr-1', still)).toEqual(answer)
    expect(await poll!('req-1/tr-1', still)).toMatchObject({ state: 'done', result: { language: 'en' } })
    expect(await poll!('req-1', still)).toEqual({ state: 'waiting', reference: 'req-1' })
  })

  test('answers at once when its workspace has no address to call', async () => {
    const vendor = await aScribe({ webhooks: false })
    expect(await open('elevenlabs', vendor).submit(aSound(), calledBack, still)).toMatchObject({
      state: 'done',
    })
    expect(vendor.received).toHaveLength(2)
    expect((await vendor.last().form()).get('file')).toMatchObject({ size: soundBytes.length })
  })

  test('says with 401 that its quota is used up', async () => {
    const vendor = await aScribe()
    vendor.fault = {
      status: 401,
      body: { detail: { status: 'quota_exceeded', message: 'This request exceeds your quota.' } },
    }
    expect(await failureOf(open('elevenlabs', vendor).submit(aSound(), plain, still))).toMatchObject({
      kind: 'refused',
      code: 'provider_unpaid',
    })
  })
})

describe('Deepgram', () => {
  const asked = { model: 'nova-3', punctuate: 'true', filler_words: 'true', diarize_model: 'latest' }

  test('takes the sound as it is, and words keep their punctuation', async () => {
    const vendor = await aDeepgram()
    const answer = await open('deepgram', vendor).submit(aSound(), plain, still)
    expect(answer).toEqual({ state: 'done', result: { language: 'en', words: words(0.75, ['0', '1']) } })
    expect(vendor.last()).toMatchObject({
      path: '/v1/listen',
      query: { ...asked, detect_language: 'true' },
      body: soundBytes,
    })
    expect(vendor.last().headers).toMatchObject({
      authorization: `Token ${apiKey}`,
      'content-type': 'audio/ogg',
      'content-length': `${soundBytes.length}`,
    })
  })

  test('is told where the sound is when it can fetch it, and calls back when it may', async () => {
    const vendor = await aDeepgram()
    expect(await open('deepgram', vendor).submit(aSharedSound(), calledBack, still)).toEqual({
      state: 'waiting',
      reference: 'dg-1',
    })
    expect(vendor.last().json()).toEqual({ url: address })
    expect(vendor.last().query).toEqual({ ...asked, language: 'en', callback: calledBack.callbackUrl })
  })

  test('cannot be asked later', async () => {
    expect(open('deepgram', await aDeepgram())).not.toHaveProperty('poll')
  })
})

describe('OpenAI and its likes', () => {
  test('get a form that asks for words and fillers; bare words get their punctuation back', async () => {
    const vendor = await aWhisper()
    const answer = await open('openai', vendor).submit(aSound(), plain, still)
    expect(answer).toEqual({ state: 'done', result: { language: 'en', words: words(null, [null, null]) } })
    const form = await vendor.last().form()
    expect(vendor.last().headers).toMatchObject({
      authorization: `Bearer ${apiKey}`,
      'content-length': `${vendor.last().bytes}`,
    })
    expect(form.get('model')).toBe('whisper-1')
    expect(form.get('response_format')).toBe('verbose_json')
    expect(form.getAll('timestamp_granularities[]')).toEqual(['word', 'segment'])
    expect(form.get('prompt')).toMatch(/Um.*uh.*hmm/)
    expect(form.get('file')).toMatchObject({ name: 'speech.ogg', size: soundBytes.length })
  })

  test('are given the language, and a hint in it or none', async () => {
    const vendor = await aWhisper()
    const recogniser = open('openai', vendor)
    await recogniser.submit(aSound(), { ...plain, language: 'de-DE' }, still)
    expect(Object.fromEntries(await vendor.last().form())).toMatchObject({
      language: 'de',
      prompt: expect.stringContaining('ähm'),
    })
    await recogniser.submit(aSound(), { ...plain, language: 'fi' }, still)
    expect(Object.fromEntries(await vendor.last().form())).not.toHaveProperty('prompt')
  })

  test('of one’s own need no key, and have models of their own', async () => {
    const vendor = await aWhisper()
    await openRecogniser('openai', {
      baseUrl: `${vendor.baseUrl}/v1/`,
      apiKey: '',
      model: 'large-v3',
    }).submit(aSound(), plain, still)
    expect(vendor.last().headers).not.toHaveProperty('authorization')
    expect((await vendor.last().form()).get('model')).toBe('large-v3')
  })

  test('may put the words into the segments', async () => {
    const { words: bare, segments, ...rest } = whisperAnswer
    const vendor = await aWhisper({
      ...rest,
      segments: segments.map((segment, i) => ({
        ...segment,
        words: i === 0 ? bare.slice(0, 2) : bare.slice(2),
      })),
    })
    expect(await open('openai', vendor).submit(aSound(), plain, still)).toMatchObject({
      result: { words: words(null, [null, null]) },
    })
  })

  test('are of no use without the times of words', async () => {
    const vendor = await aWhisper({ text: 'Um, hello world.' })
    const failure = await failureOf(open('openai', vendor).submit(aSound(), plain, still))
    expect(failure).toMatchObject({
      kind: 'refused',
      code: 'provider_rejected',
      message: expect.stringContaining('without the times of its words'),
    })
  })

  test('may hear nothing', async () => {
    const vendor = await aWhisper({ language: 'english', text: '', words: [], segments: [] })
    expect(await open('openai', vendor).submit(aSound(), plain, still)).toEqual({
      state: 'done',
      result: { language: 'en', words: [] },
    })
  })

  test('say with 429 that there is no credit, which waiting does not mend', async () => {
    const vendor = await aWhisper()
    const body = {
      error: {
        message: 'You exceeded your current quota.',
        type: 'insufficient_quota',
        param: null,
        code: 'insufficient_quota',
      },
    }
    vendor.fault = { status: 429, body, headers: { 'retry-after': '20' } }
    expect(await failureOf(open('openai', vendor).submit(aSound(), plain, still))).toMatchObject({
      kind: 'refused',
      code: 'provider_unpaid',
    })
  })

  test('write some words otherwise in the text; those stay as they were heard', () => {
    expect(
      punctuated(['twenty', 'five', 'people', "it's", 'fine'], 'Twenty-five people? It’s fine.'),
    ).toEqual(['twenty', 'five', 'people?', 'It’s', 'fine.'])
  })
})

test('only OpenAI wants slices', () => {
  expect(names.map(sliceSecondsOf)).toEqual([Infinity, Infinity, Infinity, 600])
})

describe.each(names)('whatever goes wrong at %s', (name) => {
  const submitTo = (vendor: FakeVendor, sound = aSound()) => open(name, vendor).submit(sound, plain, still)
  const failing = async (fault: Fault) => {
    const vendor = await vendors[name]()
    vendor.fault = fault
    return failureOf(submitTo(vendor))
  }

  test.each([
    [400, 'refused', 'provider_rejected'],
    [401, 'refused', 'provider_key_refused'],
    [402, 'refused', 'provider_unpaid'],
    [403, 'refused', 'provider_key_refused'],
    [404, 'refused', 'provider_rejected'],
    [413, 'refused', 'provider_rejected'],
    [429, 'later', 'provider_unavailable'],
    [500, 'later', 'provider_unavailable'],
    [503, 'later', 'provider_unavailable'],
  ] as const)('%i is %s: %s', async (status, kind, code) => {
    const failure = await failing({ status })
    expect(failure).toMatchObject({ kind, code, status })
    expect(failure.message).toMatch(new RegExp(`^(AssemblyAI|ElevenLabs|Deepgram|OpenAI) answered ${status}`))
  })

  test('the vendor says when to come back, in seconds or by its own clock', async () => {
    expect(await failing({ status: 429, headers: { 'retry-after': '7' } })).toMatchObject({
      retryAfterMs: 7000,
    })
    const headers = { date: 'Sun, 22 Nov 2026 09:00:00 GMT', 'retry-after': 'Sun, 22 Nov 2026 09:02:00 GMT' }
    expect(await failing({ status: 503, headers })).toMatchObject({ retryAfterMs: 120_000 })
    expect(await failing({ status: 503 })).toMatchObject({ retryAfterMs: undefined })
  })

  test('its complaint is told without the key, on one line, and not at length', async () => {
    const echo =
      `Bad key ${apiKey}\u0000\n\tfor ${encodeURIComponent(apiKey)} ` +
      `at https://store.example/a.ogg?X-Goog-Signature=f00d ${'so '.repeat(300)}`
    const { message } = await failing({ status: 400, body: { error: { message: echo, code: 'bad' } } })
    expect(message).toContain('answered 400: Bad key … for … at https://store.example/a.ogg?… so so')
    expect(message).not.toMatch(/verysecret|f00d|\p{Cc}/u)
    expect(message.length).toBeLessThanOrEqual(500)
  })

  test('a page for a browser is told in its words', async () => {
    const body = '<html><head><style>b{}</style></head><body><h1>Bad gateway</h1></body></html>'
    expect(await failing({ status: 502, body })).toMatchObject({
      kind: 'later',
      message: expect.stringMatching(/ answered 502: Bad gateway$/),
    })
  })

  test('a connection lost while the sound is on its way means that nothing was accepted', async () => {
    const vendor = await vendors[name]()
    vendor.fault = 'hang up midway'
    const failure = await failureOf(submitTo(vendor, anEndlessSound()))
    expect(failure).toMatchObject({ kind: 'later', code: 'provider_unavailable', status: undefined })
  })

  test('a refusal that comes before the sound is through is heard', async () => {
    const vendor = await vendors[name]()
    vendor.fault = 'refuse unread'
    expect(await failureOf(submitTo(vendor, anEndlessSound()))).toMatchObject({
      kind: 'refused',
      code: 'provider_key_refused',
    })
  })

  test('a vendor that is not there, or is not what it seems, accepted nothing', async () => {
    const { baseUrl } = await vendors[name]()
    for (const nobody of ['http://127.0.0.1:9', 'http://nobody.invalid', baseUrl.replace('http:', 'https:')])
      for (const sound of [aSound(), aSharedSound()]) {
        const failure = await failureOf(open(name, { baseUrl: nobody }).submit(sound, plain, still))
        expect(failure).toMatchObject({ kind: 'later', code: 'provider_unavailable', status: undefined })
      }
  })

  test('a sound that breaks off, or is not as long as was said, is not the vendor’s fault', async () => {
    const broken = new Error('the store is gone')
    // eslint-disable-next-line @typescript-eslint/require-await -- a sound is asynchronous
    async function* breaking(): AsyncGenerator<Buffer> {
      yield soundBytes.subarray(0, 5)
      throw broken
    }
    await expect(submitTo(await vendors[name](), aSound({ stream: breaking }))).rejects.toBe(broken)
    const tooLong = submitTo(await vendors[name](), aSound({ bytes: soundBytes.length + 1 }))
    await expect(tooLong).rejects.toThrow(/were to be sent/)
    await expect(tooLong).rejects.not.toBeInstanceOf(VendorError)
  })

  test('a cancelled run gets its own reason back', async () => {
    const vendor = await vendors[name]()
    vendor.fault = 'never answer'
    const stop = new AbortController()
    const reason = new Error('cancelled')
    const submitted = open(name, vendor).submit(aSound({ stream: stopping }), plain, stop.signal)
    async function* stopping(): AsyncGenerator<Buffer> {
      yield* inTwo()
      stop.abort(reason)
    }
    await expect(submitted).rejects.toBe(reason)
    await expect(open(name, vendor).submit(aSound(), plain, stop.signal)).rejects.toBe(reason)
  })

  test('a key that was pasted with a line break is refused here, and not repeated', async () => {
    const vendor = await vendors[name]()
    const failure = await failureOf(open(name, vendor, 'sk-very\nsecret').submit(aSound(), plain, still))
    expect(failure).toMatchObject({ kind: 'refused', code: 'provider_key_refused' })
    expect(failure.message).not.toMatch(/sk-|secret/)
    expect(vendor.received).toEqual([])
  })

  test('an answer that comes slowly is read to its end', async () => {
    const vendor = await vendors[name]()
    const atOnce = await submitTo(vendor)
    vendor.fault = 'slowly'
    const slowly = await submitTo(vendor)
    expect(slowly).toEqual(name === 'assemblyai' ? { state: 'waiting', reference: 'job-2' } : atOnce)
  })

  test('nobody knows what became of a paid request whose answer is lost or makes no sense', async () => {
    const vendor = await vendors[name]()
    for (const fault of ['hang up', 'garbage', 'stop in the answer', { status: 504 }] as const) {
      vendor.fault = fault
      const failure = await failureOf(open(name, vendor).submit(aSharedSound(), plain, still))
      expect(failure).toMatchObject({ kind: 'unclear', code: 'provider_unclear' })
    }
  })
})

describe.each(['assemblyai', 'elevenlabs'] as const)('asking %s again costs nothing', (name) => {
  test.each([
    ['hang up', 'later', 'provider_unavailable'],
    ['stop in the answer', 'later', 'provider_unavailable'],
    ['garbage', 'refused', 'provider_rejected'],
    [{ status: 503 }, 'later', 'provider_unavailable'],
    [{ status: 401 }, 'refused', 'provider_key_refused'],
  ] as const)('%p is %s: %s', async (fault, kind, code) => {
    const vendor = await vendors[name]()
    vendor.fault = fault
    expect(await failureOf(open(name, vendor).poll!('req-1/tr-1', still))).toMatchObject({ kind, code })
  })
})

test('AssemblyAI’s upload costs nothing either, so losing it leaves no doubt', async () => {
  const vendor = await anAssemblyai()
  vendor.fault = 'hang up'
  expect(await failureOf(open('assemblyai', vendor).submit(aSound(), plain, still))).toMatchObject({
    kind: 'later',
  })
})

describe.each(names)('a large sound for %s', (name) => {
  test('is on its way before its end is read', async () => {
    const vendor = await vendors[name]()
    const mebibyte = Buffer.alloc(1024 * 1024)
    let arrivedBeforeTheLast = 0
    // eslint-disable-next-line @typescript-eslint/require-await -- a sound is asynchronous
    async function* generated(): AsyncGenerator<Buffer> {
      for (let i = 0; i < 100; i++) {
        arrivedBeforeTheLast = vendor.bytesReceived()
        yield mebibyte
      }
    }
    await open(name, vendor).submit(aSound({ bytes: 100 * mebibyte.length, stream: generated }), plain, still)
    expect(arrivedBeforeTheLast).toBeGreaterThan(50 * mebibyte.length)
    expect(vendor.received[0]!.bytes).toBeGreaterThanOrEqual(100 * mebibyte.length)
  })
})

describe('a call to a vendor', () => {
  const call = {
    method: 'POST',
    path: '/ask',
    read: readJson(z.object({})),
    paid: true,
    timeoutMs: 60_000,
  } as const

  test('that takes too long may have been accepted only when it costs money', async () => {
    const vendor = await aVendor({})
    vendor.fault = 'never answer'
    const ask = (paid: boolean) =>
      callVendor(openai({ ...vendor, apiKey }), { ...call, paid, timeoutMs: 2000 }, still)
    expect(await failureOf(ask(true))).toMatchObject({
      kind: 'unclear',
      message: 'OpenAI did not answer within 2 seconds. It may have accepted the request.',
    })
    expect(await failureOf(ask(false))).toMatchObject({ kind: 'later' })
  })

  test('follows nobody elsewhere: the key would go along', async () => {
    const elsewhere = await aVendor({})
    const vendor = await aVendor({})
    vendor.fault = { status: 307, headers: { location: `${elsewhere.baseUrl}/ask` } }
    expect(await failureOf(callVendor(openai({ ...vendor, apiKey }), call, still))).toMatchObject({
      kind: 'refused',
      status: 307,
    })
    expect(elsewhere.received).toEqual([])
  })

  test('reads only so much of an answer', async () => {
    const vendor = await aVendor({ 'POST /ask': () => ({ bytes: Buffer.alloc(65 * 1024 * 1024) }) })
    expect(
      await failureOf(callVendor(openai({ ...vendor, apiKey }), { ...call, paid: false }, still)),
    ).toMatchObject({
      kind: 'refused',
      code: 'provider_rejected',
    })
  })
})
