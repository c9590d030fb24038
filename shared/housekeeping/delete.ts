/**
 * Empties the folders of what a user has asked to be deleted (ask-deletion.ts). Whatever ends in the middle is carried on
 * by whoever looks next (`sweep`). Hides what must not go with it: results that other runs need, and uploads that came
 * after the request, or after the deletion itself.
 */
import type { Knex } from 'knex'
import { openSession, withDatabase, type Session } from '../db/connect.ts'
import {
  findDeletion,
  finishDeletion,
  foldersOf,
  forgetUploads,
  isFolderDoomed,
  isNeeded,
  isSeenByAll,
  noteEmptied,
  openDeletions,
  rowsOf,
  type Deletion,
  type DoomedFolder,
} from '../db/deletions.ts'
import { findPodcast } from '../db/podcasts.ts'
import type { Services } from '../engine/services.ts'
import { Permanent } from '../errors.ts'
import { log } from '../log.ts'
import { feedName } from '../objects.ts'
import { swapFeed } from '../publishing/feed-file.ts'
import { askForEpisode, askForEverything } from './ask-deletion.ts'
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
 * files. Asked again it goes on, or says that it is done. Throws what `askForEpisode` throws.
 */
export async function deleteEpisode(
  services: Services,
  episode: { readonly userId: string; readonly episodeId: string },
  { budgetMs = requestMs, ...options }: DeleteOptions = {},
): Promise<Deleted> {
  const endsAt = Date.now() + budgetMs
  return await carryOn(services, await askForEpisode(services, episode, options), endsAt)
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
  return await carryOn(services, await askForEverything(services, userId), endsAt)
}

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

/** The feed is written without the episode before any of its files goes; that of a podcast that goes, goes first. */
async function leaveFeed(
  { storage, config }: Services,
  use: Session['use'],
  { podcastId }: Deletion,
): Promise<void> {
  if (podcastId === null) return
  const feed = { bucket: config.buckets.public, name: feedName(podcastId) }
  if (!(await storage.stat(feed))) return
  if (await use((db) => findPodcast(db, podcastId)))
    await swapFeed(podcastId, { storage, config, withDatabase: use, warn: () => undefined })
  else await storage.remove(feed)
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
  // another sweep may have come to the end of the deletion, and what is there now may be of what began after it
  const isStill = () => use((db) => isFolderDoomed(db, id, folder))
  const where = { bucket: config.buckets[bucket], prefix }
  const { isEmpty, ...gone } = await emptyFolder(storage, where, { goes: cameBefore, isStill, endsAt })
  const isOver = isEmpty && isSettled
  await use(async (db) => {
    if (isOver && bucket === 'uploads') await forgetUploads(db, deletion, prefix)
    await noteEmptied(db, id, gone, isOver ? folder : undefined)
  })
}

async function conclude(db: Knex, { id, userId, episodeId, podcastId, isDone }: Deletion): Promise<Deleted> {
  // counted while nothing new of the user can begin
  const isOfUser = episodeId === null && podcastId === null
  const rows = isOfUser && !isDone ? await rowsOf(db, userId) : 0
  if (await finishDeletion(db, id))
    log.info({ deletion: id, of: episodeId ?? podcastId ?? 'a user' }, 'deleted')
  const now = (await findDeletion(db, id))!
  return {
    deletionId: id,
    isDone: now.isDone,
    rows,
    folders: (await foldersOf(db, id)).length,
    removed: { rows: now.rows, objects: now.objects, bytes: now.bytes },
  }
}
