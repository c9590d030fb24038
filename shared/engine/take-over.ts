/**
 * Takes over what an earlier run of the same episode made, before the queue is asked for anything: an episode that is
 * made again after a small edit has tasks only for what has changed. Hides that this is a convenience: a step whose
 * code is in another function's bundle, and whatever goes wrong here, is left to its own task.
 */
import type { Knex } from 'knex'
import { openSession } from '../db/connect.ts'
import { claimStep, returnStep } from '../db/step-attempts.ts'
import { hasEarlierResults, type PendingStep } from '../db/steps.ts'
import { log } from '../log.ts'
import { openAttempt } from './attempt.ts'
import { commit, type Committed } from './commit.ts'
import type { Services } from './services.ts'

/** How long a delivery puts its answer off for this; what is left then has tasks. */
const longestMs = 5_000

/** Takes over whatever can be of the pending rows, and of what follows them. `pending` are the rows that need a task. */
export async function takeOver(
  services: Services,
  committed: Committed,
  until = performance.now() + longestMs,
): Promise<Committed> {
  const pending: PendingStep[] = []
  let { hasNews } = committed
  for (const parts of Map.groupBy(committed.pending, ({ step }) => step).values()) {
    const taken = await takeOverParts(services, parts, until)
    const behind = await takeOver(services, taken, until)
    pending.push(...taken.left, ...behind.pending)
    hasNews ||= behind.hasNews
  }
  return { pending, hasNews }
}

interface TakenOver extends Committed {
  /** The parts that have to be made. */
  readonly left: readonly PendingStep[]
}

/** Parts of one step; they share a session. */
async function takeOverParts(
  services: Services,
  parts: readonly PendingStep[],
  until: number,
): Promise<TakenOver> {
  const [first] = parts
  const left: PendingStep[] = []
  const following: PendingStep[] = []
  let hasNews = false
  if (!services.pipeline.stage(first!.step)!.step.isHere) return { left: parts, pending: [], hasNews }
  const session = openSession(services.config.databaseUrl)
  try {
    const isWorthIt = await session.use((db) => hasEarlierResults(db, first!))
    for (const part of parts) {
      const committed =
        isWorthIt && performance.now() < until
          ? await session.use((db) => takeOverPart(db, services, part))
          : undefined
      if (!committed) left.push(part)
      following.push(...(committed?.pending ?? []))
      hasNews ||= committed?.hasNews ?? false
    }
  } finally {
    await session.release()
  }
  return { left, pending: following, hasNews }
}

/** Undefined when the part has to be made. */
async function takeOverPart(db: Knex, services: Services, part: PendingStep): Promise<Committed | undefined> {
  const claim = await claimStep(db, part, services.config.lease)
  if (claim.outcome !== 'claimed') return undefined
  const attempt = { ...part, ...claim }
  try {
    const opened = await openAttempt(db, services, services.pipeline.stage(part.step)!.step, attempt)
    if ('reused' in opened) return await commit(db, services, attempt, opened.reused)
  } catch (error) {
    log.info({ run: part.runId, step: part.step, part: part.part, error: String(error) }, 'left to its task')
  }
  await returnStep(db, attempt)
  return undefined
}
