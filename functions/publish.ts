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
import type { Warning } from '../shared/codes.ts'
import { Retryable, Stopped } from '../shared/errors.ts'
import { renderFeed } from '../shared/feed/rss.ts'
import { audioName, episodeName, feedName, publicName } from '../shared/objects.ts'
import { categoryText, findCategory } from '../shared/settings/categories.ts'
import { podcastSettings, type PodcastSettings } from '../shared/settings/settings.ts'
import { deliverables, isDeliverable, type DeliverableName } from '../shared/episode/deliverables.ts'
import { pick } from '../shared/episode/run-context.ts'
import { defineStep, type Tools } from '../shared/engine/step.ts'

/**
 * Another episode of the same podcast is published at the same moment; each try loses only to one that won.
 */
const feedTries = 20
/** Only another attempt of the same run replaces an episode's audio meanwhile. */
const audioTries = 5
const oneYear = 'public, max-age=31536000, immutable'
const shortLived = 'public, max-age=60'
/**
 * The audio's address stays while its bytes may change: caches keep it, and ask whether it is still the
 * same.
 */
const revalidated = 'public, max-age=300, must-revalidate'

export const publish = defineStep({
  name: 'publish',
  version: 2,
  context: pick('contentHash', 'files'),
  work: async ({ runId, episodeId, contentHash, files }, _input: undefined, tools) => {
    const { storage, config } = tools
    const podcastId = await tools.withDatabase(async (db) => (await findEpisode(db, episodeId))!.podcastId)
    for (const file of files.filter(isDeliverable).filter(isNamedByContent)) {
      const from = { bucket: config.buckets.episodes, name: episodeName(episodeId, contentHash, file) }
      const to = { bucket: config.buckets.public, name: publicName(podcastId, episodeId, contentHash, file) }
      await storage.copy(from, to, { contentType: deliverables[file].type, cacheControl: oneYear })
    }
    await publishAudio({ runId, episodeId, podcastId, contentHash }, tools)
    await swapFeed(podcastId, tools)
    return { feedObject: feedName(podcastId), podcastId }
  },
  record: async (trx, { episodeId }) => await markPublished(trx, episodeId),
})

/** Every public file but the audio, whose address listeners' applications keep. */
const isNamedByContent = (file: DeliverableName): boolean =>
  deliverables[file].isPublic && file !== 'episode.mp3'

interface Version {
  readonly runId: string
  readonly episodeId: string
  readonly podcastId: string
  readonly contentHash: string
}

/**
 * Passes the point of no return and puts the audio at the episode's address. What stands there is looked at
 * first: an attempt that was overtaken, by whomever, finds another generation and asks again whether its
 * run is live.
 */
async function publishAudio(
  { runId, episodeId, podcastId, contentHash }: Version,
  tools: Tools,
): Promise<void> {
  const { storage, config } = tools
  const from = { bucket: config.buckets.episodes, name: episodeName(episodeId, contentHash, 'episode.mp3') }
  const to = { bucket: config.buckets.public, name: audioName(podcastId, episodeId) }
  const made = (await storage.stat(from))?.contentHash
  for (let attempt = 1; attempt <= audioTries; attempt++) {
    const there = await storage.stat(to)
    await passPointOfNoReturn(runId, episodeId, tools)
    if (there && there.contentHash === made) return
    const metadata = { contentType: deliverables['episode.mp3'].type, cacheControl: revalidated }
    if (await storage.copyOver(from, to, there?.generation ?? '0', metadata)) return
  }
  throw new Retryable('internal', `The audio was replaced ${audioTries} times while it was being published.`)
}

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
async function swapFeed(podcastId: string, { storage, config, withDatabase, warn }: Tools): Promise<void> {
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
