/**
 * The runs table: a run makes an episode from its recording, or reads a mailbox of listener mail. Here runs
 * are started, at most one live run for each episode or mailbox, found and listed; what changes a run once it
 * is there is in run-changes.ts.
 */
import type { Knex } from 'knex'
import type { Warning } from '../codes.ts'
import type { Scalars } from '../context.ts'
import { runSettings, type RunSettings } from '../settings/settings.ts'
import type { AboutEpisode } from './about-episodes.ts'
import { rows } from './connect.ts'
import { onPage, pageBindings, positionColumn, type Page, type Positioned } from './page.ts'

export type RunStatus = 'queued' | 'started' | 'awaiting_review' | 'finished' | 'cancelled' | 'failed'

interface RunState {
  readonly id: string
  /** Null for a run of a mailbox. */
  readonly episodeId: string | null
  readonly mailbox: string | null
  readonly status: RunStatus
  readonly stopReason: string | null
  readonly processed: number
  readonly total: number
  readonly warnings: readonly Warning[]
  readonly createdAt: Date
  readonly startedAt: Date | null
  readonly finishedAt: Date | null
}

export interface Run extends RunState {
  readonly userId: string
  readonly errorMessage: string | null
  readonly settings: RunSettings
  readonly context: Scalars
}

/** A run as the API lists it. */
export interface ListedRun extends RunState {
  readonly message: string | null
}

const stateColumns = `
  id, episode_id AS "episodeId", mailbox, status, stop_reason AS "stopReason", processed, total, warnings,
  created_at AS "createdAt", started_at AS "startedAt", finished_at AS "finishedAt"`
export const runColumns = `
  ${stateColumns}, user_id AS "userId", error_message AS "errorMessage", settings, context`
const listedColumns = `${stateColumns}, error_message AS message`

/** SQL: the run has not ended. */
export const isLive = `status IN ('queued', 'started', 'awaiting_review')`
/** SQL: the run has not ended and waits for no producer; only then have its steps tasks. */
export const isAtWork = `status IN ('queued', 'started')`
/** SQL: it is a run of the episode with the names that its upload gave it. */
export const isOfNamedEpisode = `
  episode_id IN (
    SELECT episodes.id
    FROM episodes
    JOIN podcasts ON podcasts.id = episodes.podcast_id
    WHERE podcasts.user_id = :userId
      AND podcasts.slug = :podcast
      AND episodes.slug = :episode
  )`

/** A run counts in thousandths of its expected work. */
export const runTotal = 1000

interface Started {
  readonly runId: string
  /** False when there was a live one already: this one. */
  readonly started: boolean
}

/** Starts the one live run of an episode; when there is one already, says which. */
export async function startRun(
  trx: Knex,
  start: {
    userId: string
    episodeId: string
    settings: RunSettings
    context: Scalars
    warnings: readonly Warning[]
    /** Absent where it makes nothing. */
    about?: AboutEpisode
  },
): Promise<Started> {
  return await startOnly(trx, { ...start, mailbox: null, total: runTotal })
}

/**
 * Starts the one live run of a mailbox; when there is one already, says which. Its total is set once its
 * messages are counted.
 */
export async function startMailRun(
  trx: Knex,
  start: { userId: string; mailbox: string; context: object },
): Promise<Started> {
  return await startOnly(trx, { ...start, episodeId: null, total: 0, settings: {}, warnings: [] })
}

interface NewRun {
  readonly userId: string
  readonly episodeId: string | null
  readonly mailbox: string | null
  readonly total: number
  readonly settings: object
  readonly context: object
  readonly warnings: readonly Warning[]
  readonly about?: AboutEpisode
}

/** Inserts the run unless its episode or mailbox has a live one: unique indexes of the table see to that. */
async function startOnly(trx: Knex, start: NewRun): Promise<Started> {
  const { userId, episodeId, mailbox, total } = start
  const [created] = await rows<{ id: string }>(
    trx,
    `INSERT INTO runs (user_id, episode_id, mailbox, total, settings, context, warnings, about)
     VALUES (:userId, :episodeId, :mailbox, :total, :settings, :context, :warnings, :about)
     ON CONFLICT DO NOTHING
     RETURNING id`,
    {
      userId,
      episodeId,
      mailbox,
      total,
      settings: JSON.stringify(start.settings),
      context: JSON.stringify(start.context),
      warnings: JSON.stringify(start.warnings),
      about: start.about ? JSON.stringify(start.about) : null,
    },
  )
  if (created) return { runId: created.id, started: true }
  const [live] = await rows<{ id: string }>(
    trx,
    `SELECT id
     FROM runs
     WHERE (episode_id = :episodeId OR (user_id = :userId AND mailbox = :mailbox))
       AND ${isLive}`,
    { userId, episodeId, mailbox },
  )
  // When the live one ended between the two statements, this one can start.
  return live ? { runId: live.id, started: false } : await startOnly(trx, start)
}

export async function findRun(db: Knex, runId: string): Promise<Run | undefined> {
  const [run] = await rows<Run>(db, `SELECT ${runColumns} FROM runs WHERE id = :runId`, { runId })
  return run
}

/** Locks the run's row for the rest of the transaction and returns it as it then is. */
export async function lockRun(trx: Knex, runId: string): Promise<Run | undefined> {
  const [run] = await rows<Run>(trx, `SELECT ${runColumns} FROM runs WHERE id = :runId FOR UPDATE`, { runId })
  return run
}

/** The template as it was when the run started. */
export async function settingsOf(db: Knex, runId: string): Promise<RunSettings> {
  const [run] = await rows<{ settings: unknown }>(db, 'SELECT settings FROM runs WHERE id = :runId', {
    runId,
  })
  return runSettings(run!.settings)
}

/** Other runs publish an episode, take it back, or clear away what is left of it then. */
export const makesAnEpisode = `context->>'publication' IS NULL`
/** What nobody asked for is nobody's business but the sweep's. */
const isAskedFor = `context->>'publication' IS DISTINCT FROM 'clear'`

/** The run that was started last to make an episode. */
export const latestRunOf = (db: Knex, episodeId: string): Promise<Run | undefined> =>
  latestThat(db, episodeId, makesAnEpisode)

/** The run that made what an episode is now; undefined when none was ever finished. */
export const finishedRunOf = (db: Knex, episodeId: string): Promise<Run | undefined> =>
  latestThat(
    db,
    episodeId,
    `${makesAnEpisode}
       AND context->>'contentHash' = (SELECT content_hash FROM episodes WHERE id = :episodeId)`,
  )

/** The run that made what listeners have; undefined when they have none of it. */
export const publishedRunOf = (db: Knex, episodeId: string): Promise<Run | undefined> =>
  latestThat(
    db,
    episodeId,
    `${makesAnEpisode}
       AND context->>'contentHash' = (SELECT published->>'contentHash' FROM episodes WHERE id = :episodeId)`,
  )

/** The run that finished an episode last, whatever became of that since. */
export const lastFinishedRunOf = (db: Knex, episodeId: string): Promise<Run | undefined> =>
  latestThat(db, episodeId, `${makesAnEpisode} AND status = 'finished'`)

export const liveRunIdOf = async (db: Knex, episodeId: string): Promise<string | undefined> =>
  (await latestThat(db, episodeId, isLive))?.id

async function latestThat(db: Knex, episodeId: string, condition: string): Promise<Run | undefined> {
  const [run] = await rows<Run>(
    db,
    `SELECT ${runColumns}
     FROM runs
     WHERE episode_id = :episodeId
       AND ${condition}
     ORDER BY created_at DESC
     LIMIT 1`,
    { episodeId },
  )
  return run
}

/**
 * SQL: runs `r` that failed of late because a result had been lost, as the latest of their episodes; not when two have
 * within a day: then something else is wrong.
 */
export const runsOfLostResults = `
  FROM runs r
  WHERE r.stop_reason = 'result_lost'
    AND r.episode_id IS NOT NULL
    AND r.finished_at > clock_timestamp() - interval '1 day'
    AND NOT EXISTS (
      SELECT 1
      FROM runs other
      WHERE other.episode_id = r.episode_id
        AND other.id <> r.id
        AND other.${isAskedFor}
        AND (other.created_at > r.created_at
             OR (other.stop_reason = 'result_lost' AND other.finished_at > r.finished_at - interval '1 day'))
    )`

/** Episodes that are to be made again, since a result of their latest run was lost. */
export async function episodesWithLostResults(db: Knex, limit: number): Promise<{ id: string }[]> {
  return await rows(
    db,
    `SELECT r.episode_id AS id ${runsOfLostResults} ORDER BY r.finished_at LIMIT :limit`,
    { limit },
  )
}

/** The live run of an episode by the names its upload gave it. */
export async function liveRunOf(
  db: Knex,
  userId: string,
  podcast: string,
  episode: string,
): Promise<Pick<Run, 'id' | 'status' | 'context'> | undefined> {
  const [run] = await rows<Pick<Run, 'id' | 'status' | 'context'>>(
    db,
    `SELECT id, status, context
     FROM runs
     WHERE ${isOfNamedEpisode}
       AND ${isLive}`,
    { userId, podcast, episode },
  )
  return run
}

export async function listRuns(
  db: Knex,
  page: Page,
  filter: { status?: string | undefined; episodeId?: string | undefined },
): Promise<Positioned<ListedRun>[]> {
  return await rows(
    db,
    `SELECT ${listedColumns}, ${positionColumn}
     FROM runs
     WHERE user_id = :userId
       AND (CAST(:status AS text) IS NULL OR status = :status)
       AND (CAST(:episodeId AS text) IS NULL OR episode_id::text = :episodeId)
       AND ${isAskedFor}
       AND ${onPage}`,
    { ...pageBindings(page), status: filter.status ?? null, episodeId: filter.episodeId ?? null },
  )
}

/** The user's run of that id, as the API lists it. */
export async function findRunOf(db: Knex, userId: string, id: string): Promise<ListedRun | undefined> {
  const [run] = await rows<ListedRun>(
    db,
    `SELECT ${listedColumns}
     FROM runs
     WHERE user_id = :userId
       AND id::text = :id`,
    { userId, id },
  )
  return run
}
