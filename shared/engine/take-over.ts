/**
 * Takes over what an earlier run of the same episode made, before the queue is asked for anything: an episode that is
 * made again after a small edit has tasks only for what has changed. Hides that this is a convenience: a step whose
 * code is in another function's bundle, and whatever goes wrong here, is left to its own task.
 */
import type { Knex } from 'knex'
import { claimWaitingParts } from '../db/claims.ts'
import { openSession, type Session } from '../db/connect.ts'
import { returnStep } from '../db/step-attempts.ts'
import { hasEarlierResults, type PendingStep } from '../db/steps.ts'
import { log } from '../log.ts'
import { earlierResult, readAttempt, type Attempt, type ReadAttempt } from './attempt.ts'
import { commitParts, type Committed, type Done } from './commit.ts'
import type { Services } from './services.ts'
import type { Step } from './step.ts'

/** How long a delivery puts its answer off for this; what is left then has tasks. */
const longestMs = 5_000

/** Takes over whatever can be of the pending rows, and of what follows them. `pending` are the rows that need a task. */
export async function takeOver(services: Services, committed: Committed): Promise<Committed> {
  const session = openSession(services.config.databaseUrl)
  try {
    return await takeOverAll({ services, session, until: performance.now() + longestMs }, committed)
  } finally {
    await session.release()
  }
}

interface Taking {
  readonly services: Services
  readonly session: Session
  /** By `performance.now()`. */
  readonly until: number
}

async function takeOverAll(taking: Taking, committed: Committed): Promise<Committed> {
  const pending: PendingStep[] = []
  let { hasNews } = committed
  for (const parts of Map.groupBy(committed.pending, ({ step }) => step).values()) {
    const taken = await takeOverParts(taking, parts)
    const behind = await takeOverAll(taking, taken)
    pending.push(...taken.left, ...behind.pending)
    hasNews ||= behind.hasNews
  }
  return { pending, hasNews }
}

interface TakenOver extends Committed {
  /** The parts that have to be made. */
  readonly left: readonly PendingStep[]
}

/** Parts of one step. */
async function takeOverParts(
  { services, session, until }: Taking,
  parts: readonly PendingStep[],
): Promise<TakenOver> {
  const { step } = services.pipeline.stage(parts[0]!.step)!
  const nothing = { left: parts, pending: [], hasNews: false }
  if (!step.isHere || performance.now() >= until) return nothing
  const taken = await orTheirTasks(parts, () =>
    session.use(async (db) =>
      (await hasEarlierResults(db, parts[0]!))
        ? await takeOverTogether(db, services, step, parts, until)
        : undefined,
    ),
  )
  return taken ?? nothing
}

/** Undefined when it fails: parts that were claimed meanwhile are busy until their leases end, and then their tasks claim them. */
async function orTheirTasks(
  [first]: readonly PendingStep[],
  take: () => Promise<TakenOver | undefined>,
): Promise<TakenOver | undefined> {
  try {
    return await take()
  } catch (error) {
    log.warn({ run: first!.runId, step: first!.step, error: String(error) }, 'left to their tasks')
    return undefined
  }
}

/** So many parts are claimed at once: their leases outlast the look at each of them. */
const atOnce = 100

async function takeOverTogether(
  db: Knex,
  services: Services,
  step: Step,
  parts: readonly PendingStep[],
  until: number,
): Promise<TakenOver> {
  const left: PendingStep[] = []
  const pending: PendingStep[] = []
  let hasNews = false
  for (let at = 0; at < parts.length; at += atOnce) {
    const some = parts.slice(at, at + atOnce)
    const isInTime = performance.now() < until
    const taken = isInTime
      ? await orTheirTasks(some, () => takeOverSome(db, services, step, some))
      : undefined
    left.push(...(taken?.left ?? some))
    pending.push(...(taken?.pending ?? []))
    hasNews ||= taken?.hasNews ?? false
  }
  return { left, pending, hasNews }
}

/** What cannot be taken over is given back. */
async function takeOverSome(
  db: Knex,
  services: Services,
  step: Step,
  parts: readonly PendingStep[],
): Promise<TakenOver> {
  const { runId } = parts[0]!
  const claims = await claimWaitingParts(db, runId, step.name, parts, services.config.lease.leaseMs)
  const claimOf = new Map(claims.map((claim) => [claim.part, claim]))
  const attempts = parts.flatMap((part) => {
    const claim = claimOf.get(part.part)
    return claim ? [{ ...part, ...claim }] : []
  })
  const done = await earlierResults(db, services, step, attempts)
  const committed = await commitAll(db, services, done)
  const isDone = new Set(committed ? done.map(({ attempt }) => attempt.part) : [])
  for (const attempt of attempts) if (!isDone.has(attempt.part)) await returnStep(db, attempt)
  return {
    left: parts.filter(({ part }) => !isDone.has(part)),
    pending: committed?.pending ?? [],
    hasNews: committed?.hasNews ?? false,
  }
}

/** Of the attempts whose results are there. */
async function earlierResults(
  db: Knex,
  services: Services,
  step: Step,
  attempts: readonly Attempt[],
): Promise<Done[]> {
  const read: { attempt: Attempt; read: ReadAttempt }[] = []
  for (const attempt of attempts)
    try {
      read.push({ attempt, read: await readAttempt(db, step, attempt) })
    } catch (error) {
      leave(attempt, error)
    }
  const found = await Promise.all(
    read.map(async ({ attempt, read }) => ({
      attempt,
      result: await earlierResult(services, read).catch((error: unknown) => leave(attempt, error)),
    })),
  )
  return found.flatMap(({ attempt, result }) => (result ? [{ attempt, result }] : []))
}

async function commitAll(
  db: Knex,
  services: Services,
  done: readonly Done[],
): Promise<Committed | undefined> {
  if (done.length === 0) return undefined
  try {
    return await commitParts(db, services, done)
  } catch (error) {
    leave(done[0]!.attempt, error)
    return undefined
  }
}

function leave({ runId, step, part }: Attempt, error: unknown): undefined {
  log.info({ run: runId, step, part, error: String(error) }, 'left to its task')
}
