// Many tasks at once: a queue that cannot keep up costs calls, and no task and no step; nor does a database
// that has no connection left.
import { status } from '@grpc/grpc-js'
import { describe, expect, test } from '@jest/globals'
import { openTasks } from '../../shared/engine/tasks.ts'
import { classify, Retryable } from '../../shared/errors.ts'
import { withDatabase } from '../../shared/db/connect.ts'
import { aBusyQueue } from '../support/busy-queue.ts'
import { aToyShow } from '../support/toys.ts'
import { aWorld, type World } from '../support/world.ts'

const chunks = 600

/** The same world, whose process reaches the queue only through one that is busy. */
async function behindABusyQueue(world: World, codeOf: (call: number) => status | undefined) {
  const { config } = world.services
  const queue = await aBusyQueue(config.tasks.endpoint!, 'CreateTask', codeOf)
  const tasks = openTasks({
    ...config.tasks,
    endpoint: queue.endpoint,
    audience: config.caller.audience,
    callerEmail: config.caller.email,
  })
  return { services: { ...world.services, tasks }, calls: queue.calls, close: tasks.close }
}

describe('Six hundred tasks at once', () => {
  test.each([
    [
      'every seventh call created its task and ran out of time',
      (call: number) => (call % 7 === 0 ? status.DEADLINE_EXCEEDED : undefined),
    ],
    [
      'the first fifty calls are too many',
      (call: number) => (call <= 50 ? status.RESOURCE_EXHAUSTED : undefined),
    ],
    [
      'the queue is away for every third call',
      (call: number) => (call % 3 === 0 ? status.UNAVAILABLE : undefined),
    ],
  ])('are all there, once, by one delivery, though %s', async (_what, codeOf) => {
    const show = aToyShow([{ name: 'cut' }, { name: 'join', after: ['cut'], parts: chunks }])
    const world = await aWorld({ catalogue: show.catalogue })
    const busy = await behindABusyQueue(world, codeOf)
    await world.start()
    const [first] = await world.tasks()
    expect(await world.handBy(busy.services, first!.payload)).toEqual({ status: 200, outcome: 'done' })
    await busy.close()
    const parts = (await world.tasks()).map(({ payload }) => payload.part)
    expect([parts.length, new Set(parts).size, busy.calls() > chunks]).toEqual([chunks, chunks, true])
    expect((await world.steps()).filter(({ error }) => error !== null)).toEqual([])
  })

  test('that the queue refuses for good are said to be missing', async () => {
    const show = aToyShow([{ name: 'cut' }, { name: 'join', after: ['cut'], parts: 3 }])
    const world = await aWorld({ catalogue: show.catalogue })
    const busy = await behindABusyQueue(world, () => status.PERMISSION_DENIED)
    await world.start()
    const [first] = await world.tasks()
    expect(await world.handBy(busy.services, first!.payload)).toMatchObject({ status: 500 })
    await busy.close()
    expect((await world.run()).status).toBe('started')
  })
})

describe('More deliveries at once than the database has connections', () => {
  /** A user of the database's who is given two connections, whoever else has how many. */
  async function fewConnections(world: World): Promise<string> {
    const url = new URL(world.services.config.databaseUrl)
    const role = `few_${url.pathname.slice(1)}`
    await world.database.rows(`DROP ROLE IF EXISTS ${role}`)
    await world.database.rows(
      `CREATE ROLE ${role} LOGIN PASSWORD 'few' CONNECTION LIMIT 2 IN ROLE pg_read_all_data, pg_write_all_data`,
    )
    url.username = role
    url.password = 'few'
    return url.href
  }

  test('are done all the same, and none is tried more often than may be', async () => {
    const parts = 40
    const show = aToyShow([
      { name: 'cut', parts },
      { name: 'join', after: ['cut'] },
    ])
    const world = await aWorld({ catalogue: show.catalogue })
    await world.start()
    const databaseUrl = await fewConnections(world)
    const services = { ...world.services, config: { ...world.services.config, databaseUrl } }
    for (let left = await world.tasks(); left.length > 0; left = await world.tasks()) {
      await Promise.all(left.map(({ payload }) => world.handBy(services, payload)))
      await world.timePasses(world.services.config.lease.leaseMs)
    }
    expect(await world.run()).toMatchObject({ status: 'finished', stopReason: null })
    expect((await world.steps()).filter(({ status }) => status !== 'done')).toEqual([])
  })

  test('meet an error that passes', async () => {
    const world = await aWorld()
    const url = await fewConnections(world)
    const nested = withDatabase(url, (one) =>
      withDatabase(url, async (two) => {
        await Promise.all([one.raw('SELECT 1'), two.raw('SELECT 1')])
        await withDatabase(url, (three) => three.raw('SELECT 1'))
      }),
    )
    const error = classify(await nested.catch((caught: unknown) => caught))
    expect(error).toBeInstanceOf(Retryable)
    expect(error.message).toMatch(/passing fault/)
  })
})
