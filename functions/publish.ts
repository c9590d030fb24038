/**
 * Step `publish`: checks that the episode may be published, writes its public files, and then the feed, under
 * the generation at which it was read. Has one effect, however often it runs.
 */
import {
  episodesInFeed,
  findEpisode,
  markPublished,
  markPublishing,
  type PublishedEpisode,
} from '../shared/db/episodes.ts'
import { findPodcast } from '../shared/db/podcasts.ts'
import { updateRunProgress } from '../shared/db/run-changes.ts'
import { lockRun } from '../shared/db/runs.ts'
import { Retryable, Stopped } from '../shared/errors.ts'
import { renderFeed } from '../shared/feed/rss.ts'
import { episodeName, feedName, publicName } from '../shared/objects.ts'
import { podcastSettings } from '../shared/settings/settings.ts'
import { deliverables, isDeliverable } from '../shared/episode/deliverables.ts'
import { pick } from '../shared/episode/run-context.ts'
import { defineStep, type Tools } from '../shared/engine/step.ts'

/**
 * Another episode of the same podcast is published at the same moment; each try loses only to one that won.
 */
const feedTries = 20
const oneYear = 'public, max-age=31536000, immutable'
const shortLived = 'public, max-age=60'

export const publish = defineStep({
  name: 'publish',
  version: 1,
  context: pick('contentHash', 'files'),
  work: async ({ runId, episodeId, contentHash, files }, _input: undefined, tools) => {
    const { storage, config } = tools
    const podcastId = await tools.withDatabase(async (db) => (await findEpisode(db, episodeId))!.podcastId)
    for (const file of files.filter(isDeliverable).filter((name) => deliverables[name].isPublic)) {
      const from = { bucket: config.buckets.episodes, name: episodeName(episodeId, contentHash, file) }
      const to = { bucket: config.buckets.public, name: publicName(podcastId, episodeId, contentHash, file) }
      await storage.copy(from, to, { contentType: deliverables[file].type, cacheControl: oneYear })
    }
    await passPointOfNoReturn(runId, episodeId, tools)
    await swapFeed(podcastId, tools)
    return { feedObject: feedName(podcastId), podcastId }
  },
  record: async (trx, { episodeId }) => await markPublished(trx, episodeId),
})

/** Marks the run as publishing: from here on a cancel is refused. */
async function passPointOfNoReturn(runId: string, episodeId: string, { withDatabase }: Tools): Promise<void> {
  await withDatabase((db) =>
    db.transaction(async (trx) => {
      if ((await lockRun(trx, runId))?.status !== 'started')
        throw new Stopped('The run ended before its publication began.')
      await updateRunProgress(trx, runId, { committed: true })
      await markPublishing(trx, episodeId)
    }),
  )
}

/**
 * First the feed's generation, then the rows: whoever swaps last has seen every row that was committed
 * before.
 */
async function swapFeed(podcastId: string, { storage, config, withDatabase }: Tools): Promise<void> {
  const feed = { bucket: config.buckets.public, name: feedName(podcastId) }
  const urlFor = (name: string) => `${config.publicBaseUrl}/${name}`
  const urlOf = (episode: PublishedEpisode, file: string) =>
    urlFor(publicName(podcastId, episode.id, episode.contentHash, file))
  for (let attempt = 1; attempt <= feedTries; attempt++) {
    const seen = (await storage.stat(feed))?.generation ?? '0'
    const { settings, episodes } = await withDatabase(async (db) => ({
      settings: podcastSettings((await findPodcast(db, podcastId))!.settings),
      episodes: await episodesInFeed(db, podcastId),
    }))
    const xml = await renderFeed({ feedUrl: urlFor(feed.name), settings, episodes, urlOf })
    if (
      await storage.swap(feed, seen, xml, 'application/rss+xml; charset=utf-8', { cacheControl: shortLived })
    )
      return
  }
  throw new Retryable('internal', `The feed changed ${feedTries} times while it was being written.`)
}
