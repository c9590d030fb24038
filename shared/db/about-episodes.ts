/**
 * What a producer says of an episode. Hides that it stays with the run until that has made the episode: an attempt that
 * fails changes nothing of what is there.
 */
import type { Knex } from 'knex'
import type { EpisodeDetails } from '../settings/episode.ts'
import { rows } from './connect.ts'

export interface AboutEpisode {
  readonly title: string
  readonly description: string
  /** What of it the files said that the run was told by. */
  readonly given?: EditedDetails
  /** Those there are stay when none are given. */
  readonly details?: EpisodeDetails
}

/** SQL: what a run was told; of one that was begun before runs kept it, what its episode has. */
const told = `coalesce(runs.about, jsonb_build_object('title', episodes.title, 'description', episodes.description))`
/** SQL: the same, what of it was given, and what was edited since. */
const said = `
  jsonb_build_object('given', ${told}) || ${told} || CASE WHEN episodes.edited_at > runs.created_at THEN episodes.edited ELSE '{}' END`

/** What the run was told, and what its producer has edited since. */
export async function aboutOf(db: Knex, runId: string): Promise<AboutEpisode> {
  const [row] = await rows<{ about: AboutEpisode }>(
    db,
    `SELECT ${said} AS about
     FROM runs
     JOIN episodes ON episodes.id = runs.episode_id
     WHERE runs.id = :runId`,
    { runId },
  )
  return row!.about
}

/** The run has made its episode: what it was told is said of that from now on. */
export async function describeAsMade(trx: Knex, runId: string): Promise<void> {
  await trx.raw(
    `UPDATE episodes
     SET title = (${said})->>'title',
         description = (${said})->>'description',
         details = coalesce(runs.about->'details', details)
     FROM runs
     WHERE runs.id = :runId
       AND runs.about IS NOT NULL
       AND episodes.id = runs.episode_id`,
    { runId },
  )
}

/** What a producer may say anew of an episode that is there. */
export interface EditedDetails {
  readonly title?: string | undefined
  readonly description?: string | undefined
}

/**
 * Says it of the episode as it is, of what the feed shows of it, and of what is being made of it now. What was edited before its
 * newest run began is part of what that was told.
 */
export async function editDetails(trx: Knex, episodeId: string, edited: EditedDetails): Promise<void> {
  await trx.raw(
    `UPDATE episodes
     SET title = coalesce(CAST(:edited AS jsonb)->>'title', title),
         description = coalesce(CAST(:edited AS jsonb)->>'description', description),
         taken = taken - ARRAY(SELECT jsonb_object_keys(CAST(:edited AS jsonb))),
         published = published || CAST(:edited AS jsonb),
         imported = imported || CAST(:edited AS jsonb),
         edited = CASE
           WHEN edited_at > (SELECT max(created_at) FROM runs WHERE episode_id = :episodeId AND about IS NOT NULL)
             THEN edited
           ELSE '{}'
         END || CAST(:edited AS jsonb),
         edited_at = clock_timestamp()
     WHERE id = :episodeId`,
    { episodeId, edited: JSON.stringify(edited) },
  )
}
