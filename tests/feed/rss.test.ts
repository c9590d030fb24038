// The feed, read again as an application would read it.
import { describe, expect, test } from '@jest/globals'
import { parseRssFeed } from 'feedsmith'
import type { PublishedEpisode } from '../../shared/db/feed-episodes.ts'
import { renderFeed } from '../../shared/feed/rss.ts'
import { podcastGuid } from '../../shared/feed/rss-show.ts'
import { deliverables, type DeliverableName } from '../../shared/episode/deliverables.ts'
import { parseEpisode } from '../../shared/settings/episode.ts'
import { parsePodcast, podcastSettings } from '../../shared/settings/podcast.ts'

const feedUrl = 'https://media.example/p/one/feed.xml'
const podcast = (settings: object = {}) => parsePodcast(JSON.stringify(settings), 'podcast.json')
const anEpisode = (change: Partial<PublishedEpisode> = {}): PublishedEpisode => ({
  id: '6d1f0f1e-0000-4000-8000-000000000001',
  slug: 'one',
  title: 'Bits & <bobs>',
  description: '',
  contentHash: 'h',
  durationSeconds: 61.6,
  audioBytes: 12345,
  hasTranscript: true,
  coverFile: 'cover.jpg',
  publishedAt: new Date('2026-01-02T03:04:05Z'),
  ...change,
})
const urlOf = ({ id }: PublishedEpisode, file: string) => `https://media.example/p/one/${id}/${file}`
const render = (settings: object, episodes: readonly PublishedEpisode[]) =>
  renderFeed({ feedUrl, settings: podcast(settings), episodes, urlOf })

describe("a podcast's identifier", () => {
  test.each([
    ['https://podnews.net/rss', '9b024349-ccf0-5f69-a609-6b82873eab3c'],
    ['http://podnews.net/rss/', '9b024349-ccf0-5f69-a609-6b82873eab3c'],
    ['podnews.net/rss', '9b024349-ccf0-5f69-a609-6b82873eab3c'],
    ['https://mp3s.nashownotes.com/pc20rss.xml', '917393e3-1b1e-5cef-ace4-edaa54e1f810'],
  ])('of %s is the one that Podcasting 2.0 gives as its example', (url, guid) => {
    expect(podcastGuid(url)).toBe(guid)
  })
})

describe('a feed', () => {
  test('carries what the directories require, and its item what a player needs', async () => {
    const settings = {
      title: 'Käse & Co',
      description: 'On cheese.',
      author: 'Anna',
      email: 'anna@example.com',
      language: 'de',
      category: 'Food',
    }
    const feed = parseRssFeed(await render(settings, [anEpisode()]))
    expect(feed).toMatchObject({
      title: 'Käse & Co',
      description: 'On cheese.',
      language: 'de',
      itunes: {
        author: 'Anna',
        explicit: false,
        image: `https://media.example/p/one/${anEpisode().id}/cover.jpg`,
        categories: [{ text: 'Arts', categories: [{ text: 'Food' }] }],
      },
      podcast: { guid: podcastGuid(feedUrl), locked: { value: false } },
      atom: { links: [{ href: feedUrl, rel: 'self' }] },
    })
    expect(feed.items).toMatchObject([
      {
        title: 'Bits & <bobs>',
        description: 'Bits & <bobs>',
        guid: { value: anEpisode().id, isPermaLink: false },
        enclosures: [
          {
            url: `https://media.example/p/one/${anEpisode().id}/episode.mp3`,
            length: 12345,
            type: 'audio/mpeg',
          },
        ],
        itunes: { duration: 62, explicit: false },
        podcast: { chapters: { type: 'application/json+chapters' } },
      },
    ])
    expect(new Date(feed.items![0]!.pubDate!)).toEqual(anEpisode().publishedAt)
    expect(feed.items![0]!.podcast!.transcripts!.map(({ type }) => type)).toEqual([
      'text/vtt',
      'application/x-subrip',
      'application/json',
      'text/plain',
    ])
  })

  test('lists chapters below the description and as Podlove Simple Chapters, and its season', async () => {
    const chapters = [
      { startMs: 0, title: 'Intro' },
      { startMs: 62_500, title: 'Käse & <Co>', url: 'https://example.com/?a=1&b' },
    ]
    const xml = await render({}, [
      anEpisode({ description: 'On cheese.', chapters, episodeNumber: 7, seasonNumber: 2 }),
    ])
    const [item] = parseRssFeed(xml).items!
    expect(item!.description).toBe('On cheese.\n\n00:00:00 Intro\n00:01:02 Käse & <Co>')
    expect(item!.psc!.chapters).toEqual([
      { start: '00:00:00.000', title: 'Intro' },
      { start: '00:01:02.500', title: 'Käse & <Co>', href: 'https://example.com/?a=1&b' },
    ])
    expect(xml).toContain('xmlns:psc="http://podlove.org/simple-chapters"')
    expect([item!.itunes!.episode, item!.itunes!.season]).toEqual([7, 2])
  })

  test('of an episode published before there were chapters says nothing of them', async () => {
    const xml = await render({}, [anEpisode({ chapters: null, episodeNumber: null, seasonNumber: null })])
    expect(xml).not.toMatch(/psc:|itunes:episode>|itunes:season/)
  })

  test('says explicit as Apple asks for it: true or false', async () => {
    for (const explicit of [true, false]) {
      const xml = await render({ explicit }, [anEpisode()])
      expect(xml.match(/<itunes:explicit>([^<]*)</g)).toEqual(Array(2).fill(`<itunes:explicit>${explicit}<`))
    }
  })

  test('names no transcripts and no cover where there are none', async () => {
    const [item] = parseRssFeed(
      await render({}, [anEpisode({ hasTranscript: false, coverFile: null })]),
    ).items!
    expect([item!.podcast!.transcripts, item!.itunes!.image]).toEqual([undefined, undefined])
  })

  test('keeps the order it is given, and is the same text for the same rows', async () => {
    const episodes = [
      anEpisode({ title: 'Newest' }),
      anEpisode({ id: '6d1f0f1e-0000-4000-8000-000000000002', title: 'Older' }),
    ]
    const xml = await render({}, episodes)
    expect(parseRssFeed(xml).items!.map(({ title }) => title)).toEqual(['Newest', 'Older'])
    expect(await render({}, episodes)).toBe(xml)
  })

  test('without episodes is a feed all the same', async () => {
    expect(parseRssFeed(await render({ title: 'Soon' }, []))).toMatchObject({ title: 'Soon' })
  })

  test('stays readable whatever was pasted into a title', async () => {
    const pasted = 'a\u0000b\u000bc\u001fd\u0085e\uffff\ud800f ]]> &amp; <x>\ttab'
    const { title } = parseEpisode(JSON.stringify({ title: pasted }), 'episode.json')
    const xml = await render({ title: pasted, author: pasted }, [anEpisode({ title: title! })])
    // all that XML 1.0 allows, planes beyond the first aside
    expect(xml).not.toMatch(/[^\t\n\r\u0020-\ud7ff\ue000-\ufffd]/)
    expect(parseRssFeed(xml).items![0]!.title).toBe('abcdef ]]> &amp; <x>\ttab')
  })

  test.each<[string, string]>([
    ['a text with a CDATA end', 'end ]]> of <b>it</b> & so on'],
    ['two of them', ']]>]]>'],
    ['entities', 'a &amp; b'],
    ['line breaks', 'One & two\n\nThree < four'],
  ])('reads back %s, with no blank around it', async (_what, description) => {
    const xml = await render({ description }, [anEpisode({ description, title: description })])
    expect(xml).not.toContain('CDATA')
    const [item] = parseRssFeed(xml).items!
    expect([item!.title, item!.description, parseRssFeed(xml).description]).toEqual([
      description,
      description,
      description,
    ])
  })

  test('has no line break in an address with an ampersand', async () => {
    const xml = await render({ link: 'https://x.test/?a=1&b=2', author: 'A & B' }, [anEpisode()])
    expect(xml).toContain('<link>https://x.test/?a=1&amp;b=2</link>')
    expect(xml).toContain('<itunes:author>A &amp; B</itunes:author>')
  })

  test('holds no character that XML cannot hold, whatever door it came through', async () => {
    const bad = 'A\u001eB\ud800C\ufffe\u000b'
    const chapters = [
      { startMs: 0, title: bad },
      { startMs: 1000, title: bad, url: `https://x.test/${bad}` },
    ]
    const rows = [anEpisode({ title: bad, description: bad, chapters })]
    const xml = await renderFeed({
      feedUrl,
      settings: { ...podcast(), title: bad, author: bad },
      episodes: rows,
      urlOf,
    })
    expect(xml).not.toMatch(/[^\t\n\r\u0020-\ud7ff\ue000-\ufffd]/)
    expect(parseRssFeed(xml).items![0]).toMatchObject({ title: 'ABC' })
  })

  test('gives episodes of one second dates that differ and rise', async () => {
    const publishedAt = new Date('2026-01-02T03:04:05.700Z')
    const later = new Date('2026-01-02T03:04:06.100Z')
    const episodes = [
      anEpisode({ publishedAt: later }),
      anEpisode({ publishedAt }),
      anEpisode({ publishedAt }),
    ]
    const dates = parseRssFeed(await render({}, episodes)).items!.map(({ pubDate }) =>
      new Date(pubDate!).getUTCSeconds(),
    )
    expect(dates).toEqual([7, 6, 5])
  })

  test('keeps the first cover as the show’s picture when a newer episode has its own', async () => {
    const episodes = [
      anEpisode({ id: '6d1f0f1e-0000-4000-8000-000000000002' }),
      anEpisode(),
      anEpisode({ id: '6d1f0f1e-0000-4000-8000-000000000003', coverFile: null }),
    ]
    const feed = parseRssFeed(await render({}, episodes))
    expect(feed.itunes!.image).toBe(`https://media.example/p/one/${anEpisode().id}/cover.jpg`)
    const own = 'https://x.test/show.png'
    expect(parseRssFeed(await render({ imageUrl: own }, episodes)).itunes!.image).toBe(own)
  })

  test('has chapter lines last, whatever times the description names', async () => {
    const chapters = [
      { startMs: 0, title: 'One' },
      { startMs: 61_000, title: 'Two' },
    ]
    const description = 'Live at 10:30 in Berlin, a 2:1 win'
    const [item] = parseRssFeed(await render({}, [anEpisode({ description, chapters })])).items!
    expect(item!.description).toBe(`${description}\n\n00:00:00 One\n00:01:01 Two`)
  })

  test('names each transcript by the type that its bytes are served with', async () => {
    const [item] = parseRssFeed(await render({}, [anEpisode()])).items!
    for (const { url, type } of item!.podcast!.transcripts!)
      expect(deliverables[url!.split('/').at(-1) as DeliverableName].type.split(';')[0]).toBe(type)
  })
})

describe("Apple's categories", () => {
  test.each([
    ['Religion & Spirituality:Christianity', 'Religion & Spirituality', 'Christianity'],
    ['religion and spirituality > christianity', 'Religion & Spirituality', 'Christianity'],
    ['Society &amp; Culture', 'Society & Culture', undefined],
    ['technology', 'Technology', undefined],
    ['Food', 'Arts', 'Food'],
    ['self improvement', 'Education', 'Self-Improvement'],
  ])('%s is %s › %s', async (category, name, subcategory) => {
    const feed = parseRssFeed(await render({ category }, []))
    expect(feed.itunes!.categories).toEqual([
      { text: name, ...(subcategory === undefined ? {} : { categories: [{ text: subcategory }] }) },
    ])
  })

  test.each([
    ['Games & Hobbies', 'Leisure'],
    ['Comedie', 'Comedy'],
    ['Religion & Spirituality:Christian', 'Religion & Spirituality:Christianity'],
    ['Health', 'Health & Fitness'],
    ['Gardening', 'Leisure:Home & Garden'],
    ['Bees', undefined],
    ['x'.repeat(100), undefined],
  ])('%s is none, and what is like it is named', (category, nearest) => {
    const like = nearest === undefined ? ' ' : `; the nearest is "${nearest}" `
    expect(() => podcast({ category })).toThrow(`has no such one${like}(docs/feed.md has them all)`)
  })
})

describe('A feed’s language', () => {
  test.each(['en', 'de-AT', 'pt-BR', 'zh-Hant-TW', 'gsw', 'es-419', 'en-UK'])('may be %s', (language) => {
    expect(podcast({ language }).language).toBe(language)
  })
  test.each(['english', 'xx', 'de_DE', 'qqqqq'])('may not be %s', (language) => {
    expect(() => podcast({ language })).toThrow(/language.*such as en, de-AT/)
  })
})

test('What was stored before the lists were checked is a feed all the same', async () => {
  const settings = podcastSettings({ category: 'Games & Hobbies', language: 'english' })
  const feed = parseRssFeed(await renderFeed({ feedUrl, settings, episodes: [], urlOf }))
  expect([feed.language, feed.itunes!.categories]).toEqual(['english', [{ text: 'Games & Hobbies' }]])
})
