/** Steps whose time has passed without a task having come for them: reading them, and giving one a new turn. */
import type { Knex } from 'knex'
import type { StepIdentity } from '../context.ts'
import { rows } from './connect.ts'
import { isAtWork } from './runs.ts'
import { addressOf, isAddressed, pendingColumns, type PendingStep } from './steps.ts'

/** The time after which somebody should have come for the step. */
const waitsUntil = 'coalesce(lease_until, due_at)'
const isOverdue = `
  status IN ('pending', 'running')
  AND ${waitsUntil} < clock_timestamp() - :overdueMs * interval '1 millisecond'`
const isOverdueInLiveRun = `
  ${isOverdue}
  AND EXISTS (SELECT 1 FROM runs WHERE runs.id = steps.run_id AND ${isAtWork})`

/** Steps of live runs whose time passed `overdueMs` ago, the oldest first. */
export async function overdueSteps(db: Knex, overdueMs: number, limit: number): Promise<PendingStep[]> {
  return await rows<PendingStep>(
    db,
    `SELECT ${pendingColumns}
     FROM steps
     WHERE ${isOverdueInLiveRun}
     ORDER BY ${waitsUntil}
     LIMIT :limit`,
    { overdueMs, limit },
  )
}

/**
 * Gives an overdue step whose task is gone a new turn, if it is still as it was seen; rows another sweep
 * holds are passed over.
 */
export async function reviveStep(
  db: Knex,
  seen: StepIdentity,
  overdueMs: number,
): Promise<PendingStep | undefined> {
  const [revived] = await rows<PendingStep>(
    db,
    `UPDATE steps
     SET status = 'pending',
         lease_until = NULL,
         turn = turn + 1,
         due_at = clock_timestamp()
     WHERE (run_id, step, part) IN (
       SELECT run_id, step, part
       FROM steps
       WHERE ${isAddressed}
         AND turn = :turn
         AND ${isOverdue}
       FOR UPDATE SKIP LOCKED
     )
     RETURNING ${pendingColumns}`,
    { ...addressOf(seen), turn: seen.turn, overdueMs },
  )
  return revived
}
