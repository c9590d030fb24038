/**
 * The table voices: how the named voices of a show's episodes sound, as long as the show wants them remembered. What a
 * portrait says is plain JSON here; the caller names its type.
 */
import type { Knex } from 'knex'
import { rows } from './connect.ts'

/** Of so many named voices the newest are compared. */
const mostVoices = 60

export interface NamedVoice<T> {
  /** What the episode's words call the voice. */
  readonly label: string
  readonly name: string
  readonly portrait: T
}

/** Those of the other episodes of an episode's show, the newest first. */
export async function voicesOfShow<T>(
  db: Knex,
  episodeId: string,
): Promise<Pick<NamedVoice<T>, 'name' | 'portrait'>[]> {
  return await rows(
    db,
    `SELECT v.name, v.portrait
     FROM voices v
     JOIN podcasts p ON p.id = v.podcast_id
     WHERE p.id = (SELECT podcast_id FROM episodes WHERE id = :episodeId)
       AND p.remembers_voices
       AND v.episode_id <> :episodeId
     ORDER BY v.created_at DESC, v.episode_id, v.label
     LIMIT :mostVoices`,
    { episodeId, mostVoices },
  )
}

/** Makes an episode's voices those named now, unless its show wants none remembered any more. */
export async function rememberVoices(
  trx: Knex,
  episodeId: string,
  named: readonly NamedVoice<unknown>[],
): Promise<void> {
  await trx.raw(
    `WITH named AS (
       SELECT n.label, n.name, n.portrait
       FROM jsonb_to_recordset(CAST(:named AS jsonb)) AS n (label text, name text, portrait jsonb)
     ), gone AS (
       DELETE FROM voices
       WHERE episode_id = :episodeId
         AND label NOT IN (SELECT label FROM named)
     )
     INSERT INTO voices (episode_id, label, podcast_id, user_id, name, portrait)
     SELECT e.id, n.label, p.id, p.user_id, n.name, n.portrait
     FROM named n
     JOIN episodes e ON e.id = :episodeId
     JOIN podcasts p ON p.id = e.podcast_id
     WHERE p.remembers_voices
     ON CONFLICT (episode_id, label) DO UPDATE
       SET name = EXCLUDED.name,
           portrait = EXCLUDED.portrait`,
    { episodeId, named: JSON.stringify(named) },
  )
}
