/**
 * The runs table: start, progress, and the compare-and-set transitions that end a run. Hides the statements and the order of locks:
 * whoever changes a run and its steps together locks the run's row first.
 */
import type { Knex } from 'knex'
import type { Scalars } from '../context.ts'
import type { ErrorCode } from '../errors.ts'
import type { RunSettings } from '../settings/settings.ts'
import { rows } from './connect.ts'
import { refundRun } from './usage.ts'

export type RunStatus = 'queued' | 'started' | 'awaiting_review' | 'finished' | 'cancelled' | 'failed'

export interface Run {
  readonly id: string
  readonly userId: string
  /** Null for a run of a mailbox. */
  readonly episodeId: string | null
  readonly mailbox: string | null
  readonly status: RunStatus
  readonly stopReason: string | null
  readonly errorMessage: string | null
  readonly processed: number
  readonly total: number
  readonly settings: RunSettings
  readonly context: Scalars
  readonly warnings: readonly Warning[]
  readonly createdAt: Date
  readonly startedAt: Date | null
  readonly finishedAt: Date | null
}

/** Something the producer should know though the run goes on. */
export interface Warning {
  readonly code: string
  readonly message: string
}

const runColumns = `id, user_id AS "userId", episode_id AS "episodeId", mailbox, status, stop_reason AS "stopReason", error_message AS "errorMessage",
  processed, total, settings, context, warnings, created_at AS "createdAt", started_at AS "startedAt", finished_at AS "finishedAt"`
const isLive = `status IN ('queued', 'started', 'awaiting_review')`

/** A run counts in thousandths of its expected work. */
export const runTotal = 1000

/** Starts the one live run of an episode; when there is one already, says which. */
export async function startRun(
  trx: Knex,
  start: {
    userId: string
    episodeId: string
    settings: RunSettings
    context: Scalars
    warnings: readonly Warning[]
  },
): Promise<{ runId: string; started: boolean }> {
  const [created] = await rows<{ id: string }>(
    trx,
    `INSERT INTO runs (user_id, episode_id, total, settings, context, warnings) VALUES (:userId, :episodeId, :total, :settings, :context, :warnings)
     ON CONFLICT (episode_id) WHERE ${isLive} DO NOTHING RETURNING id`,
    {
      userId: start.userId,
      episodeId: start.episodeId,
      total: runTotal,
      settings: JSON.stringify(start.settings),
      context: JSON.stringify(start.context),
      warnings: JSON.stringify(start.warnings),
    },
  )
  if (created) return { runId: created.id, started: true }
  const [live] = await rows<{ id: string }>(
    trx,
    `SELECT id FROM runs WHERE episode_id = :episodeId AND ${isLive}`,
    { episodeId: start.episodeId },
  )
  if (!live) return await startRun(trx, start) // it ended between the two statements
  return { runId: live.id, started: false }
}

export async function findRun(db: Knex, runId: string): Promise<Run | undefined> {
  const [run] = await rows<Run>(db, `SELECT ${runColumns} FROM runs WHERE id = :runId`, { runId })
  return run
}

/** The template as it was when the run started. */
export async function settingsOf(db: Knex, runId: string): Promise<RunSettings> {
  const [run] = await rows<{ settings: RunSettings }>(db, 'SELECT settings FROM runs WHERE id = :runId', {
    runId,
  })
  return run!.settings
}

/** The live run of an episode by the names its upload gave it. */
export async function liveRunOf(
  db: Knex,
  userId: string,
  podcast: string,
  episode: string,
): Promise<string | undefined> {
  const [run] = await rows<{ id: string }>(
    db,
    `SELECT runs.id FROM runs JOIN episodes ON episodes.id = runs.episode_id JOIN podcasts ON podcasts.id = episodes.podcast_id
     WHERE podcasts.user_id = :userId AND podcasts.slug = :podcast AND episodes.slug = :episode AND runs.status IN ('queued', 'started', 'awaiting_review')`,
    { userId, podcast, episode },
  )
  return run?.id
}

/** Locks the run's row for the rest of the transaction and returns it as it then is. */
export async function lockRun(trx: Knex, runId: string): Promise<Run | undefined> {
  const [run] = await rows<Run>(trx, `SELECT ${runColumns} FROM runs WHERE id = :runId FOR UPDATE`, { runId })
  return run
}

/** What may change while a run is under way; `warnings` are added to those already there. */
export interface RunChanges {
  /** Set once the work is counted. */
  readonly total?: number
  readonly processed?: number
  readonly context?: Scalars
  readonly warnings?: readonly Warning[]
  readonly committed?: true
}

/** How many of the latest steps forward tell the speed. */
const keptMarks = 6
/** What is counted already is not taken back. */
const newTotal = 'greatest(processed, coalesce(CAST(:total AS integer), total))'

/**
 * Applies several changes in one guarded statement and returns the row as plain values; null when the run does not exist or has ended.
 * `processed` never goes back and never passes the total; each step forward is marked with its time.
 */
export async function updateRunProgress(db: Knex, runId: string, changes: RunChanges): Promise<Run | null> {
  const [run] = await rows<Run>(
    db,
    `UPDATE runs SET processed = least(${newTotal}, greatest(processed, CAST(:processed AS integer))), total = ${newTotal},
            context = context || CAST(:context AS jsonb), warnings = warnings || CAST(:warnings AS jsonb),
            committed = committed OR CAST(:committed AS boolean), heartbeat_at = clock_timestamp(),
            marks = CASE WHEN least(${newTotal}, CAST(:processed AS integer)) > processed THEN (
              SELECT jsonb_agg(mark ORDER BY i) FROM (
                SELECT mark, i FROM jsonb_array_elements(marks || jsonb_build_array(jsonb_build_array(extract(epoch FROM clock_timestamp()), least(${newTotal}, CAST(:processed AS integer)))))
                  WITH ORDINALITY AS all_marks (mark, i) ORDER BY i DESC LIMIT ${keptMarks}) AS latest) ELSE marks END
     WHERE id = :runId AND ${isLive} RETURNING ${runColumns}`,
    {
      runId,
      processed: Math.floor(changes.processed ?? 0),
      total: changes.total ?? null,
      context: JSON.stringify(changes.context ?? {}),
      warnings: JSON.stringify(changes.warnings ?? []),
      committed: changes.committed ?? false,
    },
  )
  return run ?? null
}

/** A started run waits for its producer, and its episode with it. Needs the run's row locked. */
export async function awaitReview(trx: Knex, runId: string): Promise<void> {
  await moveRun(trx, runId, 'started', 'awaiting_review', 'awaiting_review')
}

/** Takes a waiting run up again with what was decided. False when it does not wait (any more): one of two resumptions wins. */
export async function resumeRun(trx: Knex, runId: string, context: Scalars): Promise<boolean> {
  if (!(await moveRun(trx, runId, 'awaiting_review', 'started', 'processing'))) return false
  await updateRunProgress(trx, runId, { context })
  return true
}

async function moveRun(
  trx: Knex,
  runId: string,
  from: RunStatus,
  to: RunStatus,
  episodeStatus: string,
): Promise<boolean> {
  const moved = await rows(
    trx,
    `WITH moved AS (UPDATE runs SET status = :to, heartbeat_at = clock_timestamp() WHERE id = :runId AND status = :from RETURNING episode_id)
     UPDATE episodes SET status = :episodeStatus FROM moved WHERE episodes.id = moved.episode_id RETURNING 1`,
    { runId, from, to, episodeStatus },
  )
  return moved.length === 1
}

/** The run that was started last for an episode. */
export async function latestRunOf(db: Knex, episodeId: string): Promise<Run | undefined> {
  const [run] = await rows<Run>(
    db,
    `SELECT ${runColumns} FROM runs WHERE episode_id = :episodeId ORDER BY created_at DESC LIMIT 1`,
    { episodeId },
  )
  return run
}

/** Ends a live run as finished. */
export async function finishRun(trx: Knex, runId: string): Promise<void> {
  await trx.raw(
    `UPDATE runs SET status = 'finished', processed = total, finished_at = clock_timestamp() WHERE id = :runId AND ${isLive}`,
    { runId },
  )
}

/** Ends a live run as failed, and its episode with it. False when the run had ended already. */
export async function failRun(trx: Knex, runId: string, code: ErrorCode, message: string): Promise<boolean> {
  return await endRun(trx, runId, { status: 'failed', reason: code, message })
}

/** Cancels a live run, unless its publication has begun. False when it was too late or the run had ended. */
export async function cancelRun(trx: Knex, runId: string): Promise<boolean> {
  return await endRun(trx, runId, { status: 'cancelled', reason: 'user_cancelled', message: null })
}

async function endRun(
  trx: Knex,
  runId: string,
  end: { status: 'failed' | 'cancelled'; reason: string; message: string | null },
): Promise<boolean> {
  const ended = await rows(
    trx,
    `WITH ended AS (
       UPDATE runs SET status = :status, stop_reason = :reason, error_message = :message, finished_at = clock_timestamp()
       WHERE id = :runId AND ${isLive} AND (NOT committed OR :status = 'failed') RETURNING episode_id),
     moved AS (UPDATE episodes SET status = :status FROM ended WHERE episodes.id = ended.episode_id)
     SELECT 1 FROM ended`,
    { runId, ...end },
  )
  if (ended.length === 0) return false
  if (end.status === 'failed') await refundRun(trx, runId)
  return true
}
