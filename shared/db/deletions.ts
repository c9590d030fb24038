/**
 * The tables deletions and deletion_folders: what users have asked to be deleted, and what is still to be done of it
 * (begin-deletion.ts begins with it). A finished deletion stays as a row that says who asked, when, and how much went.
 */
import type { Knex } from 'knex'
import { rows } from './connect.ts'
import { isAtWork } from './runs.ts'

export type BucketName = 'uploads' | 'work' | 'episodes' | 'public'

/** A folder that is to be emptied. */
export interface DoomedFolder {
  readonly bucket: BucketName
  readonly prefix: string
  /** Of the result that lies in it, which another run may need too; null where nobody else can. */
  readonly inputKey: string | null
}

export interface Deletion {
  readonly id: string
  readonly userId: string
  /** Null when a whole podcast goes, or everything of the user. */
  readonly episodeId: string | null
  /** The episode's, whose feed is to be written again, or the one that goes; null when everything of the user does. */
  readonly podcastId: string | null
  readonly askedAt: Date
  /** Nothing that was at work then can still write. */
  readonly isSettled: boolean
  readonly isDone: boolean
  /** Rows that went with it. */
  readonly rows: number
  readonly objects: number
  readonly bytes: number
}

const columns = `
  id, user_id AS "userId", episode_id AS "episodeId", podcast_id AS "podcastId", asked_at AS "askedAt",
  settles_at <= clock_timestamp() AS "isSettled", done_at IS NOT NULL AS "isDone", rows, objects,
  bytes::float8 AS bytes`

/** SQL: of a row, whether everything of its user goes. */
const isOfEpisode = 'episode_id::text = :id'
const isOfPodcast = 'episode_id IS NULL AND podcast_id::text = :id'
const isOfEverything = 'episode_id IS NULL AND podcast_id IS NULL'

export async function findDeletion(db: Knex, id: string): Promise<Deletion | undefined> {
  const [found] = await rows<Deletion>(db, `SELECT ${columns} FROM deletions WHERE id = :id`, { id })
  return found
}

/** What the user asked for last of this episode, of this podcast as a whole, or of everything. */
export async function latestDeletion(
  db: Knex,
  userId: string,
  of: { readonly episodeId: string } | { readonly podcastId: string } | 'everything',
): Promise<Deletion | undefined> {
  const is = of === 'everything' ? isOfEverything : 'episodeId' in of ? isOfEpisode : isOfPodcast
  const id = of === 'everything' ? null : 'episodeId' in of ? of.episodeId : of.podcastId
  const [found] = await rows<Deletion>(
    db,
    `SELECT ${columns}
     FROM deletions
     WHERE user_id = :userId
       AND ${is}
     ORDER BY asked_at DESC
     LIMIT 1`,
    { userId, id },
  )
  return found
}

export async function findDeletionOf(db: Knex, userId: string, id: string): Promise<Deletion | undefined> {
  const [found] = await rows<Deletion>(
    db,
    `SELECT ${columns} FROM deletions WHERE user_id = :userId AND id::text = :id`,
    { userId, id },
  )
  return found
}

/** SQL: deletions that are not done. */
export const undoneDeletions = 'FROM deletions WHERE done_at IS NULL'

/** Deletions that are not done, the oldest first. */
export async function openDeletions(db: Knex, limit: number): Promise<Deletion[]> {
  return await rows<Deletion>(db, `SELECT ${columns} ${undoneDeletions} ORDER BY asked_at LIMIT :limit`, {
    limit,
  })
}

/** SQL: whether everything of the user is being deleted; then nothing of theirs begins before it is. */
export const isBeingDeleted = `
  EXISTS (SELECT 1 FROM deletions WHERE user_id = :userId AND ${isOfEverything} AND done_at IS NULL)`

/**
 * How many rows name the user, in whatever table has a column for it; the deletions themselves are left out. What hangs
 * on those rows goes and stays with them.
 */
export async function rowsOf(db: Knex, userId: string): Promise<number> {
  const tables = await rows<{ name: string }>(
    db,
    `SELECT table_name AS name
     FROM information_schema.columns
     WHERE table_schema = current_schema()
       AND column_name = 'user_id'
       AND table_name <> 'deletions'
     ORDER BY table_name`,
  )
  const counts = tables.map(({ name }) => `(SELECT count(*) FROM "${name}" WHERE user_id = :userId)`)
  // eslint-disable-next-line sql/no-composed-statement -- names of tables, as the server's own catalogue has them
  const [found] = await rows<{ count: number }>(
    db,
    `SELECT ((SELECT count(*) FROM users WHERE id = :userId) + ${counts.join(' + ')})::float8 AS count`,
    { userId },
  )
  return found!.count
}

/** What is still to be emptied, what listeners see first. */
export async function foldersOf(db: Knex, deletionId: string): Promise<DoomedFolder[]> {
  return await rows<DoomedFolder>(
    db,
    `SELECT bucket, prefix, input_key AS "inputKey"
     FROM deletion_folders
     WHERE deletion_id = :deletionId
     ORDER BY array_position(ARRAY['public', 'episodes', 'uploads', 'work'], bucket), prefix`,
    { deletionId },
  )
}

/**
 * Whether the folder is still to be emptied. As long as it is, nothing that began after the deletion writes into it.
 */
export async function isFolderDoomed(
  db: Knex,
  deletionId: string,
  { bucket, prefix }: DoomedFolder,
): Promise<boolean> {
  const found = await rows(
    db,
    `SELECT 1
     FROM deletion_folders
     WHERE deletion_id = :deletionId
       AND bucket = :bucket
       AND prefix = :prefix`,
    { deletionId, bucket, prefix },
  )
  return found.length > 0
}

/** Longer than any statement takes: what began before the deletion was there to be seen has ended. */
const unseenSeconds = 60

/**
 * Whether no step can be about to name one of the deletion's keys without having seen that it goes: no other run of the
 * user is at work, or the deletion is old enough. From then on `isNeeded` tells the truth.
 */
export async function isSeenByAll(db: Knex, { id, userId }: Deletion): Promise<boolean> {
  const [found] = await rows<{ isSeen: boolean }>(
    db,
    `SELECT asked_at < clock_timestamp() - CAST(:unseenSeconds AS integer) * interval '1 second'
         OR NOT EXISTS (SELECT 1 FROM runs WHERE user_id = :userId AND ${isAtWork}) AS "isSeen"
     FROM deletions
     WHERE id = :id`,
    { id, userId, unseenSeconds },
  )
  return found?.isSeen ?? false
}

/** Whether a run of the user's names the result. */
export async function isNeeded(db: Knex, userId: string, inputKey: string): Promise<boolean> {
  const found = await rows(
    db,
    `SELECT 1
     FROM steps s
     JOIN runs r ON r.id = s.run_id
     WHERE s.input_key = :inputKey
       AND r.user_id = :userId
     LIMIT 1`,
    { userId, inputKey },
  )
  return found.length > 0
}

/** Notes how much went; a folder that is named with it is forgotten. */
export async function noteEmptied(
  db: Knex,
  deletionId: string,
  { objects, bytes }: { readonly objects: number; readonly bytes: number },
  forgotten?: DoomedFolder,
): Promise<void> {
  await db.transaction(async (trx) => {
    await trx.raw(
      `UPDATE deletions
       SET objects = objects + :objects,
           bytes = bytes + :bytes,
           looked_at = clock_timestamp()
       WHERE id = :deletionId`,
      { deletionId, objects, bytes },
    )
    if (forgotten)
      await trx.raw(
        `DELETE FROM deletion_folders
         WHERE deletion_id = :deletionId
           AND bucket = :bucket
           AND prefix = :prefix`,
        { deletionId, bucket: forgotten.bucket, prefix: forgotten.prefix },
      )
  })
}

/**
 * Forgets the uploads that are gone: until then the news of one that comes once more is known, and starts nothing.
 */
export async function forgetUploads(db: Knex, { userId, askedAt }: Deletion, folder: string): Promise<void> {
  await db.raw(
    `DELETE FROM media_items
     WHERE user_id = :userId
       AND starts_with(object, :folder)
       AND created_at <= :askedAt`,
    { userId, folder, askedAt },
  )
}

/** Done when no folder is left. */
export async function finishDeletion(db: Knex, deletionId: string): Promise<boolean> {
  const done = await rows(
    db,
    `UPDATE deletions d
     SET done_at = clock_timestamp()
     WHERE id = :deletionId
       AND done_at IS NULL
       AND NOT EXISTS (SELECT 1 FROM deletion_folders f WHERE f.deletion_id = d.id)
     RETURNING 1`,
    { deletionId },
  )
  return done.length === 1
}
