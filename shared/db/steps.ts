/**
 * The steps table: claims, leases and their fencing. Hides the statements; every one finds its row by run, step and part,
 * and every change of a claimed row names the attempt that claimed it, so that a stale attempt changes nothing.
 */
import type { Knex } from 'knex'
import type { Scalars, StepIdentity } from '../context.ts'
import { rows } from './connect.ts'

export type StepStatus = 'pending' | 'running' | 'done' | 'failed'

export type Claim =
  | { outcome: 'claimed'; attempt: number; startedAt: Date }
  | { outcome: 'done' | 'busy' | 'over' | 'unknown' }
  | { outcome: 'turned'; turn: number }
  | { outcome: 'exhausted'; lastError: string | null }

export interface NewStep {
  readonly step: string
  readonly part: number
  readonly context: Scalars
}

export interface PendingStep extends StepIdentity {
  readonly context: Scalars
  readonly dueAt: Date
}

export interface StepOutput {
  readonly part: number
  readonly output: Scalars
}

const addressed = 'run_id = :runId AND step = :step AND part = :part'
const held = `${addressed} AND attempt = :attempt AND status = 'running'`
const pendingColumns = 'run_id AS "runId", step, part, turn, context, due_at AS "dueAt"'

const where = ({ runId, step, part }: Omit<StepIdentity, 'turn'>) => ({ runId, step, part })

/** Takes the step for one attempt when it is free and the run is live; otherwise says why not. */
export async function claimStep(
  db: Knex,
  task: StepIdentity,
  { leaseMs, maxAttempts }: { leaseMs: number; maxAttempts: number },
): Promise<Claim> {
  const bindings = { ...where(task), turn: task.turn, leaseMs, maxAttempts }
  await db.raw(
    `UPDATE runs SET status = 'started', started_at = clock_timestamp() WHERE id = :runId AND status = 'queued'`,
    bindings,
  )
  const [claimed] = await rows<{ attempt: number; startedAt: Date }>(
    db,
    `UPDATE steps SET status = 'running', attempt = attempt + 1, lease_until = clock_timestamp() + :leaseMs * interval '1 millisecond',
            started_at = coalesce(started_at, clock_timestamp())
     WHERE ${addressed} AND turn = :turn AND attempt < :maxAttempts
       AND (status = 'pending' OR (status = 'running' AND lease_until < clock_timestamp()))
       AND EXISTS (SELECT 1 FROM runs WHERE id = :runId AND status = 'started')
     RETURNING attempt, started_at AS "startedAt"`,
    bindings,
  )
  return claimed ? { outcome: 'claimed', ...claimed } : await explainRefusal(db, task, maxAttempts)
}

async function explainRefusal(db: Knex, task: StepIdentity, maxAttempts: number): Promise<Claim> {
  const [row] = await rows<{
    status: StepStatus
    turn: number
    attempt: number
    error: string | null
    live: boolean
    leased: boolean
  }>(
    db,
    `SELECT s.status, s.turn, s.attempt, s.error, r.status IN ('queued', 'started') AS live, coalesce(s.lease_until >= clock_timestamp(), false) AS leased
     FROM steps s JOIN runs r ON r.id = s.run_id WHERE s.run_id = :runId AND s.step = :step AND s.part = :part`,
    where(task),
  )
  if (!row) return { outcome: 'unknown' }
  if (row.status === 'done') return { outcome: 'done' }
  if (!row.live || row.status === 'failed') return { outcome: 'over' }
  if (row.turn !== task.turn) return { outcome: 'turned', turn: row.turn }
  if (row.attempt >= maxAttempts && !row.leased) return { outcome: 'exhausted', lastError: row.error }
  return { outcome: 'busy' }
}

/** Extends the lease of a live attempt and notes its progress (0 to 1). False when the attempt lost its step or the run ended. */
export async function extendLease(
  db: Knex,
  claim: StepIdentity & { attempt: number },
  leaseMs: number,
  progress: number,
): Promise<boolean> {
  const extended = await rows(
    db,
    `UPDATE steps SET lease_until = clock_timestamp() + :leaseMs * interval '1 millisecond', progress = greatest(progress, :progress)
     WHERE ${held} AND EXISTS (SELECT 1 FROM runs WHERE id = :runId AND status = 'started') RETURNING 1`,
    { ...where(claim), attempt: claim.attempt, leaseMs, progress },
  )
  return extended.length === 1
}

/** Notes under which key this attempt's objects are written, before it writes them. */
export async function noteInputKey(
  db: Knex,
  claim: StepIdentity & { attempt: number },
  inputKey: string,
): Promise<void> {
  await db.raw(`UPDATE steps SET input_key = :inputKey WHERE ${held}`, {
    ...where(claim),
    attempt: claim.attempt,
    inputKey,
  })
}

/** The output of a finished step of the same user with the same inputs, if there is one. */
export async function findReusableOutput(
  db: Knex,
  userId: string,
  step: string,
  inputKey: string,
): Promise<Scalars | undefined> {
  const [found] = await rows<{ output: Scalars }>(
    db,
    `SELECT s.output FROM steps s JOIN runs r ON r.id = s.run_id
     WHERE s.step = :step AND s.input_key = :inputKey AND s.status = 'done' AND r.user_id = :userId LIMIT 1`,
    { userId, step, inputKey },
  )
  return found?.output
}

/** Marks the attempt's step done. False when a later attempt holds it. Needs the run's row locked. */
export async function markDone(
  trx: Knex,
  claim: StepIdentity & { attempt: number },
  result: { output: Scalars; inputKey: string | null; reused: boolean },
): Promise<boolean> {
  const done = await rows(
    trx,
    `UPDATE steps SET status = 'done', lease_until = NULL, progress = 1, output = :output, input_key = :inputKey, reused = :reused, error = NULL,
            finished_at = clock_timestamp() WHERE ${held} RETURNING 1`,
    {
      ...where(claim),
      attempt: claim.attempt,
      output: JSON.stringify(result.output),
      inputKey: result.inputKey,
      reused: result.reused,
    },
  )
  return done.length === 1
}

/** Gives the step back for another attempt, keeping the reason. */
export async function releaseStep(
  db: Knex,
  claim: StepIdentity & { attempt: number },
  error: string,
): Promise<void> {
  await db.raw(
    `UPDATE steps SET status = 'pending', lease_until = NULL, error = :error, due_at = clock_timestamp() WHERE ${held}`,
    {
      ...where(claim),
      attempt: claim.attempt,
      error,
    },
  )
}

/** Puts the step off until `dueAt` under a new turn, not counting the attempt. Undefined when the attempt no longer holds it. */
export async function deferStep(
  db: Knex,
  claim: StepIdentity & { attempt: number },
  dueAt: Date,
  why: string | null = null,
): Promise<PendingStep | undefined> {
  const [deferred] = await rows<PendingStep>(
    db,
    `UPDATE steps SET status = 'pending', lease_until = NULL, attempt = attempt - 1, turn = turn + 1, due_at = :dueAt, error = :why WHERE ${held} RETURNING ${pendingColumns}`,
    { ...where(claim), attempt: claim.attempt, dueAt, why },
  )
  return deferred
}

/** Gives the step back under a new turn, not counting the attempt, until somebody resumes its run. False when the attempt no longer holds it. */
export async function suspendStep(trx: Knex, claim: StepIdentity & { attempt: number }): Promise<boolean> {
  return (await deferStep(trx, claim, new Date())) !== undefined
}

/** Gives what a resumed run left parked a new turn and further scalars. */
export async function resumeSteps(trx: Knex, runId: string, context: Scalars): Promise<PendingStep[]> {
  return await rows<PendingStep>(
    trx,
    `UPDATE steps SET turn = turn + 1, due_at = clock_timestamp(), context = context || CAST(:context AS jsonb)
     WHERE run_id = :runId AND status = 'pending' RETURNING ${pendingColumns}`,
    { runId, context: JSON.stringify(context) },
  )
}

/** Makes a step that is put off due at once, under a new turn. Undefined when it is not waiting. */
export async function wakeStep(
  trx: Knex,
  step: Omit<StepIdentity, 'turn'>,
): Promise<PendingStep | undefined> {
  const [woken] = await rows<PendingStep>(
    trx,
    `UPDATE steps SET turn = turn + 1, due_at = clock_timestamp() WHERE ${addressed} AND status = 'pending' AND due_at > clock_timestamp()
       AND EXISTS (SELECT 1 FROM runs WHERE id = :runId AND status = 'started') RETURNING ${pendingColumns}`,
    where(step),
  )
  return woken
}

/** Marks an unfinished step failed. False when it is finished, or when an attempt is named that no longer holds it. */
export async function markFailed(
  trx: Knex,
  step: Omit<StepIdentity, 'turn'> & { attempt?: number },
  error: string,
): Promise<boolean> {
  const failed = await rows(
    trx,
    `UPDATE steps SET status = 'failed', lease_until = NULL, error = :error
     WHERE ${addressed} AND status IN ('pending', 'running') AND attempt = coalesce(CAST(:attempt AS integer), attempt) RETURNING 1`,
    { ...where(step), attempt: step.attempt ?? null, error },
  )
  return failed.length === 1
}

export async function insertSteps(
  trx: Knex,
  runId: string,
  steps: readonly NewStep[],
): Promise<PendingStep[]> {
  if (steps.length === 0) return []
  return await rows<PendingStep>(
    trx,
    `INSERT INTO steps (run_id, step, part, context)
     SELECT CAST(:runId AS uuid), new.step, new.part, new.context FROM jsonb_to_recordset(CAST(:steps AS jsonb)) AS new (step text, part integer, context jsonb)
     ON CONFLICT DO NOTHING RETURNING ${pendingColumns}`,
    { runId, steps: JSON.stringify(steps) },
  )
}

export interface StepCount {
  readonly step: string
  readonly parts: number
  readonly unfinished: number
  /** The mean of its parts, 0 to 1. */
  readonly progress: number
}

/** How many rows of each step the run has, how many of them are unfinished, and how far they are. */
export async function countSteps(db: Knex, runId: string): Promise<StepCount[]> {
  return await rows(
    db,
    `SELECT step, count(*)::int AS parts, (count(*) FILTER (WHERE status <> 'done'))::int AS unfinished, avg(progress)::float8 AS progress FROM steps WHERE run_id = :runId GROUP BY step`,
    { runId },
  )
}

/** Rows still waiting for their task among the named steps of a live run. */
export async function pendingSteps(
  db: Knex,
  runId: string,
  steps: readonly string[],
): Promise<PendingStep[]> {
  return await rows<PendingStep>(
    db,
    `SELECT ${pendingColumns} FROM steps WHERE run_id = :runId AND status = 'pending' AND step = ANY(:steps)
       AND EXISTS (SELECT 1 FROM runs WHERE id = :runId AND status IN ('queued', 'started')) ORDER BY step, part`,
    { runId, steps: [...steps] },
  )
}

/** Rows of one step still waiting for their task, in the live run of an episode named as its upload was. */
export async function pendingStepsOfEpisode(
  db: Knex,
  userId: string,
  podcast: string,
  episode: string,
  step: string,
): Promise<PendingStep[]> {
  return await rows<PendingStep>(
    db,
    `SELECT ${pendingColumns} FROM steps WHERE status = 'pending' AND step = :step AND run_id IN (
       SELECT runs.id FROM runs JOIN episodes ON episodes.id = runs.episode_id JOIN podcasts ON podcasts.id = episodes.podcast_id
       WHERE podcasts.user_id = :userId AND podcasts.slug = :podcast AND episodes.slug = :episode AND runs.status IN ('queued', 'started'))`,
    { userId, podcast, episode, step },
  )
}

/** Rows still waiting for their task in the live run of a mailbox. */
export async function pendingOfMailbox(db: Knex, userId: string, mailbox: string): Promise<PendingStep[]> {
  return await rows<PendingStep>(
    db,
    `SELECT ${pendingColumns} FROM steps WHERE status = 'pending'
       AND run_id IN (SELECT id FROM runs WHERE user_id = :userId AND mailbox = :mailbox AND status IN ('queued', 'started'))`,
    { userId, mailbox },
  )
}

/** The finished parts' outputs of one step, in the order of their parts. */
export async function outputsOf(db: Knex, runId: string, step: string): Promise<StepOutput[]> {
  return await rows<StepOutput>(
    db,
    `SELECT part, output FROM steps WHERE run_id = :runId AND step = :step AND status = 'done' ORDER BY part`,
    {
      runId,
      step,
    },
  )
}

/** Steps of live runs whose time passed `overdueMs` ago. */
export async function overdueSteps(db: Knex, overdueMs: number, limit: number): Promise<PendingStep[]> {
  return await rows<PendingStep>(
    db,
    `SELECT ${pendingColumns} FROM steps
     WHERE status IN ('pending', 'running') AND coalesce(lease_until, due_at) < clock_timestamp() - :overdueMs * interval '1 millisecond'
       AND EXISTS (SELECT 1 FROM runs WHERE runs.id = steps.run_id AND runs.status IN ('queued', 'started'))
     ORDER BY coalesce(lease_until, due_at) LIMIT :limit`,
    { overdueMs, limit },
  )
}

/** Gives an overdue step whose task is gone a new turn, if it is still as it was seen; rows another sweep holds are passed over. */
export async function reviveStep(
  db: Knex,
  seen: StepIdentity,
  overdueMs: number,
): Promise<PendingStep | undefined> {
  const [revived] = await rows<PendingStep>(
    db,
    `UPDATE steps SET status = 'pending', lease_until = NULL, turn = turn + 1, due_at = clock_timestamp()
     WHERE (run_id, step, part) IN (
       SELECT run_id, step, part FROM steps
       WHERE ${addressed} AND turn = :turn AND status IN ('pending', 'running')
         AND coalesce(lease_until, due_at) < clock_timestamp() - :overdueMs * interval '1 millisecond'
       FOR UPDATE SKIP LOCKED)
     RETURNING ${pendingColumns}`,
    { ...where(seen), turn: seen.turn, overdueMs },
  )
  return revived
}
