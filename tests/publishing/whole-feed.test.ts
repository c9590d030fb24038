// A feed that says all there is to say, as programs read it that know nothing of Spool.
import { describe, expect, test } from '@jest/globals'
import { parseRssFeed } from 'feedsmith'
import partytime from 'podcast-partytime'
import RssParser from 'rss-parser'
import { renderFeed } from '../../shared/feed/rss.ts'
import { checkFeed } from '../../shared/publishing/check-feed.ts'
import { podcastSettings } from '../../shared/settings/podcast.ts'
import { aFullEpisode, anEpisode, feedUrl, fullShow, urlOf } from '../support/full-show.ts'

const render = (episodes = [aFullEpisode()], settings = fullShow()) =>
  renderFeed({ feedUrl, settings, episodes, urlOf })

const audio = `https://op3.dev/e/media.example/p/one/${anEpisode().id}/episode.mp3`

test('keeps every rule of every directory', async () => {
  expect(await checkFeed(await render())).toEqual([])
})

test('is read by partytime, every field right', async () => {
  const feed = partytime.parseFeed(await render())
  expect(feed).toMatchObject({
    title: 'The Sea',
    description: 'All about it.',
    link: 'https://x.example/',
    language: 'en-GB',
    author: 'Ada',
    owner: { name: 'Ada', email: 'ada@x.example' },
    copyright: 'Ada and Ben',
    explicit: true,
    itunesType: 'serial',
    itunesComplete: true,
    itunesNewFeedUrl: 'https://x.example/feed.xml',
    itunesImage: 'https://x.example/cover.jpg',
    itunesCategory: ['Science > Nature', 'Science > Earth Sciences', 'Technology'],
    guid: '9b024349-ccf0-5f69-a609-6b82873eab3c',
    locked: true,
    podcastOwner: 'ada@x.example',
    podcastFunding: [{ url: 'https://x.example/help', message: 'Help us' }],
    podcastPeople: [{ name: 'Ada', role: 'Host', group: 'Cast', href: 'https://x.example/ada' }],
    license: { identifier: 'cc-by-4.0' },
    medium: 'podcast',
    trailers: [{ title: 'Soon', url: 'https://x.example/t.mp3', season: 1, length: 9, type: 'audio/mpeg' }],
    podroll: [{ feedGuid: '917393e3-1b1e-5cef-ace4-edaa54e1f810' }],
    podcastTxt: [{ value: 'abc', purpose: 'verify' }],
    value: { type: 'lightning', method: 'lnaddress', recipients: [{ address: 'ada@x.example', split: 100 }] },
  })
  expect(feed!.items[0]).toMatchObject({
    title: 'About tides',
    guid: anEpisode().id,
    link: 'https://x.example/1',
    enclosure: { url: audio, length: 12345, type: 'audio/mpeg' },
    duration: 62,
    explicit: false,
    itunesEpisode: 1,
    itunesSeason: 1,
    itunesEpisodeType: 'bonus',
    pubDate: new Date('2026-01-02T03:04:05Z'),
    podcastPeople: [{ name: 'Bea', role: 'Guest' }],
    podcastSoundbites: [{ startTime: 1.5, duration: 20, title: 'The moon' }],
    podcastSeason: { number: 1, name: 'Ebb' },
    podcastEpisode: { number: 1 },
    podcastChapters: { type: 'application/json+chapters' },
    license: { identifier: 'my-licence', url: 'https://x.example/licence' },
    podcastTxt: [
      { value: 'x', purpose: 'release' },
      { purpose: 'ai-content' }, // it takes "true" for no text
    ],
  })
})

test('is read by rss-parser, every field right', async () => {
  const feed = await new RssParser().parseString(await render())
  expect(feed).toMatchObject({
    title: 'The Sea',
    description: 'All about it.',
    link: 'https://x.example/',
    language: 'en-GB',
    copyright: 'Ada and Ben',
    feedUrl,
    itunes: {
      author: 'Ada',
      explicit: 'true',
      image: 'https://x.example/cover.jpg',
      owner: { name: 'Ada', email: 'ada@x.example' },
    },
  })
  expect(feed.items[0]).toMatchObject({
    title: 'About tides',
    guid: anEpisode().id,
    link: 'https://x.example/1',
    isoDate: '2026-01-02T03:04:05.000Z',
    enclosure: { url: audio, length: '12345', type: 'audio/mpeg' },
    itunes: {
      duration: '62',
      explicit: 'false',
      episode: '1',
      season: '1',
      episodeType: 'bonus',
      subtitle: 'Of moon and water.',
      summary: 'A longer word on it.',
    },
  })
  expect(feed.items[0]!.content).toBe(
    'How the sea comes and goes.\n\nThis episode contains synthetic voices.\n\n' +
      '00:00:00 Intro\n00:00:30 Moon & <sun>',
  )
  expect(feed.items[0]!['content:encoded']).toBe(
    '<p>With <a href="https://x.example/?a=1&amp;b=2">a link</a>.</p>\n' +
      '<p>This episode contains synthetic voices.</p>\n' +
      '<p>00:00:00 Intro<br />00:00:30 Moon &amp; &lt;sun&gt;</p>',
  )
})

test('says what neither of them reads as well', async () => {
  const { podcast, items } = parseRssFeed(await render())
  expect(podcast).toMatchObject({
    updateFrequency: {
      display: 'Mondays',
      rrule: 'FREQ=WEEKLY;BYDAY=MO',
      dtstart: '2026-01-05T00:00:00.000Z',
    },
    blocks: [{ value: true, id: 'google' }],
    locations: [{ display: 'The North Sea', rel: 'subject', geo: 'geo:56.0,3.0', osm: 'R2323309' }],
    chat: { server: 'irc.x.example', protocol: 'irc', space: '#sea' },
    images: [{ href: 'https://x.example/wide.jpg', alt: 'A wave', aspectRatio: '16/9', width: 1600 }],
  })
  expect(items![0]!.podcast).toMatchObject({
    locations: [{ display: 'Vienna', rel: 'creator', country: 'at' }],
    chat: { server: 'chat.x.example', protocol: 'matrix' },
    values: [{ valueRecipients: [{ address: 'ada@x.example' }] }],
  })
  const blocked = await render([aFullEpisode()], podcastSettings({ block: true, complete: true }))
  expect(blocked).toContain('<itunes:block>Yes</itunes:block>')
  expect(blocked).toContain('<itunes:complete>Yes</itunes:complete>')
  expect(blocked).toContain('<podcast:block>yes</podcast:block>')
})

describe('Whatever a title or a description says', () => {
  test.each<[string, string, string?]>([
    ['markup', '<script>alert(1)</script> & <b>bold</b>'],
    ['an end of CDATA', 'a ]]> b <![CDATA[ c'],
    ['entities', '&amp; &lt; &#65; &bogus; &copy'],
    ['emoji and what joins them', '👩‍👩‍👧 🏴‍☠️ é é'],
    ['right to left', 'עברית ‮reversed‬ عربى'],
    ['5,000 characters', 'ä'.repeat(5000)],
    ['control characters', 'a\u0000b\u0007c\u001fd\u009fe', 'abcde'],
    ['halves of characters', 'a\ud800b\udfffc\uffffd', 'abcd'],
    ['quotes and backslashes', `"double" 'single' \\ $& $1 %s`],
    ['a comment and an instruction', '<!-- no --> <?xml version="1.0"?> -->'],
  ])('%s is read back as it was', async (_what, text, read = text) => {
    const xml = await render([anEpisode({ title: text, description: text, episodeNumber: 1 })])
    const { items } = await new RssParser().parseString(xml)
    expect([items[0]!.title, items[0]!.content]).toEqual([read, read])
    expect(partytime.parseFeed(xml)!.items).toHaveLength(1)
    expect((await checkFeed(xml)).filter(({ rule }) => !rule.endsWith('-length'))).toEqual([])
  })
})

describe('An episode', () => {
  const itemOf = async (...given: Parameters<typeof render>) =>
    (await new RssParser().parseString(await render(...given))).items[0]!

  test('with a synthetic voice says so in its show’s language, or in its producer’s words, or not at all', async () => {
    const spoken = [anEpisode({ hasSyntheticVoice: true })]
    for (const [settings, said] of [
      [{ language: 'de-AT' }, 'Diese Folge enthält synthetische Stimmen.'],
      [{ language: 'gsw' }, 'This episode contains synthetic voices.'],
      [{ aiDisclosure: 'Ada is a machine.' }, 'Ada is a machine.'],
      [{ aiDisclosure: false }, undefined],
    ] as const) {
      const xml = await render(spoken, podcastSettings(settings))
      const [item] = (await new RssParser().parseString(xml)).items
      expect(item!.content).toBe(['How the sea comes and goes.', ...(said ? [said] : [])].join('\n\n'))
      expect(xml.includes('purpose="ai-content"')).toBe(said !== undefined)
    }
    expect((await itemOf([anEpisode()])).content).toBe('How the sea comes and goes.')
  })

  test('has no soundbite that lies outside of it', async () => {
    const xml = await render([aFullEpisode({ durationSeconds: 20 })])
    expect(xml).not.toContain('podcast:soundbite')
  })

  test('published before there were such things is as it was', async () => {
    const xml = await render([anEpisode()], podcastSettings({ title: 'Old' }))
    expect(xml).not.toMatch(
      /content:encoded|podcast:(person|txt|license|soundbite|season|block)|itunes:block/,
    )
    expect(xml).toContain('<itunes:episodeType>full<')
  })

  test('that came from elsewhere names its files there, and nothing that its feed did not say', async () => {
    const elsewhere = {
      audio: { url: 'https://old.example/a.m4a', type: 'audio/x-m4a' },
      image: 'https://old.example/a.jpg',
      transcripts: [{ url: 'https://old.example/a.vtt', type: 'text/vtt' }],
    }
    const episode = { guid: 'urn:a', elsewhere, coverFile: null, durationSeconds: null, audioBytes: null }
    const xml = await render([anEpisode(episode)])
    expect(xml).toContain('<enclosure url="https://old.example/a.m4a" type="audio/x-m4a"/>')
    expect(xml).toContain('<guid isPermaLink="false">urn:a</guid>')
    expect(xml).toContain('<itunes:image href="https://old.example/a.jpg"/>')
    expect(xml.match(/<podcast:transcript /g)).toHaveLength(1)
    expect(xml).not.toMatch(/itunes:duration|podcast:chapters/)
  })
})

test('the show’s own cover stands before an episode’s, and an address that is given before both', async () => {
  const covered = (settings: object, coverUrl?: string) =>
    renderFeed({
      feedUrl,
      settings: podcastSettings(settings),
      episodes: [anEpisode()],
      urlOf,
      ...(coverUrl === undefined ? {} : { coverUrl }),
    })
  const imageOf = async (xml: Promise<string>) => partytime.parseFeed(await xml)!.itunesImage
  const own = 'https://media.example/p/one/cover-1.jpg'
  expect(await imageOf(covered({}, own))).toBe(own)
  expect(await imageOf(covered({ imageUrl: 'https://x.example/c.jpg' }, own))).toBe('https://x.example/c.jpg')
  expect(await imageOf(covered({}))).toBe(urlOf(anEpisode(), 'cover.jpg'))
})

test('a prefix stands before audio that is given over https or http', async () => {
  const base = (origin: string) => async () => {
    const xml = await renderFeed({
      feedUrl,
      settings: podcastSettings({ enclosurePrefix: 'https://dts.podtrac.com/redirect.mp3' }),
      episodes: [anEpisode()],
      urlOf: (_episode, file) => `${origin}/${file}`,
    })
    return /<enclosure url="([^"]*)"/.exec(xml)![1]
  }
  expect(await base('https://a.example')()).toBe('https://dts.podtrac.com/redirect.mp3/a.example/episode.mp3')
  expect(await base('http://a.example')()).toBe(
    'https://dts.podtrac.com/redirect.mp3/http://a.example/episode.mp3',
  )
})
