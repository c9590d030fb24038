// Secrets on their way through an episode: keys of providers and of the API, a webhook's, a session and its link. None of
// them is in the log, in a task, in a row, in an object, in an answer or in what others are told, in whatever writing.
import { randomBytes } from 'node:crypto'
import { createServer } from 'node:http'
import { text } from 'node:stream/consumers'
import { expect, test } from '@jest/globals'
import { notify } from '../../functions/notify.ts'
import { createConsole } from '../../shared/console/app.ts'
import { signInLink } from '../../shared/console/sessions.ts'
import { speechLike } from '../support/audio.ts'
import { aKey, callerOf, listening, type Caller } from '../support/callers.ts'
import { logged } from '../support/logged.ts'
import { wav } from '../support/recordings.ts'
import { aDeepgram, type FakeVendor } from '../support/vendors.ts'
import { aWorld, user, type World } from '../support/world.ts'

const sampleRate = 48_000
const recording = (seed: number) => wav(speechLike(sampleRate, 3, seed), sampleRate)
const address = 'https://console.test'

/** As it is, and as it would be in a header or a body. */
const writings = (secret: string): string[] => [
  secret,
  ...['base64', 'base64url', 'hex'].map((coding) => Buffer.from(secret).toString(coding as 'hex')),
  encodeURIComponent(secret),
]

/** Where in these texts which secret is. */
function leaks(texts: Readonly<Record<string, string>>, secrets: Readonly<Record<string, string>>): string[] {
  const found = (text: string, secret: string) => writings(secret).some((writing) => text.includes(writing))
  return Object.entries(texts).flatMap(([place, text]) =>
    Object.entries(secrets).flatMap(([name, secret]) => (found(text, secret) ? [`${name} in ${place}`] : [])),
  )
}

async function everyRow({ database }: World): Promise<string> {
  const tables = await database.rows<{ name: string }>(
    `SELECT tablename AS name FROM pg_tables WHERE schemaname = 'public'`,
  )
  return JSON.stringify(await Promise.all(tables.map(({ name }) => database.rows(`SELECT * FROM "${name}"`))))
}

async function everyObject({ storage, services }: World): Promise<string> {
  const buckets = Object.values(services.config.buckets)
  const files = (await Promise.all(buckets.map((bucket) => storage.bucket(bucket).getFiles()))).flatMap(
    ([found]) => found,
  )
  const contents = files.map(async (file) => `${file.name}\n${(await file.download())[0].toString('latin1')}`)
  return (await Promise.all(contents)).join('\n')
}

const everyAnswer = async (ask: Caller): Promise<string> =>
  JSON.stringify(
    await Promise.all(
      ['/runs', '/episodes', '/webhooks', '/keys', '/podcasts', '/usage'].map((list) => ask('GET', list)),
    ),
  )

/** A receiver that keeps what it is told and is in trouble. */
async function aReceiver(): Promise<{ url: string; told: string[] }> {
  const told: string[] = []
  const server = createServer((request, response) => {
    void text(request).then((body) => {
      told.push(JSON.stringify(request.headers) + body)
      response.writeHead(503).end('in trouble')
    })
  })
  return { url: await listening(server), told }
}

test('an episode, its provider and its receivers leave no secret anywhere, and neither does one that fails', async () => {
  const vendor: FakeVendor = await aDeepgram()
  const receiver = await aReceiver()
  const secrets: Record<string, string> = {
    'the provider’s key': `k-${randomBytes(12).toString('hex')}`,
    'the key of the configuration': `spool_${randomBytes(16).toString('hex')}`,
    'the sealing key': randomBytes(32).toString('base64'),
  }
  const world = await aWorld({
    env: {
      DEEPGRAM_URL: vendor.baseUrl,
      FIRST_API_KEY: secrets['the key of the configuration']!,
      SEALING_KEY: secrets['the sealing key']!,
      CONSOLE_URL: address,
      ALLOW_PRIVATE_ADDRESSES: 'true',
    },
  })
  const tasks: unknown[] = []
  const record = async (seed: number): Promise<void> => {
    await world.arrive(await world.upload(`u/${user}/show/one/talk.wav`, recording(seed)))
    tasks.push(await world.tasks())
    await world.runToEnd()
    await notify(world.services)
    await world.sweep()
  }

  const { key } = await aKey(world, user)
  secrets['the key of the API'] = key
  const ask = callerOf(world, `Bearer ${key}`)
  const lines = await logged(async () => {
    await world.giveKey('deepgram', secrets['the provider’s key']!)
    const { body } = await ask('POST', '/webhooks', { body: { url: receiver.url } })
    secrets['the webhook’s secret'] = String(body['secret']).replace('whsec_', '')
    const link = await signInLink(world.services.config.databaseUrl, address, user)
    secrets['the link'] = new URL(link).searchParams.get('link')!
    const pages = createConsole(world.services)
    const own = { host: 'console.test', origin: address, 'sec-fetch-site': 'same-origin' }
    const answer = await pages.request(`${address}/sign-in`, {
      method: 'POST',
      body: new URLSearchParams({ link: secrets['the link'] }),
      headers: own,
    })
    secrets['the session'] = /=([\w-]{43});/.exec(answer.headers.getSetCookie()[0]!)![1]!
    await record(1)
    vendor.fault = {
      status: 401,
      body: { err_msg: `Bad credentials: Token ${secrets['the provider’s key']}` },
    }
    await record(2)
  })
  expect(
    await world.database.rows('SELECT status, error_message AS message FROM runs ORDER BY created_at'),
  ).toEqual([
    { status: 'finished', message: null },
    { status: 'failed', message: expect.stringContaining('Bad credentials') },
  ])
  expect(
    vendor.received.some(({ headers }) => JSON.stringify(headers).includes(secrets['the provider’s key']!)),
  ).toBe(true)
  expect(receiver.told.length).toBeGreaterThan(0)
  const texts = {
    'the log': JSON.stringify(lines),
    'a task': JSON.stringify(tasks),
    'a row': await everyRow(world),
    'an object': await everyObject(world),
    'an answer': await everyAnswer(ask),
    'what a receiver is told': receiver.told.join('\n'),
  }
  expect(Object.entries(texts).filter(([, said]) => said.length < 100)).toEqual([])
  expect(leaks(texts, secrets)).toEqual([])
  expect(leaks({ 'a text': `Bearer ${key}` }, secrets)).toEqual(['the key of the API in a text'])
})
