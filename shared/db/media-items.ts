/** The media_items table: every uploaded file, one row for each generation of its object in the bucket. */
import type { Knex } from 'knex'
import type { StoredObject } from '../storage.ts'
import { rows } from './connect.ts'
import { ensureUser } from './users.ts'

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
     WHERE NOT EXISTS (
       SELECT 1
       FROM deletion_folders f
       JOIN deletions d ON d.id = f.deletion_id
       WHERE f.bucket = 'uploads'
         AND starts_with(:name, f.prefix)
         AND d.asked_at >= :createdAt
     )
     ON CONFLICT (bucket, object, generation) DO NOTHING
     RETURNING 1`,
    { userId: upload.userId, kind: upload.kind, bucket: upload.bucket, ...upload.object },
  )
  return recorded.length === 1
}
