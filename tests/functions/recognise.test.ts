// Providers of transcription through the real pipeline, each behind a local server that speaks its wire
// format: paid for once, waited for, never trusted.
import { describe, expect, test } from '@jest/globals'
import { createHmac } from 'node:crypto'
import { speechLike } from '../support/audio.ts'
import { wav } from '../support/recordings.ts'
import {
  aDeepgram,
  anAssemblyai,
  aScribe,
  aWhisper,
  whisperAnswer,
  deepgramAnswer,
  scribeAnswer,
  type FakeVendor,
} from '../support/vendors.ts'
import { aWorld, user, type World } from '../support/world.ts'

const sampleRate = 48_000
const recording = wav(speechLike(sampleRate, 3, 1), sampleRate)
const place = (file: string) => `u/${user}/show/one/${file}`
const secretKey = 'k-7f3a-not-to-be-seen'
const hour = 3_600_000

/** A world whose user has a key of the provider. */
async function aWorldWith(
  provider: string,
  vendor: FakeVendor,
  env: Record<string, string> = {},
): Promise<World> {
  const suffix = provider === 'openai' ? '/v1' : ''
  const world = await aWorld({
    until: 'transcribe',
    env: { [`${provider.toUpperCase()}_URL`]: `${vendor.baseUrl}${suffix}`, ...env },
  })
  await world.giveKey(provider, secretKey)
  return world
}

async function record(world: World): Promise<string> {
  await world.arrive(await world.upload(place('talk.wav'), recording))
  return (
    await world.database.rows<{ id: string }>('SELECT id FROM runs ORDER BY created_at DESC LIMIT 1')
  )[0]!.id
}

/** Delivers what the queue holds until only what waits for a provider is left. */
async function runUntilItWaits(world: World): Promise<void> {
  for (let pending = await world.pending(); pending.length > 0; pending = await world.pending()) {
    if (pending.every((step) => step === 'recognise')) {
      await world.deliver('recognise', 0, (await world.tasks())[0]!.payload.runId)
      return
    }
    for (const { payload } of await world.tasks()) if (payload.step !== 'recognise') await world.hand(payload)
  }
}

const words = async (world: World, runId: string) => {
  const { output } = (await world.steps(runId)).find(({ step }) => step === 'transcribe')!
  const bytes = (
    await world.storage
      .bucket(world.services.config.buckets.work)
      .file(String(output!['transcriptObject']))
      .download()
  )[0]
  return (JSON.parse(bytes.toString()) as { words: { text: string; speaker: string | null }[] }).words
}

/** Everything the database holds, as text. */
const everyRow = async (world: World): Promise<string> => {
  const tables = await world.database.rows<{ name: string }>(
    `SELECT table_name AS name FROM information_schema.tables WHERE table_schema = 'public'`,
  )
  const dumps = await Promise.all(
    tables.map(({ name }) => world.database.rows(`SELECT to_jsonb(t) AS row FROM "${name}" t`)),
  )
  return JSON.stringify(dumps)
}

const paidRequests = ({ received }: FakeVendor) =>
  received.filter(({ method, path }) => method === 'POST' && !path.endsWith('/upload')).length

describe('Every provider', () => {
  test.each([
    ['assemblyai', anAssemblyai],
    ['elevenlabs', () => aScribe()],
    ['deepgram', aDeepgram],
    ['openai', () => aWhisper()],
  ] as const)(
    '%s writes the words down once: a second run of the recording pays nothing',
    async (provider, open) => {
      const vendor = await open()
      const world = await aWorldWith(provider, vendor)
      const first = await record(world)
      await world.runToEnd()
      expect(await world.run(first)).toMatchObject({ status: 'finished' })
      expect((await words(world, first)).map(({ text }) => text)).toEqual(['Um,', 'hello', 'world.'])
      expect(paidRequests(vendor)).toBe(1)
      const second = await record(world)
      await world.runToEnd()
      expect(await world.run(second)).toMatchObject({ status: 'finished' })
      expect(paidRequests(vendor)).toBe(1)
      expect(await everyRow(world)).not.toContain(secretKey)
      expect(JSON.stringify([...(await world.tasks())])).not.toContain(secretKey)
    },
  )
})

describe('Who transcribes', () => {
  test('is nobody when the words came with the recording, whatever keys there are', async () => {
    const vendor = await aDeepgram()
    const world = await aWorldWith('deepgram', vendor)
    await world.upload(
      place('words.json'),
      JSON.stringify({ version: 1, words: [{ text: 'Hi.', start: 0.1, end: 0.4 }] }),
    )
    const id = await record(world)
    await world.runToEnd()
    expect([(await world.run(id)).status, vendor.received.length]).toEqual(['finished', 0])
  })

  test('is whom the template names; without a key the run fails and says how to give one', async () => {
    const world = await aWorldWith('deepgram', await aDeepgram())
    await world.upload(place('template.json'), JSON.stringify({ transcription: { provider: 'assemblyai' } }))
    const id = await record(world)
    expect(await world.run(id)).toMatchObject({
      status: 'failed',
      stopReason: 'provider_key_missing',
      errorMessage: expect.stringContaining('spool key assemblyai') as unknown,
    })
  })

  test('transcribes with the model that the template names; words without times are left out, with a warning', async () => {
    const vendor = await aWhisper({
      ...whisperAnswer,
      words: whisperAnswer.words.map((word, i) => (i === 1 ? { ...word, start: null } : word)),
    })
    const world = await aWorldWith('openai', vendor)
    const transcription = { provider: 'openai', model: 'large-v3' }
    await world.upload(place('template.json'), JSON.stringify({ transcription }))
    const id = await record(world)
    await world.runToEnd()
    expect((await vendor.last().form()).get('model')).toBe('large-v3')
    expect((await world.run(id)).status).toBe('finished')
    const [{ warnings }] = (await world.database.rows('SELECT warnings FROM runs')) as [{ warnings: unknown }]
    expect(warnings).toContainEqual({
      code: 'words_repaired',
      message: expect.stringContaining('1 of the 3 words') as unknown,
    })
  })

  test('is nobody when the template says so: the episode is finished with a plain warning', async () => {
    const vendor = await aDeepgram()
    const world = await aWorldWith('deepgram', vendor)
    await world.upload(place('template.json'), JSON.stringify({ transcription: { provider: 'none' } }))
    const id = await record(world)
    await world.runToEnd()
    expect(await world.run(id)).toMatchObject({ status: 'finished', warnings: [{ code: 'no_words' }] })
    expect(vendor.received).toEqual([])
  })
})

describe('A provider that is away', () => {
  test('for an hour is waited for, without counting attempts, and the run finishes by itself', async () => {
    const vendor = await aDeepgram()
    const world = await aWorldWith('deepgram', vendor)
    vendor.fault = { status: 503, body: { err_msg: 'down for maintenance' } }
    const id = await record(world)
    await runUntilItWaits(world)
    for (let wait = 0; wait < 12; wait++) {
      await world.timePasses(hour / 12)
      await world.deliver('recognise', 0, id)
    }
    expect(await world.run(id)).toMatchObject({ status: 'started' })
    expect((await world.steps(id)).find(({ step }) => step === 'recognise')).toMatchObject({
      status: 'pending',
      attempt: 0,
    })
    vendor.fault = undefined
    await world.runToEnd()
    expect(await world.run(id)).toMatchObject({ status: 'finished', warnings: [] })
  })

  test('for good fails the run with its own words, and the next run asks anew', async () => {
    const vendor = await aDeepgram()
    const world = await aWorldWith('deepgram', vendor)
    vendor.fault = { status: 503, body: { err_msg: 'down for maintenance' } }
    const id = await record(world)
    await runUntilItWaits(world)
    await world.timePasses(7 * hour)
    await world.deliver('recognise', 0, id)
    expect(await world.run(id)).toMatchObject({
      status: 'failed',
      stopReason: 'provider_unavailable',
      errorMessage: expect.stringContaining('down for maintenance') as unknown,
    })
    vendor.fault = undefined
    const again = await record(world)
    await world.runToEnd()
    expect(await world.run(again)).toMatchObject({ status: 'finished' })
  })

  test('says when to come back, and is not asked before', async () => {
    const vendor = await aDeepgram()
    const world = await aWorldWith('deepgram', vendor)
    vendor.fault = { status: 429, headers: { 'retry-after': '1800' } }
    await record(world)
    await runUntilItWaits(world)
    const [task] = await world.tasks()
    expect(task!.dueAt.getTime() - Date.now()).toBeGreaterThan(1_700_000)
  })

  test('while it never finishes ends the run, and the next run goes on waiting for the same job', async () => {
    const vendor = await anAssemblyai()
    const world = await aWorldWith('assemblyai', vendor)
    const id = await record(world)
    await runUntilItWaits(world)
    await world.timePasses(7 * hour)
    await world.deliver('recognise', 0, id)
    expect(await world.run(id)).toMatchObject({ status: 'failed', stopReason: 'provider_timeout' })
    const again = await record(world)
    await world.runToEnd()
    expect([(await world.run(again)).status, paidRequests(vendor)]).toEqual(['finished', 1])
  })
})

describe('A provider that refuses', () => {
  test.each([
    [401, 'provider_key_refused'],
    [402, 'provider_unpaid'],
    [400, 'provider_rejected'],
  ])('with %d fails the run at once with %s, in its own words and without the key', async (status, code) => {
    const vendor = await aDeepgram()
    vendor.fault = { status, body: { err_msg: `no, ${secretKey} is no good` } }
    const world = await aWorldWith('deepgram', vendor)
    const id = await record(world)
    await world.runToEnd()
    const run = await world.run(id)
    expect(run).toMatchObject({ status: 'failed', stopReason: code })
    expect(run.errorMessage).toMatch(/Deepgram.*no, .* is no good/)
    expect([run.errorMessage!.includes(secretKey), vendor.received.length]).toEqual([false, 1])
  })
})

describe('A request that was lost on its way', () => {
  test('is repeated once, and the producer is told that it may have been charged twice', async () => {
    const vendor = await aDeepgram()
    vendor.fault = 'hang up'
    const world = await aWorldWith('deepgram', vendor)
    const id = await record(world)
    await runUntilItWaits(world)
    vendor.fault = undefined
    await world.runToEnd()
    expect(await world.run(id)).toMatchObject({
      status: 'finished',
      warnings: [{ code: 'possible_double_charge' }],
    })
    expect(paidRequests(vendor)).toBe(2)
  })

  test('twice is not sent a third time', async () => {
    const vendor = await aDeepgram()
    vendor.fault = 'hang up'
    const world = await aWorldWith('deepgram', vendor)
    const id = await record(world)
    await world.runToEnd()
    expect(await world.run(id)).toMatchObject({ status: 'failed', stopReason: 'provider_unclear' })
    expect(paidRequests(vendor)).toBe(2)
  })

  test('by a process that died is not sent again while it may still be under way, and then only once', async () => {
    const vendor = await aDeepgram()
    vendor.fault = { status: 503 }
    const world = await aWorldWith('deepgram', vendor)
    const id = await record(world)
    await runUntilItWaits(world)
    vendor.fault = undefined
    await world.database.rows(`UPDATE paid_calls SET status = 'sent', sends = 1, sent_at = clock_timestamp()`) // as one leaves it that dies while it sends
    expect(await world.deliver('recognise', 0, id)).toMatchObject({ outcome: 'deferred' })
    expect(paidRequests(vendor)).toBe(1)
    await world.timePasses(hour)
    await world.runToEnd()
    expect(await world.run(id)).toMatchObject({
      status: 'finished',
      warnings: [{ code: 'possible_double_charge' }],
    })
    expect(paidRequests(vendor)).toBe(2)
  })
})

describe('A callback', () => {
  const callbacks = {
    CALLBACKS_URL: 'https://functions.test/on-callback',
    ELEVENLABS_WEBHOOK_SECRET: 'wh-secret',
  }

  test('brings the words and wakes the run; the same again changes nothing', async () => {
    const vendor = await aDeepgram()
    const world = await aWorldWith('deepgram', vendor, callbacks)
    const id = await record(world)
    await runUntilItWaits(world)
    const url = vendor.last().query['callback']!
    expect(await world.callBack(url, deepgramAnswer)).toEqual({ status: 200, body: {} })
    await world.runToEnd()
    expect(await world.run(id)).toMatchObject({ status: 'finished' })
    expect(await words(world, id)).toHaveLength(3)
    expect(
      await world.callBack(url, {
        ...deepgramAnswer,
        results: { channels: [{ alternatives: [{ words: [] }] }] },
      }),
    ).toMatchObject({
      status: 200,
    })
    expect([(await world.run(id)).status, await world.pending()]).toEqual(['finished', []])
  })

  test('that we did not sign is refused, and the run waits on', async () => {
    const vendor = await aDeepgram()
    const world = await aWorldWith('deepgram', vendor, callbacks)
    const id = await record(world)
    await runUntilItWaits(world)
    const url = new URL(vendor.last().query['callback']!)
    url.searchParams.set('signature', 'A'.repeat(43))
    expect(await world.callBack(url.href, deepgramAnswer)).toEqual({
      status: 401,
      body: { code: 'bad_callback' },
    })
    expect(await world.callBack('https://functions.test/on-callback', deepgramAnswer)).toMatchObject({
      status: 401,
    })
    expect(await world.run(id)).toMatchObject({ status: 'started' })
  })

  test('of ElevenLabs comes to one address for everything, is signed by it, and finds its run by what we gave along', async () => {
    const vendor = await aScribe()
    const world = await aWorldWith('elevenlabs', vendor, callbacks)
    const id = await record(world)
    await runUntilItWaits(world)
    const metadata = /name="webhook_metadata"\r\n\r\n(.*)\r\n/.exec(
      vendor.last().body.toString('latin1'),
    )![1]!
    const data = { request_id: 'req-1', transcription: scribeAnswer, webhook_metadata: metadata }
    const body = JSON.stringify({ type: 'speech_to_text_transcription', event_timestamp: 1, data })
    const time = Math.floor(Date.now() / 1000)
    const signature = (secret: string) => ({
      'elevenlabs-signature': `t=${time},v0=${createHmac('sha256', secret).update(`${time}.${body}`).digest('hex')}`,
    })
    expect(await world.callBack(callbacks.CALLBACKS_URL, body, signature('guessed'))).toMatchObject({
      status: 401,
    })
    expect(await world.callBack(callbacks.CALLBACKS_URL, body, signature('wh-secret'))).toMatchObject({
      status: 200,
    })
    await world.runToEnd()
    expect(await world.run(id)).toMatchObject({ status: 'finished' })
    expect(await words(world, id)).toHaveLength(3)
  })

  test("that brings a failure fails the run with the vendor's words", async () => {
    const vendor = await aDeepgram()
    const world = await aWorldWith('deepgram', vendor, callbacks)
    const id = await record(world)
    await runUntilItWaits(world)
    await world.callBack(vendor.last().query['callback']!, {
      request_id: 'dg-1',
      err_msg: 'the sound is corrupt',
    })
    expect(await world.run(id)).toMatchObject({
      status: 'failed',
      stopReason: 'provider_rejected',
      errorMessage: expect.stringContaining('the sound is corrupt') as unknown,
    })
  })
})
