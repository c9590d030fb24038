/**
 * Renders the podcast's RSS feed. Hides the XML namespaces and what the directories require of each element.
 */
import { createHash } from 'node:crypto'
import type { ListedChapter, PublishedEpisode } from '../db/episodes.ts'
import { findCategory } from '../settings/categories.ts'
import type { PodcastSettings } from '../settings/podcast.ts'
import { withoutUnseen } from '../settings/unseen.ts'
import { clockOf, withChapterLines } from './chapters.ts'

export interface FeedSource {
  readonly feedUrl: string
  readonly settings: PodcastSettings
  readonly episodes: readonly PublishedEpisode[]
  /** The public address of one of an episode's files. */
  readonly urlOf: (episode: PublishedEpisode, file: string) => string
}

/** The namespace Podcasting 2.0 sets for feed identifiers. */
const podcastNamespace = 'ead4c236-bf58-58c6-a2c6-a6b28d128cb6'

/** UUIDv5 of the feed's URL without scheme and trailing slashes (Podcasting 2.0, `podcast:guid`). */
export function podcastGuid(feedUrl: string): string {
  const name = feedUrl.replace(/^[a-z]+:\/\//i, '').replace(/\/+$/, '')
  const hash = createHash('sha1')
    .update(Buffer.from(podcastNamespace.replaceAll('-', ''), 'hex'))
    .update(name)
    .digest()
  hash[6] = (hash[6]! & 0x0f) | 0x50
  hash[8] = (hash[8]! & 0x3f) | 0x80
  return hash.toString('hex', 0, 16).replace(/^(.{8})(.{4})(.{4})(.{4})(.{12})$/, '$1-$2-$3-$4-$5')
}

/** RSS 2.0 with the iTunes, Podcasting 2.0 and Podlove namespaces; newest episode first. */
export async function renderFeed({ feedUrl, settings, episodes, urlOf }: FeedSource): Promise<string> {
  const { generateRssFeed } = await import('feedsmith')
  // the first episode's cover: the newest's would change the show's picture with every episode
  const covered = episodes.findLast(({ coverFile }) => coverFile !== null)
  const image = settings.imageUrl ?? (covered ? urlOf(covered, covered.coverFile!) : undefined)
  const dates = distinctDates(episodes)
  const feed = {
    title: settings.title,
    description: settings.description,
    link: settings.link ?? feedUrl,
    language: canonicalLanguage(settings.language),
    generator: 'Spool',
    atom: { links: [{ href: feedUrl, rel: 'self', type: 'application/rss+xml' }] },
    itunes: {
      author: settings.author,
      explicit: settings.explicit,
      type: 'episodic',
      categories: [categoryOf(settings.category)],
      ...(image === undefined ? {} : { image }),
      ...(settings.email === undefined ? {} : { owner: { name: settings.author, email: settings.email } }),
    },
    podcast: {
      guid: podcastGuid(feedUrl),
      locked: { value: false, ...(settings.email === undefined ? {} : { owner: settings.email }) },
    },
    items: episodes.map((episode, i) =>
      item({ ...episode, publishedAt: dates[i]! }, settings, (file) => urlOf(episode, file)),
    ),
  }
  return asAppleWantsIt(withEntities(generateRssFeed(seen(feed))))
}

/** As registered: "en-UK" is "en-GB". */
function canonicalLanguage(tag: string): string {
  try {
    return Intl.getCanonicalLocales(tag)[0] ?? tag
  } catch {
    return tag
  }
}

/** Settings and rows of earlier days may hold what XML cannot. */
function seen<T>(value: T): T {
  if (typeof value === 'string') return withoutUnseen(value) as T
  if (Array.isArray(value)) return value.map(seen) as T
  if (typeof value !== 'object' || value === null || value instanceof Date) return value
  return Object.fromEntries(Object.entries(value).map(([key, inner]) => [key, seen(inner)])) as T
}

/**
 * Subcategories stand inside their categories; what was stored before the list was checked stays as it is.
 */
function categoryOf(text: string): { text: string; categories?: { text: string }[] } {
  const { name, subcategory } = findCategory(text) ?? { name: text }
  return { text: name, ...(subcategory === undefined ? {} : { categories: [{ text: subcategory }] }) }
}

/** A date in a feed has whole seconds, and clients order by it: the later of one second moves to the next. */
function distinctDates(newestFirst: readonly PublishedEpisode[]): Date[] {
  let before = -Infinity
  return newestFirst
    .toReversed()
    .map(({ publishedAt }) => {
      before = Math.max(before + 1, Math.floor(publishedAt.getTime() / 1000))
      return new Date(1000 * before)
    })
    .toReversed()
}

function item(
  episode: PublishedEpisode,
  { explicit, language }: PodcastSettings,
  url: (file: string) => string,
) {
  const transcripts = [
    { url: url('transcript.vtt'), type: 'text/vtt', language, rel: 'captions' },
    { url: url('transcript.srt'), type: 'application/x-subrip', language, rel: 'captions' },
    { url: url('transcript.json'), type: 'application/json', language },
    { url: url('transcript.txt'), type: 'text/plain', language },
  ]
  const chapters = episode.chapters ?? []
  const [number, season] = [episode.episodeNumber ?? undefined, episode.seasonNumber ?? undefined]
  return {
    title: episode.title,
    description: withChapterLines(episode.description === '' ? episode.title : episode.description, chapters),
    guid: { value: episode.id, isPermaLink: false },
    pubDate: episode.publishedAt,
    enclosures: [{ url: url('episode.mp3'), length: episode.audioBytes, type: 'audio/mpeg' }],
    itunes: {
      duration: Math.round(episode.durationSeconds),
      explicit,
      episodeType: 'full',
      ...(number === undefined ? {} : { episode: number }),
      ...(season === undefined ? {} : { season }),
      ...(episode.coverFile === null ? {} : { image: url(episode.coverFile) }),
    },
    podcast: {
      chapters: { url: url('chapters.json'), type: 'application/json+chapters' },
      ...(episode.hasTranscript ? { transcripts } : {}),
      ...(number === undefined ? {} : { episode: { number } }),
      ...(season === undefined ? {} : { season: { number: season } }),
    },
    ...(chapters.length > 0 ? { psc: { chapters: chapters.map(simpleChapter) } } : {}),
  }
}

/** Podlove Simple Chapters, for applications that read nothing else. */
const simpleChapter = ({ startMs, title, url, image }: ListedChapter) => ({
  start: clockOf(startMs),
  title,
  ...(url === undefined ? {} : { href: url }),
  ...(image === undefined ? {} : { image }),
})

/**
 * The library writes CDATA with line breaks around it, which belong to the text for parsers that do not trim:
 * links and addresses would end in one. Entities need none.
 */
const withEntities = (xml: string): string =>
  xml.replaceAll(/\s*<!\[CDATA\[(.*?)\]\]>\s*/gs, (_, text: string) =>
    text.replaceAll('&', '&amp;').replaceAll('<', '&lt;').replaceAll('>', '&gt;'),
  )

/** Apple's guide asks for "true" or "false"; the library still writes the older "yes" and "no". */
const asAppleWantsIt = (xml: string): string =>
  xml
    .replaceAll('<itunes:explicit>no<', '<itunes:explicit>false<')
    .replaceAll('<itunes:explicit>yes<', '<itunes:explicit>true<')
