/**
 * Renders the podcast's RSS feed: 2.0 with the iTunes, Podcasting 2.0, Atom, content and Podlove namespaces. Hides the
 * library that writes XML, and what it writes otherwise than directories ask.
 */
import type { RssFeed } from 'feedsmith'
import type { PublishedEpisode } from '../db/feed-episodes.ts'
import type { PodcastSettings } from '../settings/podcast.ts'
import { withoutUnseen } from '../settings/unseen.ts'
import { item } from './rss-item.ts'
import { channel } from './rss-show.ts'

export type ParsedFeed = RssFeed.Feed<string>
export type ParsedItem = RssFeed.Item<string>

export interface FeedSource {
  readonly feedUrl: string
  readonly settings: PodcastSettings
  /** Newest first. */
  readonly episodes: readonly PublishedEpisode[]
  /** The public address of one of an episode's files. */
  readonly urlOf: (episode: PublishedEpisode, file: string) => string
  /** The show's own cover; without one, and without an address in the settings, an episode's stands in. */
  readonly coverUrl?: string | undefined
}

/**
 * Newest episode first, whatever the show's type: applications order a serial show by season and number, and take the
 * first item for the newest.
 */
export async function renderFeed({
  feedUrl,
  settings,
  episodes,
  urlOf,
  coverUrl,
}: FeedSource): Promise<string> {
  const { generateRssFeed } = await import('feedsmith')
  const image = settings.imageUrl ?? coverUrl ?? firstCover(episodes, urlOf)
  const dates = distinctDates(episodes)
  const feed = {
    ...channel(feedUrl, settings, image),
    items: episodes.map((episode, i) =>
      item({ ...episode, publishedAt: dates[i]! }, settings, (file) => urlOf(episode, file)),
    ),
  }
  return asAppleWantsIt(withEntities(generateRssFeed(seen(feed))))
}

/** Any feed as the library reads it; undefined when it is no RSS. Whoever asks has made sure that it is XML. */
export async function parseFeed(text: string): Promise<ParsedFeed | undefined> {
  const { parseRssFeed } = await import('feedsmith')
  try {
    return parseRssFeed(text)
  } catch {
    return undefined
  }
}

/** The first episode's cover: the newest's would change the show's picture with every episode. */
function firstCover(episodes: readonly PublishedEpisode[], urlOf: FeedSource['urlOf']): string | undefined {
  const covered = episodes.findLast(({ coverFile }) => coverFile !== null)
  return covered && urlOf(covered, covered.coverFile!)
}

type Defined<T> = T extends Date
  ? Date
  : T extends readonly (infer U)[]
    ? Defined<U>[]
    : T extends object
      ? { [K in keyof T]: Defined<Exclude<T[K], undefined>> }
      : T

/** Without what is undefined, and without what XML cannot hold: rows of earlier days may. */
function seen<T>(value: T): Defined<T> {
  return cleaned(value) as Defined<T>
}

function cleaned(value: unknown): unknown {
  if (typeof value === 'string') return withoutUnseen(value)
  if (Array.isArray(value)) return value.map(cleaned)
  if (typeof value !== 'object' || value === null || value instanceof Date) return value
  return Object.fromEntries(
    Object.entries(value).flatMap(([key, inner]) => (inner === undefined ? [] : [[key, cleaned(inner)]])),
  )
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

/**
 * The library writes CDATA with line breaks around it, which belong to the text for parsers that do not trim:
 * links and addresses would end in one. Entities need none.
 */
const withEntities = (xml: string): string =>
  xml.replaceAll(/\s*<!\[CDATA\[(.*?)\]\]>\s*/gs, (_, text: string) =>
    text.replaceAll('&', '&amp;').replaceAll('<', '&lt;').replaceAll('>', '&gt;'),
  )

/** Apple's guide asks for "true" or "false", and for "Yes"; the library still writes the older "yes" and "no". */
const asAppleWantsIt = (xml: string): string =>
  xml
    .replaceAll('<itunes:explicit>no<', '<itunes:explicit>false<')
    .replaceAll('<itunes:explicit>yes<', '<itunes:explicit>true<')
    .replaceAll(/<itunes:(block|complete)>yes</g, '<itunes:$1>Yes<')
