// The contract of the local Cloud Tasks, through Google's own client: queues, tasks, names, refusals, and
// what a restart keeps.
import { spawn } from 'node:child_process'
import { once } from 'node:events'
import { appendFileSync } from 'node:fs'
import path from 'node:path'
import { afterEach, beforeEach, describe, expect, test } from '@jest/globals'
import { status } from '@grpc/grpc-js'
import { freePort } from '../../../local/host/ports.ts'
import {
  aClient,
  aTaskWorld,
  location,
  type IQueue,
  type ITask,
  type TaskWorld,
} from '../../support/task-world.ts'

let world: TaskWorld
beforeEach(async () => {
  world = await aTaskWorld()
})
afterEach(() => world.close())

const refused = (code: status, message: RegExp | string = '') => ({
  code,
  details: expect.stringMatching(message),
})
const later = () => ({ seconds: Math.floor(Date.now() / 1000) + 3600 })

describe('queues', () => {
  test('a queue is created once, with the usual settings where none are given', async () => {
    const name = `${location}/queues/steps`
    const [queue] = await world.client().createQueue({ parent: location, queue: { name } })
    expect(queue).toMatchObject({
      name,
      state: 'RUNNING',
      rateLimits: { maxDispatchesPerSecond: 500, maxConcurrentDispatches: 1000 },
      retryConfig: {
        maxAttempts: 100,
        maxDoublings: 16,
        minBackoff: { nanos: 1e8 },
        maxBackoff: { seconds: '3600' },
        maxRetryDuration: { seconds: '0' },
      },
    })
    expect((await world.client().getQueue({ name }))[0]).toEqual(queue)
    await expect(world.client().createQueue({ parent: location, queue: { name } })).rejects.toMatchObject(
      refused(status.ALREADY_EXISTS),
    )
  })

  test('an update changes the masked settings only', async () => {
    const name = await world.queue('steps', {
      retryConfig: { maxAttempts: 7 },
      rateLimits: { maxConcurrentDispatches: 3 },
    })
    const [queue] = await world.client().updateQueue({
      queue: {
        name,
        retryConfig: { maxAttempts: 9, maxDoublings: 2 },
        rateLimits: { maxConcurrentDispatches: 4 },
      },
      updateMask: { paths: ['retry_config.max_attempts'] },
    })
    expect(queue).toMatchObject({
      retryConfig: { maxAttempts: 9, maxDoublings: 16 },
      rateLimits: { maxConcurrentDispatches: 3 },
    })
  })

  test('an update without a mask sets everything, and creates a queue that is not there', async () => {
    const name = await world.queue('steps', { retryConfig: { maxAttempts: 7 } })
    const [updated] = await world
      .client()
      .updateQueue({ queue: { name, rateLimits: { maxConcurrentDispatches: 4 } } })
    expect(updated).toMatchObject({
      retryConfig: { maxAttempts: 100 },
      rateLimits: { maxConcurrentDispatches: 4 },
    })
    const [created] = await world.client().updateQueue({ queue: { name: `${location}/queues/new` } })
    expect(created).toMatchObject({ state: 'RUNNING' })
  })

  test('queues are listed by name, page by page, for one location', async () => {
    for (const id of ['c', 'a', 'b']) await world.queue(id)
    const [first, , response] = await world
      .client()
      .listQueues({ parent: location, pageSize: 2 }, { autoPaginate: false })
    expect(first.map(({ name }) => name)).toEqual([`${location}/queues/a`, `${location}/queues/b`])
    const [second] = await world
      .client()
      .listQueues(
        { parent: location, pageSize: 2, pageToken: response.nextPageToken ?? '' },
        { autoPaginate: false },
      )
    expect(second.map(({ name }) => name)).toEqual([`${location}/queues/c`])
    expect((await world.client().listQueues({ parent: 'projects/other/locations/local' }))[0]).toEqual([])
  })

  test('a deleted queue takes its tasks along, and its name stays taken for a week', async () => {
    const name = await world.queue('steps')
    const task = await world.task(name, 'a', { scheduleTime: later() })
    await world.client().deleteQueue({ name })
    await expect(world.client().getQueue({ name })).rejects.toMatchObject(refused(status.NOT_FOUND))
    await expect(world.client().getTask({ name: task })).rejects.toMatchObject(refused(status.NOT_FOUND))
    await expect(world.queue('steps')).rejects.toMatchObject(refused(status.FAILED_PRECONDITION, /7 days/))
    world.clock.forward(7 * 86_400_000)
    await expect(world.queue('steps')).resolves.toBe(name)
  })

  test.each<[string, IQueue]>([
    ['above 0 and at most 500', { rateLimits: { maxDispatchesPerSecond: 501 } }],
    ['from 1 to 5000', { rateLimits: { maxConcurrentDispatches: 5001 } }],
    ['−1 (unlimited) or more', { retryConfig: { maxAttempts: -2 } }],
    ['from 0 to maxBackoff', { retryConfig: { minBackoff: { seconds: 10 }, maxBackoff: { seconds: 5 } } }],
    ['must start with its location', { name: 'projects/other/locations/local/queues/q' }],
    ['not of the form', { name: `${location}/queues/under_score` }],
  ])('a queue is refused when it breaks the rule "%s"', async (rule, queue) => {
    const created = world
      .client()
      .createQueue({ parent: location, queue: { name: `${location}/queues/q`, ...queue } })
    await expect(created).rejects.toMatchObject({
      code: status.INVALID_ARGUMENT,
      details: expect.stringContaining(rule),
    })
  })
})

describe('tasks', () => {
  test('a named task is created once', async () => {
    const queue = await world.queue('steps')
    await world.task(queue, 'a', { scheduleTime: later() })
    await expect(world.task(queue, 'a')).rejects.toMatchObject(
      refused(status.ALREADY_EXISTS, /already exists/),
    )
  })

  test.each(['done', 'deleted'])('the name of a task that is %s stays taken for an hour', async (end) => {
    const queue = await world.queue('steps')
    const name = await world.task(queue, 'a', end === 'deleted' ? { scheduleTime: later() } : {})
    if (end === 'deleted') await world.client().deleteTask({ name })
    await world.taskUntil(name, (task) => !task)
    await expect(world.task(queue, 'a')).rejects.toMatchObject(refused(status.ALREADY_EXISTS, /recently/))
    world.clock.forward(3_600_000)
    await expect(world.task(queue, 'a')).resolves.toBe(name)
  })

  test('a task without a name gets one of its own', async () => {
    const queue = await world.queue('steps')
    const names = await Promise.all(
      Array.from({ length: 20 }, () => world.task(queue, 'unnamed', { name: '' })),
    )
    expect(new Set(names).size).toBe(20)
    expect(names[0]).toMatch(/\/queues\/steps\/tasks\/\d+$/)
    await world.target.received(20)
  })

  test('a task is shown without its body unless the full view is asked for', async () => {
    const queue = await world.queue('steps')
    const body = Buffer.from('{"v":1}')
    const name = await world.task(queue, 'a', {
      scheduleTime: later(),
      httpRequest: { body, headers: { 'X-Run': '7' } },
    })
    const [basic] = await world.client().getTask({ name })
    expect(basic).toMatchObject({
      view: 'BASIC',
      dispatchCount: 0,
      httpRequest: { httpMethod: 'POST', headers: { 'X-Run': '7' } },
      dispatchDeadline: { seconds: '600' },
    })
    expect(basic.httpRequest?.body).toHaveLength(0)
    const [full] = await world.client().getTask({ name, responseView: 'FULL' })
    expect(full).toMatchObject({ view: 'FULL', httpRequest: { body } })
  })

  test('tasks are listed page by page', async () => {
    const queue = await world.queue('steps')
    for (const id of ['c', 'a', 'b']) await world.task(queue, id, { scheduleTime: later() })
    const [all] = await world.client().listTasks({ parent: queue })
    expect(all.map(({ name }) => name?.at(-1)).sort()).toEqual(['a', 'b', 'c'])
    const [page, , response] = await world
      .client()
      .listTasks({ parent: queue, pageSize: 2 }, { autoPaginate: false })
    expect(page).toHaveLength(2)
    const [rest] = await world
      .client()
      .listTasks(
        { parent: queue, pageSize: 2, pageToken: response.nextPageToken ?? '' },
        { autoPaginate: false },
      )
    expect(rest).toHaveLength(1)
  })

  test('what is not there is not found, and a task needs its queue first', async () => {
    const queue = `${location}/queues/none`
    for (const call of ['getQueue', 'deleteQueue', 'purgeQueue', 'pauseQueue', 'resumeQueue'] as const) {
      await expect(world.client()[call]({ name: queue })).rejects.toMatchObject(refused(status.NOT_FOUND))
    }
    for (const call of ['getTask', 'deleteTask', 'runTask'] as const) {
      await expect(world.client()[call]({ name: `${queue}/tasks/a` })).rejects.toMatchObject(
        refused(status.NOT_FOUND),
      )
    }
    await expect(world.task(queue, 'a')).rejects.toMatchObject(
      refused(status.FAILED_PRECONDITION, /does not exist/),
    )
  })

  const url = 'http://127.0.0.1:9/'
  test.each<[string, ITask]>([
    ['not of the form', { name: 'a' }],
    ['not of the form', { name: `${location}/queues/steps/tasks/${'a'.repeat(501)}` }],
    ['not of the form', { name: `${location}/queues/steps/tasks/a.b` }],
    ["start with its queue's name", { name: `${location}/queues/other/tasks/a` }],
    ['httpRequest is missing', { httpRequest: null }],
    ['http:// or https://', { httpRequest: { url: 'ftp://example.org/' } }],
    ['at most 2083 characters', { httpRequest: { url: `${url}${'a'.repeat(2083)}` } }],
    ['takes no body', { httpRequest: { url, httpMethod: 'GET', body: Buffer.from('x') } }],
    ['at most 1 MiB', { httpRequest: { url, body: Buffer.alloc(1024 * 1024) } }],
    ['at most 80 KB', { httpRequest: { url, headers: { 'X-Long': 'a'.repeat(80 * 1024) } } }],
    ['no HTTP request can carry', { httpRequest: { url, headers: { 'X-Split': 'a\r\nb' } } }],
    ['serviceAccountEmail', { httpRequest: { url, oidcToken: { audience: 'a' } } }],
    ['from 15 s to 30 min', { dispatchDeadline: { seconds: 14 } }],
    ['from 15 s to 30 min', { dispatchDeadline: { seconds: 1801 } }],
    ['at most 30 days', { scheduleTime: { seconds: Math.floor(Date.now() / 1000) + 31 * 86_400 } }],
  ])('a task is refused when it breaks the rule "%s" (%#)', async (rule, task) => {
    const parent = await world.queue('steps')
    const created = world.client().createTask({ parent, task: { httpRequest: { url }, ...task } })
    await expect(created).rejects.toMatchObject({
      code: status.INVALID_ARGUMENT,
      details: expect.stringContaining(rule),
    })
  })
})

describe('a restart', () => {
  test('queues, tasks, attempts and taken names outlive it', async () => {
    const queue = await world.queue('steps', {
      retryConfig: { maxAttempts: 7, minBackoff: { seconds: 60 }, maxBackoff: { seconds: 60 } },
    })
    world.target.answers = ({ task }) => ({ status: task === 'failing' ? 500 : 200 })
    const failing = await world.task(queue, 'failing', { httpRequest: { body: Buffer.from('input') } })
    const done = await world.task(queue, 'done')
    await world.taskUntil(failing, (task) => task?.responseCount === 1)
    await world.taskUntil(done, (task) => !task)
    await world.client().pauseQueue({ name: queue })
    const [before] = await world.client().getTask({ name: failing, responseView: 'FULL' })

    await world.stop()
    await world.start()
    const [after] = await world.client().getTask({ name: failing, responseView: 'FULL' })
    expect(after).toEqual(before)
    expect((await world.client().getQueue({ name: queue }))[0]).toMatchObject({
      state: 'PAUSED',
      retryConfig: { maxAttempts: 7 },
    })
    await expect(world.task(queue, 'done')).rejects.toMatchObject(refused(status.ALREADY_EXISTS))

    await world.client().resumeQueue({ name: queue })
    world.target.answers = () => ({ status: 200 })
    world.clock.forward(60_000)
    const [, retry] = await world.target.received(2, 'failing')
    expect(retry).toMatchObject({ retries: 1, body: 'input' })
  })

  test('on another port, tasks from before call what they called, where it is now', async () => {
    const queue = await world.queue('steps')
    const refusing = `http://127.0.0.1:${await freePort()}`
    await world.task(queue, 'moved', {
      httpRequest: { url: `${refusing}/moved?part=2` },
      scheduleTime: later(),
    })
    await world.stop()
    await world.start(`${world.target.url}/`)
    world.clock.forward(3_600_000)
    expect(await world.target.received(1)).toMatchObject([{ url: '/moved?part=2' }])
  })

  test('a killed server forgets nothing it answered, and dispatches again what was in flight', async () => {
    await world.stop()
    const entry = (file: string) => JSON.stringify(path.join(import.meta.dirname, '../../../local', file))
    const program = `
      const { openIdentityProvider } = await import(${entry('host/identity.ts')})
      const { startCloudTasks } = await import(${entry('cloud-tasks/server.ts')})
      const dir = ${JSON.stringify(world.dir)}
      console.log((await startCloudTasks({ dir, identity: await openIdentityProvider(dir) })).port)`
    const child = spawn(process.execPath, ['--input-type=module', '-e', program], {
      stdio: ['ignore', 'pipe', 'inherit'],
    })
    const [line] = (await once(child.stdout, 'data')) as [Buffer]
    const client = aClient(Number(String(line)))
    const queue = `${location}/queues/steps`
    await client.createQueue({
      parent: location,
      queue: { name: queue, rateLimits: { maxConcurrentDispatches: 1 } },
    })
    world.target.answers = () => new Promise(() => undefined)
    const ids = ['a', 'b', 'c']
    for (const id of ids) {
      await client.createTask({
        parent: queue,
        task: { name: `${queue}/tasks/${id}`, httpRequest: { url: `${world.target.url}/${id}` } },
      })
    }
    await world.target.received(1, 'a')
    child.kill('SIGKILL')
    await once(child, 'exit')
    await client.close()

    world.target.answers = () => ({ status: 200 })
    await world.start()
    const arrivals = await world.target.received(4)
    expect(arrivals.map(({ task, retries }) => [task, retries])).toEqual([
      ['a', 0],
      ['a', 1],
      ['b', 0],
      ['c', 0],
    ])
    expect(arrivals[1]?.headers).toMatchObject({
      'x-cloudtasks-taskretryreason': 'UNKNOWN(2): no response is known',
    })
  })

  test('a line that a kill cut short was never answered and is passed over', async () => {
    const queue = await world.queue('steps')
    const name = await world.task(queue, 'a', { scheduleTime: later() })
    await world.stop()
    appendFileSync(path.join(world.dir, 'cloud-tasks.jsonl'), '{"type":"task","ta')
    await world.start()
    await expect(world.task(queue, 'b', { scheduleTime: later() })).resolves.toMatch(/b$/)
    await expect(world.client().getTask({ name })).resolves.toBeDefined()
  })
})
