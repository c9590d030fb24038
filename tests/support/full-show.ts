/** A show and an episode that say all there is to say, for tests of the feed. */
import type { PublishedEpisode } from '../../shared/db/feed-episodes.ts'
import { detailsOf, parseEpisode } from '../../shared/settings/episode.ts'
import { parsePodcast } from '../../shared/settings/podcast.ts'

export const feedUrl = 'https://media.example/p/one/feed.xml'

const picture = { href: 'https://x.example/wide.jpg', alt: 'A wave', aspectRatio: '16/9', width: 1600 }
const value = {
  type: 'lightning',
  method: 'lnaddress',
  recipients: [{ name: 'Ada', type: 'lnaddress', address: 'ada@x.example', split: 100 }],
}

export const fullSettings = {
  title: 'The Sea',
  description: 'All about it.',
  language: 'en-GB',
  author: 'Ada',
  email: 'ada@x.example',
  link: 'https://x.example/',
  imageUrl: 'https://x.example/cover.jpg',
  category: 'Science:Nature',
  categories: ['Science:Earth Sciences', 'Technology'],
  explicit: true,
  type: 'serial',
  copyright: 'Ada and Ben',
  newFeedUrl: 'https://x.example/feed.xml',
  complete: true,
  block: ['google'],
  guid: '9b024349-ccf0-5f69-a609-6b82873eab3c',
  locked: true,
  funding: [{ url: 'https://x.example/help', text: 'Help us' }],
  persons: [{ name: 'Ada', role: 'Host', group: 'cast', href: 'https://x.example/ada' }],
  license: 'CC-BY-4.0',
  locations: [{ name: 'The North Sea', rel: 'subject', geo: 'geo:56.0,3.0', osm: 'R2323309' }],
  medium: 'podcast',
  trailers: [
    {
      title: 'Soon',
      url: 'https://x.example/t.mp3',
      date: '2026-01-01T06:00:00.000Z',
      length: 9,
      type: 'audio/mpeg',
      season: 1,
    },
  ],
  updateFrequency: { text: 'Mondays', rrule: 'FREQ=WEEKLY;BYDAY=MO', start: '2026-01-05T00:00:00.000Z' },
  podroll: [{ feedGuid: '917393e3-1b1e-5cef-ace4-edaa54e1f810', title: 'Another' }],
  txt: [{ text: 'abc', purpose: 'verify' }],
  chat: { server: 'irc.x.example', protocol: 'irc', space: '#sea' },
  value,
  images: [picture],
  seasons: { 1: 'Ebb' },
  enclosurePrefix: 'https://op3.dev/e/',
} as const

export const fullDetails = {
  type: 'bonus',
  explicit: false,
  link: 'https://x.example/1',
  subtitle: 'Of moon and water.',
  summary: 'A longer word on it.',
  content: '<p>With <a href="https://x.example/?a=1&amp;b=2">a link</a>.</p>',
  persons: [{ name: 'Bea', role: 'guest' }],
  soundbites: [{ start: 1.5, duration: 20, title: 'The moon' }],
  license: { name: 'my-licence', url: 'https://x.example/licence' },
  locations: [{ name: 'Vienna', rel: 'creator', country: 'at' }],
  txt: [{ text: 'x', purpose: 'release' }],
  chat: { server: 'chat.x.example', protocol: 'matrix' },
  value,
  images: [picture],
} as const

export const fullShow = () => parsePodcast(JSON.stringify(fullSettings), 'podcast.json')

export const anEpisode = (change: Partial<PublishedEpisode> = {}): PublishedEpisode => ({
  id: '6d1f0f1e-0000-4000-8000-000000000001',
  slug: 'one',
  title: 'About tides',
  description: 'How the sea comes and goes.',
  contentHash: 'h',
  durationSeconds: 61.6,
  audioBytes: 12345,
  hasTranscript: true,
  coverFile: 'cover.jpg',
  publishedAt: new Date('2026-01-02T03:04:05Z'),
  ...change,
})

export const aFullEpisode = (change: Partial<PublishedEpisode> = {}): PublishedEpisode =>
  anEpisode({
    episodeNumber: 1,
    seasonNumber: 1,
    hasSyntheticVoice: true,
    chapters: [
      { startMs: 0, title: 'Intro' },
      { startMs: 30_000, title: 'Moon & <sun>' },
    ],
    details: detailsOf(parseEpisode(JSON.stringify(fullDetails), 'episode.json')),
    ...change,
  })

export const urlOf = ({ id }: PublishedEpisode, file: string): string =>
  `https://media.example/p/one/${id}/${file}`
