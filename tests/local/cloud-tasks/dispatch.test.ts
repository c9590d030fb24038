// How the local Cloud Tasks dispatches, seen by the target: requests, retries, limits, deadlines, pauses.
import { afterEach, beforeEach, describe, expect, test } from '@jest/globals'
import { createLocalJWKSet, jwtVerify } from 'jose'
import { aGate, aTaskWorld, type TaskWorld } from '../../support/task-world.ts'

let world: TaskWorld
beforeEach(async () => {
  world = await aTaskWorld()
})
afterEach(() => world.close())

const inSeconds = (seconds: number) => ({ seconds: Math.floor(world.clock.now() / 1000) + seconds })

/**
 * Proves that what could be dispatched has been: a task of another queue, created after, has come and gone.
 */
async function everythingElseHasArrived() {
  const queue = await world.queue(`canary-${world.target.arrivals.length}`)
  await world.taskUntil(await world.task(queue, 'canary'), (task) => !task)
  return world.target.arrivals.filter(({ task }) => task !== 'canary').map(({ task }) => task)
}

describe('the request', () => {
  test('a task arrives as the request it describes, with what Cloud Tasks adds', async () => {
    const queue = await world.queue('steps')
    const headers = {
      'Content-Type': 'application/json',
      'X-Run': '7',
      'User-Agent': 'me',
      'X-CloudTasks-TaskRetryCount': '99',
      Host: 'elsewhere',
    }
    const scheduleTime = inSeconds(60)
    await world.task(queue, 'a', {
      scheduleTime,
      httpRequest: { httpMethod: 'PUT', body: Buffer.from('{"v":1}'), headers },
    })
    world.clock.forward(61_000)
    const [arrival] = await world.target.received(1)
    expect(arrival).toMatchObject({ method: 'PUT', url: '/a', body: '{"v":1}' })
    expect(arrival?.headers).toMatchObject({
      'content-type': 'application/json',
      'x-run': '7',
      host: new URL(world.target.url).host,
      'user-agent': 'Google-Cloud-Tasks',
      'x-cloudtasks-queuename': 'steps',
      'x-cloudtasks-taskname': 'a',
      'x-cloudtasks-taskretrycount': '0',
      'x-cloudtasks-taskexecutioncount': '0',
      'x-cloudtasks-tasketa': `${scheduleTime.seconds}.000000`,
    })
    expect(arrival?.headers).not.toHaveProperty('x-cloudtasks-taskpreviousresponse')
    expect(arrival?.headers).not.toHaveProperty('x-cloudtasks-taskretryreason')
  })

  test('a service account is vouched for by a token, which replaces any other authorization', async () => {
    const queue = await world.queue('steps')
    const oidcToken = { serviceAccountEmail: 'queue@spool.local', audience: 'https://steps.example' }
    await world.task(queue, 'a', { httpRequest: { oidcToken, headers: { authorization: 'Basic eDp5' } } })
    const [arrival] = await world.target.received(1)
    const [scheme, token = ''] = arrival?.headers.authorization?.split(' ') ?? []
    const { payload } = await jwtVerify(token, createLocalJWKSet(world.identity.jwks), {
      issuer: world.identity.issuer,
      audience: oidcToken.audience,
    })
    expect([scheme, payload.email, payload.email_verified]).toEqual(['Bearer', 'queue@spool.local', true])
  })

  test("a token's audience is the target's URL unless another is given", async () => {
    const queue = await world.queue('steps')
    await world.task(queue, 'a', { httpRequest: { oidcToken: { serviceAccountEmail: 'queue@spool.local' } } })
    const [arrival] = await world.target.received(1)
    const token = arrival?.headers.authorization?.slice('Bearer '.length) ?? ''
    await expect(
      jwtVerify(token, createLocalJWKSet(world.identity.jwks), { audience: `${world.target.url}/a` }),
    ).resolves.toBeDefined()
  })
})

describe('retries', () => {
  test('any answer but 200 to 299 is retried, and each retry says what came before', async () => {
    const queue = await world.queue('steps')
    const statuses = [404, 500, 302, 299]
    world.target.answers = ({ retries }) => ({ status: statuses[retries] ?? 200 })
    const name = await world.task(queue, 'a')
    await world.taskUntil(name, (task) => !task)
    const told = world.target.arrivals.map(({ headers }) => [
      headers['x-cloudtasks-taskretrycount'],
      headers['x-cloudtasks-taskexecutioncount'],
      headers['x-cloudtasks-taskpreviousresponse'],
      headers['x-cloudtasks-taskretryreason'],
    ])
    expect(told).toEqual([
      ['0', '0', undefined, undefined],
      ['1', '1', '404', 'NOT_FOUND(5): HTTP status code 404'],
      ['2', '1', '500', 'INTERNAL(13): HTTP status code 500'],
      ['3', '2', '302', 'UNKNOWN(2): HTTP status code 302'],
    ])
  })

  test('a target that cannot be reached counts as a failed attempt without a response', async () => {
    const queue = await world.queue('steps', {
      retryConfig: { minBackoff: { seconds: 60 }, maxBackoff: { seconds: 60 } },
    })
    const name = await world.task(queue, 'a', { httpRequest: { url: 'http://127.0.0.1:1/' } })
    const task = await world.taskUntil(name, (found) => Boolean(found?.lastAttempt?.responseStatus))
    expect(task).toMatchObject({
      dispatchCount: 1,
      responseCount: 0,
      lastAttempt: { responseStatus: { code: 14, message: 'UNAVAILABLE(14): ECONNREFUSED' } },
    })
  })

  test('a failing task is given up after maxAttempts', async () => {
    const queue = await world.queue('steps', { retryConfig: { maxAttempts: 3 } })
    world.target.answers = () => ({ status: 500 })
    await world.taskUntil(await world.task(queue, 'a'), (task) => !task)
    expect(world.target.arrivals).toHaveLength(3)
  })

  test('with maxRetryDuration too, it is given up only when both limits are met', async () => {
    const queue = await world.queue('steps', {
      retryConfig: { maxAttempts: 2, maxRetryDuration: { seconds: 3600 } },
    })
    world.target.answers = () => ({ status: 500 })
    const name = await world.task(queue, 'a')
    await world.target.received(5)
    world.clock.forward(3_600_000)
    await world.taskUntil(name, (task) => !task)
    expect(world.target.arrivals.length).toBeGreaterThanOrEqual(5)
  })

  test('with maxAttempts −1 it is never given up, until its retention of 31 days ends', async () => {
    const queue = await world.queue('steps', { retryConfig: { maxAttempts: -1 } })
    world.target.answers = () => ({ status: 500 })
    const name = await world.task(queue, 'a')
    await world.target.received(10)
    world.clock.forward(31 * 86_400_000)
    await world.taskUntil(name, (task) => !task)
  })

  test.each([429, 503])(
    'a %s holds the whole queue for its Retry-After, other queues run on',
    async (status) => {
      const queue = await world.queue('steps', { retryConfig: { maxBackoff: { seconds: 3600 } } })
      world.target.answers = ({ task, retries }) =>
        task === 'a' && retries === 0 ? { status, headers: { 'Retry-After': '600' } } : { status: 200 }
      const name = await world.task(queue, 'a')
      await world.taskUntil(name, (task) => task?.responseCount === 1)
      await world.task(queue, 'b')
      expect(await everythingElseHasArrived()).toEqual(['a'])
      world.clock.forward(600_000)
      await world.target.received(2, 'a')
      await world.target.received(1, 'b')
    },
  )

  test('at its deadline an attempt has failed, but the handler runs on undisturbed', async () => {
    const queue = await world.queue('steps')
    const [firstGoesOn, firstIsDone] = [aGate(), aGate()]
    world.target.answers = async ({ retries }) => {
      if (retries > 0) return { status: 200 }
      await firstGoesOn.promise
      firstIsDone.resolve(undefined)
      return { status: 200 }
    }
    let cut = false
    world.target.onCut = () => (cut = true)
    const name = await world.task(queue, 'a', { dispatchDeadline: { seconds: 15 } })
    await world.target.received(1)
    world.clock.forward(15_000)
    const [, retry] = await world.target.received(2)
    expect(retry?.headers).toMatchObject({
      'x-cloudtasks-taskretryreason': 'DEADLINE_EXCEEDED(4): no response within 15 s',
      'x-cloudtasks-taskexecutioncount': '0',
    })
    expect(retry?.headers).not.toHaveProperty('x-cloudtasks-taskpreviousresponse')
    await world.taskUntil(name, (task) => !task)
    expect(cut).toBe(false)
    firstGoesOn.resolve(undefined)
    await firstIsDone.promise
  })
})

describe('the schedule', () => {
  test('a task waits for its schedule time, and tasks go out in its order', async () => {
    const queue = await world.queue('steps', { rateLimits: { maxConcurrentDispatches: 1 } })
    await world.task(queue, 'late', { scheduleTime: inSeconds(7200) })
    await world.task(queue, 'early', { scheduleTime: inSeconds(3600) })
    expect(await everythingElseHasArrived()).toEqual([])
    world.clock.forward(3_600_000)
    await world.target.received(1, 'early')
    expect(await everythingElseHasArrived()).toEqual(['early'])
    world.clock.forward(3_600_000)
    await world.target.received(1, 'late')
  })

  test('no more attempts run at once than the queue allows', async () => {
    const queue = await world.queue('steps', { rateLimits: { maxConcurrentDispatches: 2 } })
    let [running, most] = [0, 0]
    const gate = aGate()
    world.target.answers = async ({ task }) => {
      if (task === 'canary') return { status: 200 }
      most = Math.max(most, ++running)
      await gate.promise
      running -= 1
      return { status: 200 }
    }
    for (const id of ['a', 'b', 'c', 'd', 'e']) await world.task(queue, id)
    expect(await everythingElseHasArrived()).toEqual(['a', 'b'])
    gate.resolve(undefined)
    await world.target.received(6)
    expect(most).toBe(2)
  })

  test('beyond its burst a queue keeps to its rate, until the rate is raised', async () => {
    const queue = await world.queue('steps', { rateLimits: { maxDispatchesPerSecond: 0.01 } })
    for (let index = 0; index < 12; index++) await world.task(queue, `t${index}`)
    expect(await everythingElseHasArrived()).toHaveLength(10)
    world.clock.forward(100_000)
    await world.target.received(1, 't10')
    expect(await everythingElseHasArrived()).toHaveLength(11)
    await world.client().updateQueue({ queue: { name: queue, rateLimits: { maxDispatchesPerSecond: 500 } } })
    await world.target.received(1, 't11')
  })

  test('a paused queue takes tasks and dispatches them when it is resumed', async () => {
    const queue = await world.queue('steps')
    const [paused] = await world.client().pauseQueue({ name: queue })
    expect(paused.state).toBe('PAUSED')
    await world.task(queue, 'a')
    expect(await everythingElseHasArrived()).toEqual([])
    const [resumed] = await world.client().resumeQueue({ name: queue })
    expect(resumed.state).toBe('RUNNING')
    await world.target.received(1, 'a')
  })

  test('a purge deletes every task there is, and none that comes after', async () => {
    const queue = await world.queue('steps')
    await world.client().pauseQueue({ name: queue })
    const name = await world.task(queue, 'a')
    await world.task(queue, 'b')
    const [purged] = await world.client().purgeQueue({ name: queue })
    expect(purged).toMatchObject({ purgeTime: { seconds: expect.anything() } })
    expect(await world.taskUntil(name, () => true)).toBeUndefined()
    await world.client().resumeQueue({ name: queue })
    await world.task(queue, 'c')
    await world.target.received(1, 'c')
    expect(await everythingElseHasArrived()).toEqual(['c'])
  })

  test('a task deleted while it is being attempted is not retried', async () => {
    const queue = await world.queue('steps')
    const gate = aGate()
    world.target.answers = async ({ task }) => {
      if (task === 'a') await gate.promise
      return { status: task === 'a' ? 500 : 200 }
    }
    const name = await world.task(queue, 'a')
    await world.target.received(1)
    await world.client().deleteTask({ name })
    gate.resolve(undefined)
    await world.task(queue, 'b')
    await world.target.received(1, 'b')
    expect(await everythingElseHasArrived()).toEqual(['a', 'b'])
  })

  test('RunTask dispatches at once: early, from a paused queue, and again while it runs', async () => {
    const queue = await world.queue('steps')
    const gate = aGate()
    world.target.answers = async () => {
      await gate.promise
      return { status: 200 }
    }
    await world.client().pauseQueue({ name: queue })
    const name = await world.task(queue, 'a', { scheduleTime: inSeconds(3600) })
    const [first] = await world.client().runTask({ name })
    await world.target.received(1)
    const [second] = await world.client().runTask({ name })
    await world.target.received(2)
    expect([first.dispatchCount, second.dispatchCount]).toEqual([1, 2])
    gate.resolve(undefined)
    await world.taskUntil(name, (task) => !task)
  })

  test('a forced attempt that fails leaves the task to the queue', async () => {
    const queue = await world.queue('steps')
    world.target.answers = () => ({ status: 500 })
    await world.client().pauseQueue({ name: queue })
    const name = await world.task(queue, 'a')
    await world.client().runTask({ name })
    await world.taskUntil(name, (task) => task?.responseCount === 1)
    world.target.answers = () => ({ status: 200 })
    await world.client().resumeQueue({ name: queue })
    await world.taskUntil(name, (task) => !task)
    expect(world.target.arrivals).toHaveLength(2)
  })
})
