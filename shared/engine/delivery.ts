/**
 * Handles one delivery of one task, from claim to answer: claim → load → close → work → open → record,
 * complete and insert the successors in one fenced transaction → close → take over what is there already → enqueue → answer; a light step, and one
 * whose result is there already, keep the connection between. Hides which outcome is written to the rows and told
 * to the queue.
 */
import type { StepIdentity, TaskPayload } from '../context.ts'
import { claimStep, type Claim } from '../db/claims.ts'
import { openSession, withDatabase, type Session } from '../db/connect.ts'
import { awaitReview, failRun } from '../db/run-changes.ts'
import { lockRun } from '../db/runs.ts'
import { deferStep, markFailed, releaseStep, suspendStep } from '../db/step-attempts.ts'
import { runHasNews } from '../db/webhooks.ts'
import { unfinishedSteps } from '../db/steps.ts'
import {
  AwaitingReview,
  Busy,
  Deferred,
  Missing,
  Passing,
  Permanent,
  Retryable,
  Stopped,
  classify,
  type Kind,
} from '../errors.ts'
import { log } from '../log.ts'
import { fileOf } from '../objects.ts'
import { askFor } from './ask-for.ts'
import { openAttempt, type Attempt, type Opened, type Result } from './attempt.ts'
import { commit } from './commit.ts'
import { enqueue } from './enqueue.ts'
import type { Stage } from './pipeline.ts'
import type { Services } from './services.ts'
import { takeOver } from './take-over.ts'

/** The HTTP answer to the queue: 200 ends the task, anything else makes it be delivered again. */
export interface TaskAnswer {
  readonly status: 200 | 409 | 500
  readonly outcome: string
}

/** Handles one delivery. Never throws: every outcome is an answer to the queue. */
export async function deliver(services: Services, stage: Stage, task: TaskPayload): Promise<TaskAnswer> {
  const startedAt = performance.now()
  const answer = await attemptDelivery(services, stage, task)
  const ms = Math.round(performance.now() - startedAt)
  log.info({ ...identify(task), ms, status: answer.status }, answer.outcome)
  return answer
}

async function attemptDelivery(services: Services, stage: Stage, task: TaskPayload): Promise<TaskAnswer> {
  if (task.step !== stage.step.name) return { status: 500, outcome: `misdirected to ${stage.step.name}` }
  const { databaseUrl, lease } = services.config
  const session = openSession(databaseUrl)
  let held: Attempt | undefined
  try {
    const claimed = await session.use(async (db) => {
      const claim = await claimStep(db, task, lease)
      if (claim.outcome !== 'claimed') return claim
      const { outcome, ...own } = claim
      const attempt: Attempt = { ...task, ...own }
      held = attempt // from here on an error gives the step back
      return {
        outcome,
        attempt,
        opened: await openAttempt(db, services, stage.step, attempt),
      }
    })
    if (claimed.outcome !== 'claimed') {
      await session.release()
      return await answerUnclaimed(services, task, claimed)
    }
    const result = await resultOf(claimed.opened, stage, session, databaseUrl)
    const committed = await session.use((db) => commit(db, services, { attempt: claimed.attempt, result }))
    await session.release()
    const { pending, hasNews } = claimed.attempt.isAgain ? await takeOver(services, committed) : committed
    await enqueue(services, pending)
    if (hasNews) await askFor('notify', `${task.runId}/${task.step}`, services)
    return { status: 200, outcome: result.reused ? 'reused' : 'done' }
  } catch (error) {
    await session.release()
    return await answerError(services, task, held, error)
  }
}

/** A light step keeps the connection for the moment it takes; any other has none while it works. */
async function resultOf(
  opened: Opened,
  { keepsConnection = false }: Stage,
  session: Session,
  databaseUrl: string,
): Promise<Result> {
  if ('reused' in opened) return opened.reused
  if (keepsConnection) return await opened.perform(session.use)
  await session.release()
  return await opened.perform((use) => withDatabase(databaseUrl, use))
}

/**
 * Answers a delivery that has nothing to work on; tasks that a lost process did not create are created all
 * the same.
 */
async function answerUnclaimed(
  services: Services,
  task: TaskPayload,
  claim: Exclude<Claim, { outcome: 'claimed' }>,
): Promise<TaskAnswer> {
  switch (claim.outcome) {
    case 'done':
      await enqueueBehind(services, task)
      return { status: 200, outcome: 'done before' }
    case 'turned':
      await enqueueUnfinished(services, task.runId, [task.step])
      return { status: 200, outcome: 'an old turn' }
    case 'busy':
      return { status: 409, outcome: 'busy' }
    case 'exhausted':
      await fail(services, task, exhausted(task, claim.attempts, claim.lastError ?? 'its process ended'))
      return { status: 200, outcome: 'attempts exhausted' }
    case 'over':
    case 'unknown':
      return { status: 200, outcome: claim.outcome }
  }
}

/**
 * Creates the tasks of what follows a finished step: the steps after it, and the parts that its first part
 * asked for. So a redelivery repairs a crash between commit and enqueue, or in the middle of taking over.
 */
async function enqueueBehind(services: Services, { runId, step, part }: TaskPayload): Promise<void> {
  const following = services.pipeline.following(step).map((stage) => stage.step.name)
  await enqueueUnfinished(services, runId, part === 0 ? [step, ...following] : following)
}

async function enqueueUnfinished(services: Services, runId: string, steps: readonly string[]): Promise<void> {
  const unfinished = await withDatabase(services.config.databaseUrl, (db) =>
    unfinishedSteps(db, runId, steps),
  )
  await enqueue(services, unfinished)
}

/** The attempt has lost its step: whoever holds it now may need the task again; where the run has ended, it ends next time. */
const overtaken: TaskAnswer = { status: 409, outcome: 'busy' }

/** Turns an error into changes of the rows and an answer to the queue; the only place that does. */
async function answerError(
  services: Services,
  task: TaskPayload,
  held: Attempt | undefined,
  error: unknown,
): Promise<TaskAnswer> {
  const kind = lastChance(explained(classify(error), services), held, services)
  const { databaseUrl } = services.config
  try {
    if (kind instanceof Stopped) return { status: 200, outcome: 'stopped' }
    if (kind instanceof Busy) return { status: 409, outcome: 'busy' }
    if (kind instanceof Deferred && held) {
      const deferred = await withDatabase(databaseUrl, (db) => deferStep(db, held, kind.dueAt, kind.message))
      if (!deferred) return overtaken
      await enqueue(services, [deferred])
      return { status: 200, outcome: 'deferred' }
    }
    if (kind instanceof AwaitingReview && held)
      return (await suspend(services, held)) ? { status: 200, outcome: 'awaiting review' } : overtaken
    if (kind instanceof Permanent)
      return (await fail(services, held ?? task, kind)) ? { status: 200, outcome: 'failed' } : overtaken
    log.error({ ...identify(task), error: textOf(error) }, 'attempt failed')
    if (held) await withDatabase(databaseUrl, (db) => releaseStep(db, held, kind.message))
    return { status: 500, outcome: 'to be retried' }
  } catch (secondError) {
    log.error({ ...identify(task), error: String(secondError) }, 'the outcome could not be recorded')
    return { status: 500, outcome: 'to be retried' }
  }
}

/**
 * An error of the work's own, in the last of its attempts, ends the run. What passes does not, however often: the claim
 * gives such a step up when its time is over too.
 */
function lastChance(kind: Kind, held: Attempt | undefined, { config: { lease } }: Services): Kind {
  const isOwn = kind instanceof Retryable && !(kind instanceof Passing)
  if (!held || !isOwn || held.attempt < lease.maxAttempts) return kind
  return exhausted(held, held.attempt, kind.message, kind)
}

const exhausted = ({ step }: StepIdentity, times: number, reason: string, cause?: unknown): Permanent =>
  new Permanent('attempts_exhausted', `${step} was tried ${times} times. The last reason: ${reason}`, {
    cause,
  })

/** An object that is not there says more by its bucket: the producer's, or Spool's own. */
function explained(kind: Kind, { config: { buckets } }: Services): Kind {
  if (!(kind instanceof Missing)) return kind
  const { bucket, name } = kind.object
  const options = { cause: kind }
  if (bucket === buckets.uploads)
    return new Permanent(
      'upload_replaced',
      `${fileOf(name)} was replaced or deleted while it was being worked on. Upload it again.`,
      options,
    )
  return new Permanent(
    'result_lost',
    `${name} was made and is no longer in its bucket. Start the episode again: what is missing is made anew.`,
    options,
  )
}

/** Ends the run with a code and message. False when a later attempt holds the step, or the run has ended. */
export async function fail(
  services: Services,
  step: StepIdentity & { attempt?: number },
  error: Permanent,
): Promise<boolean> {
  log.warn({ ...identify(step), code: error.code, error: error.message }, 'failed')
  const failed = await withDatabase(services.config.databaseUrl, (db) =>
    db.transaction(async (trx) => {
      if ((await lockRun(trx, step.runId))?.status !== 'started') return undefined
      if (!(await markFailed(trx, step, error.message))) return undefined
      await failRun(trx, step.runId, error.code, error.message)
      return { hasNews: await runHasNews(trx, step.runId) }
    }),
  )
  if (failed?.hasNews) await askFor('notify', `${step.runId}/failed`, services)
  return failed !== undefined
}

/**
 * Suspends a run until its producer decides: the step is put back, and no task is left that could start it. False when a
 * later attempt holds the step, or the run has ended.
 */
async function suspend(services: Services, held: Attempt): Promise<boolean> {
  const suspended = await withDatabase(services.config.databaseUrl, (db) =>
    db.transaction(async (trx) => {
      if ((await lockRun(trx, held.runId))?.status !== 'started') return undefined
      if (!(await suspendStep(trx, held))) return undefined
      await awaitReview(trx, held.runId)
      return { hasNews: await runHasNews(trx, held.runId) }
    }),
  )
  if (suspended?.hasNews) await askFor('notify', `${held.runId}/${held.turn}/waits`, services)
  return suspended !== undefined
}

const textOf = (error: unknown): string | undefined => (error instanceof Error ? error.stack : String(error))
const identify = ({ runId, step, part, turn }: StepIdentity) => ({ run: runId, step, part, turn })
