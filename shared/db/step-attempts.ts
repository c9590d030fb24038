/**
 * Database statements of one attempt at a step: it claims the step's row under a lease, and finishes it,
 * fails it or gives it back. Every change of a claimed row names the attempt that claimed it, so that an
 * attempt that has lost its claim changes nothing.
 */
import type { Knex } from 'knex'
import type { Scalars, StepIdentity } from '../context.ts'
import { Deferred } from '../errors.ts'
import { rows } from './connect.ts'
import { isAtWork } from './runs.ts'
import {
  addressOf,
  isAddressed,
  itsRunIsStarted,
  pendingColumns,
  type PendingStep,
  type StepAddress,
  type StepStatus,
} from './steps.ts'

/** What came of trying to claim a step. */
export type Claim =
  | { outcome: 'claimed'; attempt: number; startedAt: Date }
  | { outcome: 'done' | 'busy' | 'over' | 'unknown' }
  | { outcome: 'turned'; turn: number }
  | { outcome: 'exhausted'; lastError: string | null }

/** A step's row, and the attempt that claimed it. */
export type ClaimedStep = StepAddress & { readonly attempt: number }

/** SQL: it is the row of `claimOf`, and that attempt holds it. */
const isHeld = `${isAddressed} AND attempt = :attempt AND status = 'running'`
const newLease = `clock_timestamp() + :leaseMs * interval '1 millisecond'`

const claimOf = (claim: ClaimedStep): ClaimedStep => ({ ...addressOf(claim), attempt: claim.attempt })

/** Claims the step for one attempt when it is free and the run is live; otherwise says why not. */
export async function claimStep(
  db: Knex,
  task: StepIdentity,
  { leaseMs, maxAttempts }: { leaseMs: number; maxAttempts: number },
): Promise<Claim> {
  await db.raw(
    `UPDATE runs
     SET status = 'started',
         started_at = clock_timestamp()
     WHERE id = :runId
       AND status = 'queued'`,
    { runId: task.runId },
  )
  const [claimed] = await rows<{ attempt: number; startedAt: Date }>(
    db,
    `UPDATE steps
     SET status = 'running',
         attempt = attempt + 1,
         lease_until = ${newLease},
         started_at = coalesce(started_at, clock_timestamp())
     WHERE ${isAddressed}
       AND turn = :turn
       AND attempt < :maxAttempts
       AND (status = 'pending' OR (status = 'running' AND lease_until < clock_timestamp()))
       AND ${itsRunIsStarted}
     RETURNING attempt, started_at AS "startedAt"`,
    { ...addressOf(task), turn: task.turn, leaseMs, maxAttempts },
  )
  return claimed ? { outcome: 'claimed', ...claimed } : await explainRefusal(db, task, maxAttempts)
}

async function explainRefusal(db: Knex, task: StepIdentity, maxAttempts: number): Promise<Claim> {
  const [row] = await rows<{
    status: StepStatus
    turn: number
    attempt: number
    error: string | null
    runIsAtWork: boolean
    leased: boolean
  }>(
    db,
    `SELECT status, turn, attempt, error,
            EXISTS (SELECT 1 FROM runs WHERE id = :runId AND ${isAtWork}) AS "runIsAtWork",
            coalesce(lease_until >= clock_timestamp(), false) AS leased
     FROM steps
     WHERE ${isAddressed}`,
    { ...addressOf(task) },
  )
  if (!row) return { outcome: 'unknown' }
  if (row.status === 'done') return { outcome: 'done' }
  if (!row.runIsAtWork || row.status === 'failed') return { outcome: 'over' }
  if (row.turn !== task.turn) return { outcome: 'turned', turn: row.turn }
  if (row.attempt >= maxAttempts && !row.leased) return { outcome: 'exhausted', lastError: row.error }
  return { outcome: 'busy' }
}

/**
 * Extends the lease of a live attempt and notes its progress (0 to 1). False when the attempt lost its step
 * or the run ended.
 */
export async function extendLease(
  db: Knex,
  claim: ClaimedStep,
  leaseMs: number,
  progress: number,
): Promise<boolean> {
  const extended = await rows(
    db,
    `UPDATE steps
     SET lease_until = ${newLease},
         progress = greatest(progress, :progress)
     WHERE ${isHeld}
       AND ${itsRunIsStarted}
     RETURNING 1`,
    { ...claimOf(claim), leaseMs, progress },
  )
  return extended.length === 1
}

/** Whether the attempt holds its step. */
export const holdsStep = async (db: Knex, claim: ClaimedStep): Promise<boolean> =>
  (await rows(db, `SELECT 1 FROM steps WHERE ${isHeld}`, { ...claimOf(claim) })).length === 1

/** About how long that takes. */
const clearedInMs = 120_000
const goingFilesOfKey = `
  SELECT 1
  FROM purges p
  JOIN steps o ON o.run_id = p.run_id
  WHERE o.input_key = :inputKey
    AND p.phase = 'closed'
  UNION ALL
  SELECT 1
  FROM deletion_folders f
  WHERE f.input_key = :inputKey`

/**
 * Notes under which key this attempt's objects are written, before it writes them. Throws Deferred while objects of
 * that name are being deleted.
 */
export async function noteInputKey(db: Knex, claim: ClaimedStep, inputKey: string): Promise<void> {
  const noted = await rows(
    db,
    `UPDATE steps
     SET input_key = :inputKey
     WHERE ${isHeld}
       AND NOT EXISTS (${goingFilesOfKey})
     RETURNING 1`,
    { ...claimOf(claim), inputKey },
  )
  if (noted.length === 0 && (await rows(db, goingFilesOfKey, { inputKey })).length > 0)
    throw new Deferred(
      new Date(Date.now() + clearedInMs),
      'What an earlier run made of the same is being cleared away.',
    )
}

/** Marks the attempt's step done. False when a later attempt holds it. Needs the run's row locked. */
export async function markDone(
  trx: Knex,
  claim: ClaimedStep,
  result: { output: Scalars; inputKey: string | null; reused: boolean },
): Promise<boolean> {
  const done = await rows(
    trx,
    `UPDATE steps
     SET status = 'done',
         lease_until = NULL,
         progress = 1,
         output = :output,
         input_key = :inputKey,
         reused = :reused,
         error = NULL,
         finished_at = clock_timestamp()
     WHERE ${isHeld}
     RETURNING 1`,
    {
      ...claimOf(claim),
      output: JSON.stringify(result.output),
      inputKey: result.inputKey,
      reused: result.reused,
    },
  )
  return done.length === 1
}

/** Gives the step back for another attempt, keeping the reason. */
export async function releaseStep(db: Knex, claim: ClaimedStep, error: string): Promise<void> {
  await db.raw(
    `UPDATE steps
     SET status = 'pending',
         lease_until = NULL,
         error = :error,
         due_at = clock_timestamp()
     WHERE ${isHeld}`,
    { ...claimOf(claim), error },
  )
}

/**
 * Puts the step off until `dueAt` under a new turn, not counting the attempt. Undefined when the attempt no
 * longer holds it.
 */
export async function deferStep(
  db: Knex,
  claim: ClaimedStep,
  dueAt: Date,
  why: string | null = null,
): Promise<PendingStep | undefined> {
  const [deferred] = await rows<PendingStep>(
    db,
    `UPDATE steps
     SET status = 'pending',
         lease_until = NULL,
         attempt = attempt - 1,
         turn = turn + 1,
         due_at = :dueAt,
         error = :why
     WHERE ${isHeld}
     RETURNING ${pendingColumns}`,
    { ...claimOf(claim), dueAt, why },
  )
  return deferred
}

/**
 * Suspends the step: gives it back under a new turn, not counting the attempt, until somebody resumes its
 * run. False when the attempt no longer holds it.
 */
export async function suspendStep(trx: Knex, claim: ClaimedStep): Promise<boolean> {
  return (await deferStep(trx, claim, new Date())) !== undefined
}

/**
 * Marks an unfinished step failed. False when it is finished, or when an attempt is named that no longer
 * holds it.
 */
export async function markFailed(
  trx: Knex,
  step: StepAddress & { attempt?: number },
  error: string,
): Promise<boolean> {
  const failed = await rows(
    trx,
    `UPDATE steps
     SET status = 'failed',
         lease_until = NULL,
         error = :error
     WHERE ${isAddressed}
       AND status IN ('pending', 'running')
       AND attempt = coalesce(CAST(:attempt AS integer), attempt)
     RETURNING 1`,
    { ...addressOf(step), attempt: step.attempt ?? null, error },
  )
  return failed.length === 1
}
