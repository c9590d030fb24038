/**
 * The purges table: runs whose working files are cleared away, step by step. Hides which runs nobody needs any more, and
 * that a result is not taken over, nor made again under the same name, while its files go.
 */
import type { Knex } from 'knex'
import { rows } from './connect.ts'
import { isLive, makesAnEpisode } from './runs.ts'

/** Ages in days after which a run's working files may go. */
export interface PurgeAges {
  /** Of a run that a later finished run of its episode has taken the place of. */
  readonly superseded: number
  /** Of the run that made what is in the feed. */
  readonly settled: number
}

export interface Purgeable {
  readonly runId: string
  readonly userId: string
  readonly reason: 'superseded' | 'settled'
}

/**
 * SQL: runs `r` whose working files no episode `e` can still need. An episode that has a live run, has failed, waits, is held
 * or scheduled keeps those of its latest run; the recording is not theirs to go.
 */
export const runsToPurge = `
  FROM runs r
  JOIN episodes e ON e.id = r.episode_id
  LEFT JOIN LATERAL (
    SELECT id
    FROM runs l
    WHERE l.episode_id = r.episode_id
      AND l.created_at > r.created_at
      AND l.status = 'finished'
      AND ${makesAnEpisode}
    LIMIT 1
  ) later ON true
  WHERE r.finished_at < clock_timestamp() - least(CAST(:superseded AS integer), CAST(:settled AS integer)) * interval '1 day'
    AND NOT EXISTS (SELECT 1 FROM purges p WHERE p.run_id = r.id)
    AND NOT EXISTS (
      SELECT 1
      FROM runs live
      WHERE live.episode_id = r.episode_id
        AND ${isLive}
    )
    AND CASE
          WHEN later.id IS NOT NULL
          THEN r.finished_at < clock_timestamp() - CAST(:superseded AS integer) * interval '1 day'
          ELSE r.status = 'finished'
           AND ${makesAnEpisode}
           AND e.status = 'published'
           AND e.published->>'contentHash' = e.content_hash
           AND greatest(r.finished_at, e.published_at) < clock_timestamp() - CAST(:settled AS integer) * interval '1 day'
        END`

/** The oldest first. */
export async function purgeableRuns(db: Knex, ages: PurgeAges, limit: number): Promise<Purgeable[]> {
  return await rows(
    db,
    `SELECT r.id AS "runId", r.user_id AS "userId",
            CASE WHEN later.id IS NULL THEN 'settled' ELSE 'superseded' END AS reason
     ${runsToPurge}
     ORDER BY r.finished_at
     LIMIT :limit`,
    { ...ages, limit },
  )
}

export async function announcePurge(db: Knex, { runId, reason }: Purgeable): Promise<void> {
  await db.raw('INSERT INTO purges (run_id, reason) VALUES (:runId, :reason) ON CONFLICT DO NOTHING', {
    runId,
    reason,
  })
}

/** Longer than any statement takes: what began before a phase has ended when the next one comes. */
const phaseSeconds = 60

/** SQL: purges `p` of a phase that has lasted long enough. */
const isRipe = `p.moved_at < clock_timestamp() - interval '${phaseSeconds} seconds'`
/** SQL. */
export const purgesToGoOn = `FROM purges p WHERE p.phase IN ('announced', 'closed') AND ${isRipe}`

/** Closes purges that were announced long enough ago. */
export async function closePurges(db: Knex): Promise<void> {
  await db.raw(
    `UPDATE purges p
     SET phase = 'closed',
         moved_at = clock_timestamp()
     WHERE phase = 'announced'
       AND ${isRipe}`,
  )
}

export interface ClosedPurge {
  readonly runId: string
  readonly userId: string
  readonly episodeId: string
  readonly reason: string
  /**
   * Of the deliverables that are neither the episode's present ones nor in the feed, nor another run's: one that has noted
   * their key may be about to finish with them. Null when they are.
   */
  readonly oldContentHash: string | null
}

/** Purges that were closed long enough ago. */
export async function closedPurges(db: Knex, limit: number): Promise<ClosedPurge[]> {
  return await rows(
    db,
    `SELECT p.run_id AS "runId", r.user_id AS "userId", r.episode_id AS "episodeId", p.reason,
            CASE
              WHEN r.context->>'contentHash' IN (e.content_hash, e.published->>'contentHash') THEN NULL
              WHEN EXISTS (
                SELECT 1
                FROM steps o
                JOIN runs other ON other.id = o.run_id
                WHERE o.input_key = r.context->>'contentHash'
                  AND o.run_id <> r.id
                  AND other.episode_id = r.episode_id
              ) THEN NULL
              ELSE r.context->>'contentHash'
            END AS "oldContentHash"
     FROM purges p
     JOIN runs r ON r.id = p.run_id
     JOIN episodes e ON e.id = r.episode_id
     WHERE p.phase = 'closed'
       AND ${isRipe}
     ORDER BY p.moved_at
     LIMIT :limit`,
    { limit },
  )
}

/** The keys of the run's results that rows of no other run of its user name. */
export async function keysOnlyOf(db: Knex, runId: string): Promise<string[]> {
  const found = await rows<{ key: string }>(
    db,
    `SELECT DISTINCT s.input_key AS key
     FROM steps s
     JOIN runs r ON r.id = s.run_id
     WHERE s.run_id = :runId
       AND s.input_key IS NOT NULL
       AND NOT EXISTS (
         SELECT 1
         FROM steps o
         JOIN runs other ON other.id = o.run_id
         WHERE o.input_key = s.input_key
           AND o.run_id <> s.run_id
           AND other.user_id = r.user_id
       )`,
    { runId },
  )
  return found.map(({ key }) => key)
}

/** Forgets the run's steps: their files are gone. The run itself stays. */
export async function finishPurge(trx: Knex, runId: string): Promise<void> {
  await trx.raw('DELETE FROM steps WHERE run_id = :runId', { runId })
  await trx.raw(`UPDATE purges SET phase = 'cleared', moved_at = clock_timestamp() WHERE run_id = :runId`, {
    runId,
  })
}

/** Whether a run's working files still wait to be deleted: nobody writes under their names. */
export async function isPurgeClosed(db: Knex, runId: string): Promise<boolean> {
  const closed = await rows(db, `SELECT 1 FROM purges WHERE run_id = :runId AND phase = 'closed'`, { runId })
  return closed.length > 0
}

/** Whether a run's working files are gone, or about to go. */
export async function isPurged(db: Knex, runId: string): Promise<boolean> {
  return (await rows(db, 'SELECT 1 FROM purges WHERE run_id = :runId', { runId })).length > 0
}
