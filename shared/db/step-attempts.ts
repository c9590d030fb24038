/**
 * Database statements of one attempt at a step that has claimed its row (claims.ts): it extends its lease, and finishes the
 * step, fails it or gives it back. Every change of a claimed row names the attempt that claimed it, so that an attempt that
 * has lost its claim changes nothing.
 */
import type { Knex } from 'knex'
import type { Scalars } from '../context.ts'
import { Busy, Deferred } from '../errors.ts'
import { rows } from './connect.ts'
import {
  addressOf,
  isAddressed,
  itsRunIsStarted,
  newLease,
  pendingColumns,
  reusableOutput,
  type PendingStep,
  type StepAddress,
} from './steps.ts'

/** A step's row, and the attempt that claimed it. */
export type ClaimedStep = StepAddress & { readonly attempt: number }

/** SQL: it is the row of `claimOf`, and that attempt holds it. */
const isHeld = `${isAddressed} AND attempt = :attempt AND status = 'running'`

const claimOf = (claim: ClaimedStep): ClaimedStep => ({ ...addressOf(claim), attempt: claim.attempt })

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
 * Notes under which key this attempt's objects are written, before it writes them, and looks for the output of a finished
 * step of the same user with that key: the newest. Throws Deferred while objects of that name are being deleted, Busy when the
 * attempt has lost its step: nobody would know whose objects these are.
 */
export async function noteInputKey(
  db: Knex,
  claim: ClaimedStep & { readonly userId: string },
  inputKey: string,
): Promise<Scalars | undefined> {
  const [found] = await rows<{ isNoted: boolean; output: Scalars | null }>(
    db,
    `WITH noted AS (
       UPDATE steps
       SET input_key = :inputKey
       WHERE ${isHeld}
         AND NOT EXISTS (${goingFilesOfKey})
       RETURNING 1
     )
     SELECT EXISTS (SELECT 1 FROM noted) AS "isNoted", (${reusableOutput}) AS output`,
    { ...claimOf(claim), userId: claim.userId, inputKey },
  )
  const { isNoted, output } = found!
  if (isNoted) return output ?? undefined
  if ((await rows(db, goingFilesOfKey, { inputKey })).length === 0)
    throw new Busy('Another attempt took the step over, or it was deleted.')
  throw new Deferred(
    new Date(Date.now() + clearedInMs),
    'What an earlier run made of the same is being cleared away.',
  )
}

/** What came of finishing: nothing where the run is not at work, or where a later attempt holds the step. */
export interface Finished {
  readonly isStarted: boolean
  readonly isDone: boolean
  /** Of the run. */
  readonly context: Scalars
}

/**
 * Locks the run's row for the rest of the transaction and marks the attempt's step done. The statement that changes the
 * step asks for the run, so the run's row is locked first. Undefined when there is no such run.
 */
export async function finishStep(
  trx: Knex,
  claim: ClaimedStep,
  result: { output: Scalars; inputKey: string | null; reused: boolean },
): Promise<Finished | undefined> {
  const [finished] = await rows<Finished>(
    trx,
    `WITH run AS MATERIALIZED (
       SELECT status = 'started' AS is_started, context
       FROM runs
       WHERE id = :runId
       FOR UPDATE
     ),
     done AS (
       UPDATE steps
       SET status = 'done',
           lease_until = NULL,
           progress = 1,
           output = :output,
           input_key = :inputKey,
           reused = :reused,
           error = NULL,
           finished_at = clock_timestamp()
       WHERE ${isHeld}
         AND (SELECT is_started FROM run)
       RETURNING 1
     )
     SELECT is_started AS "isStarted", context, EXISTS (SELECT 1 FROM done) AS "isDone"
     FROM run`,
    {
      ...claimOf(claim),
      output: JSON.stringify(result.output),
      inputKey: result.inputKey,
      reused: result.reused,
    },
  )
  return finished
}

/** Gives back a step that was looked at and not worked on: the attempt does not count. */
export async function returnStep(db: Knex, claim: ClaimedStep): Promise<void> {
  await db.raw(
    `UPDATE steps
     SET status = 'pending',
         attempt = attempt - 1,
         lease_until = NULL
     WHERE ${isHeld}`,
    { ...claimOf(claim) },
  )
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
