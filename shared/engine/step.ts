/**
 * The life of a task: every step function has this shape and none of this code.
 * claim → load → close → work → open → record, complete and insert the successors in one fenced transaction → close → enqueue → answer.
 * Hides leases and heartbeats, reuse of earlier results, and which outcome the queue is told.
 */
import type { Knex } from 'knex'
import type { z } from 'zod'
import type { Scalars, StepIdentity, TaskPayload } from '../context.ts'
import { assertScalars } from '../context.ts'
import type { Config } from '../config.ts'
import { withDatabase } from '../db/connect.ts'
import { awaitReview, failRun, findRun, lockRun, updateRunProgress, type Warning } from '../db/runs.ts'
import {
  claimStep,
  deferStep,
  extendLease,
  findReusableOutput,
  insertSteps,
  markDone,
  markFailed,
  noteInputKey,
  parkStep,
  pendingSteps,
  releaseStep,
  type PendingStep,
} from '../db/steps.ts'
import { AwaitingReview, Busy, Deferred, Permanent, Stopped, classify } from '../errors.ts'
import { contentHash } from '../hash.ts'
import { log } from '../log.ts'
import { workName } from '../objects.ts'
import { insertFollowers, noteProgress, partRow, type Pipeline, type Stage } from './pipeline.ts'
import type { ObjectName, ObjectStore } from '../storage.ts'
import type { TaskQueue } from './tasks.ts'

/** What every invocation of one process shares. */
export interface Services {
  readonly config: Config
  readonly storage: ObjectStore
  readonly tasks: TaskQueue
  readonly pipeline: Pipeline
}

/** What a step's work may use; no database among it. */
export interface Tools {
  readonly config: Config
  readonly storage: ObjectStore
  /** Aborted when the run is cancelled or the step is lost to another attempt. */
  readonly signal: AbortSignal
  /** Names an object of this work: the same inputs always give the same name. */
  readonly workObject: (name: string) => ObjectName
  /** What that name is made of: stands for everything the result depends on. */
  readonly inputKey: string
  /** Says how far the work is, 0 to 1. */
  readonly progress: (share: number) => void
  readonly warn: (warning: Warning) => void
  /** When the run first tried this step: what waits for somebody else is bounded from here. */
  readonly since: Date
  /** A short block with a connection of its own, for the one step that must look again in the middle of its work. */
  readonly withDatabase: <T>(use: (db: Knex) => Promise<T>) => Promise<T>
}

/** Who the run belongs to, given to every step besides its own scalars. */
export interface Identity {
  readonly runId: string
  readonly userId: string
  /** Empty in a run of a mailbox. */
  readonly episodeId: string
  readonly part: number
}

export interface StepDefinition<C, I, O extends Scalars> {
  readonly name: string
  /** Raised when the same inputs give other bytes than before. */
  readonly version: number
  /** The scalars the step needs of its context. */
  readonly context: z.ZodType<C>
  /** A short read of what does not fit in scalars; plain values. */
  readonly load?: (db: Knex, context: C & Identity) => Promise<I>
  /** Everything the result depends on; absent for a step whose work is its effect. */
  readonly inputs?: (context: C & Identity, input: I) => unknown
  readonly work: (context: C & Identity, input: I, tools: Tools) => Promise<O>
  /** Domain rows, in the transaction that completes the step. */
  readonly record?: (trx: Knex, context: C & Identity, output: O) => Promise<void>
  /** The scalars every later step of the run is given. */
  readonly passOn?: (output: O, context: C & Identity) => Scalars
  /** One entry for each part, from the run's context; a single part when absent. */
  readonly parts?: (context: Scalars) => readonly Scalars[]
  /** More parts of the same step that only the first part's result makes possible, each with its own scalars. */
  readonly furtherParts?: (output: O, context: C & Identity) => readonly Scalars[]
}

/** A step whose own types are sealed in: what the pipeline and the handlers see. */
export interface Step {
  readonly name: string
  readonly parts?: (context: Scalars) => readonly Scalars[]
  /** Reads what a claimed attempt needs; the function returned does the work, when the connection is closed. */
  readonly open: (db: Knex, services: Services, attempt: Attempt) => Promise<() => Promise<Result>>
}

interface Attempt extends StepIdentity {
  readonly attempt: number
  readonly startedAt: Date
  readonly context: Scalars
}

interface Result {
  readonly output: Scalars
  readonly passOn: Scalars
  readonly inputKey: string | null
  readonly reused: boolean
  readonly warnings: readonly Warning[]
  readonly furtherParts: readonly Scalars[]
  readonly record: (trx: Knex) => Promise<void>
}

export interface Answer {
  readonly status: 200 | 409 | 500
  readonly outcome: string
}

/** Warnings travel in a step's output, so that a reused result repeats them. */
const warningsKey = 'warnings'

export function defineStep<C, I, O extends Scalars>(definition: StepDefinition<C, I, O>): Step {
  const { name, parts } = definition
  return {
    name,
    ...(parts ? { parts } : {}),
    open: (db, services, attempt) => openAttempt(definition, db, services, attempt),
  }
}

async function openAttempt<C, I, O extends Scalars>(
  step: StepDefinition<C, I, O>,
  db: Knex,
  services: Services,
  attempt: Attempt,
): Promise<() => Promise<Result>> {
  const run = await findRun(db, attempt.runId)
  if (!run) throw new Stopped('The run is gone.')
  const context = {
    ...parseContext(step, attempt.context),
    runId: run.id,
    userId: run.userId,
    episodeId: run.episodeId ?? '',
    part: attempt.part,
  }
  const input = (await step.load?.(db, context)) as I
  const inputKey = step.inputs ? hashInputs(step, step.inputs(context, input)) : null
  const earlier =
    inputKey === null ? undefined : await findReusableOutput(db, run.userId, step.name, inputKey)
  if (inputKey !== null) await noteInputKey(db, attempt, inputKey)
  const settle = (output: O, warnings: readonly Warning[]): Result => ({
    output: { ...output, [warningsKey]: JSON.stringify(warnings) },
    passOn: step.passOn?.(output, context) ?? {},
    inputKey,
    reused: earlier !== undefined,
    warnings,
    furtherParts: context.part === 0 ? (step.furtherParts?.(output, context) ?? []) : [],
    record: async (trx) => step.record?.(trx, context, output),
  })
  if (earlier) {
    const { [warningsKey]: warnings, ...output } = earlier
    return () => Promise.resolve(settle(output as O, JSON.parse(String(warnings ?? '[]')) as Warning[]))
  }
  return async () => {
    const warnings: Warning[] = []
    const resultKey = inputKey ?? run.id
    const workObject = (name: string) => ({
      bucket: services.config.buckets.work,
      name: workName(run.userId, resultKey, name),
    })
    const output = await withHeartbeat(services, attempt, (tools) =>
      step.work(context, input, {
        ...tools,
        workObject,
        inputKey: resultKey,
        warn: (warning) => warnings.push(warning),
      }),
    )
    return settle(output, warnings)
  }
}

function parseContext<C, I, O extends Scalars>(step: StepDefinition<C, I, O>, context: Scalars): C {
  const parsed = step.context.safeParse(context)
  if (!parsed.success)
    throw new Permanent(
      'bad_context',
      `The context of ${step.name} lacks what it needs: ${parsed.error.issues.map((issue) => `${issue.path.join('.')}: ${issue.message}`).join('; ')}`,
    )
  return parsed.data
}

const hashInputs = (step: { name: string; version: number }, inputs: unknown): string =>
  contentHash(JSON.stringify([step.name, step.version, inputs]))

/** Runs `work` under a lease that is extended while it lasts; its signal aborts when an extension finds the step lost or the run ended. */
async function withHeartbeat<T>(
  { config, storage, pipeline }: Services,
  attempt: Attempt,
  work: (tools: Omit<Tools, 'workObject' | 'inputKey' | 'warn'>) => Promise<T>,
): Promise<T> {
  const { leaseMs, heartbeatMs } = config.lease
  const controller = new AbortController()
  let share = 0
  const beat = async () => {
    try {
      const lost = await withDatabase(config.databaseUrl, async (db) => {
        if (!(await extendLease(db, attempt, leaseMs, share))) return await whyLost(db, attempt.runId)
        await noteProgress(db, pipeline, attempt.runId)
        return undefined
      })
      if (lost) controller.abort(lost)
    } catch (error) {
      log.warn({ ...identify(attempt), error: String(error) }, 'heartbeat missed')
    }
  }
  const timer = setInterval(() => void beat(), heartbeatMs)
  try {
    return await work({
      config,
      storage,
      signal: controller.signal,
      since: attempt.startedAt,
      progress: (done) => (share = Math.min(1, Math.max(share, done))),
      withDatabase: (use) => withDatabase(config.databaseUrl, use),
    })
  } catch (error) {
    throw controller.signal.aborted ? controller.signal.reason : error
  } finally {
    clearInterval(timer)
    controller.abort(new Stopped('The work is over.')) // whatever it left running ends with it
  }
}

/** A task must outlive an attempt that lost its step: whoever holds it now may yet need the queue to try again. */
async function whyLost(db: Knex, runId: string): Promise<Stopped | Busy> {
  const run = await findRun(db, runId)
  return run?.status === 'started'
    ? new Busy('Another attempt took the step over.')
    : new Stopped('The run ended before the step did.')
}

/** Handles one delivery of one task. Never throws: every outcome is an answer to the queue. */
export async function deliver(services: Services, stage: Stage, task: TaskPayload): Promise<Answer> {
  const startedAt = performance.now()
  const answer = await attemptDelivery(services, stage, task)
  log.info(
    { ...identify(task), ms: Math.round(performance.now() - startedAt), status: answer.status },
    answer.outcome,
  )
  return answer
}

async function attemptDelivery(services: Services, stage: Stage, task: TaskPayload): Promise<Answer> {
  if (task.step !== stage.step.name) return { status: 500, outcome: `misdirected to ${stage.step.name}` }
  const { databaseUrl, lease } = services.config
  let held: Attempt | undefined
  try {
    const claimed = await withDatabase(databaseUrl, async (db) => {
      const claim = await claimStep(db, task, lease)
      if (claim.outcome !== 'claimed') return { claim }
      held = { ...task, attempt: claim.attempt, startedAt: claim.startedAt }
      return { claim, held, perform: await stage.step.open(db, services, held) }
    })
    if (claimed.perform) {
      const result = await claimed.perform()
      await enqueue(services, await commit(services, claimed.held, result))
      return { status: 200, outcome: result.reused ? 'reused' : 'done' }
    }
    const { claim } = claimed
    switch (claim.outcome) {
      case 'done':
        await enqueueBehind(services, task)
        return { status: 200, outcome: 'done before' }
      case 'turned':
        await enqueueBehind(services, task, [task.step])
        return { status: 200, outcome: 'an old turn' }
      case 'busy':
        return { status: 409, outcome: 'busy' }
      case 'exhausted':
        await fail(
          services,
          task,
          new Permanent(
            'attempts_exhausted',
            `${task.step} was tried ${lease.maxAttempts} times. The last reason: ${claim.lastError ?? 'its process ended'}`,
          ),
        )
        return { status: 200, outcome: 'attempts exhausted' }
      case 'over':
      case 'unknown':
        return { status: 200, outcome: claim.outcome }
    }
  } catch (error) {
    return await settleError(services, task, held, error)
  }
}

/** Record, complete and insert the successors in one transaction, fenced by the attempt. */
async function commit(services: Services, attempt: Attempt, result: Result): Promise<PendingStep[]> {
  assertScalars(result.output)
  return await withDatabase(services.config.databaseUrl, (db) =>
    db.transaction(async (trx) => {
      const run = await lockRun(trx, attempt.runId)
      if (run?.status !== 'started') throw new Stopped('The run ended before the step did.')
      if (!(await markDone(trx, attempt, result))) throw new Busy('A later attempt holds the step.')
      await result.record(trx)
      const updated =
        (await updateRunProgress(trx, attempt.runId, {
          context: result.passOn,
          warnings: result.warnings,
        })) ?? run
      const further = result.furtherParts.map((own, i) => partRow(attempt.step, i + 1, updated.context, own))
      return [
        ...(await insertSteps(trx, attempt.runId, further)),
        ...(await insertFollowers(trx, services.pipeline, updated, attempt.step)),
      ]
    }),
  )
}

/** Creates the tasks of pending rows; ones already created stay single. */
export async function enqueue({ tasks, pipeline }: Services, steps: readonly PendingStep[]): Promise<void> {
  await tasks.enqueue(
    steps.map((step) => {
      const { queue, deadlineSeconds } = pipeline.stage(step.step)!
      const later = step.dueAt.getTime() > Date.now() + 1000
      return {
        runId: step.runId,
        step: step.step,
        part: step.part,
        turn: step.turn,
        context: step.context,
        queue,
        deadlineSeconds,
        ...(later ? { dueAt: step.dueAt } : {}),
      }
    }),
  )
}

/** Enqueues what a caller has started. The run is there, whatever the queue says: its caller must learn of it, and the sweep enqueues the rest. */
export async function offer(services: Services, runId: string, steps: readonly PendingStep[]): Promise<void> {
  await enqueue(services, steps).catch((error: unknown) =>
    log.error({ run: runId, error: String(error) }, 'started, and left to the sweep'),
  )
}

/** A redelivery heals what a crash between commit and enqueue lost: the steps that follow, and the parts that the first one brought. */
async function enqueueBehind(
  services: Services,
  task: TaskPayload,
  steps = [
    ...(task.part === 0 ? [task.step] : []),
    ...services.pipeline.following(task.step).map(({ step }) => step.name),
  ],
): Promise<void> {
  const pending = await withDatabase(services.config.databaseUrl, (db) => pendingSteps(db, task.runId, steps))
  await enqueue(services, pending)
}

/** The one place that turns an error into what the rows say and what the queue is told. */
async function settleError(
  services: Services,
  task: TaskPayload,
  held: Attempt | undefined,
  error: unknown,
): Promise<Answer> {
  const kind = classify(error)
  const { databaseUrl } = services.config
  try {
    if (kind instanceof Stopped) return { status: 200, outcome: 'stopped' }
    if (kind instanceof Busy) return { status: 409, outcome: 'busy' }
    if (kind instanceof Deferred && held) {
      const deferred = await withDatabase(databaseUrl, (db) => deferStep(db, held, kind.dueAt, kind.message))
      if (deferred) await enqueue(services, [deferred])
      return { status: 200, outcome: 'deferred' }
    }
    if (kind instanceof AwaitingReview && held) {
      await park(services, held)
      return { status: 200, outcome: 'awaiting review' }
    }
    if (kind instanceof Permanent) {
      await fail(services, held ?? task, kind)
      return { status: 200, outcome: 'failed' }
    }
    log.error(
      { ...identify(task), error: error instanceof Error ? error.stack : String(error) },
      'attempt failed',
    )
    if (held) await withDatabase(databaseUrl, (db) => releaseStep(db, held, kind.message))
    return { status: 500, outcome: 'to be retried' }
  } catch (secondError) {
    log.error({ ...identify(task), error: String(secondError) }, 'the outcome could not be recorded')
    return { status: 500, outcome: 'to be retried' }
  }
}

/** Ends the run with a code and message, unless a later attempt holds the step or the run has ended. */
export async function fail(
  services: Services,
  step: StepIdentity & { attempt?: number },
  error: Permanent,
): Promise<void> {
  log.warn({ ...identify(step), code: error.code, error: error.message }, 'failed')
  await withDatabase(services.config.databaseUrl, (db) =>
    db.transaction(async (trx) => {
      if ((await lockRun(trx, step.runId))?.status !== 'started') return
      if (!(await markFailed(trx, step, error.message))) return
      await failRun(trx, step.runId, error.code, error.message)
    }),
  )
}

/** The step is put back and its run waits; no task is left that could move it. */
async function park(services: Services, held: Attempt): Promise<void> {
  await withDatabase(services.config.databaseUrl, (db) =>
    db.transaction(async (trx) => {
      if ((await lockRun(trx, held.runId))?.status !== 'started') return
      if (await parkStep(trx, held)) await awaitReview(trx, held.runId)
    }),
  )
}

const identify = ({ runId, step, part, turn }: StepIdentity) => ({ run: runId, step, part, turn })
