// Webhooks: whoever wants to know what happens to an episode is told, once it has happened, by a message that an
// independent library can check; and tried again when away, without holding up anybody else.
import { createServer, type IncomingMessage } from 'node:http'
import { text } from 'node:stream/consumers'
import { beforeEach, describe, expect, test } from '@jest/globals'
import { Webhook } from 'standardwebhooks'
import { notify } from '../../functions/notify.ts'
import { withDatabase } from '../../shared/db/connect.ts'
import { saveFinishedAudio, markPublished, markPublishing } from '../../shared/db/episodes.ts'
import { markWithdrawn } from '../../shared/db/withdrawals.ts'
import { chargeUsage } from '../../shared/db/usage.ts'
import { AwaitingReview, Permanent } from '../../shared/errors.ts'
import { aKey, callerOf, listening, type Caller } from '../support/callers.ts'
import { aToyShow, type ToyShow } from '../support/toys.ts'
import { aWorld, user, type World } from '../support/world.ts'

interface Message {
  readonly headers: Readonly<Record<string, string>>
  readonly body: string
}

/** A receiver that answers as it is told. */
async function aReceiver() {
  const messages: Message[] = []
  const answers = { next: 204 }
  const take = async (request: IncomingMessage): Promise<number> => {
    messages.push({ headers: request.headers as Record<string, string>, body: await text(request) })
    return answers.next
  }
  const url = await listening(
    createServer((request, response) => {
      void take(request).then((status) =>
        response.writeHead(status, { location: 'http://127.0.0.1:1/' }).end(),
      )
    }),
  )
  return { url: `${url}/hook`, messages, answers }
}

let [show, world, ask]: [ToyShow, World, Caller] = [
  undefined as never,
  undefined as never,
  undefined as never,
]
beforeEach(async () => {
  show = aToyShow([{ name: 'finish' }, { name: 'publish', after: ['finish'] }])
  world = await aWorld({ catalogue: show.catalogue, env: { ALLOW_PRIVATE_ADDRESSES: 'true' } })
  ask = callerOf(world, `Bearer ${(await aKey(world, user)).key}`)
})

async function aWebhook(url: string, events?: string[]) {
  const { status, body } = await ask('POST', '/webhooks', { body: { url, ...(events ? { events } : {}) } })
  expect(status).toBe(201)
  return body as { id: string; secret: string }
}
const audio = {
  contentHash: 'h',
  durationSeconds: 60,
  audioBytes: 1000,
  hasTranscript: false,
  coverFile: null,
}
const inDatabase = <T>(use: Parameters<typeof withDatabase<T>>[1]) =>
  withDatabase(world.services.config.databaseUrl, use)
const deliveries = async (id: string) =>
  (await ask('GET', `/webhooks/${id}/deliveries`)).body['items'] as Record<string, unknown>[]
/** The next attempt is due. */
const later = () => world.database.rows(`UPDATE webhook_deliveries SET due_at = clock_timestamp()`)
const typesOf = (messages: readonly Message[]) =>
  messages.map(({ body }) => (JSON.parse(body) as { type: string }).type).toSorted()

describe('Each thing that happens to an episode', () => {
  test('is told once, signed, with what is needed to find it', async () => {
    const receiver = await aReceiver()
    const { secret } = await aWebhook(receiver.url)
    const runId = await world.start()
    show.next('finish', async ({ episodeId }, { withDatabase: use }) => {
      await use((db) => saveFinishedAudio(db, episodeId, audio))
      return {}
    })
    show.next('publish', async ({ episodeId }, { withDatabase: use }) => {
      await use((db) => markPublishing(db, episodeId))
      await use((db) => markPublished(db, episodeId))
      return {}
    })
    await world.runToEnd()
    expect(await world.reminders()).toEqual(['notify', 'notify'])
    expect(await notify(world.services)).toEqual({ delivered: 2, failed: 0 })
    expect(await notify(world.services)).toEqual({ delivered: 0, failed: 0 })
    expect(typesOf(receiver.messages)).toEqual(['episode.processed', 'episode.published'])
    const checker = new Webhook(secret)
    for (const { body, headers } of receiver.messages)
      expect(checker.verify(body, headers)).toMatchObject({
        timestamp: expect.any(String),
        data: { episodeId: expect.any(String), podcast: 'show', slug: 'one', title: 'one', runId },
      })
    const forged = { ...receiver.messages[0]!.headers, 'webhook-id': 'msg_another' }
    expect(() => checker.verify(receiver.messages[0]!.body, forged)).toThrow('No matching signature')
  })

  test('that waits, fails or is taken back is told too, with the reason', async () => {
    const receiver = await aReceiver()
    await aWebhook(receiver.url)
    await world.start()
    show.next('finish', () => {
      throw new AwaitingReview('two edits wait')
    })
    await world.deliver('finish')
    await world.start({}, 'two')
    show.next('finish', () => {
      throw new Permanent('not_audio', 'Nobody speaks.')
    })
    await world.deliver('finish')
    const [{ id }] = (await world.database.rows<{ id: string }>(
      `SELECT id FROM episodes WHERE slug = 'two'`,
    )) as [{ id: string }]
    await inDatabase(async (db) => {
      await saveFinishedAudio(db, id, audio)
      await markPublishing(db, id)
      await markPublished(db, id)
      await markWithdrawn(db, id)
    })
    await notify(world.services)
    expect(typesOf(receiver.messages)).toEqual([
      ...['episode.awaiting_review', 'episode.failed', 'episode.published', 'episode.unpublished'],
    ])
    const failed = receiver.messages.find(({ body }) => body.includes('episode.failed'))!
    expect(JSON.parse(failed.body)).toMatchObject({
      data: { slug: 'two', status: 'failed', reason: 'not_audio', message: 'Nobody speaks.' },
    })
  })

  test('is told once: that it is again what it was, since an attempt failed or was called off, is no news', async () => {
    const receiver = await aReceiver()
    await world.start()
    show.next('finish', async ({ episodeId }, { withDatabase: use }) => {
      await use((db) => saveFinishedAudio(db, episodeId, audio))
      await use((db) => markPublishing(db, episodeId))
      await use((db) => markPublished(db, episodeId))
      return {}
    })
    await world.runToEnd()
    await aWebhook(receiver.url)
    await world.cancel(await world.start())
    await world.start()
    show.next('finish', () => {
      throw new Permanent('not_audio', 'Nobody speaks.')
    })
    await world.deliver('finish')
    await notify(world.services)
    expect(typesOf(receiver.messages)).toEqual(['episode.failed'])
  })

  test('is told to those of its user who asked for that, and to nobody else', async () => {
    const [all, failures, bertas] = [await aReceiver(), await aReceiver(), await aReceiver()]
    await aWebhook(all.url)
    await aWebhook(failures.url, ['episode.failed'])
    const berta = callerOf(world, `Bearer ${(await aKey(world, 'berta')).key}`)
    const { id } = (await berta('POST', '/webhooks', { body: { url: bertas.url } })).body
    await world.start()
    show.next('finish', () => {
      throw new AwaitingReview('two edits wait')
    })
    await world.deliver('finish')
    await notify(world.services)
    expect([all, failures, bertas].map(({ messages }) => messages.length)).toEqual([1, 0, 0])
    expect((await ask('GET', `/webhooks/${String(id)}/deliveries`)).status).toBe(404)
  })

  test('is told of what is used, when four fifths of a limit are', async () => {
    const receiver = await aReceiver()
    await aWebhook(receiver.url)
    for (const [key, amount] of [
      ['a', 70],
      ['b', 9],
      ['c', 2],
      ['d', 3],
    ] as const) {
      const entry = { userId: user, kind: 'minutes', key, amount, runId: null } as const
      await inDatabase((db) => chargeUsage(db, entry, [{ period: 'month', most: 100 }]))
    }
    await notify(world.services)
    expect(receiver.messages.map(({ body }) => JSON.parse(body) as object)).toMatchObject([
      { type: 'usage.near_cap', data: { kind: 'minutes', used: 81, most: 100 } },
    ])
  })
})

describe('A receiver', () => {
  const tell = async () => {
    await world.start()
    show.next('finish', () => {
      throw new AwaitingReview('waits')
    })
    await world.deliver('finish')
  }

  test('that is in trouble is tried again, later each time, under the same id, and at last given up', async () => {
    const receiver = await aReceiver()
    const { id } = await aWebhook(receiver.url)
    await tell()
    receiver.answers.next = 503
    const waits: number[] = []
    for (let attempt = 1; attempt <= 9; attempt++) {
      await notify(world.services)
      const [row] = await world.database.rows<{ wait: number }>(
        `SELECT round(extract(epoch FROM due_at - clock_timestamp()))::double precision AS wait FROM webhook_deliveries`,
      )
      waits.push(row!.wait)
      await later()
    }
    expect(waits).toEqual(waits.toSorted((a, b) => a - b))
    expect(await deliveries(id)).toMatchObject([{ status: 'pending', attempts: 9, answer: 503 }])
    await notify(world.services)
    expect(await deliveries(id)).toMatchObject([{ status: 'failed', attempts: 10 }])
    await later()
    await notify(world.services)
    expect(new Set(receiver.messages.map(({ headers }) => headers['webhook-id'])).size).toBe(1)
    expect(receiver.messages).toHaveLength(10)
    receiver.answers.next = 200
    const [delivery] = await deliveries(id)
    expect((await ask('POST', `/deliveries/${String(delivery!['id'])}/again`)).status).toBe(200)
    await notify(world.services)
    expect(await deliveries(id)).toMatchObject([{ status: 'delivered', attempts: 1, answer: 200 }])
  })

  test.each([
    ['is gone', 410, { status: 'failed', answer: 410 }],
    ['redirects', 302, { status: 'pending', answer: 302 }],
  ])('that %s is not followed', async (_what, answer, expected) => {
    const receiver = await aReceiver()
    const { id } = await aWebhook(receiver.url)
    await tell()
    receiver.answers.next = answer
    await notify(world.services)
    expect(await deliveries(id)).toMatchObject([expected])
    expect(receiver.messages).toHaveLength(1)
  })

  test('that nobody told is told at the next sweep', async () => {
    const receiver = await aReceiver()
    await aWebhook(receiver.url)
    await tell()
    await world.sweep()
    expect(await world.reminders()).toEqual(['notify', 'notify'])
    await notify(world.services)
    await world.sweep()
    expect(await world.reminders()).toHaveLength(2)
  })

  test('inside a private network is not asked, whatever its name says', async () => {
    const receiver = await aReceiver()
    const { id } = await aWebhook(receiver.url.replace('127.0.0.1', 'localhost'))
    await tell()
    const services = { ...world.services, config: { ...world.services.config, allowPrivateAddresses: false } }
    await notify(services)
    expect(await deliveries(id)).toMatchObject([
      { status: 'failed', error: expect.stringMatching('private') },
    ])
    expect(receiver.messages).toEqual([])
  })

  test('has a secret that is in no row, and shown once', async () => {
    const asked = { body: { url: 'https://example.org/hook' }, headers: { 'idempotency-key': 'hook' } }
    const { secret } = (await ask('POST', '/webhooks', asked)).body
    expect(secret).toMatch(/^whsec_/)
    expect((await ask('POST', '/webhooks', asked)).body['secret']).toBeNull()
    const rows = await world.database.rows('SELECT w.*, r.body FROM webhooks w, api_requests r')
    expect(JSON.stringify(rows)).not.toContain(String(secret))
  })

  test('needs https, and one user may have ten', async () => {
    const world2 = await aWorld({ catalogue: show.catalogue })
    const strict = callerOf(world2, `Bearer ${(await aKey(world2, user)).key}`)
    const post = (url: string) => strict('POST', '/webhooks', { body: { url } })
    expect((await post('http://example.org/')).body['code']).toBe('address_refused')
    const answers = await Promise.all(Array.from({ length: 11 }, (_, i) => post(`https://example.org/${i}`)))
    expect(answers.filter(({ status }) => status === 201)).toHaveLength(10)
    expect(answers.find(({ status }) => status !== 201)!.body['code']).toBe('too_many_webhooks')
  })
})
