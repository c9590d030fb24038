// A show is taken over from a feed elsewhere: its episodes keep guid and date, whatever becomes of them here.
import { createServer, type RequestListener } from 'node:http'
import { once } from 'node:events'
import type { AddressInfo } from 'node:net'
import { afterEach, beforeEach, describe, expect, test } from '@jest/globals'
import { parseRssFeed } from 'feedsmith'
import { publish } from '../../functions/publish.ts'
import type { Warning } from '../../shared/codes.ts'
import { withDatabase } from '../../shared/db/connect.ts'
import { describeAsMade } from '../../shared/db/about-episodes.ts'
import { beginEpisode, saveFinishedAudio } from '../../shared/db/episodes.ts'
import { startRun } from '../../shared/db/runs.ts'
import { insertSteps } from '../../shared/db/steps.ts'
import { partsOf } from '../../shared/engine/pipeline.ts'
import { enqueue } from '../../shared/engine/enqueue.ts'
import { schedulePublication, startPublication } from '../../shared/episode/publication.ts'
import { renderFeed } from '../../shared/feed/rss.ts'
import { episodeName } from '../../shared/objects.ts'
import {
  fetchFeed,
  fetchShow,
  importShow,
  previewImport,
  readShow,
} from '../../shared/publishing/import-feed.ts'
import type { Publisher } from '../../shared/publishing/public-files.ts'
import { defaultTemplate } from '../../shared/settings/settings.ts'
import { aFullEpisode, feedUrl, fullSettings, fullShow, urlOf } from '../support/full-show.ts'
import { mp3Header } from '../support/publishing.ts'
import { aToyShow } from '../support/toys.ts'
import { aWorld, user, type World } from '../support/world.ts'

const namespaces =
  'xmlns:itunes="http://www.itunes.com/dtds/podcast-1.0.dtd" ' +
  'xmlns:podcast="https://podcastindex.org/namespace/1.0" xmlns:psc="http://podlove.org/simple-chapters"'
const item = (guid: string, change = '', audio = `https://old.example/${guid}.mp3`) => `<item>
<title>About ${guid}</title><description>On ${guid}.</description>
<guid isPermaLink="false">urn:${guid}</guid><pubDate>Wed, 02 Dec 2020 06:00:00 +0100</pubDate>
<enclosure url="${audio}" length="8" type="audio/mpeg"/><itunes:duration>1:01</itunes:duration>
${change}</item>`
const feedOf = (items: string, channel = '') => `<?xml version="1.0" encoding="UTF-8"?>
<rss version="2.0" ${namespaces}><channel><title>The Sea</title><description>All about it.</description>
<link>https://old.example</link><language>en</language>${channel}${items}</channel></rss>`

let world: World
let tools: Publisher
let warnings: Warning[]
const closing: (() => void)[] = []
afterEach(() => closing.splice(0).forEach((close) => close()))

beforeEach(async () => {
  const finish = { name: 'finish', act: () => Promise.resolve({ contentHash: 'made', files: 'episode.mp3' }) }
  const stage = { trigger: 'task', step: publish, after: ['finish'], share: 1, queue: 'toys' } as const
  world = await aWorld({
    catalogue: [...aToyShow([finish]).catalogue, { ...stage, memory: '512Mi', deadlineSeconds: 60 }],
    env: { ALLOW_PRIVATE_ADDRESSES: 'true' },
  })
  const { config, storage } = world.services
  warnings = []
  tools = {
    config,
    storage,
    withDatabase: (use) => withDatabase(config.databaseUrl, use),
    warn: (warning) => warnings.push(warning),
  }
})

const taken = async (text: string) => await importShow(await readShow(text), { userId: user }, tools)
async function theFeed() {
  const [files] = await world.storage.bucket(world.services.config.buckets.public).getFiles()
  const feed = files.find(({ name }) => name.endsWith('/feed.xml'))!
  return { generation: feed.metadata.generation, ...parseRssFeed((await feed.download())[0].toString()) }
}
const rowOf = async (guid: string) =>
  (
    await world.database.rows<{ id: string; status: string; contentHash: string | null }>(
      'SELECT id, status, content_hash AS "contentHash" FROM episodes WHERE guid = :guid',
      { guid },
    )
  )[0]!
const guids = async () => ((await theFeed()).items ?? []).map(({ guid }) => guid!.value)

async function served(answer: RequestListener): Promise<string> {
  const server = createServer(answer).listen(0, '127.0.0.1')
  closing.push(() => server.close().closeAllConnections())
  await once(server, 'listening')
  return `http://127.0.0.1:${(server.address() as AddressInfo).port}`
}

test('everything a feed of Spool says comes through, and goes out again the same', async () => {
  const episodes = [
    aFullEpisode({ guid: 'https://old.example/?p=1&q=2', hasSyntheticVoice: false }),
    aFullEpisode({ id: '6d1f0f1e-0000-4000-8000-000000000002', publishedAt: new Date(1e12) }),
  ]
  const out = await renderFeed({ feedUrl, settings: fullShow(), episodes, urlOf })
  const { settings } = await readShow(out)
  const { seasons: _ours, newFeedUrl: _moved, enclosurePrefix: _prefix, license, ...kept } = fullSettings
  expect(settings).toMatchObject({ ...kept, license: { name: license.toLowerCase() } })
  await taken(out)
  const [before, after] = [parseRssFeed(out), await theFeed()]
  const own = ['title', 'guid', 'pubDate', 'enclosures', 'itunes', 'podcast', 'link'] as const
  for (const [i, episode] of before.items!.entries())
    for (const field of own) expect([field, after.items![i]![field]]).toEqual([field, episode[field]])
  expect(after.podcast).toEqual(before.podcast)
})

test('a second import changes nothing, and a later one adds what is new', async () => {
  const first = feedOf(item('a'))
  const { added, there, feedUrl: address } = await taken(first)
  expect([added, there]).toEqual([1, 0])
  const { publicBaseUrl } = world.services.config
  expect(address!.replace(publicBaseUrl, '')).toMatch(/^\/p\/.*\/feed\.xml$/)
  const [rows, feed] = [await world.database.rows('SELECT * FROM episodes'), await theFeed()]
  expect(await taken(first)).toMatchObject({ added: 0, there: 1 })
  expect(await world.database.rows('SELECT * FROM episodes')).toEqual(rows)
  expect((await theFeed()).generation).toBe(feed.generation)
  expect(await taken(feedOf(item('b') + item('a')))).toMatchObject({ added: 1, there: 1 })
  expect((await guids()).toSorted()).toEqual(['urn:a', 'urn:b'])
})

test('a dry run says what would be done, and does nothing', async () => {
  const show = await readShow(feedOf(item('a') + item('b')))
  const preview = () => previewImport(show, { userId: user, slug: 'sea' }, tools)
  expect(await preview()).toEqual({ podcastId: null, podcast: 'sea', feedUrl: null, added: 2, there: 0 })
  expect(await world.database.rows('SELECT 1 FROM podcasts')).toEqual([])
  await importShow(await readShow(feedOf(item('a'))), { userId: user, slug: 'sea' }, tools)
  expect(await preview()).toMatchObject({ added: 1, there: 1 })
})

describe('A show of that name that is there already', () => {
  const guid = '<podcast:guid>9b024349-ccf0-5f69-a609-6b82873eab3c</podcast:guid>'
  const another = feedOf(item('x'))

  async function refused(text: string): Promise<void> {
    const show = await readShow(text)
    const before = await world.database.rows('SELECT * FROM episodes')
    const saying = {
      code: 'already_there',
      message: expect.stringMatching(/"The Sea".*--podcast NAME.*--same-show/),
    }
    await expect(previewImport(show, { userId: user }, tools)).rejects.toMatchObject(saying)
    await expect(importShow(show, { userId: user }, tools)).rejects.toMatchObject(saying)
    expect(await world.database.rows('SELECT * FROM episodes')).toEqual(before)
  }

  test('is not taken for this one because of its title, in a dry run neither', async () => {
    await taken(feedOf(item('a')))
    await refused(another)
  })

  test('is not taken for this one because both count their episodes from 1', async () => {
    await taken(feedOf(item('1')))
    const theirs = item('1').replace('About 1', 'Boats').replace('02 Dec', '03 Dec')
    await refused(feedOf(theirs))
  })

  test('is this one where its guid, or an episode, says so', async () => {
    await taken(feedOf(item('a'), guid))
    expect(await taken(feedOf(item('b'), guid))).toMatchObject({ added: 1, there: 0 })
    expect(await taken(feedOf(item('c') + item('b').replace('About b', 'Renamed')))).toMatchObject({
      added: 1,
      there: 1,
    })
  })

  test('is this one where it was read from the same address before', async () => {
    const from = (text: string) => readShow(text, 'https://old.example/feed.xml')
    await importShow(await from(feedOf(item('a'))), { userId: user }, tools)
    expect(await importShow(await from(feedOf(item('b'))), { userId: user }, tools)).toMatchObject({
      added: 1,
    })
  })

  test('is this one where nothing was made of it yet, and where its producer says so', async () => {
    await importShow(await readShow(feedOf('')), { userId: user }, tools)
    expect(await taken(another)).toMatchObject({ added: 1, there: 0 })
    const said = { userId: user, sameShow: true }
    const show = await readShow(feedOf(item('y')))
    expect(await previewImport(show, said, tools)).toMatchObject({ added: 1, there: 0 })
    expect(await importShow(show, said, tools)).toMatchObject({ added: 1, there: 0 })
  })
})

test('settings that were changed here stay, and two imports at once add each episode once', async () => {
  const text = feedOf(item('a') + item('b'))
  await Promise.all([taken(text), taken(text), taken(text)])
  expect((await guids()).toSorted()).toEqual(['urn:a', 'urn:b'])
  await world.database.rows(`UPDATE podcasts SET settings = settings || '{"title": "Mine"}'`)
  await taken(text)
  expect((await theFeed()).title).toBe('Mine')
})

test('episodes of one title have names of their own', async () => {
  await taken(feedOf(item('a').replace('About a', 'Same') + item('b').replace('About b', 'Same')))
  const slugs = await world.database.rows<{ slug: string }>('SELECT slug FROM episodes ORDER BY length(slug)')
  expect(slugs.map(({ slug }) => slug)).toEqual(['Same', expect.stringMatching(/^Same-[0-9a-f]{12}$/)])
})

describe('What is not there', () => {
  test('is left out and named, never invented', async () => {
    const items = [
      item('a').replace('length="8"', 'length="0"').replace('1:01', ''),
      item('b').replace(/<enclosure.*\/>/, ''),
      item('c').replace(/<pubDate>.*?<\/pubDate>/, ''),
      item('d').replace('Wed, 02 Dec 2020 06:00:00 +0100', 'yesterday'),
      item('a'),
      item('e').replace(/<guid.*?<\/guid>/, ''),
      item('f', '<slash:comments xmlns:slash="http://purl.org/rss/1.0/modules/slash/">3</slash:comments>'),
    ]
    const channel = '<ttl>60</ttl><itunes:category text="Tides"/><podcast:locked>yes</podcast:locked>'
    const show = await readShow(feedOf(items.join(''), channel))
    expect(show.episodes.map(({ guid }) => guid)).toEqual(['urn:a', 'https://old.example/e.mp3', 'urn:f'])
    expect(show.episodes[0]).toMatchObject({ audioBytes: null, durationSeconds: null })
    expect(show.warnings.map(({ code, message }) => `${code}: ${message}`)).toEqual([
      expect.stringContaining('feed_locked'),
      expect.stringMatching(
        /^import_not_kept: The show's category is not kept: .*list of categories has no such one/,
      ),
      'import_not_kept: Of the show, these have no place here: ttl.',
      'import_incomplete: Item 1 (About a) does not say how long it is and how many bytes it has.',
      'import_left_out: Item 2 (About b) is left out: it has no audio.',
      'import_left_out: Item 3 (About c) is left out: it has no date.',
      'import_left_out: Item 4 (About d) is left out: "yesterday" is no date.',
      'import_left_out: Item 5 (About a) is left out: the guid "urn:a" stands there twice.',
      'import_not_kept: Of episodes, these have no place here: slash.',
    ])
  })

  test('files and chapters are kept where they are', async () => {
    const kept = `<itunes:image href="https://old.example/a.jpg"/>
      <podcast:transcript url="https://old.example/a.vtt" type="text/vtt"/>
      <podcast:chapters url="https://old.example/a.json" type="application/json+chapters"/>
      <psc:chapters><psc:chapter start="00:00:00" title="Start"/><psc:chapter start="1:02.5" title="End"/></psc:chapters>`
    await taken(feedOf(item('a', kept)))
    const [episode] = (await theFeed()).items!
    expect(episode).toMatchObject({
      enclosures: [{ url: 'https://old.example/a.mp3', length: 8, type: 'audio/mpeg' }],
      itunes: { image: 'https://old.example/a.jpg', duration: 61 },
      podcast: {
        transcripts: [{ url: 'https://old.example/a.vtt' }],
        chapters: { url: 'https://old.example/a.json' },
      },
      psc: { chapters: [{ start: '00:00:00.000' }, { start: '00:01:02.500', title: 'End' }] },
    })
  })
})

describe('An imported episode', () => {
  test('is taken out of the feed and put back as it was', async () => {
    await taken(feedOf(item('a') + item('b')))
    const before = (await theFeed()).items
    const { id } = await rowOf('urn:a')
    await startPublication(world.services, id, 'withdraw')
    await world.runToEnd()
    expect(await guids()).toEqual(['urn:b'])
    expect((await rowOf('urn:a')).status).toBe('processed')
    await startPublication(world.services, id, 'publish')
    await world.runToEnd()
    expect((await theFeed()).items).toEqual(before)
    expect(await rowOf('urn:a')).toMatchObject({ status: 'published', contentHash: null })
    await expect(schedulePublication(world.services, id, new Date(Date.now() + 1e6))).rejects.toMatchObject({
      code: 'not_publishable',
    })
  })

  test('that is made anew keeps its guid and its date, and has its own audio from then on', async () => {
    await taken(feedOf(item('a')))
    const { id } = await rowOf('urn:a')
    const before = (await theFeed()).items![0]!
    await makeAnew(id)
    await world.runToEnd()
    const [episode] = (await theFeed()).items!
    expect([episode!.guid, episode!.pubDate, episode!.title]).toEqual([before.guid, before.pubDate, 'Anew'])
    expect(episode!.enclosures![0]).toMatchObject({
      url: expect.stringMatching(/\/p\/[^/]*\/[^/]*\/episode\.mp3$/),
      length: 1000,
    })
    expect(await taken(feedOf(item('a')))).toMatchObject({ added: 0, there: 1 })
    expect((await theFeed()).items).toEqual([episode])
  })

  test('that Spool made, and that comes back in a feed under its id, is left alone', async () => {
    await taken(feedOf(item('a')))
    const { id } = await rowOf('urn:a')
    const again = feedOf(item('x').replace('urn:x', id))
    expect(await taken(again)).toMatchObject({ added: 0, there: 1 })
  })

  /** A run that leaves other audio. */
  async function makeAnew(episodeId: string): Promise<void> {
    const { services } = world
    const { config, pipeline, storage } = services
    const name = episodeName(episodeId, 'made', 'episode.mp3')
    await storage.create({ bucket: config.buckets.episodes, name }, mp3Header, 'audio/mpeg')
    const steps = await withDatabase(config.databaseUrl, (db) =>
      db.transaction(async (trx) => {
        const settings = defaultTemplate()
        const { runId } = await startRun(trx, {
          ...{ userId: user, episodeId, settings, context: {}, warnings: [] },
          about: { title: 'Anew', description: '' },
        })
        await beginEpisode(trx, episodeId, { title: 'Anew', description: '' })
        await saveFinishedAudio(trx, episodeId, {
          ...{ contentHash: 'made', durationSeconds: 60, audioBytes: 1000 },
          ...{ hasTranscript: false, coverFile: null },
        })
        await describeAsMade(trx, runId)
        return await insertSteps(trx, runId, partsOf(pipeline.stages[0]!, {}))
      }),
    )
    await enqueue(services, steps)
  }
})

describe('Audio that is fetched', () => {
  const bytes = Buffer.concat([
    Buffer.from('ID3\x04\0\0\0\0\0\0', 'latin1'),
    mp3Header,
    Buffer.alloc(100_000, 1),
  ])
  const signal = new AbortController().signal

  test('has the episode’s own address, and comes once', async () => {
    let asked = 0
    const origin = await served((_, response) => {
      asked++
      response.end(bytes)
    })
    const { podcastId } = await taken(feedOf(item('a', '', `${origin}/a.mp3`)))
    expect(await fetchShow(podcastId, tools, signal)).toBe(1)
    const { id } = await rowOf('urn:a')
    const [episode] = (await theFeed()).items!
    const url = `${world.services.config.publicBaseUrl}/p/${podcastId}/${id}/episode.mp3`
    expect(episode!.enclosures).toEqual([{ url, length: bytes.length, type: 'audio/mpeg' }])
    const { buckets } = world.services.config
    const audio = world.storage.bucket(buckets.public).file(`p/${podcastId}/${id}/episode.mp3`)
    expect((await audio.download())[0].equals(bytes)).toBe(true)
    expect(warnings.map(({ message }) => message)).toEqual([
      `"About a" has ${bytes.length} bytes; the feed had said 8.`,
    ])
    expect([await fetchShow(podcastId, tools, signal), asked]).toEqual([0, 1])
    await startPublication(world.services, id, 'withdraw')
    await world.runToEnd()
    expect(await audio.exists()).toEqual([false])
    await startPublication(world.services, id, 'publish')
    await world.runToEnd()
    expect((await theFeed()).items).toEqual([episode])
    expect(await audio.exists()).toEqual([true])
  })

  test.each<[string, string, RequestListener, RegExp]>([
    ['is not there', 'audio/mpeg', (_, response) => response.writeHead(404).end(), /answers 404/],
    ['is a page', 'audio/mpeg', (_, response) => response.end('<html>sorry'), /no MP3/],
    ['is no MP3', 'audio/x-m4a', (_, response) => response.end(bytes), /only MP3/],
    [
      'breaks off',
      'audio/mpeg',
      (_, response) => {
        response.writeHead(200, { 'content-length': bytes.length })
        response.write(bytes.subarray(0, 50_000), () => response.destroy())
      },
      /does not answer/,
    ],
  ])('that %s stays where it is, with a word', async (_what, type, answer, why) => {
    const origin = await served(answer)
    const url = `${origin}/a.mp3`
    const { podcastId } = await taken(
      feedOf(item('a', '', url).replace('type="audio/mpeg"', `type="${type}"`)),
    )
    expect(await fetchShow(podcastId, tools, signal)).toBe(0)
    expect(warnings).toEqual([{ code: 'import_not_fetched', message: expect.stringMatching(why) }])
    expect((await theFeed()).items![0]!.enclosures![0]!.url).toBe(url)
    const { buckets } = world.services.config
    expect(await world.services.storage.list(buckets.episodes, 'e/')).toEqual([])
  })
})

describe('What is refused', () => {
  const laughs = `<?xml version="1.0"?><!DOCTYPE rss [<!ENTITY a "ha"><!ENTITY b "&a;&a;&a;&a;">]>${feedOf(item('a')).slice(38)}`

  test.each<[string, string, RegExp]>([
    ['entities that grow', laughs, /document type/],
    ['a page', '<html><body>no</body></html>', /no RSS feed/],
    ['broken markup', feedOf('<item>'), /Line \d+/],
    ['nothing', '', /It is no feed/],
    ['more than 20 MB', feedOf(`<!--${'x'.repeat(20 * 1024 * 1024)}-->`), /larger than 20971520 bytes/],
    [
      'items without end',
      feedOf('<item><title>x</title></item>'.repeat(20_001)),
      /20001 items; at most 20000/,
    ],
    ['nesting without end', feedOf(`${'<a>'.repeat(20_000)}${'</a>'.repeat(20_000)}`), /no RSS feed|./],
  ])('%s', async (_what, text, why) => {
    const read = readShow(text)
    if (text.includes('<a><a>'))
      await read.catch((error: unknown) => expect(error).toMatchObject({ code: 'bad_feed' }))
    else await expect(read).rejects.toMatchObject({ code: 'bad_feed', message: expect.stringMatching(why) })
  })

  test('an address in a private network, one that redirects in a circle, one that gives too much', async () => {
    const { config } = world.services
    await expect(
      fetchFeed('http://10.0.0.1/feed.xml', { ...config, allowPrivateAddresses: false }),
    ).rejects.toMatchObject({ code: 'address_refused' })
    const circle = await served((_, response) => response.writeHead(302, { location: '/' }).end())
    await expect(fetchFeed(circle, config)).rejects.toThrow(/redirects more than 5 times/)
    const large = await served((_, response) => {
      response.writeHead(200, { 'content-length': 21 * 1024 * 1024 })
      response.flushHeaders()
    })
    await expect(fetchFeed(large, config)).rejects.toMatchObject({ code: 'answer_too_large' })
    const missing = await served((_, response) => response.writeHead(404).end())
    await expect(fetchFeed(missing, config)).rejects.toThrow(/answers 404/)
  })

  test('markup that no application shows', async () => {
    const hostile =
      '<description><![CDATA[<p onclick="x()">Hi <script>x()</script><img src=x onerror=x()></p>]]></description>'
    const show = await readShow(feedOf(item('a').replace(/<description>.*?<\/description>/, hostile)))
    expect(show.episodes[0]!.description).toBe('<p>Hi </p>')
  })
})
