/**
 * Takes away the rows of what a user has asked to be deleted: an episode, a podcast, or everything. Each is one
 * transaction, which leaves a row of `deletions` with the folders that are to be emptied; from then on nobody finds it.
 * Needs the database alone: the folders are emptied by whoever carries on (delete.ts).
 */
import type { Knex } from 'knex'
import { withDatabase } from '../db/connect.ts'
import {
  beginEpisodeDeletion,
  beginPodcastDeletion,
  beginUserDeletion,
  episodesOfPodcast,
  liveRunsOf,
} from '../db/begin-deletion.ts'
import { latestDeletion, type DoomedFolder } from '../db/deletions.ts'
import { findEpisode, lockEpisode } from '../db/episodes.ts'
import { findPodcast, findPodcastOf, type Podcast } from '../db/podcasts.ts'
import { cancelRun } from '../db/run-changes.ts'
import { liveRunIdOf, lockRun } from '../db/runs.ts'
import type { Services } from '../engine/services.ts'
import { alreadyRunning } from '../episode/already-running.ts'
import { Permanent } from '../errors.ts'
import {
  episodeFolder,
  podcastFolder,
  publicFolder,
  spellings,
  trials,
  uploadName,
  uploadsFolder,
} from '../objects.ts'

type Asking = Pick<Services, 'config'>

/**
 * Asks for an episode of the user's to be deleted, a trial with the show that it is; asked again it is the same deletion. Usage that was charged for it
 * stays. Returns the deletion's id. Throws Permanent `not_found`; AlreadyRunning with the live run's id unless that is to
 * be cancelled; `not_cancellable` while it is being published.
 */
export const askForEpisode = (
  { config }: Asking,
  episode: { readonly userId: string; readonly episodeId: string },
  { cancel = false }: { readonly cancel?: boolean } = {},
): Promise<string> =>
  withDatabase(config.databaseUrl, async (db) => {
    const { id, podcast } = await db.transaction((trx) => takeEpisode(trx, config, episode, cancel))
    if (podcast?.slug.startsWith(trials))
      await db.transaction((trx) => beginPodcast(trx, episode.userId, podcast)) // unless it has another
    return id
  })

async function takeEpisode(
  trx: Knex,
  config: Services['config'],
  { userId, episodeId }: { readonly userId: string; readonly episodeId: string },
  cancel: boolean,
): Promise<{ id: string; podcast?: Podcast }> {
  const live = await liveRunIdOf(trx, episodeId)
  if (live !== undefined) await endRun(trx, live, userId, cancel)
  await lockEpisode(trx, episodeId)
  const episode = await findEpisode(trx, episodeId)
  if (episode?.userId !== userId) {
    const earlier = await latestDeletion(trx, userId, { episodeId })
    if (earlier) return { id: earlier.id }
    throw new Permanent('not_found', 'There is no such episode.')
  }
  const begun = await liveRunIdOf(trx, episodeId)
  if (begun !== undefined) throw await alreadyRunning(trx, begun)
  const { podcastId, slug } = episode
  const podcast = (await findPodcast(trx, podcastId))!
  const folders: DoomedFolder[] = [
    { bucket: 'public', prefix: publicFolder(podcastId, episodeId), inputKey: null },
    { bucket: 'episodes', prefix: episodeFolder(episodeId), inputKey: null },
    ...uploadFolders(userId, podcast.slug, slug).map(
      (prefix) => ({ bucket: 'uploads', prefix, inputKey: null }) as const,
    ),
  ]
  const doomed = { userId, episodeId, podcastId }
  return { id: await beginEpisodeDeletion(trx, doomed, folders, config.lease.leaseMs), podcast }
}

/** However each part of the name is written in the bucket. */
const uploadFolders = (userId: string, podcast: string, episode: string): string[] =>
  spellings(podcast).flatMap((p) => spellings(episode).map((e) => uploadName(userId, p, e, '')))

async function endRun(trx: Knex, runId: string, userId: string, cancel: boolean): Promise<void> {
  const run = await lockRun(trx, runId)
  if (run?.userId !== userId) return // found to be somebody else's below
  if (!cancel) throw await alreadyRunning(trx, runId)
  if (!(await cancelRun(trx, runId)) && (await liveRunIdOf(trx, run.episodeId!)) !== undefined)
    throw new Permanent('not_cancellable', 'The episode is being published; ask again in a minute.')
}

/**
 * Asks for a podcast of the user's to be deleted, with its settings, its template, its assets and its feed; asked again it
 * goes on. Its episodes go before it, each as if it had been asked for, when they are to. Returns the podcast's own
 * deletion. Throws Permanent `not_found`; `has_episodes` unless they are to go too; and what asking for an episode throws,
 * AlreadyRunning before any of them has gone.
 */
export async function askForPodcast(
  services: Asking,
  { userId, podcastId }: { readonly userId: string; readonly podcastId: string },
  {
    withEpisodes = false,
    cancel = false,
  }: { readonly withEpisodes?: boolean; readonly cancel?: boolean } = {},
): Promise<string> {
  const { databaseUrl } = services.config
  const episodes = await withDatabase(databaseUrl, (db) => episodesOfPodcast(db, userId, podcastId))
  if (withEpisodes) {
    const live = episodes.find(({ liveRunId }) => liveRunId !== null)
    if (live && !cancel) throw await withDatabase(databaseUrl, (db) => alreadyRunning(db, live.liveRunId!))
    for (const { id: episodeId } of episodes) await askForEpisode(services, { userId, episodeId }, { cancel })
  }
  return await withDatabase(databaseUrl, (db) => db.transaction((trx) => takePodcast(trx, userId, podcastId)))
}

async function takePodcast(trx: Knex, userId: string, podcastId: string): Promise<string> {
  const podcast = await findPodcastOf(trx, userId, podcastId)
  if (!podcast) {
    const earlier = await latestDeletion(trx, userId, { podcastId })
    if (earlier) return earlier.id
    throw new Permanent('not_found', 'There is no such podcast.')
  }
  const begun = await beginPodcast(trx, userId, podcast)
  if (begun !== undefined) return begun
  throw new Permanent(
    'has_episodes',
    `"${podcast.slug}" has episodes. Delete them first, or ask for them to go with it.`,
  )
}

/** Undefined where it has episodes. */
async function beginPodcast(trx: Knex, userId: string, { id, slug }: Podcast): Promise<string | undefined> {
  const folders: DoomedFolder[] = [
    { bucket: 'public', prefix: podcastFolder(id), inputKey: null },
    ...spellings(slug).map(
      (spelt) => ({ bucket: 'uploads', prefix: uploadsFolder(userId, spelt), inputKey: null }) as const,
    ),
  ]
  return await beginPodcastDeletion(trx, { userId, podcastId: id }, folders)
}

/**
 * Asks for everything of a user to be deleted; live runs are cancelled. Returns the deletion's id: of the one under way,
 * if there is one.
 */
export const askForEverything = ({ config }: Asking, userId: string): Promise<string> =>
  withDatabase(
    config.databaseUrl,
    async (db) => {
      const earlier = await latestDeletion(db, userId, 'everything')
      if (earlier && !earlier.isDone) return earlier.id
      for (const runId of await liveRunsOf(db, userId)) await cancelRun(db, runId)
      return await db.transaction((trx) => beginUserDeletion(trx, userId, config.lease.leaseMs))
    },
    longestRowsMs,
  )

/** The rows of a thousand episodes go in some seconds; nobody else waits for them. */
const longestRowsMs = 600_000
