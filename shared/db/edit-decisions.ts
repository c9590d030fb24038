/**
 * The edit_decisions table: what a producer decided of an episode's proposed edits, in revisions whose
 * numbers only grow. What a decision says is plain JSON here; the caller names its type.
 */
import type { Knex } from 'knex'
import { rows } from './connect.ts'

/**
 * Adds decisions as the next revision and returns its number. Of two submissions one waits for the other, by a lock that
 * nobody else takes: who starts a run has its row before it has the episode's, and would wait for one that had them the
 * other way round.
 */
export async function addDecisions(
  trx: Knex,
  episodeId: string,
  recordingHash: string,
  decisions: readonly unknown[],
): Promise<number> {
  await trx.raw('SELECT pg_advisory_xact_lock(hashtextextended(:episodeId, 0))', { episodeId })
  const revision = (await decisionRevision(trx, episodeId)) + 1
  await trx.raw(
    `INSERT INTO edit_decisions (episode_id, recording_hash, revision, decision)
     SELECT :episodeId, :recordingHash, :revision, value
     FROM jsonb_array_elements(CAST(:decisions AS jsonb)) WITH ORDINALITY
     ORDER BY ordinality`,
    { episodeId, recordingHash, revision, decisions: JSON.stringify(decisions) },
  )
  return revision
}

/**
 * The decisions about one recording up to a revision, oldest first, as the type with which they were added.
 */
export async function decisionsUpTo<T>(
  db: Knex,
  episodeId: string,
  recordingHash: string,
  revision: number,
): Promise<T[]> {
  const found = await rows<{ decision: T }>(
    db,
    `SELECT decision
     FROM edit_decisions
     WHERE episode_id = :episodeId
       AND recording_hash = :recordingHash
       AND revision <= :revision
     ORDER BY revision, id`,
    { episodeId, recordingHash, revision },
  )
  return found.map(({ decision }) => decision)
}

/** The newest revision of an episode's decisions; 0 when there are none. */
export async function decisionRevision(db: Knex, episodeId: string): Promise<number> {
  const [row] = await rows<{ revision: number }>(
    db,
    `SELECT coalesce(max(revision), 0)::int AS revision
     FROM edit_decisions
     WHERE episode_id = :episodeId`,
    { episodeId },
  )
  return row!.revision
}
