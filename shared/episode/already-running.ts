/** Why nothing new can begin while a run of an episode is live, in words for its producer. Hides how the run is looked up. */
import type { Knex } from 'knex'
import { findListedEpisode } from '../db/listed-episodes.ts'
import { findRun } from '../db/runs.ts'
import { AlreadyRunning } from '../errors.ts'

/** What waits for a decision does not end by waiting: it says how it is decided on. */
export async function alreadyRunning(db: Knex, runId: string): Promise<AlreadyRunning> {
  const run = await findRun(db, runId)
  if (run?.status !== 'awaiting_review') return new AlreadyRunning(runId)
  const episode = await findListedEpisode(db, run.userId, run.episodeId!)
  return new AlreadyRunning(runId, episode && `${episode.podcast}/${episode.slug}`)
}
