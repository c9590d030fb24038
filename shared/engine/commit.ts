/**
 * Completes an attempt: what it made, what the product keeps of it, and the rows of the steps that follow, in one
 * transaction.
 */
import type { Knex } from 'knex'
import { assertScalars } from '../context.ts'
import { finishRun, updateRunProgress } from '../db/run-changes.ts'
import { finishStep } from '../db/step-attempts.ts'
import { insertSteps, type PendingStep } from '../db/steps.ts'
import { Busy, Stopped } from '../errors.ts'
import type { Attempt, Result } from './attempt.ts'
import { insertFollowers, partRow } from './pipeline.ts'
import type { Services } from './services.ts'

export interface Committed {
  /** The rows that may start now. */
  readonly pending: readonly PendingStep[]
  /** Somebody waits to be told of the run. */
  readonly hasNews: boolean
}

/**
 * Fenced by the attempt. Throws Stopped when the run has ended, Busy when a later attempt holds the step.
 */
export async function commit(
  db: Knex,
  services: Services,
  attempt: Attempt,
  result: Result,
): Promise<Committed> {
  assertScalars(result.output)
  return await db.transaction(async (trx) => {
    const finished = await finishStep(trx, attempt, result)
    if (!finished?.isStarted) throw new Stopped('The run ended before the step did.')
    if (!finished.isDone) throw new Busy('A later attempt holds the step.')
    await result.record(trx)
    const { passOn, furtherParts, warnings } = result
    const run = { id: attempt.runId, context: { ...finished.context, ...passOn } }
    const further = furtherParts.map((own, i) => partRow(attempt.step, i + 1, run.context, own))
    const parts = await insertSteps(trx, run.id, further)
    const { inserted, isFinished, share } = await insertFollowers(trx, services.pipeline, run, attempt.step)
    const { hasNews } = (await updateRunProgress(trx, run.id, { context: passOn, warnings, share }))!
    if (isFinished) await finishRun(trx, run.id)
    return { pending: [...parts, ...inserted], hasNews }
  })
}
