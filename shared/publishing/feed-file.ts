/**
 * Writes a podcast's feed from the rows of its published episodes, under the generation at which it was read: of two
 * who write at once, the one that is last has seen what the other published.
 */
import type { Warning } from '../codes.ts'
import { episodesInFeed, type PublishedEpisode } from '../db/episodes.ts'
import { findPodcast } from '../db/podcasts.ts'
import type { Tools } from '../engine/step.ts'
import { Retryable } from '../errors.ts'
import { renderFeed } from '../feed/rss.ts'
import { audioName, feedName, publicName } from '../objects.ts'
import { categoryText, findCategory } from '../settings/categories.ts'
import { podcastSettings, type PodcastSettings } from '../settings/podcast.ts'

/**
 * Another episode of the same podcast is published at the same moment; each try loses only to one that won.
 */
const feedTries = 20
const shortLived = 'public, max-age=60'

/**
 * First the feed's generation, then the rows: whoever swaps last has seen every row that was committed
 * before.
 */
export async function swapFeed(
  podcastId: string,
  { storage, config, withDatabase, warn }: Tools,
): Promise<void> {
  const feed = { bucket: config.buckets.public, name: feedName(podcastId) }
  const urlFor = (name: string) => `${config.publicBaseUrl}/${name}`
  const urlOf = (episode: PublishedEpisode, file: string) =>
    urlFor(
      file === 'episode.mp3' && episode.hasOwnAddress
        ? audioName(podcastId, episode.id)
        : publicName(podcastId, episode.id, episode.contentHash, file),
    )
  for (let attempt = 1; attempt <= feedTries; attempt++) {
    const seen = (await storage.stat(feed))?.generation ?? '0'
    const { settings, episodes } = await withDatabase(async (db) => ({
      settings: podcastSettings((await findPodcast(db, podcastId))!.settings),
      episodes: await episodesInFeed(db, podcastId),
    }))
    const xml = await renderFeed({ feedUrl: urlFor(feed.name), settings, episodes, urlOf })
    if (
      await storage.swap(feed, seen, xml, 'application/rss+xml; charset=utf-8', { cacheControl: shortLived })
    ) {
      remarksOn(settings, episodes).forEach(warn)
      return
    }
  }
  throw new Retryable('internal', `The feed changed ${feedTries} times while it was being written.`)
}

/** What the producer should know of the feed. */
function remarksOn(settings: PodcastSettings, episodes: readonly PublishedEpisode[]): Warning[] {
  const category = findCategory(settings.category)
  const written = category && categoryText(category)
  const numbered = episodes.filter(({ episodeNumber }) => (episodeNumber ?? null) !== null).length
  const isHalf = numbered > 0 && numbered < episodes.length
  return [
    ...(written === undefined || written === settings.category
      ? []
      : [
          {
            code: 'category_corrected',
            message: `"${settings.category}" is in the feed as "${written}".`,
          } as const,
        ]),
    ...(isHalf
      ? [
          {
            code: 'half_numbered',
            message: `${numbered} of ${episodes.length} episodes have a number.`,
          } as const,
        ]
      : []),
  ]
}
