// What directories refuse is found in a feed, each rule by a feed that breaks it and nothing else.
import { createServer } from 'node:http'
import { once } from 'node:events'
import type { AddressInfo } from 'node:net'
import { afterAll, beforeAll, describe, expect, test } from '@jest/globals'
import { checkFeed } from '../../shared/publishing/check-feed.ts'
import { feedRules } from '../../shared/publishing/feed-rules.ts'

const item = (guid: string, number: number): string => `<item>
<title>About tides</title>
<description>How the sea comes and goes.</description>
<guid isPermaLink="false">${guid}</guid>
<pubDate>Wed, 02 Dec 2026 06:00:00 +0000</pubDate>
<enclosure url="https://example.com/${guid}.mp3" length="1000" type="audio/mpeg"/>
<itunes:duration>61</itunes:duration>
<itunes:explicit>false</itunes:explicit>
<itunes:episodeType>full</itunes:episodeType>
<itunes:episode>${number}</itunes:episode>
<itunes:season>1</itunes:season>
<itunes:image href="https://example.com/${guid}.png"/>
<podcast:transcript url="https://example.com/${guid}.vtt" type="text/vtt"/>
<podcast:chapters url="https://example.com/${guid}.json" type="application/json+chapters"/>
<link>https://example.com/${guid}</link>
<content:encoded><![CDATA[<p>How the sea <a href="https://example.com">comes</a>.</p>]]></content:encoded>
<itunes:block>no</itunes:block>
<podcast:soundbite startTime="1" duration="20">The moon</podcast:soundbite>
<podcast:person role="Guest" group="cast" href="https://example.com/bea">Bea</podcast:person>
<podcast:license url="https://example.com/licence">my-licence</podcast:license>
<podcast:location rel="creator" geo="geo:48.2082,16.3738" osm="R109166">Vienna</podcast:location>
<podcast:season name="Ebb">1</podcast:season>
<podcast:episode>1.5</podcast:episode>
<podcast:txt purpose="ai-content">true</podcast:txt>
<podcast:image href="https://example.com/${guid}-wide.jpg" aspect-ratio="16/9"/>
<podcast:chat server="chat.example.com" protocol="matrix"/>
<podcast:value type="lightning" method="lnaddress"><podcast:valueRecipient type="lnaddress" address="a@b.c" split="1"/></podcast:value>
</item>`

const good = `<?xml version="1.0" encoding="UTF-8"?>
<rss version="2.0" xmlns:itunes="http://www.itunes.com/dtds/podcast-1.0.dtd"
  xmlns:podcast="https://podcastindex.org/namespace/1.0" xmlns:content="http://purl.org/rss/1.0/modules/content/"
  xmlns:atom="http://www.w3.org/2005/Atom">
<channel>
<title>The Sea</title>
<description>All about it.</description>
<link>https://example.com</link>
<language>en-GB</language>
<atom:link rel="self" href="https://example.com/feed.xml" type="application/rss+xml"/>
<itunes:author>Ada</itunes:author>
<itunes:owner><itunes:name>Ada</itunes:name><itunes:email>ada@example.com</itunes:email></itunes:owner>
<itunes:category text="Science"><itunes:category text="Nature"/></itunes:category>
<itunes:explicit>false</itunes:explicit>
<itunes:type>serial</itunes:type>
<itunes:image href="https://example.com/cover.jpg"/>
<itunes:new-feed-url>https://example.com/feed.xml</itunes:new-feed-url>
<podcast:guid>9b024349-ccf0-5f69-a609-6b82873eab3c</podcast:guid>
<podcast:locked>yes</podcast:locked>
<copyright>Ada and Ben</copyright>
<itunes:complete>Yes</itunes:complete>
<itunes:block>No</itunes:block>
<podcast:funding url="https://example.com/help">Help us</podcast:funding>
<podcast:person>Ada</podcast:person>
<podcast:license>cc-by-4.0</podcast:license>
<podcast:location>The North Sea</podcast:location>
<podcast:medium>podcast</podcast:medium>
<podcast:trailer url="https://example.com/t.mp3" pubdate="Tue, 01 Dec 2026 06:00:00 +0000">Soon</podcast:trailer>
<podcast:updateFrequency rrule="FREQ=WEEKLY;COUNT=10" dtstart="2026-12-02">Ten weeks</podcast:updateFrequency>
<podcast:podroll><podcast:remoteItem feedGuid="9b024349-ccf0-5f69-a609-6b82873eab3c"/></podcast:podroll>
<podcast:txt purpose="verify">abc</podcast:txt>
<podcast:image href="https://example.com/show-wide.jpg"/>
<podcast:chat server="irc.example.com" protocol="irc"/>
<podcast:block id="somewhere">no</podcast:block>
<podcast:value type="lightning" method="keysend"><podcast:valueRecipient type="node" address="02" split="1"/></podcast:value>
${item('a', 1)}
${item('b', 2)}
</channel>
</rss>`

/** The rule, and what is changed so that the feed breaks it; the last place that matches. */
const broken: readonly (readonly [string, string | RegExp, string])[] = [
  ['rss-version', 'version="2.0" x', 'version="0.92" x'],
  ['show-has-title', '<title>The Sea</title>', '<title> </title>'],
  ['show-has-description', '<description>All about it.</description>', ''],
  ['show-has-language', '<language>en-GB</language>', ''],
  ['show-has-link', '<link>https://example.com</link>', ''],
  ['show-has-itunes-category', /<itunes:category.*<\/itunes:category>/, ''],
  ['show-has-itunes-explicit', '<itunes:explicit>false</itunes:explicit>\n<itunes:type', '<itunes:type'],
  ['show-has-itunes-image', '<itunes:image href="https://example.com/cover.jpg"/>', ''],
  ['show-has-itunes-author', '<itunes:author>Ada</itunes:author>', ''],
  ['show-has-atom-link', 'rel="self"', 'rel="next"'],
  ['show-has-podcast-guid', /<podcast:guid>.*<\/podcast:guid>/, ''],
  ['show-has-podcast-locked', '<podcast:locked>yes</podcast:locked>', ''],
  ['show-title-length', 'The Sea', 'S'.repeat(256)],
  ['show-description-length', 'All about it.', 'ä'.repeat(2001)],
  ['show-language', 'en-GB', 'english'],
  [
    'show-explicit',
    '<itunes:explicit>false</itunes:explicit>\n<itunes:type',
    '<itunes:explicit>clean</itunes:explicit>\n<itunes:type',
  ],
  ['show-type', '>serial<', '>weekly<'],
  ['show-category', 'text="Nature"', 'text="Tides"'],
  ['show-image', 'cover.jpg', 'cover.webp'],
  ['show-locked', '>yes<', '>true<'],
  ['show-guid', '-5f69-', '-4f69-'],
  ['show-new-feed-url', '<itunes:new-feed-url>https://', '<itunes:new-feed-url>'],
  ['show-owner-email', 'ada@example.com', 'ada'],
  ['show-has-an-episode', /<item>[^]*<\/item>/, ''],
  ['guids-differ', '>b</guid>', '>a</guid>'],
  ['enclosures-differ', 'b.mp3', 'a.mp3'],
  ['numbers-differ', '<itunes:episode>2<', '<itunes:episode>1<'],
  ['serial-is-numbered', /<itunes:episode>1<\/itunes:episode>/, ''],
  ['episode-has-title', '<title>About tides</title>', ''],
  ['episode-has-guid', '>a</guid>', '></guid>'],
  ['episode-has-enclosure', /<enclosure [^]*?\/>/, ''],
  ['episode-has-pubdate', /<pubDate>.*?<\/pubDate>/, ''],
  ['episode-has-itunes-duration', '<itunes:duration>61</itunes:duration>', ''],
  ['episode-has-description', '<description>How the sea comes and goes.</description>', ''],
  ['episode-title-length', 'About tides', 'T'.repeat(256)],
  ['episode-description-length', 'How the sea comes and goes.', 'x'.repeat(10_001)],
  ['enclosure-address', 'url="https://example.com/a.mp3"', 'url="/a.mp3"'],
  ['enclosure-length', 'length="1000"', 'length="0"'],
  ['enclosure-type', 'type="audio/mpeg"', 'type="audio/mp3"'],
  ['episode-date', 'Wed, 02 Dec 2026 06:00:00 +0000', '2026-12-02'],
  ['episode-duration', '>61<', '>1m<'],
  [
    'episode-explicit',
    '<itunes:explicit>false</itunes:explicit>\n<itunes:episodeType',
    '<itunes:explicit>no</itunes:explicit>\n<itunes:episodeType',
  ],
  ['episode-type', '>full<', '>whole<'],
  ['episode-number', '<itunes:episode>1<', '<itunes:episode>0<'],
  ['episode-season', '<itunes:season>1<', '<itunes:season>one<'],
  ['episode-image', 'a.png', 'a.gif'],
  ['episode-transcript', 'type="text/vtt"', 'type="text/plain+captions"'],
  ['episode-chapters', 'application/json+chapters', 'application/xml'],
  ['episode-link', '<link>https://example.com/a', '<link>/a'],
  ['episode-notes-length', '<p>How', `<p>${'x'.repeat(250_000)}`],
  ['episode-notes-markup', '<p>How', '<script>1</script><p>How'],
  ['episode-block', '<itunes:block>no<', '<itunes:block>always<'],
  ['show-block', '<itunes:block>No<', '<itunes:block>true<'],
  ['show-complete', '<itunes:complete>Yes', '<itunes:complete>true'],
  ['show-copyright', '<copyright>', '<copyright>© 2026 '],
  [
    'show-one-guid',
    '<podcast:guid>',
    '<podcast:guid>9b024349-ccf0-5f69-a609-6b82873eab3c</podcast:guid><podcast:guid>',
  ],
  ['show-funding', 'url="https://example.com/help"', 'url="help"'],
  ['show-person', '<podcast:person>', '<podcast:person role="boss">'],
  ['show-license', 'cc-by-4.0', 'cc-bye'],
  ['show-location', '<podcast:location>', '<podcast:location osm="113314">'],
  ['show-medium', '<podcast:medium>podcast', '<podcast:medium>radio'],
  ['show-trailer', 'pubdate="Tue, 01 Dec 2026 06:00:00 +0000"', 'pubdate="2026-12-02"'],
  ['show-update-frequency', ' dtstart="2026-12-02"', ''],
  ['show-podroll', / feedGuid="[^"]*"/, ''],
  ['show-txt', '>abc<', `>${'x'.repeat(4001)}<`],
  ['show-podcast-image', 'https://example.com/show-wide.jpg', 'wide.jpg'],
  ['show-chat', ' protocol="irc"', ''],
  ['show-podcast-block', '<podcast:block id="somewhere">no', '<podcast:block id="somewhere">never'],
  ['show-value', /<podcast:valueRecipient type="node".*?\/>/, ''],
  ['episode-soundbite', 'startTime="1" duration="20"', 'startTime="50" duration="20"'],
  ['episode-person', 'role="Guest"', 'role="Gast"'],
  ['episode-license', ' url="https://example.com/licence"', ''],
  ['episode-location', 'geo:48.2082', '48.2082'],
  ['episode-podcast-season', '<podcast:season name="Ebb">1', '<podcast:season name="Ebb">one'],
  ['episode-podcast-episode', '<podcast:episode>1.5', '<podcast:episode>I'],
  ['episode-txt', 'purpose="ai-content"', `purpose="${'x'.repeat(129)}"`],
  ['episode-podcast-image', 'https://example.com/a-wide.jpg', 'a-wide.jpg'],
  ['episode-chat', 'server="chat.example.com"', ''],
  ['episode-value', ' method="lnaddress"', ''],
]

const rulesOf = async (feed: string) => (await checkFeed(feed)).map(({ rule }) => rule)

test('a feed that keeps every rule has no findings, whatever prefixes it uses', async () => {
  expect(await checkFeed(good)).toEqual([])
  expect(await rulesOf(good.replaceAll('itunes:', 'i:').replace('xmlns:itunes', 'xmlns:i'))).toEqual([])
})

test.each([
  ['another season', '<itunes:season>1<', '<itunes:season>2<'],
  ['a bonus', '>full<', '>bonus<'],
])('%s may have a number that is taken', async (_what, from, to) => {
  const twice = good.replace('<itunes:episode>2<', '<itunes:episode>1<')
  expect(await rulesOf(twice.replace(from, to))).toEqual([])
})

test.each(broken)('%s is found, and says where, what to do and who says so', async (rule, from, to) => {
  const feed = good.replace(from, to)
  expect(feed).not.toBe(good)
  const found = await checkFeed(feed)
  expect(found.map((finding) => finding.rule)).toContain(rule)
  expect(new Set(found.map((finding) => finding.rule)).size).toBe(1)
  for (const { where, message, remedy, source } of found)
    expect([where, message.length > 5, remedy.length > 5, source.startsWith('https://')]).toEqual([
      expect.stringMatching(/^show$|^episode 1 \(/),
      ...[true, true, true],
    ])
})

test('every rule is broken by one of these', () => {
  expect(broken.map(([rule]) => rule).toSorted()).toEqual(feedRules.map(({ id }) => id).toSorted())
})

test.each([
  ['a page', '<!doctype html><html></html>', /document type/],
  ['another feed', '<feed xmlns="http://www.w3.org/2005/Atom"/>', /not <rss>/],
  ['broken markup', good.replace('</channel>', ''), /Line \d+/],
  ['nothing', '', /not <rss>|Line|no feed/],
])('%s is refused', async (_what, text, why) => {
  await expect(checkFeed(text)).rejects.toMatchObject({
    code: 'bad_feed',
    message: expect.stringMatching(why) as unknown,
  })
})

describe('Its files', () => {
  const audio = Buffer.alloc(1000)
  const server = createServer(({ url, headers: { range } }, response) => {
    if (url === '/a.mp3' && range !== undefined)
      response.writeHead(206, { 'content-type': 'audio/mpeg', 'content-range': 'bytes 0-1/1000' }).end('ab')
    else if (url === '/b.mp3') response.writeHead(200, { 'content-type': 'audio/mp3' }).end(audio)
    else if (/json$/.test(url!))
      response.writeHead(200, { 'content-type': 'application/json+chapters' }).end()
    else response.writeHead(url === '/b.vtt' ? 404 : 200, { 'content-type': 'text/vtt' }).end()
  })
  let origin: string
  beforeAll(async () => {
    server.listen(0, '127.0.0.1')
    await once(server, 'listening')
    origin = `http://127.0.0.1:${(server.address() as AddressInfo).port}`
  })
  afterAll(() => void server.close())

  test('are asked for where the feed lies, as an application would', async () => {
    const feed = good.replaceAll('https://example.com/', `${origin}/`)
    const found = await checkFeed(feed, { feedUrl: `${origin}/feed.xml`, asksFiles: true })
    expect(found.map(({ rule, where }) => [rule, where]).toSorted()).toEqual([
      ['audio-in-ranges', 'episode 2 (About tides)'],
      ['file-answers', 'episode 2 (About tides)'],
      ['file-type', 'episode 2 (About tides)'],
    ])
    const longer = feed.replace('length="1000"', 'length="999"')
    expect(
      (await checkFeed(longer, { feedUrl: `${origin}/feed.xml`, asksFiles: true })).map(({ rule }) => rule),
    ).toContain('audio-length')
  })

  test('elsewhere are not asked for, and that the feed says it is elsewhere is told', async () => {
    const [address, ...others] = await checkFeed(good, { feedUrl: `${origin}/feed.xml`, asksFiles: true })
    expect(address).toMatchObject({ rule: 'show-address', severity: 'warning' })
    expect(address!.message).toMatch(/at https:\/\/example\.com\/feed\.xml, and it is at http:\/\/127/)
    expect(others).toEqual([])
    expect(await checkFeed(good, { feedUrl: 'http://example.com/feed.xml/', asksFiles: false })).toEqual([])
  })
})
