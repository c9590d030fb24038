/**
 * Begins deletions: takes the rows of an episode, a podcast or a user away, in the transaction that notes which folders of
 * objects are then to be emptied, so that a process that ends in the middle leaves a list behind and nobody meets half an
 * episode.
 */
import type { Knex } from 'knex'
import { rows } from './connect.ts'
import { rowsOf, type DoomedFolder } from './deletions.ts'
import { isLive } from './runs.ts'

/**
 * SQL: when the attempts of the runs have ended, of which each learns with its next heartbeat that it has lost its step.
 */
const settlesAt = (runs: string): string => `
  clock_timestamp() + CASE
    WHEN EXISTS (
      SELECT 1
      FROM steps
      WHERE status = 'running'
        AND lease_until > clock_timestamp()
        AND run_id IN (SELECT id FROM runs WHERE ${runs})
    )
    THEN CAST(:leaseMs AS integer) * interval '1 millisecond'
    ELSE interval '0'
  END`

/**
 * Takes an episode's rows away and notes what of it is left in the buckets; needs its row locked and no run of it live.
 * `folders` besides those of its results, which the rows name. Returns the deletion's id.
 */
export async function beginEpisodeDeletion(
  trx: Knex,
  episode: { readonly userId: string; readonly episodeId: string; readonly podcastId: string },
  folders: readonly DoomedFolder[],
  leaseMs: number,
): Promise<string> {
  const { userId, episodeId } = episode
  const [begun] = await rows<{ id: string }>(
    trx,
    `INSERT INTO deletions (user_id, episode_id, podcast_id, settles_at, rows)
     SELECT :userId, :episodeId, :podcastId, ${settlesAt('episode_id = :episodeId')},
            1 + (SELECT count(*) FROM runs WHERE episode_id = :episodeId)
              + (SELECT count(*) FROM edit_decisions WHERE episode_id = :episodeId)
              + (SELECT count(*) FROM steps WHERE run_id IN (SELECT id FROM runs WHERE episode_id = :episodeId))
     RETURNING id`,
    { ...episode, leaseMs },
  )
  const { id } = begun!
  await addFolders(trx, id, folders)
  // in one statement: an attempt that notes its key meanwhile has done so before, or finds its step gone
  await trx.raw(
    `WITH gone AS (
       DELETE FROM steps
       WHERE run_id IN (SELECT id FROM runs WHERE episode_id = :episodeId)
       RETURNING input_key
     )
     INSERT INTO deletion_folders (deletion_id, bucket, prefix, input_key)
     SELECT DISTINCT CAST(:id AS uuid), 'work', 'w/' || CAST(:userId AS text) || '/' || input_key || '/', input_key
     FROM gone
     WHERE input_key IS NOT NULL
     UNION
     -- steps whose work is their effect name their files by the run
     SELECT CAST(:id AS uuid), 'work', 'w/' || CAST(:userId AS text) || '/' || r.id || '/', NULL
     FROM runs r
     WHERE r.episode_id = :episodeId
     ON CONFLICT DO NOTHING`,
    { id, userId, episodeId },
  )
  await trx.raw('DELETE FROM episodes WHERE id = :episodeId', { episodeId })
  return id
}

/**
 * Takes a podcast's row away, which has no episode any more, and notes the folders that are left of it. Undefined, and
 * nothing is taken, when it has one. Whoever begins an episode of it meanwhile waits, and then finds it gone.
 */
export async function beginPodcastDeletion(
  trx: Knex,
  podcast: { readonly userId: string; readonly podcastId: string },
  folders: readonly DoomedFolder[],
): Promise<string | undefined> {
  await trx.raw('SELECT 1 FROM podcasts WHERE id = :podcastId FOR UPDATE', podcast)
  const [begun] = await rows<{ id: string }>(
    trx,
    `INSERT INTO deletions (user_id, podcast_id, settles_at, rows)
     SELECT :userId, :podcastId, clock_timestamp(), 1
     WHERE NOT EXISTS (SELECT 1 FROM episodes WHERE podcast_id = :podcastId)
     RETURNING id`,
    podcast,
  )
  if (!begun) return undefined
  await addFolders(trx, begun.id, folders)
  await trx.raw('DELETE FROM podcasts WHERE id = :podcastId', podcast)
  return begun.id
}

async function addFolders(trx: Knex, id: string, folders: readonly DoomedFolder[]): Promise<void> {
  await trx.raw(
    `INSERT INTO deletion_folders (deletion_id, bucket, prefix, input_key)
     SELECT CAST(:id AS uuid), f.bucket, f.prefix, f."inputKey"
     FROM jsonb_to_recordset(CAST(:folders AS jsonb)) AS f (bucket text, prefix text, "inputKey" text)
     ON CONFLICT DO NOTHING`,
    { id, folders: JSON.stringify(folders) },
  )
}

/**
 * Takes all rows of a user away, their own row with them, and notes the folders that are theirs. Whatever else is under
 * way for the user waits, and then finds them gone. Returns the deletion's id.
 */
export async function beginUserDeletion(trx: Knex, userId: string, leaseMs: number): Promise<string> {
  await lockUserWithAll(trx, userId)
  const count = await rowsOf(trx, userId)
  const [begun] = await rows<{ id: string }>(
    trx,
    `INSERT INTO deletions (user_id, settles_at, rows)
     SELECT :userId, ${settlesAt('user_id = :userId')}, :count
     RETURNING id`,
    { userId, leaseMs, count },
  )
  const { id } = begun!
  await trx.raw(
    `INSERT INTO deletion_folders (deletion_id, bucket, prefix)
     SELECT CAST(:id AS uuid), 'uploads', 'u/' || CAST(:userId AS text) || '/'
     UNION
     SELECT CAST(:id AS uuid), 'work', 'w/' || CAST(:userId AS text) || '/'
     UNION
     SELECT CAST(:id AS uuid), 'public', 'p/' || p.id || '/' FROM podcasts p WHERE p.user_id = :userId
     UNION
     SELECT CAST(:id AS uuid), 'episodes', 'e/' || e.id || '/' FROM episodes e WHERE e.user_id = :userId`,
    { id, userId },
  )
  await trx.raw(
    `DELETE FROM api_callers
     WHERE caller = 'user:' || CAST(:userId AS text)
        OR caller IN (SELECT 'key:' || id FROM api_keys WHERE user_id = :userId)
        OR caller IN (SELECT 'session:' || hash FROM sessions WHERE user_id = :userId)`,
    { userId },
  )
  await trx.raw('DELETE FROM users WHERE id = :userId', { userId })
  return id
}

/**
 * Locks the user and what others lock one after the other, in orders of their own: all of it at once, or it waits for
 * each, holding nothing meanwhile that somebody else could wait for.
 */
async function lockUserWithAll(trx: Knex, userId: string): Promise<void> {
  while (!(await lockIfFree(trx, userId)))
    for (const table of ['runs', 'episodes', 'podcasts', 'users'] as const) {
      await trx.raw('SAVEPOINT nothing_locked')
      await trx(table)
        .where(table === 'users' ? { id: userId } : { user_id: userId })
        .orderBy('id')
        .forUpdate()
        .select(trx.raw('1'))
      await trx.raw('ROLLBACK TO SAVEPOINT nothing_locked')
    }
}

async function lockIfFree(trx: Knex, userId: string): Promise<boolean> {
  await trx.raw('SAVEPOINT nothing_locked')
  const [found] = await rows<{ areFree: boolean }>(
    trx,
    `WITH free AS MATERIALIZED (
       SELECT (SELECT count(*) FROM (SELECT 1 FROM runs WHERE user_id = :userId FOR UPDATE SKIP LOCKED) AS r)
            + (SELECT count(*) FROM (SELECT 1 FROM episodes WHERE user_id = :userId FOR UPDATE SKIP LOCKED) AS e)
            + (SELECT count(*) FROM (SELECT 1 FROM podcasts WHERE user_id = :userId FOR UPDATE SKIP LOCKED) AS p)
            + (SELECT count(*) FROM (SELECT 1 FROM users WHERE id = :userId FOR UPDATE SKIP LOCKED) AS u) AS count
     )
     SELECT count = (SELECT count(*) FROM runs WHERE user_id = :userId)
                  + (SELECT count(*) FROM episodes WHERE user_id = :userId)
                  + (SELECT count(*) FROM podcasts WHERE user_id = :userId)
                  + (SELECT count(*) FROM users WHERE id = :userId) AS "areFree"
     FROM free`,
    { userId },
  )
  if (!found!.areFree) await trx.raw('ROLLBACK TO SAVEPOINT nothing_locked')
  return found!.areFree
}

/** The episodes of a podcast of the user's, and the live run of each that has one. */
export async function episodesOfPodcast(
  db: Knex,
  userId: string,
  podcastId: string,
): Promise<{ id: string; liveRunId: string | null }[]> {
  return await rows(
    db,
    `SELECT e.id, (SELECT r.id FROM runs r WHERE r.episode_id = e.id AND ${isLive}) AS "liveRunId"
     FROM episodes e
     WHERE e.user_id = :userId
       AND e.podcast_id::text = :podcastId
     ORDER BY e.created_at, e.id`,
    { userId, podcastId },
  )
}

/** The live runs of a user. */
export async function liveRunsOf(db: Knex, userId: string): Promise<string[]> {
  const found = await rows<{ id: string }>(
    db,
    `SELECT id FROM runs WHERE user_id = :userId AND ${isLive} ORDER BY id`,
    { userId },
  )
  return found.map(({ id }) => id)
}
