/**
 * Deletes an episode, or everything of a user, because they asked for it. One transaction takes the rows away and notes
 * the folders that are then to be emptied; from then on nobody finds it, and whatever ends in the middle is carried on
 * by whoever looks next (`sweep`). Hides what must not go with it: results that other runs need, and uploads that came
 * after the request.
 */
import type { Knex } from 'knex'
import { openSession, withDatabase, type Session } from '../db/connect.ts'
import {
  beginEpisodeDeletion,
  beginUserDeletion,
  findDeletion,
  finishDeletion,
  foldersOf,
  forgetUploads,
  isNeeded,
  isSeenByAll,
  latestDeletion,
  liveRunsOf,
  noteEmptied,
  openDeletions,
  rowsOf,
  type Deletion,
  type DoomedFolder,
} from '../db/deletions.ts'
import { findEpisode, lockEpisode } from '../db/episodes.ts'
import { findPodcast } from '../db/podcasts.ts'
import { cancelRun } from '../db/run-changes.ts'
import { liveRunIdOf, lockRun } from '../db/runs.ts'
import type { Services } from '../engine/services.ts'
import { AlreadyRunning, Permanent } from '../errors.ts'
import { log } from '../log.ts'
import { episodeFolder, feedName, publicFolder, spellings, uploadName } from '../objects.ts'
import { swapFeed } from '../publishing/feed-file.ts'
import { emptyFolder } from './empty-folder.ts'

export interface Deleted {
  readonly deletionId: string
  /** Everything is gone: nothing of it was found any more. */
  readonly isDone: boolean
  /** What is left: rows, and folders of objects that `sweep` goes on with. */
  readonly rows: number
  readonly folders: number
  readonly removed: { readonly rows: number; readonly objects: number; readonly bytes: number }
}

/** How long a request is kept waiting; what is left then is done by `sweep`. */
const requestMs = 20_000
/** In one sweep. */
const mostDeletions = 20

export interface DeleteOptions {
  /** Cancels the episode's live run first. */
  readonly cancel?: boolean
  /** Begins to delete nothing more after so long. */
  readonly budgetMs?: number
}

/**
 * Deletes an episode of the user's: out of the feed first, then its public files, deliverables, uploads and working
 * files. Asked again it goes on, or says that it is done. Usage that was charged for it stays. Throws Permanent
 * `not_found`; AlreadyRunning with the live run's id unless that is to be cancelled; `not_cancellable` while it is being
 * published.
 */
export async function deleteEpisode(
  services: Services,
  { userId, episodeId }: { readonly userId: string; readonly episodeId: string },
  { cancel = false, budgetMs = requestMs }: DeleteOptions = {},
): Promise<Deleted> {
  const endsAt = Date.now() + budgetMs
  const deletionId = await withDatabase(services.config.databaseUrl, (db) =>
    db.transaction((trx) => takeEpisode(trx, services, { userId, episodeId }, cancel)),
  )
  return await carryOn(services, deletionId, endsAt)
}

async function takeEpisode(
  trx: Knex,
  { config }: Services,
  { userId, episodeId }: { readonly userId: string; readonly episodeId: string },
  cancel: boolean,
): Promise<string> {
  const live = await liveRunIdOf(trx, episodeId)
  if (live !== undefined) await endRun(trx, live, userId, cancel)
  await lockEpisode(trx, episodeId)
  const episode = await findEpisode(trx, episodeId)
  if (episode?.userId !== userId) {
    const earlier = await latestDeletion(trx, userId, episodeId)
    if (earlier) return earlier.id
    throw new Permanent('not_found', 'There is no such episode.')
  }
  const begun = await liveRunIdOf(trx, episodeId)
  if (begun !== undefined) throw new AlreadyRunning(begun)
  const { podcastId, slug } = episode
  const podcast = (await findPodcast(trx, podcastId))!
  const folders: DoomedFolder[] = [
    { bucket: 'public', prefix: publicFolder(podcastId, episodeId), inputKey: null },
    { bucket: 'episodes', prefix: episodeFolder(episodeId), inputKey: null },
    ...uploadFolders(userId, podcast.slug, slug).map(
      (prefix) => ({ bucket: 'uploads', prefix, inputKey: null }) as const,
    ),
  ]
  return await beginEpisodeDeletion(trx, { userId, episodeId, podcastId }, folders, config.lease.leaseMs)
}

/** However each part of the name is written in the bucket. */
const uploadFolders = (userId: string, podcast: string, episode: string): string[] =>
  spellings(podcast).flatMap((p) => spellings(episode).map((e) => uploadName(userId, p, e, '')))

async function endRun(trx: Knex, runId: string, userId: string, cancel: boolean): Promise<void> {
  const run = await lockRun(trx, runId)
  if (run?.userId !== userId) return // found to be somebody else's below
  if (!cancel) throw new AlreadyRunning(runId)
  if (!(await cancelRun(trx, runId)) && (await liveRunIdOf(trx, run.episodeId!)) !== undefined)
    throw new Permanent('not_cancellable', 'The episode is being published; ask again in a minute.')
}

/**
 * Deletes everything of a user: every row, and every object in the four buckets, also uploads that belong to no episode;
 * live runs are cancelled. What is uploaded after the request stays, and is a new user's. Asked again while it lasts it
 * goes on.
 */
export async function deleteEverything(
  services: Services,
  userId: string,
  { budgetMs = requestMs }: Pick<DeleteOptions, 'budgetMs'> = {},
): Promise<Deleted> {
  const endsAt = Date.now() + budgetMs
  const { databaseUrl, lease } = services.config
  const deletionId = await withDatabase(
    databaseUrl,
    async (db) => {
      const earlier = await latestDeletion(db, userId, null)
      if (earlier && !earlier.isDone) return earlier.id
      for (const runId of await liveRunsOf(db, userId)) await cancelRun(db, runId)
      return await db.transaction((trx) => beginUserDeletion(trx, userId, lease.leaseMs))
    },
    longestRowsMs,
  )
  return await carryOn(services, deletionId, endsAt)
}

/** The rows of a thousand episodes go in some seconds; nobody else waits for them. */
const longestRowsMs = 600_000

/** Goes on with what was begun and is not done, until `endsAt`. Returns how many deletions were finished. */
export async function carryOnDeletions(services: Services, endsAt: number): Promise<number> {
  const open = await withDatabase(services.config.databaseUrl, (db) => openDeletions(db, mostDeletions))
  let finished = 0
  for (const { id } of open) {
    if (Date.now() >= endsAt) break
    try {
      if ((await carryOn(services, id, endsAt)).isDone) finished++
    } catch (error) {
      log.error({ deletion: id, error: String(error) }, 'not deleted yet') // it must not keep the others
    }
  }
  return finished
}

/** Goes on with one deletion, until `endsAt`. Every part of it may be done twice. */
export async function carryOn(services: Services, deletionId: string, endsAt: number): Promise<Deleted> {
  const session = openSession(services.config.databaseUrl)
  try {
    const deletion = await session.use((db) => findDeletion(db, deletionId))
    if (!deletion) throw new Permanent('not_found', 'There is no such deletion.')
    if (!deletion.isDone) await emptyFolders(services, session.use, deletion, endsAt)
    return await session.use((db) => conclude(db, deletion))
  } finally {
    await session.release()
  }
}

async function emptyFolders(
  services: Services,
  use: Session['use'],
  deletion: Deletion,
  endsAt: number,
): Promise<void> {
  await leaveFeed(services, use, deletion)
  for (const folder of await use((db) => foldersOf(db, deletion.id))) {
    if (Date.now() >= endsAt) return
    if (await use((db) => mayGo(db, deletion, folder))) await empty(services, use, deletion, folder, endsAt)
  }
}

/** The feed is written without the episode before any of its files goes. */
async function leaveFeed(
  { storage, config }: Services,
  use: Session['use'],
  { podcastId }: Deletion,
): Promise<void> {
  if (podcastId === null || !(await use((db) => findPodcast(db, podcastId)))) return
  if (!(await storage.stat({ bucket: config.buckets.public, name: feedName(podcastId) }))) return
  await swapFeed(podcastId, { storage, config, withDatabase: use, warn: () => undefined })
}

/** Whether a folder is to be emptied now. One that somebody else needs is forgotten. */
async function mayGo(db: Knex, deletion: Deletion, folder: DoomedFolder): Promise<boolean> {
  const { inputKey } = folder
  if (inputKey === null) return true
  if (!deletion.isSettled || !(await isSeenByAll(db, deletion))) return false
  if (!(await isNeeded(db, deletion.userId, inputKey))) return true
  await noteEmptied(db, deletion.id, { objects: 0, bytes: 0 }, folder)
  return false
}

/** Forgets the folder once nothing can be written to it any more and nothing is found in it. */
async function empty(
  { storage, config }: Services,
  use: Session['use'],
  deletion: Deletion,
  folder: DoomedFolder,
  endsAt: number,
): Promise<void> {
  const { id, askedAt, isSettled } = deletion
  const { bucket, prefix } = folder
  const cameBefore = ({ createdAt }: { createdAt: Date }) => bucket !== 'uploads' || createdAt <= askedAt
  const where = { bucket: config.buckets[bucket], prefix }
  const { isEmpty, ...gone } = await emptyFolder(storage, where, cameBefore, endsAt)
  const isOver = isEmpty && isSettled
  await use(async (db) => {
    if (isOver && bucket === 'uploads') await forgetUploads(db, deletion, prefix)
    await noteEmptied(db, id, gone, isOver ? folder : undefined)
  })
}

async function conclude(db: Knex, { id, userId, episodeId, isDone }: Deletion): Promise<Deleted> {
  // counted while nothing new of the user can begin
  const rows = episodeId === null && !isDone ? await rowsOf(db, userId) : 0
  if (await finishDeletion(db, id)) log.info({ deletion: id, of: episodeId ?? 'a user' }, 'deleted')
  const now = (await findDeletion(db, id))!
  return {
    deletionId: id,
    isDone: now.isDone,
    rows,
    folders: (await foldersOf(db, id)).length,
    removed: { rows: now.rows, objects: now.objects, bytes: now.bytes },
  }
}
