// What the API does around shows: documents checked before they are used, voices tried, assets, feeds held against the
// rules, and what goes for good when its owner says so.
import { beforeAll, describe, expect, test } from '@jest/globals'
import { catalogue } from '../../functions/index.ts'
import { sweep } from '../../functions/sweep.ts'
import { createApi } from '../../shared/api/app.ts'
import { assetsFolder, audioName, feedName, uploadName } from '../../shared/objects.ts'
import { aKey, callerOf, type Caller } from '../support/callers.ts'
import { anElevenlabsVoice, anOpenaiVoice } from '../support/vendors.ts'
import { aWorld, user, type World } from '../support/world.ts'

let [world, ask, berta]: [World, Caller, Caller] = [
  undefined as never,
  undefined as never,
  undefined as never,
]
beforeAll(async () => {
  world = await aWorld({ catalogue })
  ask = callerOf(world, `Bearer ${(await aKey(world, user)).key}`)
  berta = callerOf(world, `Bearer ${(await aKey(world, 'berta')).key}`)
})

const begin = async (slug: string): Promise<string> =>
  String((await ask('POST', '/podcasts', { body: { slug, settings: { title: slug } } })).body['id'])
const buckets = () => world.services.config.buckets
const put = (bucket: string, name: string, text = name) =>
  world.services.storage.create({ bucket, name }, text, 'text/plain')
const objects = async (): Promise<string[]> =>
  (await Promise.all(Object.values(buckets()).map((name) => world.services.storage.list(name, ''))))
    .flat()
    .map(({ name }) => name)

describe('Documents', () => {
  test('have schemas, for editors that complete them', async () => {
    for (const [name, field] of [
      ['podcast', 'category'],
      ['template', 'segments'],
      ['episode', 'letters'],
      ['mail', 'own'],
    ] as const)
      expect((await ask('GET', `/schemas/${name}`)).body['properties']).toHaveProperty(field)
    expect((await ask('GET', '/schemas/users')).status).toBe(400)
  })

  test('are told all that is wrong with them, with the field, or with the line where they are no JSON', async () => {
    const { body } = await ask('POST', '/validate', {
      body: {
        podcast: { title: '', email: 'nobody' },
        template: { segments: [{ type: 'intro', source: { kind: 'spoken', script: 'On {moon}.' } }] },
        episode: '{\n  "title": "One",\n  "number": ,\n}',
        mail: {},
      },
    })
    const problems = body['problems'] as { document: string; path: unknown[]; message: string }[]
    expect(problems).toMatchObject([
      { document: 'podcast', path: ['title'] },
      { document: 'podcast', path: ['email'] },
      {
        document: 'template',
        path: ['segments', 0, 'source', 'script'],
        message: expect.stringContaining('{podcast_name}'),
      },
      { document: 'episode', path: [], message: expect.stringMatching(/^line 3, column 13/) },
    ])
  })

  test('choose from lists', async () => {
    const { items } = (await ask('GET', '/categories')).body as { items: string[] }
    expect(items).toEqual(expect.arrayContaining(['Arts', 'Arts:Food', 'TV & Film:After Shows']))
    expect((await ask('GET', '/variables')).body).toMatchObject({
      episode: expect.arrayContaining(['guest']),
      letter: ['from', 'subject', 'text'],
    })
  })
})

describe('Voices', () => {
  test('that are built in can be chosen and heard without a key', async () => {
    const { items } = (await ask('GET', '/voices')).body as { items: Record<string, unknown>[] }
    expect(items).toMatchObject([
      { provider: 'flite', hasKey: true, complaint: null },
      { provider: 'elevenlabs', hasKey: false, voices: [] },
      { provider: 'openai', hasKey: false, voices: [] },
    ])
    const body = { provider: 'flite', voice: 'kal16', text: 'Good evening.' }
    const headers = { 'idempotency-key': 'a-try' }
    const heard = await ask('POST', '/voices/try', { body, headers })
    const wav = Buffer.from(String(heard.body['wav']), 'base64')
    expect(wav.toString('latin1', 0, 4)).toBe('RIFF')
    expect(wav.length).toBe(44 + 2 * Math.round(16_000 * Number(heard.body['seconds'])))
    expect((await ask('POST', '/voices/try', { body, headers })).body['wav']).toBeNull()
    const long = { ...body, text: 'a '.repeat(101) }
    expect((await ask('POST', '/voices/try', { body: long })).status).toBe(400)
  })

  test('of a provider are told by it, and its characters are counted unless it says nothing', async () => {
    const [elevenlabs, openai] = await Promise.all([anElevenlabsVoice(), anOpenaiVoice()])
    const { config } = world.services
    const urls = { ...config.providers.urls, elevenlabs: elevenlabs.baseUrl, openai: `${openai.baseUrl}/v1` }
    const services = { ...world.services, config: { ...config, providers: { ...config.providers, urls } } }
    const caller = callerOf(world, `Bearer ${(await aKey(world, 'carl')).key}`, createApi(services))
    for (const provider of ['elevenlabs', 'openai'])
      await caller('PUT', `/provider-keys/${provider}`, { body: { key: 'a-key' } })
    const { items } = (await caller('GET', '/voices')).body as { items: Record<string, unknown>[] }
    expect(items).toMatchObject([
      { provider: 'flite' },
      { provider: 'elevenlabs', hasKey: true, voices: [{ voice: 'known', title: 'Known' }] },
      {
        provider: 'openai',
        hasKey: true,
        voices: expect.arrayContaining([{ voice: 'alloy', title: 'alloy' }]),
      },
    ])
    const used = async () => (await caller('GET', '/usage')).body['characters'] ?? 0
    const hear = (voice: string) =>
      caller('POST', '/voices/try', { body: { provider: 'openai', voice, text: 'Hello there!' } })
    expect(await hear('alloy')).toMatchObject({ status: 200, body: { seconds: 0.5 } })
    expect(await used()).toBe(12)
    expect((await hear('nobody')).body['code']).toBe('unknown_voice')
    expect(await used()).toBe(12)
    elevenlabs.fault = { status: 500 }
    expect((await caller('GET', '/voices')).body['items']).toMatchObject([
      {},
      { voices: [], complaint: expect.stringContaining('ElevenLabs') },
      {},
    ])
  })

  test('of a provider without a key are refused', async () => {
    const body = { provider: 'openai', voice: 'alloy', text: 'Hello.' }
    expect((await ask('POST', '/voices/try', { body })).body['code']).toBe('provider_key_missing')
  })
})

describe('A show', () => {
  test('keeps an asset that its template names, and gives up another', async () => {
    const id = await begin('full')
    for (const file of ['intro.wav', 'old.wav', 'template.json'])
      await put(buckets().uploads, uploadName(user, 'full', assetsFolder, file), '{}')
    const { body } = await ask('GET', `/podcasts/${id}/template`)
    const segments = [{ type: 'intro', source: { kind: 'static', file: 'intro.wav' } }, { type: 'content' }]
    await ask('PUT', `/podcasts/${id}/template`, {
      body: { revision: body['revision'], template: { segments } },
    })
    const remove = (file: string, by = ask) => by('DELETE', `/podcasts/${id}/assets/${file}`)
    expect((await remove('old.wav', berta)).status).toBe(404)
    expect(await remove('intro.wav')).toMatchObject({
      status: 409,
      body: { code: 'asset_in_use', detail: expect.stringContaining('Segment 1 (intro)') },
    })
    expect((await remove('old.wav')).body).toEqual({ removed: true })
    expect((await remove('old.wav')).status).toBe(404)
    expect((await remove('template.json')).status).toBe(400)
    const { items } = (await ask('GET', `/podcasts/${id}/assets`)).body as { items: { file: string }[] }
    expect(items.map(({ file }) => file)).toEqual(['intro.wav'])
  })

  test('has its feed held against the rules', async () => {
    const id = await begin('checked')
    expect(await ask('GET', `/podcasts/${id}/check`)).toMatchObject({
      status: 404,
      body: { detail: expect.stringContaining('nothing of it is published') },
    })
    await put(
      buckets().public,
      feedName(id),
      '<rss version="2.0"><channel><title>Checked</title></channel></rss>',
    )
    const { body } = await ask('GET', `/podcasts/${id}/check`)
    expect(body['feedUrl']).toContain(feedName(id))
    expect((body['findings'] as { severity: string }[])[0]).toMatchObject({
      severity: 'error',
      where: 'show',
    })
    expect((await berta('GET', `/podcasts/${id}/check`)).status).toBe(404)
  })
})

describe('For good goes', () => {
  /** An episode as it is left behind. */
  const anEpisode = async (podcastId: string, slug: string, live = false): Promise<string> => {
    const [made] = await world.database.rows<{ id: string }>(
      `WITH e AS (INSERT INTO episodes (user_id, podcast_id, slug, title)
                  VALUES ('${user}', :podcastId, :slug, :slug) RETURNING id),
            r AS (INSERT INTO runs (user_id, episode_id, status, finished_at)
                  SELECT '${user}', id, :status, CASE WHEN :status = 'finished' THEN now() END FROM e)
       SELECT id FROM e`,
      { podcastId, slug, status: live ? 'queued' : 'finished' },
    )
    await put(buckets().public, audioName(podcastId, made!.id))
    return made!.id
  }
  const asked = async (by: Caller, path: string) => (await by('DELETE', path)).body

  test('an episode: nobody finds it any more, and the sweep that is asked for clears it away', async () => {
    const show = await begin('one')
    const [id, other] = [await anEpisode(show, 'gone'), await anEpisode(show, 'kept')]
    expect((await berta('DELETE', `/episodes/${id}`)).status).toBe(404)
    const { deletionId } = await asked(ask, `/episodes/${id}`)
    expect((await ask('GET', `/episodes/${id}`)).status).toBe(404)
    expect(await asked(ask, `/episodes/${id}`)).toEqual({ deletionId })
    expect((await ask('GET', `/deletions/${String(deletionId)}`)).body).toMatchObject({
      episodeId: id,
      isDone: false,
    })
    expect(await world.reminders()).toContain('sweep')
    await sweep(world.services)
    const done = await ask('GET', `/deletions/${String(deletionId)}`)
    expect(done.body).toMatchObject({ isDone: true, objects: 1 })
    expect((await berta('GET', `/deletions/${String(deletionId)}`)).status).toBe(404)
    const left = await objects()
    expect(left).toContain(audioName(show, other))
    expect(left).not.toContain(audioName(show, id))
  })

  test('an episode that is being made, when that is to be cancelled', async () => {
    const id = await anEpisode(await begin('busy'), 'live', true)
    expect((await ask('DELETE', `/episodes/${id}`)).body).toMatchObject({ code: 'already_running' })
    expect((await ask('DELETE', `/episodes/${id}?cancel=true`)).status).toBe(202)
  })

  test('a show with its assets and feed, and with its episodes when that is asked for', async () => {
    const show = await begin('over')
    const live = await anEpisode(show, 'first', true)
    await anEpisode(show, 'second')
    await put(buckets().uploads, uploadName(user, 'over', assetsFolder, 'intro.wav'))
    await put(buckets().public, feedName(show), '<rss/>')
    expect((await berta('DELETE', `/podcasts/${show}?episodes=true`)).status).toBe(404)
    expect((await ask('DELETE', `/podcasts/${show}`)).body).toMatchObject({ code: 'has_episodes' })
    expect((await ask('DELETE', `/podcasts/${show}?episodes=true`)).body).toMatchObject({
      code: 'already_running',
    })
    expect((await ask('GET', `/episodes/${live}`)).status).toBe(200)
    const { deletionId } = await asked(ask, `/podcasts/${show}?episodes=true&cancel=true`)
    expect((await ask('GET', `/podcasts/${show}`)).status).toBe(404)
    expect(await asked(ask, `/podcasts/${show}`)).toEqual({ deletionId })
    await sweep(world.services)
    expect((await ask('GET', `/deletions/${String(deletionId)}`)).body).toMatchObject({ isDone: true })
    expect((await objects()).filter((name) => name.includes(show) || name.includes('/over/'))).toEqual([])
    expect((await ask('GET', '/podcasts?limit=100')).status).toBe(200) // nothing else of the user is held up
    expect(await begin('over')).not.toBe(show)
  })

  test('everything of a user, when they write that they mean it: their keys end with it', async () => {
    const dora = callerOf(world, `Bearer ${(await aKey(world, 'dora')).key}`)
    await dora('POST', '/podcasts', { body: { slug: 'hers' } })
    await put(buckets().uploads, uploadName('dora', 'hers', assetsFolder, 'intro.wav'))
    const remove = (confirm: string) => dora('POST', '/account/deletion', { body: { confirm } })
    expect((await remove('yes')).status).toBe(400)
    const headers = { 'idempotency-key': 'farewell' }
    const body = { confirm: 'delete everything' }
    expect((await dora('POST', '/account/deletion', { body, headers })).status).toBe(202)
    expect((await dora('GET', '/podcasts')).status).toBe(401)
    await sweep(world.services)
    expect((await objects()).filter((name) => name.includes('dora'))).toEqual([])
    expect((await ask('GET', '/podcasts')).status).toBe(200)
  })
})
