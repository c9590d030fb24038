/**
 * Computes the progress of a run from its rows: how far each step is, what the run waits for, and how long it
 * may still take. Hides how the rows of a run's steps add up, and how the remaining time follows from recent
 * speed.
 */
import type { Knex } from 'knex'
import { rows } from './connect.ts'
import type { Warning } from '../codes.ts'
import type { RunStatus } from './runs.ts'

export interface StepSummary {
  readonly name: string
  readonly parts: number
  readonly done: number
  /** 0 to 1, parts under way included. */
  readonly progress: number
  readonly attempts: number
  /** Parts that were worked out in this run, and not taken over from an earlier one. */
  readonly made: number
  /** From the first part's start to the last part's end so far; null before it started. */
  readonly seconds: number | null
}

interface WatchedRun {
  readonly runId: string
  readonly episodeId: string | null
  readonly status: RunStatus
  readonly stopReason: string | null
  readonly errorMessage: string | null
  readonly warnings: readonly Warning[]
  readonly elapsedSeconds: number
  readonly processed: number
  readonly total: number
  readonly heartbeatAt: Date | null
}

export interface RunProgress extends WatchedRun {
  /** By the recent speed; null when it is not known, or nothing has moved for a while. */
  readonly secondsLeft: number | null
  readonly currentStep: string | null
  /** The person or service the run waits for, in words; null when it does not. */
  readonly waitingFor: string | null
  readonly steps: readonly StepSummary[]
}

/** The run that an upload of this generation started; undefined until its event arrived. */
export async function findRunOfUpload(
  db: Knex,
  object: string,
  generation: string,
): Promise<string | undefined> {
  const [run] = await rows<{ id: string }>(
    db,
    `SELECT id
     FROM runs
     WHERE context ->> 'recordingObject' = :object
       AND context ->> 'recordingGeneration' = :generation`,
    { object, generation },
  )
  return run?.id
}

/** The run that a mailbox of this generation started; undefined until its event arrived. */
export async function findRunOfMailbox(
  db: Knex,
  mailbox: string,
  generation: string,
): Promise<string | undefined> {
  const [run] = await rows<{ id: string }>(
    db,
    `SELECT id
     FROM runs
     WHERE mailbox = :mailbox
       AND context ->> 'mailboxGeneration' = :generation`,
    { mailbox, generation },
  )
  return run?.id
}

export async function readRunProgress(db: Knex, runId: string): Promise<RunProgress | undefined> {
  const found = await readRun(db, runId)
  if (!found) return undefined
  const { speedSamples, now, ...run } = found
  const steps = await readSteps(db, runId)
  const reason = await readReasonToWait(db, runId)
  return {
    ...run,
    secondsLeft: run.status === 'started' ? secondsLeft(speedSamples, now, run.total) : null,
    currentStep: steps.findLast(({ done, parts }) => done < parts)?.name ?? null,
    waitingFor: run.status === 'started' ? reason : null,
    steps,
  }
}

async function readRun(db: Knex, runId: string) {
  const [run] = await rows<WatchedRun & { speedSamples: SpeedSample[]; now: number }>(
    db,
    `SELECT id AS "runId", episode_id AS "episodeId", status, stop_reason AS "stopReason",
            error_message AS "errorMessage", warnings, processed, total, heartbeat_at AS "heartbeatAt",
            extract(
              epoch FROM coalesce(finished_at, clock_timestamp()) - created_at
            )::float8 AS "elapsedSeconds",
            marks AS "speedSamples",
            extract(epoch FROM clock_timestamp())::float8 AS now
     FROM runs
     WHERE id = :runId`,
    { runId },
  )
  return run
}

async function readSteps(db: Knex, runId: string): Promise<StepSummary[]> {
  return await rows<StepSummary>(
    db,
    `SELECT step AS name,
            count(*)::int AS parts,
            (count(*) FILTER (WHERE status = 'done'))::int AS done,
            avg(progress)::float8 AS progress,
            sum(attempt)::int AS attempts,
            (count(*) FILTER (WHERE status = 'done' AND NOT reused))::int AS made,
            extract(
              epoch FROM max(coalesce(finished_at, clock_timestamp())) - min(started_at)
            )::float8 AS seconds
     FROM steps
     WHERE run_id = :runId
     GROUP BY step
     ORDER BY min(due_at), min(started_at)`,
    { runId },
  )
}

/** What the step that is put off and due first waits for. */
async function readReasonToWait(db: Knex, runId: string): Promise<string | null> {
  const [deferred] = await rows<{ error: string }>(
    db,
    `SELECT error
     FROM steps
     WHERE run_id = :runId
       AND status = 'pending'
       AND due_at > clock_timestamp()
       AND error IS NOT NULL
     ORDER BY due_at
     LIMIT 1`,
    { runId },
  )
  return deferred?.error ?? null
}

/** A step forward of a run: when it was made, in seconds since 1970, and how much was done by then. */
export type SpeedSample = readonly [atSeconds: number, processed: number]

/** Samples older than this say nothing of the speed there is now. */
const staleSeconds = 60

/** At the speed from the first of the latest samples to the last. */
export function secondsLeft(speedSamples: readonly SpeedSample[], now: number, total: number): number | null {
  const recent = speedSamples.filter(([at]) => now - at <= staleSeconds)
  const [first, last] = [recent[0], recent.at(-1)]
  if (!first || !last || last[0] - first[0] <= 0 || last[1] <= first[1]) return null
  const speed = (last[1] - first[1]) / (last[0] - first[0])
  return Math.max(0, Math.round((total - last[1]) / speed - (now - last[0])))
}
