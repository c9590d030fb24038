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
  /** Those there are stay when none are given. */
  readonly details?: EpisodeDetails
}

/** What the run was told; of a run that was begun before runs kept it, what its episode has. */
export async function aboutOf(db: Knex, runId: string): Promise<AboutEpisode> {
  const [row] = await rows<{ about: AboutEpisode }>(
    db,
    `SELECT coalesce(
              runs.about,
              jsonb_build_object('title', episodes.title, 'description', episodes.description)
            ) AS about
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
     SET title = runs.about->>'title',
         description = runs.about->>'description',
         details = coalesce(runs.about->'details', details)
     FROM runs
     WHERE runs.id = :runId
       AND runs.about IS NOT NULL
       AND episodes.id = runs.episode_id`,
    { runId },
  )
}
