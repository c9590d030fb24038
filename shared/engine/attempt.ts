/**
 * Runs one attempt at a step: reuses an earlier result for the same input, else does the work under a lease
 * that heartbeats extend. Hides reuse, heartbeats, and how the work learns that it lost its step or that its
 * run ended.
 */
import type { Knex } from 'knex'
import type { Scalars, StepIdentity } from '../context.ts'
import type { Claimed } from '../db/claims.ts'
import { withDatabase } from '../db/connect.ts'
import { findRun } from '../db/runs.ts'
import type { Warning } from '../codes.ts'
import { extendLease, holdsStep, noteInputKey } from '../db/step-attempts.ts'
import { Busy, Stopped } from '../errors.ts'
import { log } from '../log.ts'
import { workName } from '../objects.ts'
import { noteProgress } from './pipeline.ts'
import type { Services } from './services.ts'
import type { Effects, OpenedStep, Step, Tools } from './step.ts'

/** Its number fences it off from earlier and later attempts. */
export interface Attempt extends StepIdentity, Claimed {
  readonly context: Scalars
}

export interface Result extends Effects {
  readonly output: Scalars
  readonly inputKey: string | null
  readonly reused: boolean
  readonly warnings: readonly Warning[]
}

/** Warnings travel in a step's output, so that a reused result repeats them. */
const warningsKey = 'warnings'

/** An attempt that is ready: its result from before, or the work to be done, for which no connection is needed. */
export type Opened =
  { readonly reused: Result } | { readonly perform: (database: UseDatabase) => Promise<Result> }

type UseDatabase = Tools['withDatabase']

/** Reads what a claimed attempt needs. */
export async function openAttempt(
  db: Knex,
  services: Services,
  step: Step,
  attempt: Attempt,
): Promise<Opened> {
  const read = await readAttempt(db, step, attempt)
  const reused = await earlierResult(services, read)
  return reused
    ? { reused }
    : { perform: (useDatabase) => perform(services, read.opened, attempt, useDatabase) }
}

/** A step that has all it needs, and what an earlier one made of the same, if that is still there. */
export interface ReadAttempt {
  readonly opened: OpenedStep
  readonly earlier: Scalars | undefined
}

/** The part of it for which a connection is needed. */
export async function readAttempt(db: Knex, step: Step, attempt: Attempt): Promise<ReadAttempt> {
  const { runId, userId, episodeId, part } = attempt
  const identity = { runId, userId, episodeId: episodeId ?? '', part }
  const opened = await step.open(db, identity, attempt.context)
  const { inputKey } = opened
  return { opened, earlier: inputKey === null ? undefined : await noteInputKey(db, attempt, inputKey) }
}

/** The result to be taken over; undefined where there is none, or not all of it. */
export async function earlierResult(
  services: Services,
  { opened, earlier }: ReadAttempt,
): Promise<Result | undefined> {
  return earlier && (await isWhole(services, opened, earlier)) ? reuse(opened, earlier) : undefined
}

/** A result of which an object has been lost is made again, under the same name. */
async function isWhole({ storage, config }: Services, opened: OpenedStep, output: Scalars): Promise<boolean> {
  const objects = opened.objectsOf(output)
  const found = await Promise.all(
    objects.map(({ bucket, name }) => storage.stat({ bucket: config.buckets[bucket], name })),
  )
  const lost = objects.filter((_, i) => !found[i]).map(({ name }) => name)
  if (lost.length > 0) log.warn({ lost }, 'a result has been lost and is made again')
  return lost.length === 0
}

function reuse(opened: OpenedStep, { [warningsKey]: kept, ...output }: Scalars): Result {
  const warnings = JSON.parse(String(kept ?? '[]')) as Warning[]
  return resultOf(opened, output, warnings, true)
}

async function perform(
  services: Services,
  opened: OpenedStep,
  attempt: Attempt,
  useDatabase: UseDatabase,
): Promise<Result> {
  const warnings: Warning[] = []
  const inputKey = opened.inputKey ?? attempt.runId
  const bucket = services.config.buckets.work
  const output = await withHeartbeat(services, attempt, (tools) =>
    opened.work({
      ...tools,
      withDatabase: useDatabase,
      stillHolds: (trx) => holdsStep(trx, attempt),
      inputKey,
      workObject: (name) => ({ bucket, name: workName(attempt.userId, inputKey, name) }),
      warn: (warning) => warnings.push(warning),
    }),
  )
  return resultOf(opened, output, warnings, false)
}

const resultOf = (
  opened: OpenedStep,
  output: Scalars,
  warnings: readonly Warning[],
  reused: boolean,
): Result => ({
  ...opened.effectsOf(output),
  output: { ...output, [warningsKey]: JSON.stringify(warnings) },
  inputKey: opened.inputKey,
  reused,
  warnings,
})

/**
 * Runs `work` under a lease that is extended while it lasts; its signal aborts when an extension finds the
 * step lost or the run ended.
 */
async function withHeartbeat<T>(
  { config, storage, pipeline }: Services,
  attempt: Attempt,
  work: (
    tools: Omit<Tools, 'workObject' | 'inputKey' | 'warn' | 'withDatabase' | 'stillHolds'>,
  ) => Promise<T>,
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
      const { runId: run, step, part, turn } = attempt
      log.warn({ run, step, part, turn, error: String(error) }, 'heartbeat missed')
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
    })
  } catch (error) {
    throw controller.signal.aborted ? controller.signal.reason : error
  } finally {
    clearInterval(timer)
    controller.abort(new Stopped('The work is over.')) // what the work left running is aborted
  }
}

/**
 * A task must outlive an attempt that lost its step: whoever holds it now may yet need the queue to try
 * again.
 */
async function whyLost(db: Knex, runId: string): Promise<Stopped | Busy> {
  const run = await findRun(db, runId)
  return run?.status === 'started'
    ? new Busy('Another attempt took the step over.')
    : new Stopped('The run ended before the step did.')
}
