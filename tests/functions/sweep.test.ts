// The sweep: it comes round to every overdue step, however many there are that it can do nothing for.
import { beforeEach, describe, expect, test } from '@jest/globals'
import { sweep } from '../../functions/sweep.ts'
import { watchBoundaries } from '../../shared/boundaries.ts'
import type { Services } from '../../shared/engine/services.ts'
import { aToyShow } from '../support/toys.ts'
import { aWorld, type World } from '../support/world.ts'

const parts = 8
const lost = parts - 1
const aMinute = 60_000

let world: World

/** Every part is overdue, the first one longest. The queue still has the tasks of all but the last. */
beforeEach(async () => {
  const show = aToyShow([{ name: 'cut', parts }])
  world = await aWorld({ catalogue: show.catalogue })
  await world.start()
  await world.timePasses(aMinute)
  await world.database.rows(`UPDATE steps SET due_at = due_at + part * interval '1 ms'`)
  await world.lose('cut', lost)
})

const turns = async () => (await world.steps()).map(({ turn }) => turn)
const onlyTheLost = Array.from({ length: parts }, (_, part) => (part === lost ? 1 : 0))

describe('a step whose task is gone, behind more steps than a batch whose tasks are not', () => {
  test.each([
    ['from the first step on', 0],
    ['from the middle on, and round', 0.5],
    ['from the last step on, and round', 0.99],
  ])('is revived by one sweep %s', async (_from, chance) => {
    expect(await world.sweep({ batch: 3, chance })).toMatchObject({ overdue: parts, revived: 1 })
    expect(await turns()).toEqual(onlyTheLost)
    expect((await world.tasks()).map(({ payload }) => payload.part).sort()).toEqual([0, 1, 2, 3, 4, 5, 6, 7])
  })

  test.each([1, 2, 4, 8, 9])('is revived whether or not batches of %i come out even', async (batch) => {
    expect(await world.sweep({ batch })).toMatchObject({ overdue: parts, revived: 1 })
    expect(await turns()).toEqual(onlyTheLost)
  })

  test('is revived though looking for the tasks of the others fails', async () => {
    const { tasks } = world.services
    const troubled: Services = {
      ...world.services,
      tasks: {
        ...tasks,
        holds: (step) =>
          step.part === lost ? tasks.holds(step) : Promise.reject(new Error('the queue is away')),
      },
    }
    expect(await sweep(troubled, { batch: 3 })).toMatchObject({ overdue: parts, revived: 1 })
    expect(await turns()).toEqual(onlyTheLost)
  })

  test('is revived though all are overdue since the same moment', async () => {
    await world.database.rows('UPDATE steps SET due_at = (SELECT min(due_at) FROM steps)')
    expect(await world.sweep({ batch: 3 })).toMatchObject({ overdue: parts, revived: 1 })
    expect(await turns()).toEqual(onlyTheLost)
  })
})

describe('a sweep whose time is up', () => {
  const budgetMs = 0

  test('has looked at one step at least, and leaves the rest', async () => {
    expect(await world.sweep({ budgetMs, chance: 0 })).toMatchObject({ overdue: 1, revived: 0 })
    expect(await turns()).toEqual(Array.from({ length: parts }, () => 0))
  })

  test('is followed by one that begins elsewhere: whatever step it is, some sweep begins with it', async () => {
    const sweeps = []
    for (let part = 0; part < parts; part++)
      sweeps.push(await world.sweep({ budgetMs, chance: part / parts }))
    expect(sweeps.filter(({ revived }) => revived === 1)).toHaveLength(1)
    expect(await turns()).toEqual(onlyTheLost)
  })
})

test('with nothing overdue a sweep ends at once', async () => {
  await world.cancel()
  expect(await world.sweep()).toMatchObject({ overdue: 0, revived: 0 })
})

test('a sweep that finds nothing to do asks what is due and what may go, and nothing else', async () => {
  await world.cancel()
  const asked: string[] = []
  watchBoundaries(({ effect, side }) => {
    if (side === 'before') asked.push(effect)
    return Promise.resolve()
  })
  await world.sweep().finally(() => watchBoundaries(undefined))
  expect(asked).toEqual(['database.read', 'database.read'])
})

test('rows that are of no use any more go, of whatever kind they are', async () => {
  const { rows } = world.database
  const someone = `INSERT INTO webhooks (user_id, url, events, secret) SELECT id, 'https://there.test/', '{}', 's' FROM users`
  await rows(someone)
  for (const [table, insert] of Object.entries(insertsOfAge)) {
    for (const days of [0, 31]) await rows(insert, { days })
    await world.sweep()
    expect({ table, left: await rows(`SELECT 1 FROM ${table}`) }).toMatchObject({ table, left: [{}] })
  }
})

/** A row of so many days each. */
const insertsOfAge = {
  sessions: `
    INSERT INTO sessions (hash, user_id, expires_at)
    SELECT CAST(:days AS integer), id, clock_timestamp() + interval '1 hour' - CAST(:days AS integer) * interval '1 day' FROM users`,
  sign_ins: `
    INSERT INTO sign_ins (hash, user_id, expires_at)
    SELECT CAST(:days AS integer), id, clock_timestamp() + interval '1 hour' - CAST(:days AS integer) * interval '1 day' FROM users`,
  api_callers: `
    INSERT INTO api_callers (caller, minute, requests) VALUES (CAST(:days AS integer), clock_timestamp() - CAST(:days AS integer) * interval '1 day', 1)`,
  api_requests: `
    INSERT INTO api_requests (user_id, idempotency_key, request_hash, created_at)
    SELECT id, CAST(:days AS integer), 'hash', clock_timestamp() - CAST(:days AS integer) * interval '1 day' FROM users`,
  webhook_deliveries: `
    INSERT INTO webhook_deliveries (webhook_id, user_id, event, data, status, created_at)
    SELECT id, user_id, 'episode.failed', '{}', 'failed', clock_timestamp() - CAST(:days AS integer) * interval '1 day' FROM webhooks`,
}
