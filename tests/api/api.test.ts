// The API: who is let in, what they see of their own and never of others, and that asking twice is asking
// once.
import { randomUUID } from 'node:crypto'
import { createServer } from 'node:http'
import * as framework from '@google-cloud/functions-framework'
import { getTestServer } from '@google-cloud/functions-framework/testing'
import { beforeAll, describe, expect, test } from '@jest/globals'
import { SignJWT, UnsecuredJWT } from 'jose'
import { api } from '../../functions/api.ts'
import { revokeApiKey } from '../../shared/db/api-keys.ts'
import { withDatabase } from '../../shared/db/connect.ts'
import { updateRunProgress } from '../../shared/db/run-changes.ts'
import { errorCodes } from '../../shared/codes.ts'
import { registerAll, type CatalogueEntry } from '../../shared/engine/serve.ts'
import {
  aKey,
  anIssuer,
  callerOf,
  listening,
  type Answered,
  type Caller,
  type Issuer,
} from '../support/callers.ts'
import { message } from '../support/mailboxes.ts'
import { said, type SaidRecording } from '../support/recordings.ts'
import { aToyShow, type ToyShow } from '../support/toys.ts'
import { aWorld, user, type World } from '../support/world.ts'

/** What an upload would have told the run. */
const told = {
  recordingObject: 'u/anna/show/one/talk.wav',
  recordingGeneration: '1',
  recordingHash: 'hash',
  recordings: '[]',
  recordingsAre: 'sequence',
  outputRate: null,
  assets: '[]',
  wordsObject: null,
  wordsGeneration: null,
  wordsHash: null,
  coverObject: null,
  coverGeneration: null,
  coverHash: null,
  recogniser: null,
  providerKeys: '{}',
  variables: '{}',
  decisionRevision: 0,
  reviewed: false,
}

let issuer: Issuer
beforeAll(async () => {
  issuer = await anIssuer()
})

interface Setting {
  readonly world: World
  readonly show: ToyShow
  readonly ask: Caller
  readonly key: string
  readonly catalogue: readonly CatalogueEntry[]
}

/** A toy show of two steps behind the API, and its producer. */
async function aProducer(env: Record<string, string> = {}): Promise<Setting> {
  const show = aToyShow([
    { name: 'cut', inputs: () => 'the same' },
    { name: 'join', after: ['cut'] },
  ])
  const catalogue: CatalogueEntry[] = [
    ...show.catalogue,
    { trigger: 'http', name: 'api', handle: api, memory: '256Mi', deadlineSeconds: 60 },
  ]
  const issuers = JSON.stringify([
    { issuer: issuer.issuer, audience: issuer.audience, jwksUrl: issuer.jwksUrl },
  ])
  const world = await aWorld({ catalogue, env: { API_ISSUERS: issuers, ...env } })
  const { key } = await aKey(world, user)
  return { world, show, catalogue, key, ask: callerOf(world, `Bearer ${key}`) }
}

const codeOf = ({ status, body }: Answered) => [status, body['code']]
const idsOf = ({ body }: Answered) => (body['items'] as { id: string }[]).map(({ id }) => id)

/** Everything the database holds, as text. */
async function everyRow(world: World): Promise<string> {
  const tables = await world.database.rows<{ name: string }>(
    `SELECT tablename AS name FROM pg_tables WHERE schemaname = 'public'`,
  )
  const found = await Promise.all(tables.map(({ name }) => world.database.rows(`SELECT * FROM ${name}`)))
  return JSON.stringify(found)
}

describe('A caller', () => {
  test('with a key is let in; the key itself is in no row and in no answer', async () => {
    const { world, ask, key } = await aProducer()
    const answers = [await ask('GET', '/runs'), await ask('GET', '/nowhere'), await ask('GET', '/runs/x')]
    expect(answers.map(({ status }) => status)).toEqual([200, 404, 404])
    expect(
      [await everyRow(world), JSON.stringify(answers)].filter((text) => text.includes(key.slice(6))),
    ).toEqual([])
  })

  test('with the key that the configuration brings along is the owner', async () => {
    const first = `spool_${'k'.repeat(43)}`
    const { world, key } = await aProducer({ FIRST_API_KEY: first })
    expect((await callerOf(world, `Bearer ${first}`)('GET', '/runs')).status).toBe(200)
    expect((await callerOf(world, `Bearer ${first}x`)('GET', '/runs')).status).toBe(401)
    expect((await callerOf(world, `Bearer ${key}`)('GET', '/runs')).status).toBe(200)
    expect(await world.database.rows(`SELECT 1 FROM users WHERE id = 'owner'`)).toHaveLength(1)
  })

  const strangers: readonly [string, (key: string) => string | undefined | Promise<string | undefined>][] = [
    ['nothing', () => undefined],
    ['an empty header', () => ''],
    ['no bearer', (key) => `Basic ${key}`],
    ['garbage', () => 'Bearer of good news'],
    ['a key that is none', () => 'Bearer spool_nonsense'],
    ['a key with its end cut off', (key) => `Bearer ${key.slice(0, -1)}`],
    ['a JWT that is none', () => 'Bearer a.b.c'],
    ['a token for somebody else', async () => `Bearer ${await issuer.sign({ aud: 'https://other.test' })}`],
    ['an expired token', async () => `Bearer ${await issuer.sign({ exp: 1 })}`],
    ['a token that never expires', async () => `Bearer ${await issuer.sign({ exp: undefined as never })}`],
    ['a token that is not valid yet', async () => `Bearer ${await issuer.sign({ nbf: 4e9 })}`],
    ['a token without a subject', async () => `Bearer ${await issuer.sign({ sub: undefined as never })}`],
    [
      'a token of an unknown issuer',
      async () => `Bearer ${await issuer.sign({ iss: 'https://elsewhere.test' })}`,
    ],
    ['a token that another has signed', async () => `Bearer ${await (await anIssuer()).sign()}`],
    [
      'an unsigned token',
      () =>
        'Bearer ' +
        new UnsecuredJWT({ iss: issuer.issuer, aud: issuer.audience, sub: 'ada', exp: 4e9 }).encode(),
    ],
    [
      'a token signed with a shared secret',
      async () =>
        `Bearer ${await new SignJWT({ iss: issuer.issuer, aud: issuer.audience, sub: 'ada', exp: 4e9 })
          .setProtectedHeader({ alg: 'HS256', kid: 'one' })
          .sign(Buffer.from('a secret that everybody knows, as it is the public key'))}`,
    ],
  ]

  test('with anything else is not', async () => {
    const { world, key } = await aProducer()
    for (const [what, credential] of strangers) {
      const answer = await callerOf(world, await credential(key))('GET', '/runs')
      expect([what, ...codeOf(answer), answer.headers.get('www-authenticate')]).toEqual([
        what,
        401,
        'unauthenticated',
        'Bearer',
      ])
    }
  })

  test('with a revoked key is not', async () => {
    const { world } = await aProducer()
    const { id, key } = await aKey(world, user)
    const ask = callerOf(world, `Bearer ${key}`)
    expect((await ask('GET', '/runs')).status).toBe(200)
    expect(await withDatabase(world.services.config.databaseUrl, (db) => revokeApiKey(db, 'berta', id))).toBe(
      false,
    )
    expect(await withDatabase(world.services.config.databaseUrl, (db) => revokeApiKey(db, user, id))).toBe(
      true,
    )
    expect((await ask('GET', '/runs')).status).toBe(401)
  })

  test('may do what its key may, and no more', async () => {
    const { world } = await aProducer()
    const runId = await world.start(told)
    const reader = callerOf(world, `Bearer ${(await aKey(world, user, ['read'])).key}`)
    const writer = callerOf(world, `Bearer ${(await aKey(world, user, ['write'])).key}`)
    expect((await reader('GET', `/runs/${runId}`)).status).toBe(200)
    expect((await reader('HEAD', `/runs/${runId}`)).status).toBe(200)
    expect(codeOf(await reader('POST', `/runs/${runId}/cancel`))).toEqual([403, 'forbidden'])
    expect(codeOf(await writer('GET', `/runs/${runId}`))).toEqual([403, 'forbidden'])
    expect((await world.run()).status).toBe('queued')
  })

  test('with a token is the same user each time, and nobody else', async () => {
    const { world } = await aProducer()
    const asAda = async () => callerOf(world, `Bearer ${await issuer.sign()}`)
    const asBob = callerOf(world, `Bearer ${await issuer.sign({ sub: 'bob' })}`)
    expect((await (await asAda())('GET', '/runs')).body).toEqual({ items: [] })
    const [ada] = await world.database.rows<{ id: string }>(`SELECT id FROM users WHERE id LIKE 'oidc%'`)
    await world.start(told)
    await world.database.rows('UPDATE runs SET user_id = :ada', { ada: ada!.id })
    expect(idsOf(await (await asAda())('GET', '/runs'))).toEqual([world.runId()])
    expect(idsOf(await asBob('GET', '/runs'))).toEqual([])
    expect((await asBob('GET', `/runs/${world.runId()}`)).status).toBe(404)
  })

  test('is told nothing of an issuer whose keys are out of reach', async () => {
    const broken = await listening(createServer((_request, response) => response.writeHead(503).end()))
    const gone = JSON.stringify([{ issuer: issuer.issuer, audience: issuer.audience, jwksUrl: broken }])
    const { world } = await aProducer({ API_ISSUERS: gone })
    const answer = await callerOf(world, `Bearer ${await issuer.sign()}`)('GET', '/runs')
    expect(codeOf(answer)).toEqual([500, 'internal'])
    expect(JSON.stringify(answer.body)).not.toMatch(/127\.0\.0\.1|200 OK/)
  })

  test('who asks too often in a minute is refused: of many at once exactly as many pass as may', async () => {
    const { world, ask } = await aProducer({ API_REQUESTS_PER_MINUTE: '5' })
    await ask('GET', '/runs')
    // no minute ends while this is counted
    await world.database.rows(`UPDATE api_callers SET minute = minute + interval '1 hour'`)
    const answers = await Promise.all(Array.from({ length: 12 }, () => ask('GET', '/runs')))
    expect(answers.filter(({ status }) => status === 200)).toHaveLength(4)
    const refused = answers.filter(({ status }) => status !== 200)
    expect(new Set(refused.map((answer) => codeOf(answer).join()))).toEqual(
      new Set(['429,too_many_requests']),
    )
    expect(refused[0]!.headers.get('retry-after')).toBe('60')
    const other = callerOf(world, `Bearer ${(await aKey(world, user)).key}`)
    expect((await other('GET', '/runs')).status).toBe(200)
    await world.database.rows(`UPDATE api_callers SET minute = minute - interval '2 hours'`)
    expect((await ask('GET', '/runs')).status).toBe(200)
  })
})

interface Documented {
  readonly paths: Record<string, Record<string, { requestBody?: unknown }>>
}
const eachRoute = ({ paths }: Documented) =>
  Object.entries(paths).flatMap(([path, methods]) =>
    Object.keys(methods).map((method) => ({ path, method: method.toUpperCase() })),
  )

describe('Every documented route', () => {
  const documentOf = async ({ world }: Setting): Promise<Documented> =>
    (await callerOf(world)('GET', '/openapi.json')).body as never

  test('wants to know who asks', async () => {
    const setting = await aProducer()
    const stranger = callerOf(setting.world)
    const routes = eachRoute(await documentOf(setting))
    expect(routes.length).toBeGreaterThan(12)
    for (const { path, method } of routes) {
      const answer = await stranger(
        method,
        path.replaceAll(/\{\w+\}/g, 'x'),
        method === 'GET' ? {} : { body: { version: 1, decisions: [] } },
      )
      expect([method, path, ...codeOf(answer)]).toEqual([method, path, 401, 'unauthenticated'])
    }
  })

  test('hides what belongs to another, and what cannot be', async () => {
    const setting = await aProducer()
    const { world } = setting
    const runId = await world.start(told)
    const [{ episodeId, podcastId }] = (await world.database.rows<Record<'episodeId' | 'podcastId', string>>(
      'SELECT id AS "episodeId", podcast_id AS "podcastId" FROM episodes',
    )) as [Record<'episodeId' | 'podcastId', string>]
    const [letter] = await world.database.rows<{ id: string }>(
      'INSERT INTO letters (user_id, run_id, position, outcome, body, content_hash) VALUES (:user, ' +
        `:runId, 0, 'letter', 'Hello', 'h') RETURNING id`,
      { user, runId },
    )
    const other = callerOf(world, `Bearer ${(await aKey(world, 'berta')).key}`)
    const bodies: Record<string, object> = {
      '/episodes/{id}': { title: 'Mine' },
      '/episodes/{id}/publish': {},
      '/episodes/{id}/rebuild': { template: {} },
      '/episodes/{id}/runs': {},
      '/episodes/{id}/shares': {},
      '/podcasts/{id}': { revision: 1, settings: {} },
      '/podcasts/{id}/template': { revision: '0', template: {} },
    }
    const bodyOf = (path: string) => bodies[path] ?? { version: 1, decisions: [] }
    const own: Record<string, string> = {
      ...{ runs: runId, episodes: episodeId, letters: letter!.id, podcasts: podcastId },
    }
    const nobodys = randomUUID()
    const idsIn = (path: string) => [own[path.split('/')[1]!] ?? runId, nobodys, 'x']
    const walked = eachRoute(await documentOf(setting)).filter(({ path }) => path.includes('{id}'))
    expect(walked.length).toBeGreaterThan(8)
    for (const { path, method } of walked) {
      const body = bodyOf(path)
      for (const id of idsIn(path)) {
        const answer = await other(
          method,
          path.replaceAll(/\{\w+\}/g, id),
          method === 'GET' ? {} : { body, headers: { 'idempotency-key': `${path}${id}` } },
        )
        expect([method, path, ...codeOf(answer)]).toEqual([method, path, 404, 'not_found'])
      }
      expect(
        (await other(method, path.replaceAll(/\{\w+\}/g, '%00'), method === 'GET' ? {} : { body })).status,
      ).toBe(400)
    }
    expect(await world.database.rows(`SELECT id, status FROM runs`)).toEqual([
      { id: runId, status: 'queued' },
    ])
    expect(await world.database.rows('SELECT 1 FROM edit_decisions')).toEqual([])
    for (const list of ['/runs', '/episodes', '/letters'])
      expect((await other('GET', list)).body).toEqual({ items: [] })
    expect((await other('GET', `/runs?episodeId=${episodeId}`)).body).toEqual({ items: [] })
  })
})

describe('A list', () => {
  const starting = async (world: World, count: number, from = 0) => {
    const ids: string[] = []
    for (let i = from; i < from + count; i++) ids.unshift(await world.start(told, `episode-${i}`))
    return ids
  }

  test('is read page by page, and what is added meanwhile repeats and hides nothing', async () => {
    const { world, ask } = await aProducer()
    const ids = await starting(world, 5)
    await world.database.rows(
      `UPDATE runs SET created_at = timestamptz '2026-11-22 10:00:00.123456+00' + ` +
        `(get_byte(uuid_send(id), 15) % 2) * interval '1 microsecond'`,
    )
    const order = (
      await world.database.rows<{ id: string }>('SELECT id FROM runs ORDER BY created_at DESC, id DESC')
    ).map(({ id }) => id)
    const seen: string[] = []
    let next: string | undefined
    for (let page = 0; page === 0 || next !== undefined; page++) {
      const answer = await ask('GET', `/runs?limit=2${next === undefined ? '' : `&cursor=${next}`}`)
      seen.push(...idsOf(answer))
      next = answer.body['next'] as string | undefined
      await starting(world, 1, 100 + page)
    }
    expect(seen).toEqual(order)
    expect(new Set(seen)).toEqual(new Set(ids))
  })

  test('of episodes and of letters goes on where it ended, too', async () => {
    const { world, ask } = await aProducer()
    const [runId] = await starting(world, 3)
    await world.database.rows(
      `INSERT INTO letters (user_id, run_id, position, outcome, body, sender, subject, content_hash)
       SELECT :user, CAST(:runId AS uuid), i, 'letter', 'Hello ' || i, 'Ada', '', i::text
       FROM generate_series(0, 4) AS i`,
      { user, runId: runId! },
    )
    for (const [path, count] of [
      ['/episodes', 3],
      ['/letters', 5],
    ] as const) {
      const all = idsOf(await ask('GET', path))
      expect(all).toHaveLength(count)
      const first = await ask('GET', `${path}?limit=2`)
      const second = await ask('GET', `${path}?limit=100&cursor=${String(first.body['next'])}`)
      expect([...idsOf(first), ...idsOf(second)]).toEqual(all)
      expect(await ask('GET', `${path}/${all[0]!}`)).toMatchObject({ status: 200, body: { id: all[0] } })
    }
    expect((await ask('GET', '/episodes')).body['items']).toMatchObject([
      { podcast: 'show', slug: 'episode-2', status: 'processing' },
      {},
      {},
    ])
  })

  test('can be narrowed down', async () => {
    const { world, ask } = await aProducer()
    const [second, first] = await starting(world, 2)
    await world.cancel(first)
    expect(idsOf(await ask('GET', '/runs?status=cancelled'))).toEqual([first])
    expect(idsOf(await ask('GET', '/runs?status=finished'))).toEqual([])
    const { episodeId } = await world.run(second)
    expect(idsOf(await ask('GET', `/runs?episodeId=${episodeId!}`))).toEqual([second])
    expect(idsOf(await ask('GET', '/runs?episodeId=nonsense'))).toEqual([])
  })

  const cursorOf = (json: string) => `cursor=${Buffer.from(json).toString('base64url')}`
  const forged = [
    'cursor=nonsense',
    'cursor=',
    cursorOf('{"at":"9999-99-99 99:99:99+99","id":"00000000-0000-4000-8000-000000000000"}'),
    cursorOf(`{"at":"1","id":"' OR 1=1 --"}`),
    cursorOf('{"at":"1e400","id":"00000000-0000-4000-8000-000000000000"}'),
    'limit=0',
    'limit=101',
    'limit=many',
    'status=unheard',
    'episodeId=%00',
  ]

  test('refuses a cursor that is not its own, and a query that makes no sense', async () => {
    const { ask } = await aProducer()
    for (const query of forged)
      expect([query, ...codeOf(await ask('GET', `/runs?${query}`))]).toEqual([query, 400, 'bad_request'])
  })
})

describe('A cancel', () => {
  test('ends a run that is queued or started, once', async () => {
    const { world, ask } = await aProducer()
    const runId = await world.start(told)
    expect(await ask('POST', `/runs/${runId}/cancel`)).toMatchObject({
      status: 200,
      body: { id: runId, status: 'cancelled', stopReason: 'user_cancelled' },
    })
    expect(codeOf(await ask('POST', `/runs/${runId}/cancel`))).toEqual([409, 'not_cancellable'])
    const second = await world.start(told)
    await world.deliver('cut')
    expect(await ask('POST', `/runs/${second}/cancel`)).toMatchObject({
      status: 200,
      body: { status: 'cancelled' },
    })
    expect(await world.deliver('join')).toEqual({ status: 200, outcome: 'over' })
  })

  test('ends a run that waits for its producer', async () => {
    const { world, ask } = await aProducer()
    const runId = await world.start(told)
    await world.database.rows(`UPDATE runs SET status = 'awaiting_review', started_at = clock_timestamp()`)
    expect(await ask('POST', `/runs/${runId}/cancel`)).toMatchObject({
      status: 200,
      body: { status: 'cancelled' },
    })
  })

  test('comes too late for a run that has finished, or is being published', async () => {
    const { world, ask } = await aProducer()
    const committed = await world.start(told, 'published')
    await withDatabase(world.services.config.databaseUrl, (db) =>
      updateRunProgress(db, committed, { committed: true }),
    )
    expect(codeOf(await ask('POST', `/runs/${committed}/cancel`))).toEqual([409, 'not_cancellable'])
    const finished = await world.start(told)
    await world.runToEnd()
    const run = await world.run(finished)
    expect(codeOf(await ask('POST', `/runs/${finished}/cancel`))).toEqual([409, 'not_cancellable'])
    expect(await world.run(finished)).toEqual(run)
  })

  test('of ten at once works once', async () => {
    const { world, ask } = await aProducer()
    const runId = await world.start(told)
    const answers = await Promise.all(Array.from({ length: 10 }, () => ask('POST', `/runs/${runId}/cancel`)))
    expect(answers.map(({ status }) => status).sort()).toEqual([200, ...Array.from({ length: 9 }, () => 409)])
  })
})

describe('A run', () => {
  test('is started again only when none is live, and reuses what is valid', async () => {
    const { world, ask } = await aProducer()
    const runId = await world.start(told)
    await world.deliver('cut')
    const refused = await ask('POST', `/runs/${runId}/retry`)
    expect([...codeOf(refused), refused.body['runId']]).toEqual([409, 'already_running', runId])
    await world.cancel()
    const { status, body } = await ask('POST', `/runs/${runId}/retry`)
    expect(status).toBe(202)
    const again = String(body['runId'])
    expect(again).not.toBe(runId)
    await world.runToEnd()
    expect(await world.run(again)).toMatchObject({
      status: 'finished',
      episodeId: (await world.run(runId)).episodeId,
    })
    expect(await world.steps(again)).toMatchObject([
      { step: 'cut', reused: true },
      { step: 'join', reused: false },
    ])
    expect([await world.worked('cut', 0, runId), await world.worked('cut', 0, again)]).toEqual([1, 0])
  })

  test('of an episode is started by the episode, once of many at once', async () => {
    const { world, ask } = await aProducer()
    await world.start(told)
    await world.cancel()
    const { episodeId } = await world.run()
    const answers = await Promise.all(
      Array.from({ length: 5 }, () => ask('POST', `/episodes/${episodeId!}/runs`)),
    )
    const begun = answers.filter(({ status }) => status === 202).map(({ body }) => body['runId'])
    expect(begun).toHaveLength(1)
    expect(answers.filter(({ status }) => status === 409).map(({ body }) => body['runId'])).toEqual(
      Array.from({ length: 4 }, () => begun[0]),
    )
    expect(await world.database.rows(`SELECT 1 FROM runs`)).toHaveLength(2)
  })

  test('that the queue did not take is started all the same: the sweep finds it', async () => {
    const { world, ask } = await aProducer()
    const first = await world.start(told)
    await world.cancel()
    await world.lose('cut')
    world.crashBeforeEnqueue()
    const { status, body } = await ask('POST', `/runs/${first}/retry`)
    expect([status, await world.pending()]).toEqual([202, []])
    await world.timePasses(60_000)
    expect(await world.sweep()).toMatchObject({ revived: 1 })
    await world.runToEnd()
    expect(await world.run(String(body['runId']))).toMatchObject({ status: 'finished' })
  })

  test('beyond the hour’s is refused, and leaves nothing behind', async () => {
    const { world, ask } = await aProducer({ RUNS_PER_HOUR: '1' })
    const runId = await world.start(told)
    await world.cancel()
    const { body } = await ask('POST', `/runs/${runId}/retry`)
    await world.cancel(String(body['runId']))
    const refused = await ask('POST', `/runs/${runId}/retry`)
    expect([...codeOf(refused), refused.headers.get('retry-after')]).toEqual([429, 'rate_limited', '3600'])
    expect(await world.database.rows('SELECT 1 FROM runs')).toHaveLength(2)
    expect(await world.database.rows('SELECT DISTINCT status FROM episodes')).toEqual([
      { status: 'cancelled' },
    ])
  })

  test('is shown with where it is', async () => {
    const { world, ask } = await aProducer()
    const runId = await world.start(told)
    await world.deliver('cut')
    expect((await ask('GET', `/runs/${runId}`)).body).toMatchObject({
      id: runId,
      status: 'started',
      processed: 500,
      total: 1000,
      mailbox: null,
    })
    expect((await ask('GET', `/runs/${runId}/progress`)).body).toEqual({
      runId,
      status: 'started',
      stopReason: null,
      processed: 500,
      total: 1000,
      currentStep: 'join',
      waitingFor: null,
      secondsLeft: null,
      heartbeatAt: expect.any(String),
      warnings: [],
      steps: [
        { name: 'cut', parts: 1, made: 1, seconds: expect.any(Number), attempts: 1 },
        { name: 'join', parts: 1, made: 0, seconds: null, attempts: 0 },
      ],
    })
  })
})

describe('What goes wrong', () => {
  const wrong: readonly [string, string, string, Parameters<Caller>[2], number, keyof typeof errorCodes][] = [
    ['an unknown path', 'GET', '/nowhere', {}, 404, 'not_found'],
    ['another method', 'DELETE', '/runs/x', {}, 405, 'method_not_allowed'],
    ['another method', 'POST', '/runs', {}, 405, 'method_not_allowed'],
    ['no JSON', 'POST', '/episodes/x/decisions', { body: '{"version":' }, 400, 'bad_request'],
    [
      'no UTF-8',
      'POST',
      '/episodes/x/decisions',
      { body: new Uint8Array([0x22, 0xff, 0xfe, 0x22]) },
      400,
      'bad_request',
    ],
    ['another shape', 'POST', '/episodes/x/decisions', { body: { version: 2 } }, 400, 'bad_request'],
    [
      'a huge body',
      'POST',
      '/episodes/x/decisions',
      { body: `"${'x'.repeat(2 ** 20)}"` },
      413,
      'request_too_large',
    ],
    ['a long id', 'GET', `/runs/${'x'.repeat(101)}`, {}, 400, 'bad_request'],
    [
      'an empty idempotency key',
      'POST',
      '/runs/x/cancel',
      { headers: { 'idempotency-key': ' ' } },
      400,
      'bad_request',
    ],
    ['a path that does not decode', 'GET', '/runs/%E0%A4%A', {}, 404, 'not_found'],
  ]

  test('is a problem document', async () => {
    const { ask } = await aProducer()
    for (const [what, method, path, asked, status, code] of wrong) {
      const answer = await ask(method, path, asked)
      expect([what, ...codeOf(answer), answer.type]).toEqual([what, status, code, 'application/problem+json'])
      expect(answer.body).toMatchObject({
        status,
        title: errorCodes[code].meaning,
        detail: expect.any(String),
        type: `urn:spool:problem:${code}`,
      })
    }
  })

  test('that nobody foresaw says nothing of our insides', async () => {
    const { world, ask } = await aProducer()
    await world.database.rows('ALTER TABLE letters RENAME TO lost')
    const answer = await ask('GET', '/letters')
    expect(codeOf(answer)).toEqual([500, 'internal'])
    expect(JSON.stringify(answer.body)).not.toMatch(/letters.*exist|SELECT/)
  })
})

describe('The same request with one idempotency key', () => {
  const keyed = { headers: { 'idempotency-key': 'once-and-for-all' } }

  test('has one effect and one answer', async () => {
    const { world, ask } = await aProducer()
    const runId = await world.start(told)
    const first = await ask('POST', `/runs/${runId}/cancel`, keyed)
    const second = await ask('POST', `/runs/${runId}/cancel`, keyed)
    expect([first.status, second.status]).toEqual([200, 200])
    expect(second.body).toEqual(first.body)
  })

  test('and another path or body is refused', async () => {
    const { world, ask } = await aProducer()
    const runId = await world.start(told)
    await ask('POST', `/runs/${runId}/cancel`, keyed)
    expect(codeOf(await ask('POST', `/runs/${runId}/retry`, keyed))).toEqual([422, 'idempotency_mismatch'])
    expect(codeOf(await ask('POST', `/runs/${runId}/cancel`, { ...keyed, body: '{}' }))).toEqual([
      422,
      'idempotency_mismatch',
    ])
    const other = callerOf(world, `Bearer ${(await aKey(world, 'berta')).key}`)
    expect((await other('POST', `/runs/${runId}/retry`, keyed)).status).toBe(404)
  })

  test('many times at once has one effect', async () => {
    const { world, ask } = await aProducer()
    const runId = await world.start(told)
    await world.cancel()
    const answers = await Promise.all(
      Array.from({ length: 8 }, () => ask('POST', `/runs/${runId}/retry`, keyed)),
    )
    const done = answers.filter(({ status }) => status === 202)
    expect(done.length).toBeGreaterThan(0)
    expect(new Set(done.map(({ body }) => body['runId'])).size).toBe(1)
    for (const answer of answers.filter(({ status }) => status !== 202))
      expect(codeOf(answer)).toEqual([409, 'in_progress'])
    expect(await world.database.rows('SELECT 1 FROM runs')).toHaveLength(2)
  })

  test('may be repeated after an error', async () => {
    const { world, ask } = await aProducer()
    const runId = await world.start(told)
    expect((await ask('POST', `/runs/${runId}/retry`, keyed)).status).toBe(409)
    await world.cancel()
    expect((await ask('POST', `/runs/${runId}/retry`, keyed)).status).toBe(202)
  })

  test('is considered lost when its process died, and a late answer of that one is ignored', async () => {
    const { world, ask } = await aProducer()
    const runId = await world.start(told)
    await ask('POST', `/runs/${runId}/cancel`, keyed)
    await world.database.rows('UPDATE api_requests SET status = NULL, body = NULL')
    expect(codeOf(await ask('POST', `/runs/${runId}/cancel`, keyed))).toEqual([409, 'in_progress'])
    await world.database.rows(`UPDATE api_requests SET created_at = created_at - interval '3 minutes'`)
    expect(codeOf(await ask('POST', `/runs/${runId}/cancel`, keyed))).toEqual([409, 'not_cancellable'])
  })
})

test('Under functions-framework a body arrives, and a stream shows a whole run', async () => {
  const { world, key, catalogue } = await aProducer()
  registerAll(framework, catalogue, world.env)
  const url = await listening(getTestServer('api'))
  const headers = { authorization: `Bearer ${key}`, 'content-type': 'application/json' }
  const first = await world.start(told)
  const decided = await fetch(`${url}/api/episodes/${(await world.run()).episodeId!}/decisions`, {
    method: 'POST',
    headers,
    body: '{"version":1,"decisions":[]}',
  })
  expect([decided.status, await decided.json()]).toMatchObject([409, { code: 'not_reviewable' }])
  expect(
    (await fetch(`${url}/api/episodes/x/decisions`, { method: 'POST', headers, body: '{"version":7}' }))
      .status,
  ).toBe(400)

  const stream = await fetch(`${url}/api/runs/${first}/events`, { headers })
  expect(stream.headers.get('content-type')).toMatch(/^text\/event-stream/)
  const shown: { processed: number; status: string; total: number }[] = []
  const deliveries = [() => world.deliver('cut'), () => world.deliver('join')]
  for await (const event of eventsIn(stream)) {
    shown.push(event)
    expect(await world.connections()).toEqual([])
    await deliveries.shift()?.()
  }
  expect(shown.map(({ status, processed }) => [status, processed])).toEqual([
    ['queued', 0],
    ['started', 500],
    ['finished', 1000],
  ])
})

async function* eventsIn(
  response: Response,
): AsyncGenerator<{ processed: number; status: string; total: number }> {
  let text = ''
  const decoder = new TextDecoder()
  for await (const block of response.body!) {
    text += decoder.decode(block as Uint8Array, { stream: true })
    for (let end = text.indexOf('\n\n'); end >= 0; end = text.indexOf('\n\n')) {
      const data = /^data: (.*)$/m.exec(text.slice(0, end))?.[1]
      text = text.slice(end + 2)
      if (data !== undefined) yield JSON.parse(data) as never
    }
  }
}

describe('A review', () => {
  let talk: SaidRecording
  beforeAll(async () => {
    talk = await said(
      'The moon is made of cheese.',
      0.7,
      'That was a mistake.',
      0.8,
      'The moon is made of rock.',
      1.0,
    )
  })

  test('is read and decided by its producer, and the episode is made', async () => {
    const world = await aWorld()
    const ask = callerOf(world, `Bearer ${(await aKey(world, user)).key}`)
    await world.upload(`u/${user}/show/moon/words.json`, talk.words)
    await world.upload(
      `u/${user}/show/moon/template.json`,
      JSON.stringify({ cleaning: { maxRemovedShare: 1 } }),
    )
    await world.arrive(await world.upload(`u/${user}/show/moon/talk.wav`, talk.wav))
    await world.runToEnd()
    const [episodeId] = idsOf(await ask('GET', '/episodes'))
    const review = await ask('GET', `/episodes/${episodeId!}/edits`)
    expect(review).toMatchObject({ status: 200, body: { status: 'awaiting_review' } })
    const waiting = (review.body['edits'] as { id: string; kind: string; waits: boolean }[]).filter(
      ({ waits }) => waits,
    )
    expect(waiting).toMatchObject([{ kind: 'flubber' }])
    const wrong = await ask('POST', `/episodes/${episodeId!}/decisions`, {
      body: { version: 1, decisions: [{ decision: 'accept', edit: 'nothing' }] },
    })
    expect(codeOf(wrong)).toEqual([422, 'bad_decisions'])
    const decisions = { version: 1, decisions: [{ decision: 'accept', edit: waiting[0]!.id }] }
    const decided = await ask('POST', `/episodes/${episodeId!}/decisions`, { body: decisions })
    expect(decided).toMatchObject({ status: 202, body: { runId: review.body['runId'] } })
    await world.runToEnd()
    expect((await ask('GET', `/runs/${String(review.body['runId'])}`)).body).toMatchObject({
      status: 'finished',
    })
    expect((await ask('GET', `/episodes/${episodeId!}`)).body).toMatchObject({
      status: 'published',
      durationSeconds: expect.any(Number),
    })
    const usage = (await ask('GET', '/usage')).body['minutes'] as number
    expect(usage).toBeCloseTo(talk.seconds / 60, 2)
  })
})

test('A mailbox is run again by its run; its letters are listed with what they say, and deleted for good', async () => {
  const world = await aWorld()
  const ask = callerOf(world, `Bearer ${(await aKey(world, user)).key}`)
  await world.arrive(
    await world.upload(
      `u/${user}/mail/one.eml`,
      message('one', 'Ada <ada@mail.test>', 'Hello', 'A word of thanks.'),
    ),
  )
  await world.runToEnd()
  expect((await ask('GET', '/letters')).body['items']).toMatchObject([
    { sender: 'Ada', subject: 'Hello', text: 'A word of thanks.', readIn: null },
  ])
  const [runId] = idsOf(await ask('GET', '/runs'))
  const { status, body } = await ask('POST', `/runs/${runId!}/retry`)
  expect(status).toBe(202)
  await world.runToEnd()
  expect((await ask('GET', `/runs/${String(body['runId'])}`)).body).toMatchObject({
    status: 'finished',
    processed: 1,
    total: 1,
    episodeId: null,
  })
  const [letter] = idsOf(await ask('GET', '/letters'))
  expect((await ask('DELETE', `/letters/${letter!}`)).body).toEqual({ removed: true })
  await ask('POST', `/runs/${runId!}/retry`)
  await world.runToEnd()
  expect(idsOf(await ask('GET', '/letters'))).toEqual([])
})
