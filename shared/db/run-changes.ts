/**
 * Database statements that change a run: its progress, waiting for its producer, and its end. Each is one
 * guarded statement, so that of two changes at once only one counts and a run that has ended stays as it is.
 * Whoever changes a run and its steps together locks the run's row first, or two would wait for each other.
 */
import type { Knex } from 'knex'
import type { Scalars } from '../context.ts'
import type { ErrorCode, Warning } from '../codes.ts'
import { rows } from './connect.ts'
import { isCurrent, isThere } from './episodes.ts'
import { isLive, runColumns, type Run, type RunStatus } from './runs.ts'
import { refundRun } from './usage.ts'
import { hasNews } from './webhooks.ts'

/** What may change while a run is under way; `warnings` are added to those already there. */
export interface RunChanges {
  /** Set once the work is counted. */
  readonly total?: number
  readonly processed?: number
  /** Instead of a count: how much of the total is processed, 0 to 1. */
  readonly share?: number
  readonly context?: Scalars
  readonly warnings?: readonly Warning[]
  readonly committed?: true
}

export interface ChangedRun extends Run {
  /** Something has happened that webhooks are to be told. */
  readonly hasNews: boolean
}

/** How many of the latest steps forward tell the speed. */
const keptSpeedSamples = 6
/** The new total; never less than what is processed already. */
const newTotal = 'greatest(processed, coalesce(CAST(:total AS integer), total))'
const reported = `least(${newTotal}, greatest(CAST(:processed AS integer), floor(CAST(:share AS float8) * ${newTotal})::integer))`
/** The column `marks` holds the latest speed samples: [seconds since 1970, processed], oldest first. */
const newSpeedSamples = `
  CASE WHEN ${reported} > processed THEN (
    SELECT jsonb_agg(sample ORDER BY i)
    FROM (
      SELECT sample, i
      FROM jsonb_array_elements(
        marks || jsonb_build_array(
          jsonb_build_array(extract(epoch FROM clock_timestamp()), ${reported})
        )
      ) WITH ORDINALITY AS samples (sample, i)
      ORDER BY i DESC
      LIMIT ${keptSpeedSamples}
    ) AS latest
  ) ELSE marks END`

/**
 * Applies several changes in one guarded statement and returns the row as plain values; null when the run
 * does not exist or has ended. `processed` never goes back and never passes the total; each step forward is
 * kept with its time, as a sample of the speed.
 */
export async function updateRunProgress(
  db: Knex,
  runId: string,
  changes: RunChanges,
): Promise<ChangedRun | null> {
  const [run] = await rows<ChangedRun>(
    db,
    `UPDATE runs
     SET processed = greatest(processed, ${reported}),
         total = ${newTotal},
         context = context || CAST(:context AS jsonb),
         warnings = warnings || CAST(:warnings AS jsonb),
         committed = committed OR CAST(:committed AS boolean),
         heartbeat_at = clock_timestamp(),
         marks = ${newSpeedSamples}
     WHERE id = :runId
       AND ${isLive}
     RETURNING ${runColumns}, ${hasNews('runs.id')} AS "hasNews"`,
    {
      runId,
      processed: Math.floor(changes.processed ?? 0),
      share: changes.share ?? 0,
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

/**
 * Resumes a waiting run with what was decided. False when it does not wait (any more): one of two resumptions
 * wins.
 */
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
    `WITH moved AS (
       UPDATE runs
       SET status = :to,
           heartbeat_at = clock_timestamp()
       WHERE id = :runId
         AND status = :from
       RETURNING episode_id
     )
     UPDATE episodes
     SET status = :episodeStatus
     FROM moved
     WHERE episodes.id = moved.episode_id
     RETURNING 1`,
    { runId, from, to, episodeStatus },
  )
  return moved.length === 1
}

/** Ends a live run as finished. */
export async function finishRun(trx: Knex, runId: string): Promise<void> {
  await trx.raw(
    `UPDATE runs
     SET status = 'finished',
         processed = total,
         finished_at = clock_timestamp()
     WHERE id = :runId
       AND ${isLive}`,
    { runId },
  )
}

/** Ends a live run as failed, and its episode with it unless something of that is there. False when the run had ended already. */
export async function failRun(trx: Knex, runId: string, code: ErrorCode, message: string): Promise<boolean> {
  const failed = await endRun(trx, runId, { status: 'failed', reason: code, message })
  if (failed) await refundRun(trx, runId)
  return failed
}

/** Cancels a live run, unless its publication has begun. False when it was too late or the run had ended. */
export async function cancelRun(trx: Knex, runId: string): Promise<boolean> {
  return await endRun(trx, runId, { status: 'cancelled', reason: 'user_cancelled', message: null })
}

/**
 * Cancels a run that waits for its producer, because they have uploaded another recording instead. False when
 * it does not wait (any more).
 */
export async function supersedeRun(trx: Knex, runId: string): Promise<boolean> {
  const message = 'A newer recording of the episode was uploaded while this one waited for its producer.'
  return await endRun(trx, runId, {
    status: 'cancelled',
    reason: 'superseded',
    message,
    from: 'awaiting_review',
  })
}

/**
 * SQL: an episode whose run has ended early is again what it was. One that was to come out at a time does if the new version
 * was called off; if that failed, the old one, which was to be replaced, is held.
 */
const statusAgain = `
  CASE
    WHEN NOT (${isThere}) THEN :status
    WHEN ${isCurrent} THEN 'published'
    WHEN :status = 'cancelled'
      AND ended.context->>'contentHash' IS NULL
      AND publish_at IS NOT NULL
      AND hold_reason IS NULL THEN 'scheduled'
    ELSE 'processed'
  END`

async function endRun(
  trx: Knex,
  runId: string,
  end: { status: 'failed' | 'cancelled'; reason: string; message: string | null; from?: RunStatus },
): Promise<boolean> {
  const ended = await rows(
    trx,
    `WITH ended AS (
       UPDATE runs
       SET status = :status,
           stop_reason = :reason,
           error_message = :message,
           finished_at = clock_timestamp()
       WHERE id = :runId
         AND ${isLive}
         AND (NOT committed OR :status = 'failed')
         AND status = coalesce(CAST(:from AS text), status)
       RETURNING episode_id, context
     ),
     moved AS (
       UPDATE episodes
       SET status = ${statusAgain},
           hold_reason = CASE
             WHEN :status = 'failed' THEN coalesce(hold_reason, 'attempt_failed')
             ELSE hold_reason
           END
       FROM ended
       WHERE episodes.id = ended.episode_id
         AND ended.context->>'publication' IS DISTINCT FROM 'clear'
     )
     SELECT 1 FROM ended`,
    { runId, status: end.status, reason: end.reason, message: end.message, from: end.from ?? null },
  )
  return ended.length === 1
}
