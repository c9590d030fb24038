/**
 * Writes a podcast's feed from the rows of its published episodes, under the generation at which it was read: of two
 * who write at once, the one that is last has seen what the other published.
 */
import { createHash } from 'node:crypto'
import type { Knex } from 'knex'
import type { Warning } from '../codes.ts'
import { episodesInFeed, type PublishedEpisode } from '../db/feed-episodes.ts'
import { findPodcast, markFeedWritten } from '../db/podcasts.ts'
import { Retryable } from '../errors.ts'
import { soundbitesWithin } from '../feed/rss-item.ts'
import { renderFeed } from '../feed/rss.ts'
import { audioName, feedName, publicName } from '../objects.ts'
import { categoryText, findCategory } from '../settings/categories.ts'
import { podcastSettings, type PodcastSettings } from '../settings/podcast.ts'
import type { StoredObject } from '../storage.ts'
import type { Publisher } from './public-files.ts'
import { publishCover } from './show-cover.ts'

/**
 * Another episode of the same podcast is published at the same moment; each try loses only to one that won.
 */
const feedTries = 20
const shortLived = 'public, max-age=60'

/**
 * First the feed's generation, then the rows: whoever swaps last has seen every row that was committed
 * before. A feed that would stay the same is left as it is. `about`: the episode whose producer is told what is to be known of it;
 * whoever writes a feed for the show's sake is told of all.
 */
export async function swapFeed(podcastId: string, tools: Publisher, about?: string): Promise<void> {
  const { storage, config, withDatabase, warn } = tools
  const feed = { bucket: config.buckets.public, name: feedName(podcastId) }
  const urlFor = (name: string) => `${config.publicBaseUrl}/${name}`
  const urlOf = (episode: PublishedEpisode, file: string) =>
    urlFor(
      file === 'episode.mp3' && episode.hasOwnAddress
        ? audioName(podcastId, episode.id)
        : publicName(podcastId, episode.id, episode.contentHash ?? '', file),
    )
  for (let attempt = 1; attempt <= feedTries; attempt++) {
    const there = await storage.stat(feed)
    const { podcast, settings, episodes } = await withDatabase((db) => readShow(db, podcastId))
    const cover = await publishCover(podcast, tools)
    const coverUrl = cover === undefined ? undefined : urlFor(cover)
    const xml = await renderFeed({ feedUrl: urlFor(feed.name), settings, episodes, urlOf, coverUrl })
    if (
      isSame(xml, there) ||
      (await storage.swap(feed, there?.generation ?? '0', xml, 'application/rss+xml; charset=utf-8', {
        cacheControl: shortLived,
      }))
    ) {
      await withDatabase((db) => markFeedWritten(db, podcast))
      remarksOn(settings, episodes, about).forEach(warn)
      return
    }
  }
  throw new Retryable('internal', `The feed changed ${feedTries} times while it was being written.`)
}

async function readShow(db: Knex, podcastId: string) {
  const podcast = (await findPodcast(db, podcastId))!
  const settings = podcastSettings(podcast.settings)
  return { podcast, settings, episodes: await episodesInFeed(db, podcastId, settings.feedLimit) }
}

/** What the store has already; it tells by the MD5 of what it holds. */
const isSame = (xml: string, there: StoredObject | undefined): boolean =>
  there?.contentHash === createHash('md5').update(xml).digest('base64')

/** What the producer should know of the feed. */
const remarksOn = (
  settings: PodcastSettings,
  episodes: readonly PublishedEpisode[],
  about: string | undefined,
): Warning[] => [
  ...remarksOnCategories(settings),
  ...remarksOnNumbers(episodes, about),
  ...episodes.filter(({ id }) => id === (about ?? id)).flatMap(remarksOnSoundbites),
]

const remarksOnCategories = ({ category, categories }: PodcastSettings): Warning[] =>
  [category, ...categories].flatMap((given) => {
    const found = findCategory(given)
    const written = found && categoryText(found)
    return written === undefined || written === given
      ? []
      : [{ code: 'category_corrected', message: `"${given}" is in the feed as "${written}".` }]
  })

/** Of how the episodes are numbered, and what of that has to do with one; exported for its test. */
export const remarksOnNumbers = (episodes: readonly Numbered[], about?: string): Warning[] => [
  ...remarksOnMissingNumbers(episodes),
  ...remarksOnTakenNumbers(episodes, about),
]

type Numbered = Pick<PublishedEpisode, 'id' | 'title' | 'episodeNumber' | 'seasonNumber' | 'details'>

function remarksOnMissingNumbers(episodes: readonly Numbered[]): Warning[] {
  const numbered = episodes.filter(isNumbered).length
  if (numbered === 0 || numbered === episodes.length) return []
  return [{ code: 'half_numbered', message: `${numbered} of ${episodes.length} episodes have a number.` }]
}

const isNumbered = ({ episodeNumber }: Numbered): boolean => (episodeNumber ?? null) !== null

/** At most so many are named. */
const mostClashes = 5

/** The numbers that two have, of the newest first. A trailer and a bonus may have that of the episode they belong to. */
function remarksOnTakenNumbers(episodes: readonly Numbered[], about: string | undefined): Warning[] {
  const holders = new Map<string, Numbered>()
  const clashes: string[] = []
  for (const episode of episodes) {
    if (!isNumbered(episode) || (episode.details?.type ?? 'full') !== 'full') continue
    const { id, title, episodeNumber, seasonNumber } = episode
    const number = `${(seasonNumber ?? null) === null ? '' : `season ${seasonNumber}, `}episode ${episodeNumber}`
    const other = holders.get(number)
    if (!other) holders.set(number, episode)
    else if (about === undefined || [id, other.id].includes(about))
      clashes.push(`"${title}" and "${other.title}" are both ${number}`)
  }
  if (clashes.length === 0) return []
  const named = clashes.slice(0, mostClashes).join('; ')
  const more = clashes.length > mostClashes ? `; and ${clashes.length - mostClashes} more` : ''
  return [{ code: 'number_taken', message: `${named}${more}.` }]
}

function remarksOnSoundbites({ title, details, durationSeconds }: PublishedEpisode): Warning[] {
  const soundbites = details?.soundbites ?? []
  const lost = soundbites.length - soundbitesWithin({ soundbites }, durationSeconds).length
  if (lost === 0) return []
  return [
    {
      code: 'soundbites_left_out',
      message: `"${title}" lasts ${Math.round(durationSeconds!)} seconds; ${lost} of its soundbites end later.`,
    },
  ]
}
