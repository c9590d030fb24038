/**
 * The steps table: a row for each part of each step of a run. Each row has a task in the queue that calls for
 * its work; its `turn` says which task is the right one, so a row that is given a new turn has a new task,
 * and the earlier ones come to nothing. What one attempt at the work does to its row is in step-attempts.ts;
 * rows whose task is late are in overdue-steps.ts.
 */
import type { Knex } from 'knex'
import type { Scalars, StepIdentity } from '../context.ts'
import { rows } from './connect.ts'
import { isAtWork, isOfNamedEpisode } from './runs.ts'

export type StepStatus = 'pending' | 'running' | 'done' | 'failed'

/** Names a step's row, whatever its turn. */
export type StepAddress = Omit<StepIdentity, 'turn'>

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

export const pendingColumns = 'run_id AS "runId", step, part, turn, context, due_at AS "dueAt"'
/** SQL: it is the row of `addressOf`. */
export const isAddressed = 'run_id = :runId AND step = :step AND part = :part'
/** SQL: the run of `addressOf` is started. */
export const itsRunIsStarted = `EXISTS (SELECT 1 FROM runs WHERE id = :runId AND status = 'started')`

/** SQL: when a lease ends that begins now. */
export const newLease = `clock_timestamp() + :leaseMs * interval '1 millisecond'`

export const addressOf = ({ runId, step, part }: StepAddress): StepAddress => ({ runId, step, part })

/** Inserts rows that are not there yet, and returns those. */
export async function insertSteps(
  trx: Knex,
  runId: string,
  steps: readonly NewStep[],
): Promise<PendingStep[]> {
  if (steps.length === 0) return []
  return await rows<PendingStep>(
    trx,
    `INSERT INTO steps (run_id, step, part, context)
     SELECT CAST(:runId AS uuid), new.step, new.part, new.context
     FROM jsonb_to_recordset(CAST(:steps AS jsonb)) AS new (step text, part integer, context jsonb)
     ON CONFLICT DO NOTHING
     RETURNING ${pendingColumns}`,
    { runId, steps: JSON.stringify(steps) },
  )
}

/**
 * Unfinished rows among the named steps of a live run: those that wait for their task, and those that were claimed without
 * one by a process that may have ended since.
 */
export async function unfinishedSteps(
  db: Knex,
  runId: string,
  steps: readonly string[],
): Promise<PendingStep[]> {
  return await rows<PendingStep>(
    db,
    `SELECT ${pendingColumns}
     FROM steps
     WHERE run_id = :runId
       AND status IN ('pending', 'running')
       AND step = ANY(:steps)
       AND EXISTS (SELECT 1 FROM runs WHERE id = :runId AND ${isAtWork})
     ORDER BY step, part`,
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
    `SELECT ${pendingColumns}
     FROM steps
     WHERE status = 'pending'
       AND step = :step
       AND run_id IN (
         SELECT id
         FROM runs
         WHERE ${isOfNamedEpisode}
           AND ${isAtWork}
       )`,
    { userId, podcast, episode, step },
  )
}

/** Rows still waiting for their task in the live run of a mailbox. */
export async function pendingOfMailbox(db: Knex, userId: string, mailbox: string): Promise<PendingStep[]> {
  return await rows<PendingStep>(
    db,
    `SELECT ${pendingColumns}
     FROM steps
     WHERE status = 'pending'
       AND run_id IN (
         SELECT id
         FROM runs
         WHERE user_id = :userId
           AND mailbox = :mailbox
           AND ${isAtWork}
       )`,
    { userId, mailbox },
  )
}

/** Gives the steps that a run left waiting for its producer a new turn and further scalars; their time begins anew. */
export async function resumeSteps(trx: Knex, runId: string, context: Scalars): Promise<PendingStep[]> {
  return await rows<PendingStep>(
    trx,
    `UPDATE steps
     SET turn = turn + 1,
         due_at = clock_timestamp(),
         started_at = NULL,
         context = context || CAST(:context AS jsonb)
     WHERE run_id = :runId
       AND status = 'pending'
     RETURNING ${pendingColumns}`,
    { runId, context: JSON.stringify(context) },
  )
}

/** Makes a step that is put off due at once, under a new turn. Undefined when it is not waiting. */
export async function wakeStep(trx: Knex, step: StepAddress): Promise<PendingStep | undefined> {
  const [woken] = await rows<PendingStep>(
    trx,
    `UPDATE steps
     SET turn = turn + 1,
         due_at = clock_timestamp()
     WHERE ${isAddressed}
       AND status = 'pending'
       AND due_at > clock_timestamp()
       AND ${itsRunIsStarted}
     RETURNING ${pendingColumns}`,
    { ...addressOf(step) },
  )
  return woken
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
    `SELECT step,
            count(*)::int AS parts,
            (count(*) FILTER (WHERE status <> 'done'))::int AS unfinished,
            avg(progress)::float8 AS progress
     FROM steps
     WHERE run_id = :runId
     GROUP BY step`,
    { runId },
  )
}

/** The finished parts' outputs of one step, in the order of their parts. */
export async function outputsOf(db: Knex, runId: string, ...steps: readonly string[]): Promise<StepOutput[]> {
  return await rows<StepOutput>(
    db,
    `SELECT part, output
     FROM steps
     WHERE run_id = :runId
       AND step = ANY(:steps)
       AND status = 'done'
     ORDER BY part`,
    { runId, steps: [...steps] },
  )
}

/** SQL: the newest output of a finished step of the same user with the same inputs, unless its objects are about to go. */
export const reusableOutput = `
  SELECT s.output
  FROM steps s
  JOIN runs r ON r.id = s.run_id
  WHERE s.step = :step
    AND s.input_key = :inputKey
    AND s.status = 'done'
    AND r.user_id = :userId
    AND NOT EXISTS (SELECT 1 FROM purges p WHERE p.run_id = r.id)
  ORDER BY s.finished_at DESC
  LIMIT 1`

/** Whether an earlier run of the same episode has finished this step with a result that can be taken over. */
export async function hasEarlierResults(db: Knex, { runId, step }: StepAddress): Promise<boolean> {
  const found = await rows(
    db,
    `SELECT 1
     FROM runs r
     JOIN runs earlier ON earlier.episode_id = r.episode_id AND earlier.id <> r.id
     JOIN steps s ON s.run_id = earlier.id
     WHERE r.id = :runId
       AND s.step = :step
       AND s.status = 'done'
       AND s.input_key IS NOT NULL
     LIMIT 1`,
    { runId, step },
  )
  return found.length > 0
}
