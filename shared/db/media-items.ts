/** The media_items table: every uploaded file, one row for each generation of its object in the bucket. */
import type { Knex } from 'knex'
import type { StoredObject } from '../storage.ts'
import { rows } from './connect.ts'
import { ensureUser } from './users.ts'

/** SQL: the object `:name` of `:createdAt` lies in a folder that its user has asked to be deleted since. */
const isDoomed = `EXISTS (
  SELECT 1
  FROM deletion_folders f
  JOIN deletions d ON d.id = f.deletion_id
  WHERE f.bucket = 'uploads'
    AND starts_with(:name, f.prefix)
    AND d.asked_at >= :createdAt
)`

/** Whether an upload lies in a folder that its user has asked to be deleted since, and that is not empty yet. */
export const isToBeDeleted = async (db: Knex, { name, createdAt }: StoredObject): Promise<boolean> =>
  (await rows(db, `SELECT 1 WHERE ${isDoomed}`, { name, createdAt })).length > 0

/**
 * Records an uploaded file. False when this very generation was recorded before: the event came twice; or when it lies
 * in a folder that its user has asked to be deleted since.
 */
export async function recordUpload(
  trx: Knex,
  upload: {
    userId: string
    kind: 'recording' | 'asset' | 'sidecar' | 'mailbox'
    bucket: string
    object: StoredObject
  },
): Promise<boolean> {
  await ensureUser(trx, upload.userId)
  const recorded = await rows(
    trx,
    `INSERT INTO media_items (user_id, kind, bucket, object, generation, content_hash, bytes)
     SELECT :userId, :kind, :bucket, :name, :generation, :contentHash, :bytes
     WHERE NOT ${isDoomed}
     ON CONFLICT (bucket, object, generation) DO NOTHING
     RETURNING 1`,
    { userId: upload.userId, kind: upload.kind, bucket: upload.bucket, ...upload.object },
  )
  return recorded.length === 1
}

/** How large an upload was; undefined for one that is not recorded. */
export async function uploadedBytes(
  db: Knex,
  { object, generation }: { readonly object: string; readonly generation: string },
): Promise<number | undefined> {
  const [found] = await rows<{ bytes: number }>(
    db,
    `SELECT CAST(bytes AS double precision) AS bytes
     FROM media_items
     WHERE object = :object
       AND generation = :generation
     LIMIT 1`,
    { object, generation },
  )
  return found?.bytes
}

export interface DoubtfulUpload {
  readonly id: string
  readonly object: string
  readonly generation: string
  /** There is an episode of its folder, or something newer has been uploaded beside it. */
  readonly isWanted: boolean
}

/** SQL: media items `m` that were uploaded for an episode `:days` ago, and are not known to belong to one. */
export const oldUnknownUploads = `
  FROM media_items m
  WHERE NOT m.belongs
    AND m.kind IN ('recording', 'sidecar')
    AND m.created_at < clock_timestamp() - CAST(:days AS integer) * interval '1 day'`

/** What was uploaded for an episode so many days ago, and is not known to belong to one; the oldest first. */
export async function doubtfulUploads(db: Knex, days: number, limit: number): Promise<DoubtfulUpload[]> {
  return await rows(
    db,
    `SELECT m.id, m.object, m.generation,
            EXISTS (
              SELECT 1
              FROM episodes e
              JOIN podcasts p ON p.id = e.podcast_id
              WHERE p.user_id = m.user_id
                AND p.slug = normalize(split_part(m.object, '/', 3))
                AND e.slug = normalize(split_part(m.object, '/', 4))
            ) OR EXISTS (
              SELECT 1
              FROM media_items newer
              WHERE newer.user_id = m.user_id
                AND newer.created_at >= clock_timestamp() - CAST(:days AS integer) * interval '1 day'
                AND starts_with(newer.object, regexp_replace(m.object, '[^/]*$', ''))
            ) AS "isWanted"
     ${oldUnknownUploads}
     ORDER BY m.created_at
     LIMIT :limit`,
    { days, limit },
  )
}

/** Notes that uploads belong to an episode, so that nobody doubts it again. */
export async function markWanted(db: Knex, ids: readonly string[]): Promise<void> {
  await db.raw('UPDATE media_items SET belongs = true WHERE id = ANY (:ids)', { ids: [...ids] })
}

export async function forgetUpload(db: Knex, id: string): Promise<void> {
  await db.raw('DELETE FROM media_items WHERE id = :id', { id })
}
