/**
 * Completes an attempt: what it made, what the product keeps of it, and the rows of the steps that follow, in one
 * transaction.
 */
import type { Knex } from 'knex'
import { assertScalars, type Scalars } from '../context.ts'
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

/** What came of an attempt. */
export interface Done {
  readonly attempt: Attempt
  readonly result: Result
}

/**
 * Fenced by the attempt. Throws Stopped when the run has ended, Busy when a later attempt holds the step.
 */
export const commit = (db: Knex, services: Services, done: Done): Promise<Committed> =>
  commitParts(db, services, [done])

/** The same for several parts of one step of a run: all of them, or none. */
export async function commitParts(db: Knex, services: Services, parts: readonly Done[]): Promise<Committed> {
  for (const { result } of parts) assertScalars(result.output)
  const { runId, step } = parts[0]!.attempt
  const passOn = Object.assign({}, ...parts.map(({ result }) => result.passOn)) as Scalars
  const warnings = parts.flatMap(({ result }) => result.warnings)
  return await db.transaction(async (trx) => {
    let context: Scalars = {}
    for (const { attempt, result } of parts) {
      const finished = await finishStep(trx, attempt, result)
      if (!finished?.isStarted) throw new Stopped('The run ended before the step did.')
      if (!finished.isDone) throw new Busy('A later attempt holds the step.')
      await result.record(trx)
      context = { ...finished.context, ...passOn }
    }
    const further = parts
      .flatMap(({ result }) => result.furtherParts)
      .map((own, i) => partRow(step, i + 1, context, own))
    const inserted = await insertSteps(trx, runId, further)
    const followers = await insertFollowers(trx, services.pipeline, { id: runId, context }, step)
    const { share } = followers
    const { hasNews } = (await updateRunProgress(trx, runId, { context: passOn, warnings, share }))!
    if (followers.isFinished) await finishRun(trx, runId)
    return { pending: [...inserted, ...followers.inserted], hasNews }
  })
}
