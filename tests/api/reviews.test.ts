// A review through the API: its producer reads, sees and hears what is proposed, and shares it with guests, whose link
// opens that and nothing else.
import { randomUUID } from 'node:crypto'
import { beforeAll, expect, test } from '@jest/globals'
import { createApi } from '../../shared/api/app.ts'
import { logged } from '../support/logged.ts'
import { aKey, callerOf, type Answered, type Caller } from '../support/callers.ts'
import { decodeFile } from '../support/audio.ts'
import { said, type SaidRecording } from '../support/recordings.ts'
import { aWorld, user, type World } from '../support/world.ts'

let talk: SaidRecording
beforeAll(async () => {
  talk = await said(
    'The moon is made of cheese.',
    0.7,
    'That was a mistake.',
    0.8,
    'The moon is made of rock.',
    1,
  )
})

interface Waiting {
  readonly world: World
  readonly ask: Caller
  readonly episode: string
  readonly key: string
}

/** An episode that waits for its producer. */
async function aReview(env: Record<string, string> = {}): Promise<Waiting> {
  const world = await aWorld({ env })
  const { key } = await aKey(world, user)
  const ask = callerOf(world, `Bearer ${key}`)
  await world.upload(`u/${user}/show/moon/words.json`, talk.words)
  await world.arrive(await world.upload(`u/${user}/show/moon/talk.wav`, talk.wav))
  await world.runToEnd()
  const [{ id }] = (await ask('GET', '/episodes')).body['items'] as [{ id: string }]
  return { world, ask, key, episode: `/episodes/${id}` }
}

interface Edit {
  readonly id: string
  readonly kind: string
  readonly startSeconds: number
  readonly endSeconds: number
}

const rate = 48_000
/** The sound at a path, decoded as a player does. */
async function hear({ world, key }: Waiting, path: string, headers: Record<string, string> = {}) {
  const answer = await createApi(world.services).request(path, {
    headers: { authorization: `Bearer ${key}`, ...headers },
  })
  const bytes = Buffer.from(await answer.arrayBuffer())
  const kept = answer.headers.get('spool-kept')
  return {
    status: answer.status,
    etag: answer.headers.get('etag'),
    kept,
    text: () => bytes.toString(),
    samples: async () => (await decodeFile(bytes, rate, 1))[0]!,
  }
}

const codeOf = ({ status, body }: Answered) => [status, body['code']]
const energy = (samples: Float32Array): number => samples.reduce((sum, value) => sum + value * value, 0)

test('A producer reads the words and edits, sees the waveform, and hears an edit before, after, and with other decisions', async () => {
  const waiting = await aReview()
  const { ask, episode } = waiting
  const { body } = await ask('GET', `${episode}/review`)
  expect(body).toMatchObject({ status: 'awaiting_review', title: 'moon', language: 'en' })
  expect(body['durationSeconds']).toBeCloseTo(talk.seconds, 3)
  expect((body['words'] as { text: string }[]).slice(0, 3).map(({ text }) => text)).toEqual([
    'The',
    'moon',
    'is',
  ])
  const mistake = (body['edits'] as Edit[]).find(({ kind }) => kind === 'flubber')!
  expect(mistake).toMatchObject({ waits: true, status: 'pending', puts: null, isHeard: true, decision: null })

  const peaks = (
    await ask('GET', `${episode}/review/peaks?startSeconds=0&endSeconds=${talk.seconds}&points=50`)
  ).body
  expect(peaks['high']).toHaveLength(50)
  expect(Math.max(...(peaks['high'] as number[]))).toBeGreaterThan(20)
  expect(Math.min(...(peaks['low'] as number[]))).toBeLessThan(-20)

  const span = `startSeconds=0&endSeconds=${talk.seconds.toFixed(4)}`
  const before = await hear(waiting, `${episode}/review/sound?${span}`)
  const whole = await before.samples()
  expect(whole.length / rate).toBeCloseTo(talk.seconds, 2)
  const asProposed = await hear(waiting, `${episode}/review/sound?${span}&as=edited`)
  expect((await asProposed.samples()).length / rate).toBeGreaterThan(
    mistake.endSeconds - mistake.startSeconds,
  )

  const accepted = encodeURIComponent(JSON.stringify([{ decision: 'accept', edit: mistake.id }]))
  const after = await hear(waiting, `${episode}/review/sound?${span}&as=edited&decisions=${accepted}`)
  const gone = (await asProposed.samples()).length - (await after.samples()).length
  expect(Math.abs(gone / rate - (mistake.endSeconds - mistake.startSeconds))).toBeLessThan(0.1)
  const [from, to] = after.kept!.split(',')[0]!.split(/[-@]/).map(Number) as [number, number]
  const heard = (await after.samples()).subarray(0, Math.floor((to - from - 0.05) * rate))
  const recorded = whole.subarray(from * rate, from * rate + heard.length)
  expect(energy(heard.map((value, i) => value - recorded[i]!))).toBeLessThan(0.05 * energy(recorded))

  const again = await hear(waiting, `${episode}/review/sound?${span}`, { 'if-none-match': before.etag! })
  expect([again.status, again.text()]).toEqual([304, ''])
  const tooLong = await hear(waiting, `${episode}/review/sound?startSeconds=0&endSeconds=61`)
  expect([tooLong.status, tooLong.text()]).toEqual([400, expect.stringContaining('at most 60 s')])
  const unknown = await hear(
    waiting,
    `${episode}/review/sound?${span}&as=edited&decisions=[{"decision":"cut"}]`,
  )
  expect([unknown.status, unknown.text()]).toEqual([422, expect.stringContaining('bad_decisions')])
})

test('A guest hears, reads and comments by a link, which opens nothing else, is in no row or log, and ends; guesses are few', async () => {
  const { world, ask, episode } = await aReview({
    CONSOLE_URL: 'https://spool.test/console',
    API_FAILURES_PER_MINUTE: '20',
  })
  const made = (
    await ask('POST', `${episode}/shares`, {
      body: { expiresInDays: 2 },
      headers: { 'idempotency-key': 'one' },
    })
  ).body as { id: string; url: string }
  const again = await ask('POST', `${episode}/shares`, {
    body: { expiresInDays: 2 },
    headers: { 'idempotency-key': 'one' },
  })
  expect(again.body).toMatchObject({ id: made.id, url: null })
  const secret = made.url.split('/').at(-1)!
  expect(made.url).toBe(`https://spool.test/console/shared/${secret}`)
  const guest = callerOf(world)
  const shared = `/shared/${secret}`

  const review = (await guest('GET', `${shared}/review`)).body
  expect(review).toEqual((await ask('GET', `${episode}/review`)).body)
  const [edit] = review['edits'] as Edit[]
  const comment = { author: ' Ada ', text: 'Too <b>long</b>.', edit: edit!.id, atSeconds: edit!.startSeconds }
  const id = randomUUID()
  for (let twice = 0; twice < 2; twice++)
    expect((await guest('PUT', `${shared}/comments/${id}`, { body: comment })).status).toBe(200)
  const listed = [{ ...comment, id, author: 'Ada', createdAt: expect.any(String) }]
  expect((await guest('GET', `${shared}/comments`)).body['items']).toEqual(listed)
  expect((await ask('GET', `${episode}/comments`)).body['items']).toEqual(listed)
  const wordy = await guest('PUT', `${shared}/comments/${randomUUID()}`, {
    body: { ...comment, text: 'x'.repeat(2001) },
  })
  expect(codeOf(wordy)).toEqual([400, 'bad_request'])
  await world.database.rows(
    `INSERT INTO review_comments (share_id, id, author, text, at_seconds)
     SELECT '${made.id}', gen_random_uuid(), 'Ben', 'Yes.', 1 FROM generate_series(1, 499)`,
  )
  const oneMore = await guest('PUT', `${shared}/comments/${randomUUID()}`, { body: comment })
  expect(codeOf(oneMore)).toEqual([409, 'too_many_comments'])

  const bearer = callerOf(world, `Bearer ${secret}`)
  for (const path of [
    '/episodes',
    `${episode}/review`,
    `${episode}/comments`,
    `${episode}/files`,
    '/runs',
    '/quota',
  ])
    expect([path, (await bearer('GET', path)).status, (await guest('GET', path)).status]).toEqual([
      path,
      401,
      401,
    ])
  for (const path of ['edits', 'files', 'decisions', '../episodes', 'shares'])
    expect([path, (await guest('GET', `${shared}/${path}`)).status >= 400]).toEqual([path, true])
  const deciding = await guest('POST', `${shared}/decisions`, { body: { version: 1, decisions: [] } })
  expect(codeOf(deciding)).toEqual([404, 'not_found'])

  expect((await ask('GET', `${episode}/shares`)).body['items']).toMatchObject([
    { id: made.id, comments: 500 },
  ])
  const rows = await Promise.all(
    ['review_shares', 'api_requests', 'api_callers'].map((table) =>
      world.database.rows(`SELECT * FROM ${table}`),
    ),
  )
  expect(JSON.stringify(rows)).not.toContain(secret)
  const storage = { ...world.services.storage, readJson: () => Promise.reject(new Error('broken')) }
  const broken = createApi({ ...world.services, storage })
  const lines = await logged(async () => await broken.request(`${shared}/review`))
  expect(lines).toMatchObject([{ path: '/shared/…/review' }])
  expect(JSON.stringify(lines)).not.toContain(secret)
  expect((await ask('DELETE', `${episode}/shares/${made.id}`)).body).toEqual({ removed: true })
  const over = await guest('GET', `${shared}/review`)
  expect(codeOf(over)).toEqual([401, 'unauthenticated'])
  expect(over.body['detail']).toContain('expired or was withdrawn')
  expect((await ask('GET', `${episode}/comments`)).body['items']).toHaveLength(500)

  const second = (await ask('POST', `${episode}/shares`, { body: {} })).body as { url: string }
  const ending = `/shared/${second.url.split('/').at(-1)!}/comments`
  expect((await guest('GET', ending)).body).toEqual({ items: [] })
  await world.database.rows('UPDATE review_shares SET expires_at = clock_timestamp()')
  const strangers = callerOf(world)
  expect(codeOf(await strangers('GET', ending))).toEqual([401, 'unauthenticated'])
  for (let i = 1; i <= 20; i++) await strangers('GET', `/shared/guess-${i}/comments`)
  expect(codeOf(await strangers('GET', '/shared/guess/comments'))).toEqual([429, 'too_many_requests'])
})
