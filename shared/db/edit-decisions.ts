/** What a producer decided of an episode's edits, in revisions that only grow. Hides the statements. */
import type { Knex } from 'knex'
import type { KeptDecision } from '../edits/decisions.ts'
import { rows } from './connect.ts'

/** Adds decisions as the next revision and returns its number. Needs the episode's row locked, or two would share one. */
export async function addDecisions(
  trx: Knex,
  episodeId: string,
  recordingHash: string,
  decisions: readonly KeptDecision[],
): Promise<number> {
  const [{ revision } = { revision: 1 }] = await rows<{ revision: number }>(
    trx,
    'SELECT coalesce(max(revision), 0)::int + 1 AS revision FROM edit_decisions WHERE episode_id = :episodeId',
    { episodeId },
  )
  await trx.raw(
    `INSERT INTO edit_decisions (episode_id, recording_hash, revision, decision)
     SELECT :episodeId, :recordingHash, :revision, value FROM jsonb_array_elements(CAST(:decisions AS jsonb)) WITH ORDINALITY ORDER BY ordinality`,
    { episodeId, recordingHash, revision, decisions: JSON.stringify(decisions) },
  )
  return revision
}

/** The decisions about one recording up to a revision, oldest first. */
export async function decisionsUpTo(
  db: Knex,
  episodeId: string,
  recordingHash: string,
  revision: number,
): Promise<KeptDecision[]> {
  const found = await rows<{ decision: KeptDecision }>(
    db,
    `SELECT decision FROM edit_decisions WHERE episode_id = :episodeId AND recording_hash = :recordingHash AND revision <= :revision ORDER BY revision, id`,
    { episodeId, recordingHash, revision },
  )
  return found.map(({ decision }) => decision)
}

/** The newest revision of an episode's decisions; 0 when there are none. */
export async function decisionRevision(db: Knex, episodeId: string): Promise<number> {
  const [row] = await rows<{ revision: number }>(
    db,
    'SELECT coalesce(max(revision), 0)::int AS revision FROM edit_decisions WHERE episode_id = :episodeId',
    { episodeId },
  )
  return row!.revision
}
