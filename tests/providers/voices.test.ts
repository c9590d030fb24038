// Every voice, two of them against local servers that speak their wire formats: what they are sent, and that
// what comes back is speech.
import { describe, expect, test } from '@jest/globals'
import { openVoice } from '../../shared/providers/voices.ts'
import type { Line, VoiceName } from '../../shared/providers/voice.ts'
import { anElevenlabsVoice, anOpenaiVoice, aTone, type FakeVendor } from '../support/vendors.ts'

const apiKey = 'sk-verysecret-0123456789'
const still = new AbortController().signal
const nowhere = { baseUrl: '', apiKey: '' }
const open = (name: VoiceName, { baseUrl }: FakeVendor) =>
  openVoice(name, { baseUrl: name === 'openai' ? `${baseUrl}/v1` : baseUrl, apiKey })

const hosted = {
  elevenlabs: { start: anElevenlabsVoice, line: { text: 'Hello there, world!', voice: 'known' } },
  openai: { start: anOpenaiVoice, line: { text: 'Hello there, world!', voice: 'alloy' } },
} satisfies Record<string, { start: (pcm?: Buffer) => Promise<FakeVendor>; line: Line }>

describe.each(['elevenlabs', 'openai'] as const)('%s', (name) => {
  const { start, line } = hosted[name]

  test('speaks at 24 kHz in full scale', async () => {
    const { samples, sampleRate } = await open(name, await start()).speak(line, still)
    expect(sampleRate).toBe(24_000)
    expect(samples).toHaveLength(12_000)
    expect(samples.reduce((peak, sample) => Math.max(peak, Math.abs(sample)), 0)).toBeCloseTo(0.1, 3)
  })

  test('says when it has no such voice', async () => {
    await expect(open(name, await start()).speak({ ...line, voice: 'nobody' }, still)).rejects.toMatchObject({
      name: 'VendorError',
      kind: 'refused',
      code: 'unknown_voice',
      message: expect.stringContaining('There is no voice "nobody".'),
    })
  })

  test.each<[string, Buffer]>([
    ['silence', aTone(0.5, 0.0009)],
    ['a click', aTone(0.01)],
    ['nothing', Buffer.alloc(2)],
  ])('is not believed when it sends %s', async (_, pcm) => {
    await expect(open(name, await start(pcm)).speak(line, still)).rejects.toMatchObject({
      kind: 'refused',
      code: 'provider_rejected',
    })
  })

  test('is not asked to say nothing', async () => {
    const vendor = await start()
    for (const text of ['', ' \n', '… — !'])
      await expect(open(name, vendor).speak({ ...line, text }, still)).rejects.toMatchObject({
        kind: 'refused',
        code: 'provider_rejected',
      })
    expect(vendor.received).toEqual([])
  })

  test.each([
    [{ status: 401 }, 'refused', 'provider_key_refused'],
    [{ status: 402 }, 'refused', 'provider_unpaid'],
    [{ status: 429 }, 'later', 'provider_unavailable'],
    [{ status: 500 }, 'later', 'provider_unavailable'],
    ['hang up', 'unclear', 'provider_unclear'],
    ['stop in the answer', 'unclear', 'provider_unclear'],
  ] as const)('%p is %s: %s', async (fault, kind, code) => {
    const vendor = await start()
    vendor.fault = fault
    await expect(open(name, vendor).speak(line, still)).rejects.toMatchObject({ kind, code })
  })
})

describe('ElevenLabs', () => {
  test('is sent the text with its usual model, and tells when each word is said', async () => {
    const vendor = await anElevenlabsVoice()
    const { words } = await open('elevenlabs', vendor).speak(
      { text: ' Hello  there,\nworld!', voice: 'known' },
      still,
    )
    expect(vendor.last()).toMatchObject({
      path: '/v1/text-to-speech/known/with-timestamps',
      query: { output_format: 'pcm_24000' },
    })
    expect(vendor.last().headers).toMatchObject({ 'xi-api-key': apiKey })
    expect(vendor.last().json()).toEqual({
      text: ' Hello  there,\nworld!',
      model_id: 'eleven_multilingual_v2',
    })
    expect(words).toEqual([
      { text: 'Hello', start: 0.05, end: 0.3 },
      { text: 'there,', start: 0.4, end: 0.7 },
      { text: 'world!', start: 0.75, end: 1.05 },
    ])
  })

  test('is given a model and settings of the producer’s', async () => {
    const vendor = await anElevenlabsVoice()
    await open('elevenlabs', vendor).speak(
      { text: 'Hello!', voice: 'known', model: 'eleven_v3', settings: { stability: 0.4, seed: 7 } },
      still,
    )
    expect(vendor.last().json()).toEqual({
      text: 'Hello!',
      model_id: 'eleven_v3',
      seed: 7,
      voice_settings: { stability: 0.4 },
    })
  })

  test('may have a voice that is not for everybody', async () => {
    const vendor = await anElevenlabsVoice()
    vendor.fault = {
      status: 403,
      body: { detail: { type: 'authorization_error', code: 'voice_access_denied', message: 'No access.' } },
    }
    await expect(
      open('elevenlabs', vendor).speak({ text: 'Hello!', voice: 'known' }, still),
    ).rejects.toMatchObject({ code: 'unknown_voice' })
  })
})

describe('OpenAI', () => {
  test('is asked for bare samples, and tells no times of words', async () => {
    const vendor = await anOpenaiVoice()
    const { words } = await open('openai', vendor).speak(
      { text: 'Hello!', voice: 'alloy', settings: { speed: 1.1 } },
      still,
    )
    expect(words).toBeNull()
    expect(vendor.last().headers).toMatchObject({ authorization: `Bearer ${apiKey}` })
    expect(vendor.last().json()).toEqual({
      model: 'gpt-4o-mini-tts',
      input: 'Hello!',
      voice: 'alloy',
      response_format: 'pcm',
      speed: 1.1,
    })
  })

  test('may answer with a file of another kind, which is no speech', async () => {
    const vendor = await anOpenaiVoice(Buffer.concat([Buffer.from('RIFF'), aTone()]))
    await expect(
      open('openai', vendor).speak({ text: 'Hello!', voice: 'alloy' }, still),
    ).rejects.toMatchObject({ kind: 'unclear' })
  })
})

describe('flite', () => {
  const flite = openVoice('flite', nowhere)
  const seconds = async (text: string, voice = 'kal16') => {
    const { samples, sampleRate } = await flite.speak({ text, voice }, still)
    return samples.length / sampleRate
  }

  test.each(['slt', 'rms', 'awb', 'kal16'])('speaks with the voice %s, the same each time', async (voice) => {
    const line = { text: 'Hello there.', voice }
    const spoken = await flite.speak(line, still)
    expect(spoken).toMatchObject({ sampleRate: 16_000, words: null })
    expect(spoken.samples.length / 16_000).toBeGreaterThan(0.5)
    expect(await flite.speak(line, still)).toEqual(spoken)
  })

  test('says which voices there are when asked for another', async () => {
    await expect(flite.speak({ text: 'Hello.', voice: 'alloy' }, still)).rejects.toMatchObject({
      kind: 'refused',
      code: 'unknown_voice',
      message: expect.stringContaining('slt, rms, awb, kal16'),
    })
  })

  test('speaks a long text to its end, sentence by sentence', async () => {
    const sentence = 'This is a sentence of some length that says nothing new at all. '
    const once = await seconds(sentence)
    expect(await seconds(sentence.repeat(12))).toBeGreaterThan(11 * once)
    expect(await seconds(`${'word and '.repeat(100)}end.`)).toBeGreaterThan(25)
  })

  test('reads what is written with accents, quotes and dashes', async () => {
    const plain = await seconds("Don't go to the cafe, Soren.")
    expect(await seconds('Don’t go to the café, Søren.')).toBe(plain)
  })

  test.each(['', '—', '!?', 'Привет, world.', 'The year ٢٠٢٦.'])(
    'does not pretend to have said %p',
    async (text) => {
      await expect(flite.speak({ text, voice: 'kal16' }, still)).rejects.toMatchObject({
        kind: 'refused',
        code: 'provider_rejected',
      })
    },
  )

  test('stops when the run does', async () => {
    const stop = new AbortController()
    const reason = new Error('cancelled')
    const spoken = flite.speak({ text: 'One. '.repeat(1000), voice: 'slt' }, stop.signal)
    stop.abort(reason)
    await expect(spoken).rejects.toBe(reason)
  })
})
