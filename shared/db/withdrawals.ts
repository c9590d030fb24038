/** Episodes that were taken out of the feed: hides when it is certain that nothing of one is before listeners any more. */
import type { Knex } from 'knex'
import { rows } from './connect.ts'

/** Longer than an attempt to publish may be at work (functions/index.ts). */
const settledAfterMinutes = 15

/** Takes an episode out of the feed; it keeps the date and the guid it had there. */
export async function markWithdrawn(trx: Knex, episodeId: string): Promise<void> {
  await trx.raw(
    `UPDATE episodes
     SET status = 'processed',
         published = NULL,
         published_at = NULL,
         publish_at = NULL,
         hold_reason = 'unpublished',
         withdrawn_at = clock_timestamp()
     WHERE id = :episodeId`,
    { episodeId },
  )
}

export interface Withdrawn {
  readonly id: string
  readonly podcastId: string
  /** As the database writes it, to the microsecond. */
  readonly withdrawnAt: string
}

/** SQL: episodes that were taken back so long ago that nothing that was at work then can still write. */
export const episodesToLookAtAgain = `
  FROM episodes
  WHERE withdrawn_at < clock_timestamp() - interval '${settledAfterMinutes} minutes'
    AND published IS NULL`

/** Episodes that were taken back long ago, the first ones first. */
export async function settledWithdrawals(db: Knex, limit: number): Promise<Withdrawn[]> {
  return await rows(
    db,
    `SELECT id, podcast_id AS "podcastId", withdrawn_at::text AS "withdrawnAt"
     ${episodesToLookAtAgain}
     ORDER BY withdrawn_at
     LIMIT :limit`,
    { limit },
  )
}

/**
 * It was looked at: again after a while, or never where nothing was left; unless it was taken back again since it was read.
 */
export async function noteLook(
  db: Knex,
  { id, withdrawnAt }: Pick<Withdrawn, 'id' | 'withdrawnAt'>,
  isOver: boolean,
): Promise<void> {
  await db.raw(
    `UPDATE episodes
     SET withdrawn_at = CASE WHEN CAST(:isOver AS boolean) THEN NULL ELSE clock_timestamp() END
     WHERE id = :id
       AND withdrawn_at = CAST(:withdrawnAt AS timestamptz)`,
    { id, withdrawnAt, isOver },
  )
}
