// The steps table under contention: who gets a step, who has lost it, and what a stale attempt can still do
// (nothing).
import { randomUUID } from 'node:crypto'
import { afterEach, beforeEach, describe, expect, test } from '@jest/globals'
import type { Knex } from 'knex'
import type { Scalars, StepIdentity } from '../../shared/context.ts'
import { withDatabase } from '../../shared/db/connect.ts'
import { claimStep } from '../../shared/db/claims.ts'
import { ensureEpisode } from '../../shared/db/episodes.ts'
import { ensurePodcast } from '../../shared/db/podcasts.ts'
import { cancelRun } from '../../shared/db/run-changes.ts'
import { lockRun, startRun } from '../../shared/db/runs.ts'
import {
  deferStep,
  extendLease,
  finishStep,
  markFailed,
  noteInputKey,
  releaseStep,
  type ClaimedStep,
} from '../../shared/db/step-attempts.ts'
import { insertSteps, unfinishedSteps } from '../../shared/db/steps.ts'
import { overdueSteps, reviveStep } from '../../shared/db/overdue-steps.ts'
import { Busy } from '../../shared/errors.ts'
import { defaultTemplate } from '../../shared/settings/settings.ts'
import { freshDatabase, type Database } from '../support/database.ts'

const lease = { leaseMs: 600_000, maxAttempts: 3, tryForMs: 1 }
const overdueMs = 30_000

let database: Database
beforeEach(async () => {
  database = await freshDatabase()
})
afterEach(async () => {
  await database.drop()
})

/** Each call over a connection of its own, as two processes would. */
const apart = <T>(use: (db: Knex) => Promise<T>): Promise<T> => withDatabase(database.url, use)

/** A live run with one pending step. */
async function aStep(): Promise<StepIdentity> {
  return await withDatabase(database.url, async (db) => {
    const podcast = await ensurePodcast(db, 'anna', 'show', undefined)
    const { id: episodeId } = await ensureEpisode(db, {
      userId: 'anna',
      podcastId: podcast.id,
      slug: randomUUID(),
      title: 'One',
    })
    const { runId } = await startRun(db, {
      userId: 'anna',
      episodeId,
      settings: defaultTemplate(),
      context: {},
      warnings: [],
    })
    await insertSteps(db, runId, [{ step: 'cut', part: 0, context: {} }])
    return { runId, step: 'cut', part: 0, turn: 0 }
  })
}

const claim = (step: StepIdentity) => withDatabase(database.url, (db) => claimStep(db, step, lease))
async function claimed(step: StepIdentity): Promise<StepIdentity & { attempt: number }> {
  const outcome = await claim(step)
  if (outcome.outcome !== 'claimed') throw new Error(`expected a claim, got ${outcome.outcome}`)
  return { ...step, attempt: outcome.attempt }
}

/** Finishes the step by this attempt; whether that counted. */
const isDoneBy = async (attempt: ClaimedStep, output: Scalars = result.output) =>
  (await apart((db) => finishStep(db, attempt, { ...result, output })))!.isDone

const row = async ({ runId, step, part }: StepIdentity) => {
  const [found] = await database.rows<Record<string, unknown>>(
    `SELECT status, turn, attempt, progress, error, output, lease_until > clock_timestamp() AS leased
     FROM steps
     WHERE run_id = :runId AND step = :step AND part = :part`,
    { runId, step, part },
  )
  return found!
}

/** Every lease and due time is a minute longer ago. */
const aMinutePasses = () =>
  database.rows(
    `UPDATE steps SET due_at = due_at - interval '1 minute', ` +
      `lease_until = lease_until - interval '11 minutes' WHERE status <> 'done'`,
  )

const counted = (outcomes: readonly string[]) =>
  Object.fromEntries(
    Map.groupBy(outcomes, (name) => name)
      .entries()
      .map(([name, all]) => [name, all.length]),
  )
const result = { output: { made: 'it' }, inputKey: 'key', reused: false }

describe('a claim', () => {
  test('of twenty at once, one gets the step and the others are told that it is busy', async () => {
    const step = await aStep()
    const outcomes = await Promise.all(Array.from({ length: 20 }, () => claim(step)))
    expect(counted(outcomes.map(({ outcome }) => outcome))).toEqual({ claimed: 1, busy: 19 })
    expect(await row(step)).toMatchObject({ status: 'running', attempt: 1, leased: true })
  })

  test('a queued run is started by its first claim', async () => {
    const step = await aStep()
    await claim(step)
    expect(await database.rows(`SELECT status, started_at IS NOT NULL AS dated FROM runs`)).toEqual([
      { status: 'started', dated: true },
    ])
  })

  test('a lapsed lease lets one of many take the step over, as the next attempt', async () => {
    const step = await aStep()
    await claimed(step)
    await aMinutePasses()
    const outcomes = await Promise.all(Array.from({ length: 10 }, () => claim(step)))
    expect(counted(outcomes.map(({ outcome }) => outcome))).toEqual({ claimed: 1, busy: 9 })
    expect(await row(step)).toMatchObject({ status: 'running', attempt: 2, leased: true })
  })

  test('is refused with the reason: done, over, turned, unknown', async () => {
    const step = await aStep()
    expect(await claim({ ...step, part: 7 })).toEqual({ outcome: 'unknown' })
    expect(await claim({ ...step, turn: 5 })).toEqual({ outcome: 'turned', turn: 0 })
    const attempt = await claimed(step)
    await isDoneBy(attempt)
    expect(await claim(step)).toEqual({ outcome: 'done' })
    const other = await aStep()
    await apart((db) => cancelRun(db, other.runId))
    expect(await claim(other)).toEqual({ outcome: 'over' })
  })

  test('after all allowed attempts the step is exhausted, with the last reason', async () => {
    const step = await aStep()
    for (let i = 1; i <= lease.maxAttempts; i++) {
      const attempt = await claimed(step)
      expect(attempt.attempt).toBe(i)
      if (i < lease.maxAttempts) await apart((db) => releaseStep(db, attempt, `fault ${i}`))
    }
    expect(await claim(step)).toEqual({ outcome: 'busy' })
    await aMinutePasses()
    expect(await claim(step)).toEqual({ outcome: 'exhausted', attempts: 3, lastError: 'fault 2' })
    expect(await row(step)).toMatchObject({ status: 'running', attempt: 3 })
  })
})

describe('an attempt that lost its step', () => {
  /** Two attempts in a row; the first does not know yet. */
  async function aStaleAttempt() {
    const step = await aStep()
    const stale = await claimed(step)
    await aMinutePasses()
    const holder = await claimed(step)
    return { step, stale, holder, before: await row(step) }
  }

  test('cannot commit, fail, release, defer or extend it: the row stays as it is', async () => {
    const { step, stale, before } = await aStaleAttempt()
    expect(await isDoneBy(stale)).toBe(false)
    expect(await apart((db) => markFailed(db, stale, 'too late'))).toBe(false)
    expect(await apart((db) => deferStep(db, stale, new Date()))).toBeUndefined()
    expect(await apart((db) => extendLease(db, stale, 1, 0.9))).toBe(false)
    await apart((db) => releaseStep(db, stale, 'too late'))
    expect(await row(step)).toEqual(before)
  })

  test('writes nothing: nobody would know its key', async () => {
    const { stale } = await aStaleAttempt()
    const noting = apart((db) => noteInputKey(db, { ...stale, userId: 'anna' }, 'key'))
    await expect(noting).rejects.toThrow(Busy)
  })

  test('of two that commit at once, only the holder does', async () => {
    for (let round = 0; round < 5; round++) {
      const { step, stale, holder } = await aStaleAttempt()
      const won = await Promise.all(
        [stale, holder].map((attempt) => isDoneBy(attempt, { by: attempt.attempt })),
      )
      expect(won).toEqual([false, true])
      expect(await row(step)).toMatchObject({ status: 'done', output: { by: 2 } })
    }
  })

  test('stays stale when the holder defers and the number is given out again', async () => {
    const { step, stale, holder } = await aStaleAttempt()
    await apart((db) => deferStep(db, holder, new Date()))
    expect(await isDoneBy(stale)).toBe(false)
    const again = await claimed({ ...step, turn: 1 })
    expect(again.attempt).toBe(2)
    expect(await isDoneBy(stale)).toBe(false)
    expect(await isDoneBy(again)).toBe(true)
  })
})

test('Whoever finishes a step waits for whoever changes its run, and then leaves a run that has ended alone', async () => {
  const step = await aStep()
  const attempt = await claimed(step)
  const { promise: isLocked, resolve: tellLocked } = Promise.withResolvers<undefined>()
  const { promise: mayCommit, resolve: letCommit } = Promise.withResolvers<undefined>()
  const cancelling = apart((db) =>
    db.transaction(async (trx) => {
      await lockRun(trx, step.runId)
      await cancelRun(trx, step.runId)
      tellLocked(undefined)
      await mayCommit
    }),
  )
  await isLocked
  const finishing = apart((db) => finishStep(db, attempt, result))
  letCommit(undefined)
  await cancelling
  expect(await finishing).toMatchObject({ isStarted: false, isDone: false })
  expect(await row(step)).toMatchObject({ status: 'running' })
})

describe('a lease', () => {
  test('is extended by its holder, whose progress only rises', async () => {
    const step = await aStep()
    const attempt = await claimed(step)
    await aMinutePasses()
    expect(await row(step)).toMatchObject({ leased: false })
    expect(await apart((db) => extendLease(db, attempt, 60_000, 0.5))).toBe(true)
    expect(await apart((db) => extendLease(db, attempt, 60_000, 0.25))).toBe(true)
    expect(await row(step)).toMatchObject({ leased: true, progress: 0.5 })
  })

  test('is not extended once the run has ended', async () => {
    const step = await aStep()
    const attempt = await claimed(step)
    await apart((db) => cancelRun(db, step.runId))
    expect(await apart((db) => extendLease(db, attempt, 60_000, 0.5))).toBe(false)
  })
})

describe('a deferral', () => {
  test('bumps the turn, waits until its time and counts no attempt', async () => {
    const step = await aStep()
    const attempt = await claimed(step)
    const dueAt = new Date(Date.now() + 3_600_000)
    expect(await apart((db) => deferStep(db, attempt, dueAt))).toEqual({
      ...step,
      turn: 1,
      context: {},
      dueAt,
    })
    expect(await row(step)).toMatchObject({ status: 'pending', turn: 1, attempt: 0, leased: null })
    expect(await claim(step)).toEqual({ outcome: 'turned', turn: 1 })
    expect(await claim({ ...step, turn: 1 })).toMatchObject({ outcome: 'claimed', attempt: 1 })
  })
})

describe('the sweep', () => {
  const overdue = () => apart((db) => overdueSteps(db, overdueMs, 10))
  const revive = (step: StepIdentity) => apart((db) => reviveStep(db, step, overdueMs))

  test('sees pending and leased steps of live runs, once they are overdue', async () => {
    const [waiting, leased, cancelled] = [await aStep(), await aStep(), await aStep()]
    await claimed(leased)
    await apart((db) => cancelRun(db, cancelled.runId))
    expect(await overdue()).toEqual([])
    await aMinutePasses()
    expect((await overdue()).map(({ runId }) => runId).sort()).toEqual([waiting.runId, leased.runId].sort())
  })

  test('two at once revive a step once, under the next turn, and the lost attempt has lost it', async () => {
    for (let round = 0; round < 5; round++) {
      const step = await aStep()
      const lost = await claimed(step)
      await aMinutePasses()
      const revived = await Promise.all([revive(step), revive(step), revive(step)])
      expect(revived.filter((found) => found !== undefined)).toEqual([
        expect.objectContaining({ ...step, turn: 1 }),
      ])
      expect(await row(step)).toMatchObject({ status: 'pending', turn: 1, attempt: 1 })
      expect(await isDoneBy(lost)).toBe(false)
    }
  })

  test('passes over a row that another session holds, instead of waiting for it', async () => {
    const step = await aStep()
    await aMinutePasses()
    await apart((db) =>
      db.transaction(async (trx) => {
        await trx.raw('SELECT 1 FROM steps WHERE run_id = :runId FOR UPDATE', { runId: step.runId })
        expect(await revive(step)).toBeUndefined()
      }),
    )
    expect(await revive(step)).toMatchObject({ turn: 1 })
  })

  test('leaves a step alone that moved on since it was seen', async () => {
    const step = await aStep()
    await aMinutePasses()
    const [seen] = await overdue()
    await claimed(step)
    expect(await revive(seen!)).toBeUndefined()
    expect(await row(step)).toMatchObject({ status: 'running', turn: 0, attempt: 1 })
  })
})

test('rows inserted twice are inserted once, and only those of the first time are returned', async () => {
  const { runId } = await aStep()
  const parts = [0, 1, 2].map((part) => ({ step: 'join', part, context: { part } }))
  const inserted = await Promise.all([1, 2, 3, 4].map(() => apart((db) => insertSteps(db, runId, parts))))
  expect(
    inserted
      .flat()
      .map(({ part }) => part)
      .sort(),
  ).toEqual([0, 1, 2])
  expect((await apart((db) => unfinishedSteps(db, runId, ['join']))).map(({ context }) => context)).toEqual([
    { part: 0 },
    { part: 1 },
    { part: 2 },
  ])
})
