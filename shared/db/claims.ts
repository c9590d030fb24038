/**
 * Database statements that claim steps: a row that is free goes to one attempt, under a number and a lease of its own.
 * What that attempt may then do is in step-attempts.ts.
 */
import type { Knex } from 'knex'
import type { StepIdentity } from '../context.ts'
import { rows } from './connect.ts'
import { isAtWork } from './runs.ts'
import { addressOf, isAddressed, itsRunIsStarted, newLease, type StepStatus } from './steps.ts'

/** What came of trying to claim a step. */
export type Claim =
  | ({ outcome: 'claimed' } & Claimed)
  | { outcome: 'done' | 'busy' | 'over' | 'unknown' }
  | { outcome: 'turned'; turn: number }
  | { outcome: 'exhausted'; attempts: number; lastError: string | null }

/** The attempt that now holds the step, and whose run it is. */
export interface Claimed {
  readonly attempt: number
  /** When the run first tried the step. */
  readonly startedAt: Date
  readonly userId: string
  /** Null in a run of a mailbox. */
  readonly episodeId: string | null
  /** The episode has had another run. */
  readonly isAgain: boolean
}

interface LeaseTerms {
  readonly leaseMs: number
  readonly maxAttempts: number
  /** Since the first attempt. */
  readonly tryForMs: number
}

/**
 * SQL: the step is given up. Of an attempt that ended without a word nobody knows whether its work ended it or something that
 * passes (the database, a machine), so both must be used up: a few attempts and a few minutes.
 */
const isUsedUp = `(
  attempt >= :maxAttempts
  AND coalesce(started_at <= clock_timestamp() - :tryForMs * interval '1 millisecond', false)
)`

/**
 * Claims the step for one attempt when it is free and the run is live; otherwise says why not. The first claim of a run
 * starts it.
 */
export async function claimStep(db: Knex, task: StepIdentity, terms: LeaseTerms): Promise<Claim> {
  for (let tries = 0; tries < mostTries; tries++) {
    const claimed = await claim(db, task, terms)
    if (claimed) return { outcome: 'claimed', ...claimed }
    const refusal = await explainRefusal(db, task, terms)
    if (refusal) return refusal
  }
  return { outcome: 'busy' }
}

/** Beside another one that starts the run, and once more. */
const mostTries = 3

/** The run's row is locked before the step's, as everywhere: whether it is started now is asked first. */
async function claim(
  db: Knex,
  task: StepIdentity,
  { leaseMs, maxAttempts, tryForMs }: LeaseTerms,
): Promise<Claimed | undefined> {
  const [claimed] = await rows<Claimed>(
    db,
    `WITH started AS (
       UPDATE runs
       SET status = 'started',
           started_at = clock_timestamp()
       WHERE id = :runId
         AND status = 'queued'
       RETURNING 1
     ),
     claimed AS (
       UPDATE steps
       SET status = 'running',
           attempt = attempt + 1,
           lease_until = ${newLease},
           started_at = coalesce(started_at, clock_timestamp())
       WHERE ${isAddressed}
         AND turn = :turn
         AND NOT ${isUsedUp}
         AND (status = 'pending' OR (status = 'running' AND lease_until < clock_timestamp()))
         AND (EXISTS (SELECT 1 FROM started) OR ${itsRunIsStarted})
       RETURNING run_id, attempt, started_at
     )
     SELECT claimed.attempt, claimed.started_at AS "startedAt", runs.user_id AS "userId",
            runs.episode_id AS "episodeId",
            EXISTS (
              SELECT 1 FROM runs other WHERE other.episode_id = runs.episode_id AND other.id <> runs.id
            ) AS "isAgain"
     FROM claimed
     JOIN runs ON runs.id = claimed.run_id`,
    { ...addressOf(task), turn: task.turn, leaseMs, maxAttempts, tryForMs },
  )
  return claimed
}

/** Claims those of the named parts of one step that wait for their task, in a run that has been started. */
export async function claimWaitingParts(
  db: Knex,
  runId: string,
  step: string,
  parts: readonly Pick<StepIdentity, 'part' | 'turn'>[],
  leaseMs: number,
): Promise<(Claimed & { readonly part: number })[]> {
  return await rows(
    db,
    `WITH claimed AS (
       UPDATE steps
       SET status = 'running',
           attempt = steps.attempt + 1,
           lease_until = ${newLease},
           started_at = coalesce(started_at, clock_timestamp())
       FROM jsonb_to_recordset(CAST(:parts AS jsonb)) AS wanted (part integer, turn integer)
       WHERE run_id = :runId
         AND step = :step
         AND steps.part = wanted.part
         AND steps.turn = wanted.turn
         AND status = 'pending'
         AND attempt = 0
         AND ${itsRunIsStarted}
       RETURNING run_id, steps.part, attempt, started_at
     )
     SELECT claimed.part, claimed.attempt, claimed.started_at AS "startedAt", runs.user_id AS "userId",
            runs.episode_id AS "episodeId", true AS "isAgain"
     FROM claimed
     JOIN runs ON runs.id = claimed.run_id
     ORDER BY claimed.part`,
    { runId, step, leaseMs, parts: JSON.stringify(parts.map(({ part, turn }) => ({ part, turn }))) },
  )
}

/** Undefined when nothing is against a claim any more: another first claim has just started the run. */
async function explainRefusal(
  db: Knex,
  task: StepIdentity,
  { maxAttempts, tryForMs }: LeaseTerms,
): Promise<Claim | undefined> {
  const [row] = await rows<{
    status: StepStatus
    turn: number
    attempt: number
    error: string | null
    runIsAtWork: boolean
    leased: boolean
    isUsedUp: boolean
  }>(
    db,
    `SELECT status, turn, attempt, error,
            EXISTS (SELECT 1 FROM runs WHERE id = :runId AND ${isAtWork}) AS "runIsAtWork",
            coalesce(lease_until >= clock_timestamp(), false) AS leased,
            ${isUsedUp} AS "isUsedUp"
     FROM steps
     WHERE ${isAddressed}`,
    { ...addressOf(task), maxAttempts, tryForMs },
  )
  if (!row) return { outcome: 'unknown' }
  if (row.status === 'done') return { outcome: 'done' }
  if (!row.runIsAtWork || row.status === 'failed') return { outcome: 'over' }
  if (row.turn !== task.turn) return { outcome: 'turned', turn: row.turn }
  if (row.leased) return { outcome: 'busy' }
  return row.isUsedUp ? { outcome: 'exhausted', attempts: row.attempt, lastError: row.error } : undefined
}
