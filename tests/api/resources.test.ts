// What the API keeps for its caller besides runs: podcasts and their templates, uploads, finished files, keys, quota.
import { beforeAll, describe, expect, test } from '@jest/globals'
import { catalogue } from '../../functions/index.ts'
import { aKey, callerOf, type Caller } from '../support/callers.ts'
import { aWorld, user, type World } from '../support/world.ts'

let [world, ask, berta]: [World, Caller, Caller] = [
  undefined as never,
  undefined as never,
  undefined as never,
]
beforeAll(async () => {
  world = await aWorld({ catalogue, env: { SEALING_KEY: Buffer.alloc(32, 7).toString('base64') } })
  ask = callerOf(world, `Bearer ${(await aKey(world, user)).key}`)
  berta = callerOf(world, `Bearer ${(await aKey(world, 'berta')).key}`)
})

describe('A podcast', () => {
  const begin = async (slug: string) =>
    await ask('POST', '/podcasts', { body: { slug, settings: { title: 'Night Talk', author: 'Ada' } } })

  test('is begun once under a name, with every setting checked and filled in', async () => {
    const begun = await begin('night')
    expect(begun).toMatchObject({
      status: 201,
      body: { slug: 'night', revision: 1, settings: { title: 'Night Talk', explicit: false } },
    })
    expect(await ask('GET', `/podcasts/${String(begun.body['id'])}`)).toMatchObject({ body: begun.body })
    expect(await begin('night')).toMatchObject({ status: 409, body: { code: 'already_there' } })
    const wrong = await ask('POST', '/podcasts', { body: { slug: 'x', settings: { category: 'Telly' } } })
    expect(wrong).toMatchObject({ status: 400, body: { code: 'bad_podcast_file' } })
    expect(wrong.body['detail']).toMatch(/category: Apple's list/)
    for (const slug of ['a/b', '..', 'line\nbreak'])
      expect((await ask('POST', '/podcasts', { body: { slug } })).status).toBe(400)
  })

  test('is changed under the revision that was seen: of two who change at once, one is told', async () => {
    const { id } = (await begin('revised')).body as { id: string }
    const change = (revision: number, title: string) =>
      ask('PUT', `/podcasts/${id}`, { body: { revision, settings: { title } } })
    const answers = await Promise.all([change(1, 'One'), change(1, 'Two')])
    expect(answers.map(({ status }) => status).sort()).toEqual([200, 409])
    expect((await change(2, 'Three')).body).toMatchObject({ revision: 3, settings: { title: 'Three' } })
    expect((await berta('PUT', `/podcasts/${id}`, { body: { revision: 3, settings: {} } })).status).toBe(404)
  })

  test('has a template, changed under its revision and refused when episodes could not be made by it', async () => {
    const { id } = (await begin('styled')).body as { id: string }
    const path = `/podcasts/${id}/template`
    const first = await ask('GET', path)
    expect(first.body).toEqual({ revision: '0', template: {} })
    const put = (revision: unknown, template: object) => ask('PUT', path, { body: { revision, template } })
    const changed = await put('0', { loudness: { targetLufs: -14 } })
    expect(changed).toMatchObject({ status: 200, body: { template: { loudness: { targetLufs: -14 } } } })
    expect(await put('0', {})).toMatchObject({ status: 409, body: { code: 'changed_meanwhile' } })
    expect(await put(changed.body['revision'], { loudness: { targetLufs: 3 } })).toMatchObject({
      status: 400,
      body: { code: 'bad_template' },
    })
    expect((await ask('GET', path)).body).toEqual(changed.body)
  })

  test('has assets that whoever has their links can listen to', async () => {
    const { id } = (await begin('loud')).body as { id: string }
    const { url } = (
      await ask('POST', '/uploads', { body: { podcast: 'loud', file: 'intro.mp3', bytes: 5 } })
    ).body as { url: string }
    expect((await fetch(url, { method: 'PUT', body: 'hello' })).status).toBe(200)
    const { items } = (await ask('GET', `/podcasts/${id}/assets`)).body as { items: { url: string }[] }
    expect(items).toMatchObject([{ file: 'intro.mp3', bytes: 5 }])
    expect(await (await fetch(items[0]!.url)).text()).toBe('hello')
  })
})

describe('An upload', () => {
  const begin = (body: object) => ask('POST', '/uploads', { body })

  test('goes on after it broke off, and lies in the folder of its episode', async () => {
    const whole = Buffer.alloc(3 * 262_144, 1)
    const { body } = await begin({ podcast: 'p', episode: 'e', file: 'talk.notes.vtt', bytes: whole.length })
    expect(body).toMatchObject({ object: `u/${user}/p/e/talk.notes.vtt`, chunkBytes: 262_144 })
    const send = (from: number, to: number) =>
      fetch(String(body['url']), {
        method: 'PUT',
        body: whole.subarray(from, to),
        headers: { 'content-range': `bytes ${from}-${to - 1}/${whole.length}` },
      })
    expect((await send(0, 262_144)).status).toBe(308)
    const asked = await fetch(String(body['url']), {
      method: 'PUT',
      headers: { 'content-range': `bytes */${whole.length}` },
    })
    expect([asked.status, asked.headers.get('range')]).toEqual([308, 'bytes=0-262143'])
    expect((await send(262_144, whole.length)).status).toBe(200)
    expect(
      await world.services.storage.stat({
        bucket: world.services.config.buckets.uploads,
        name: String(body['object']),
      }),
    ).toMatchObject({ bytes: whole.length })
  })

  const refused: readonly [string, object, string, RegExp][] = [
    [
      'what is no recording',
      { podcast: 'p', episode: 'e', file: 'notes.docx' },
      'bad_upload',
      /notes\.docx is neither/,
    ],
    ['a name that climbs', { podcast: 'p', episode: '..', file: 'a.wav' }, 'bad_request', /episode/],
    ['a path for a name', { podcast: 'p', episode: 'e', file: '../b/a.wav' }, 'bad_request', /slash/],
    ['an episode called assets', { podcast: 'p', episode: 'assets', file: 'a.wav' }, 'bad_upload', /assets/],
    ['too much', { podcast: 'p', file: 'intro.wav', bytes: 2e9 }, 'file_too_large', /limit is 209715200/],
    ['nothing', { podcast: 'p', file: 'intro.wav', bytes: 0 }, 'bad_request', /^bytes: /],
    ['a file without a name', { podcast: 'p' }, 'bad_request', /^file: is missing; it should be text/],
  ]
  test.each(refused)('of %s is refused before it begins', async (_what, body, code, detail) => {
    const answer = await begin({ bytes: 10, ...body })
    expect(answer.body['code']).toBe(code)
    expect(answer.body['detail']).toMatch(detail)
  })

  test('of a body that is not called JSON is refused with what it is to be called', async () => {
    const { body } = await ask('POST', '/uploads', {
      headers: { 'content-type': 'text/plain' },
      body: { podcast: 'p', file: 'intro.wav', bytes: 10 },
    })
    expect(body['detail']).toMatch(/Content-Type: application\/json/)
  })

  test('for an episode that is recorded anew leaves nothing of before beside it, but its recordings', async () => {
    const { storage, config } = world.services
    const folder = { bucket: config.buckets.uploads, name: `u/${user}/p/anew/` }
    for (const file of ['talk.wav', 'words.json', 'cover.png', 'episode.json'])
      await storage.create({ ...folder, name: folder.name + file }, Buffer.from(file), 'text/plain')
    const forget = { podcast: 'p', episode: 'anew', keep: ['cover.png'] }
    expect((await berta('POST', '/uploads/forget', { body: forget })).body).toEqual({ removed: [] })
    const { body } = await ask('POST', '/uploads/forget', { body: forget })
    expect(body).toEqual({ removed: ['episode.json', 'words.json'] })
    const left = (await storage.list(folder.bucket, folder.name)).map(({ name }) =>
      name.slice(folder.name.length),
    )
    expect(left).toEqual(['cover.png', 'talk.wav'])
    const again = { ...forget, coming: ['talk.wav'] }
    expect((await ask('POST', '/uploads/forget', { body: again })).body).toEqual({ removed: ['talk.wav'] })
  })

  test('has an address that is kept in no row', async () => {
    const { body } = await ask('POST', '/uploads', {
      body: { podcast: 'p', episode: 'e', file: 'a.wav', bytes: 10 },
      headers: { 'idempotency-key': 'once' },
    })
    const kept = await world.database.rows<{ body: string }>(
      'SELECT CAST(body AS text) AS body FROM api_requests WHERE body IS NOT NULL',
    )
    expect(kept.filter((row) => row.body.includes(String(body['url'])))).toEqual([])
  })
})

describe('Keys', () => {
  test('of a provider are given, listed without the key, and forgotten', async () => {
    const key = 'sk-very-secret'
    const put = await ask('PUT', '/provider-keys/openai', { body: { key } })
    expect(put.body).toEqual({ provider: 'openai' })
    const listed = await ask('GET', '/provider-keys')
    expect(listed.body['items']).toMatchObject([{ provider: 'openai' }])
    const rows = await world.database.rows('SELECT * FROM provider_keys')
    expect(JSON.stringify([listed.body, rows])).not.toContain(key)
    expect((await berta('GET', '/provider-keys')).body['items']).toEqual([])
    expect((await ask('DELETE', '/provider-keys/openai')).body).toEqual({ removed: true })
    expect((await ask('PUT', '/provider-keys/nobody', { body: { key } })).status).toBe(400)
  })

  test('of the API are shown once, work, and are revoked', async () => {
    const asked = { body: { name: 'laptop', scopes: ['read'] }, headers: { 'idempotency-key': 'a-key' } }
    const made = await ask('POST', '/api-keys', asked)
    const { id, key } = made.body as { id: string; key: string }
    expect((await ask('POST', '/api-keys', asked)).body).toEqual({ id, key: null })
    const reader = callerOf(world, `Bearer ${key}`)
    expect((await reader('GET', '/podcasts')).status).toBe(200)
    expect((await reader('POST', '/podcasts', { body: { slug: 'no' } })).body['code']).toBe('forbidden')
    expect(JSON.stringify((await ask('GET', '/api-keys')).body)).not.toContain(key)
    expect((await ask('DELETE', `/api-keys/${id}`)).body).toEqual({ removed: true })
    expect((await reader('GET', '/podcasts')).status).toBe(401)
  })

  test('that may only read make none that may write', async () => {
    const reader = callerOf(world, `Bearer ${(await aKey(world, user, ['read'])).key}`)
    expect((await reader('POST', '/api-keys', { body: { name: 'more' } })).status).toBe(403)
  })
})

test('The quota tells what was used of each limit', async () => {
  const { items } = (await ask('GET', '/quota')).body as { items: { kind: string; period: string }[] }
  expect(items.map(({ kind, period }) => `${kind} a ${period}`)).toEqual([
    ...['runs a hour', 'minutes a month', 'characters a day', 'characters a month'],
  ])
})
