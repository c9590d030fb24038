/**
 * Function `sweep`: each minute, gives a new task to steps that are overdue because the queue no longer has
 * theirs, publishes scheduled episodes whose time has come, and clears away what nobody needs. It looks at every overdue step, whatever becomes of
 * the others, as far as the time of one sweep goes.
 */
import type { Knex } from 'knex'
import { forgetOldRequests } from '../shared/db/api-requests.ts'
import { withDatabase } from '../shared/db/connect.ts'
import { whatIsDue, whatMayGo } from '../shared/db/due.ts'
import { dueEpisodes } from '../shared/db/episodes.ts'
import {
  overdueStepByChance,
  overdueSteps,
  reviveStep,
  type OverdueRange,
  type OverdueStep,
} from '../shared/db/overdue-steps.ts'
import { episodesWithLostResults } from '../shared/db/runs.ts'
import type { PendingStep } from '../shared/db/steps.ts'
import { podcastsWithOldFeeds } from '../shared/db/podcasts.ts'
import { forgetExpiredSessions } from '../shared/db/sessions.ts'
import { forgetOldDeliveries } from '../shared/db/webhooks.ts'
import { askFor } from '../shared/engine/ask-for.ts'
import { AlreadyRunning } from '../shared/errors.ts'
import { makeAgain } from '../shared/episode/retry.ts'
import { startPublication } from '../shared/episode/publication.ts'
import { clearAbandoned } from '../shared/housekeeping/abandoned.ts'
import { carryOnDeletions } from '../shared/housekeeping/delete.ts'
import { clearAway } from '../shared/housekeeping/purge.ts'
import { clearWithdrawn } from '../shared/housekeeping/withdrawn.ts'
import { log } from '../shared/log.ts'
import { swapFeed } from '../shared/publishing/feed-file.ts'
import { publisherOf } from '../shared/publishing/public-files.ts'
import { enqueue } from '../shared/engine/enqueue.ts'
import type { Services } from '../shared/engine/services.ts'

/** Half of the deadline that functions/index.ts gives; the next sweep is a minute away. */
const sweepBudgetMs = 60_000

export interface SweepOptions {
  /** How many rows are read at once. */
  readonly batch?: number
  /** No further step is looked at when this has passed. */
  readonly budgetMs?: number
  /** From 0 to below 1: where among the overdue steps it begins. */
  readonly chance?: number
}

export interface Swept {
  readonly overdue: number
  readonly revived: number
  readonly published: number
  /** Episodes of which a result was lost, and that are made again. */
  readonly remade: number
  /** Deletions that came to their end. */
  readonly deleted: number
  readonly cleared: number
  /** Uploads that nothing came of. */
  readonly abandoned: number
  /** Episodes that were taken back and of which something is before listeners again, and goes. */
  readonly reappeared: number
}

export async function sweep(
  services: Services,
  { batch = 200, budgetMs = sweepBudgetMs, chance = Math.random() }: SweepOptions = {},
): Promise<Swept> {
  const endsAt = Date.now() + budgetMs
  const { databaseUrl, lease, keepDays } = services.config
  const due = await withDatabase(databaseUrl, (db) => whatIsDue(db, lease.overdueMs))
  const published = due.publications ? await publishDue(services, batch) : 0
  if (due.feeds) await rewriteFeeds(services, batch)
  if (due.deliveries) await askFor('notify', `sweep/${new Date().toISOString().slice(0, 16)}`, services)
  const steps = due.steps ? await reviveOverdue(services, { batch, chance, endsAt }) : noSteps
  const remade = await count(due.lostResults, 'not made again', () => makeLostAgain(services, batch))
  // last, and whatever becomes of it: what is not done now is so the next time
  const waste = await withDatabase(databaseUrl, (db) => whatMayGo(db, keepDays))
  if (waste.rows) await withDatabase(databaseUrl, forgetOldRows)
  const deleted = await count(waste.deletions, 'not deleted', () => carryOnDeletions(services, endsAt))
  const cleared = await count(waste.purges, 'not cleared away', () => clearAway(services, endsAt))
  const abandoned = await count(waste.uploads, 'not cleared away', () => clearAbandoned(services))
  const reappeared = await count(waste.withdrawals, 'not cleared away', () =>
    clearWithdrawn(services, endsAt),
  )
  return { published, ...steps, remade, deleted, cleared, abandoned, reappeared }
}

/** 0 where nothing is to be done, and where it fails. */
async function count(isDue: boolean, trouble: string, work: () => Promise<number>): Promise<number> {
  try {
    return isDue ? await work() : 0
  } catch (error) {
    log.error({ error: String(error) }, trouble)
    return 0
  }
}

async function forgetOldRows(db: Knex): Promise<void> {
  await forgetOldRequests(db)
  await forgetExpiredSessions(db)
  await forgetOldDeliveries(db)
}

/** Writes feeds again whose podcasts say something else of themselves by now. */
async function rewriteFeeds(services: Services, batch: number): Promise<void> {
  const { databaseUrl } = services.config
  for (const id of await withDatabase(databaseUrl, (db) => podcastsWithOldFeeds(db, batch)))
    try {
      await swapFeed(
        id,
        publisherOf(services, ({ code }) => log.info({ podcast: id, code })),
      )
    } catch (error) {
      log.error({ podcast: id, error: String(error) }, 'feed not written')
    }
}

/** Starts episodes again that failed because something made for them was lost. */
async function makeLostAgain(services: Services, batch: number): Promise<number> {
  const { databaseUrl } = services.config
  let started = 0
  for (const { id } of await withDatabase(databaseUrl, (db) => episodesWithLostResults(db, batch)))
    try {
      await makeAgain(services, id)
      started++
    } catch (error) {
      log.error({ episode: id, error: String(error) }, 'not made again') // it must not keep the others
    }
  return started
}

/** Starts the publication of scheduled episodes whose time has come; returns of how many. */
async function publishDue(services: Services, batch: number): Promise<number> {
  let started = 0
  for (const { id } of await withDatabase(services.config.databaseUrl, (db) => dueEpisodes(db, batch)))
    try {
      await startPublication(services, id, 'publish')
      started++
    } catch (error) {
      if (error instanceof AlreadyRunning) continue // by the call before this one
      log.error({ episode: id, error: String(error) }, 'not published')
    }
  return started
}

const noSteps = { overdue: 0, revived: 0 }

async function reviveOverdue(
  services: Services,
  { batch, chance, endsAt }: { batch: number; chance: number; endsAt: number },
): Promise<Pick<Swept, 'overdue' | 'revived'>> {
  let { overdue, revived } = noSteps
  for await (const step of everyOverdueStep(services, batch, chance)) {
    overdue++
    try {
      if (await revive(step, services)) revived++
    } catch (error) {
      // One step in trouble must not hide the others.
      log.error({ run: step.runId, step: step.step, part: step.part, error: String(error) }, 'not revived')
    }
    if (Date.now() >= endsAt) {
      log.warn({ overdue, revived }, 'the time of a sweep is up; the rest is left to the next ones')
      break
    }
  }
  return { overdue, revived }
}

/**
 * Every overdue step once: those behind one of them, then from the first on up to and with that one.
 * It is chosen by chance: were it always the same, a sweep whose time is up before it is through would look
 * at the same steps as the sweep before it, and those behind them would never have their turn.
 */
async function* everyOverdueStep(
  services: Services,
  batch: number,
  chance: number,
): AsyncGenerator<OverdueStep> {
  const { databaseUrl, lease } = services.config
  const chosen = await withDatabase(databaseUrl, (db) => overdueStepByChance(db, lease.overdueMs, chance))
  if (!chosen) return
  yield* stepsIn(services, batch, { after: chosen })
  yield* stepsIn(services, batch, { upTo: chosen })
}

/** Reads a batch at a time, and holds no connection while its steps are looked at. */
async function* stepsIn(
  { config: { databaseUrl, lease } }: Services,
  batch: number,
  range: OverdueRange,
): AsyncGenerator<OverdueStep> {
  for (let rest = range; ;) {
    const found = await withDatabase(databaseUrl, (db) => overdueSteps(db, lease.overdueMs, batch, rest))
    yield* found
    const last = found.at(-1)
    if (!last || found.length < batch) return
    rest = { ...rest, after: last }
  }
}

async function revive(step: PendingStep, services: Services): Promise<boolean> {
  const { config, tasks, pipeline } = services
  const stage = pipeline.stage(step.step)
  if (!stage || (await tasks.holds({ ...step, queue: stage.queue }))) return false
  const again = await withDatabase(config.databaseUrl, (db) => reviveStep(db, step, config.lease.overdueMs))
  if (!again) return false
  await enqueue(services, [again])
  log.warn({ run: step.runId, step: step.step, part: step.part, turn: again.turn }, 'revived')
  return true
}
