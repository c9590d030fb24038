/**
 * Database statements for overdue steps, whose time has passed without a task having come for them: read them
 * a batch at a time, and give one a new turn. Hides the order in which they are read, by time and, within the
 * same time, by name, and how a place in that order is named.
 */
import type { Knex } from 'knex'
import type { StepIdentity } from '../context.ts'
import { rows } from './connect.ts'
import { microsecondsOf, timeOf } from './page.ts'
import { isAtWork } from './runs.ts'
import { addressOf, isAddressed, pendingColumns, type PendingStep, type StepAddress } from './steps.ts'

/** A place in the order of overdue steps. */
export interface OverduePlace extends StepAddress {
  /** Microseconds since 1970. */
  readonly overdueSince: string
}

export type OverdueStep = PendingStep & OverduePlace

/** The places behind one, up to another and with it. */
export interface OverdueRange {
  readonly after?: OverduePlace
  readonly upTo?: OverduePlace
}

/** The time after which somebody should have come for the step. */
const waitsUntil = 'coalesce(lease_until, due_at)'
const isOverdue = `
  status IN ('pending', 'running')
  AND ${waitsUntil} < clock_timestamp() - :overdueMs * interval '1 millisecond'`
/** SQL: steps of live runs whose time passed `:overdueMs` ago. */
export const stepsOverdue = `
  FROM steps
  WHERE ${isOverdue}
    AND EXISTS (SELECT 1 FROM runs WHERE runs.id = steps.run_id AND ${isAtWork})`
const inOrder = `${waitsUntil}, run_id, step, part`
const overdueColumns = `${pendingColumns}, ${microsecondsOf(waitsUntil)} AS "overdueSince"`

/**
 * SQL: the row lies on this side of a place, or no place is given; with the bindings of `bind` under the same
 * name.
 */
const lies = (side: '>' | '<=', name: string): string => `
  (CAST(:${name}Time AS text) IS NULL OR (${inOrder}) ${side} (
    ${timeOf(`${name}Time`)},
    CAST(:${name}Run AS uuid),
    CAST(:${name}Step AS text),
    CAST(:${name}Part AS integer)
  ))`

const bind = (name: string, place: OverduePlace | undefined) => ({
  [`${name}Time`]: place?.overdueSince ?? null,
  [`${name}Run`]: place?.runId ?? null,
  [`${name}Step`]: place?.step ?? null,
  [`${name}Part`]: place?.part ?? null,
})

/**
 * Steps of live runs whose time passed `overdueMs` ago, in order; only those of the range when one is given.
 */
export async function overdueSteps(
  db: Knex,
  overdueMs: number,
  limit: number,
  { after, upTo }: OverdueRange = {},
): Promise<OverdueStep[]> {
  return await rows<OverdueStep>(
    db,
    `SELECT ${overdueColumns}
     ${stepsOverdue}
       AND ${lies('>', 'after')}
       AND ${lies('<=', 'upTo')}
     ORDER BY ${inOrder}
     LIMIT :limit`,
    { overdueMs, limit, ...bind('after', after), ...bind('upTo', upTo) },
  )
}

/**
 * One of the steps that `overdueSteps` would read, each as likely as another when `chance` is anything from 0
 * to below 1.
 */
export async function overdueStepByChance(
  db: Knex,
  overdueMs: number,
  chance: number,
): Promise<OverdueStep | undefined> {
  const [step] = await rows<OverdueStep>(
    db,
    `SELECT ${overdueColumns}
     ${stepsOverdue}
     ORDER BY ${inOrder}
     OFFSET (SELECT floor(count(*) * CAST(:chance AS double precision)) ${stepsOverdue})
     LIMIT 1`,
    { overdueMs, chance },
  )
  return step
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
