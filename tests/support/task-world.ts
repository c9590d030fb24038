// A world for tests of the local Cloud Tasks: the server on a directory of its own, Google's real client, a
// target that
// answers as told, and a clock that can be put forward.
import { mkdtempSync, rmSync } from 'node:fs'
import http from 'node:http'
import type { AddressInfo } from 'node:net'
import { tmpdir } from 'node:os'
import path from 'node:path'
import { CloudTasksClient, type protos } from '@google-cloud/tasks'
import { credentials } from '@grpc/grpc-js'
import { startCloudTasks } from '../../local/cloud-tasks/server.ts'
import { openIdentityProvider } from '../../local/host/identity.ts'
import { giveKeys } from './keys.ts'

process.env.METADATA_SERVER_DETECTION = 'none'

export type IQueue = protos.google.cloud.tasks.v2.IQueue
export type ITask = protos.google.cloud.tasks.v2.ITask
export const location = 'projects/spool-local/locations/local'

/** A request that reached the target. */
export type Arrival = {
  url: string
  method: string
  headers: http.IncomingHttpHeaders
  body: string
  task: string
  retries: number
}
export type Answer = { status: number; headers?: http.OutgoingHttpHeaders }

export type TaskWorld = Awaited<ReturnType<typeof aTaskWorld>>

export async function aTaskWorld() {
  const dir = mkdtempSync(path.join(tmpdir(), 'spool-tasks-'))
  giveKeys(dir)
  const identity = await openIdentityProvider(dir)
  const clock = aForwardClock()
  const target = await aTarget()
  let server = await startCloudTasks({ dir, identity, clock })
  let client = aClient(server.port)
  const stop = async () => {
    await client.close()
    await server.close()
  }
  return {
    dir,
    identity,
    clock,
    target,
    client: () => client,
    stop,
    /** `below`: the address below which all tasks call. */
    async start(below?: string) {
      server = await startCloudTasks({
        ...{ dir, identity, clock },
        ...(below === undefined ? {} : { target: below }),
      })
      client = aClient(server.port)
    },
    /** Creates a queue that retries at once unless told otherwise; returns its full name. */
    async queue(id: string, settings: IQueue = {}) {
      const name = `${location}/queues/${id}`
      const retryConfig = { minBackoff: { nanos: 1e6 }, maxBackoff: { nanos: 5e6 }, ...settings.retryConfig }
      await client.createQueue({ parent: location, queue: { ...settings, name, retryConfig } })
      return name
    },
    /** Creates a task for the target; its id is also the URL's path. Returns its full name. */
    async task(queue: string, id: string, task: ITask = {}) {
      const httpRequest = { url: `${target.url}/${id}`, ...task.httpRequest }
      const [created] = await client.createTask({
        parent: queue,
        task: { name: `${queue}/tasks/${id}`, ...task, httpRequest },
      })
      return created.name ?? ''
    },
    /** Resolves once the task satisfies the condition; undefined stands for a task that is gone. */
    async taskUntil(name: string, condition: (task: ITask | undefined) => boolean) {
      for (;;) {
        const task = await client.getTask({ name }).then(
          ([found]) => found,
          () => undefined,
        )
        if (condition(task)) return task
      }
    },
    async close() {
      await stop()
      await target.close()
      rmSync(dir, { recursive: true })
    },
  }
}

export const aClient = (port: number) =>
  new CloudTasksClient({
    apiEndpoint: '127.0.0.1',
    port,
    sslCreds: credentials.createInsecure(),
    projectId: 'spool-local',
  })

/** An HTTP server that notes what arrives and answers 200, or what `answers` says. */
export async function aTarget() {
  const arrivals: Arrival[] = []
  const waiting: (() => void)[] = []
  const target = {
    url: '',
    arrivals,
    /** Called when a caller drops its connection before it is answered. */
    onCut: (() => undefined) as () => void,
    answers: (() => ({ status: 200 })) as (arrival: Arrival) => Answer | Promise<Answer>,
    /** Resolves with all arrivals once there are `count` (of the task `id`, if given). */
    async received(count: number, id?: string) {
      for (;;) {
        const found = arrivals.filter(({ task }) => id === undefined || task === id)
        if (found.length >= count) return found
        await new Promise<void>((resolve) => waiting.push(resolve))
      }
    },
    async close() {
      server.closeAllConnections()
      await new Promise((resolve) => server.close(resolve))
    },
  }
  const server = http.createServer((request, response) => {
    void (async () => {
      let body = ''
      for await (const chunk of request) body += String(chunk)
      const { url = '', method = '', headers } = request
      const arrival = {
        url,
        method,
        headers,
        body,
        task: String(headers['x-cloudtasks-taskname']),
        retries: Number(headers['x-cloudtasks-taskretrycount']),
      }
      arrivals.push(arrival)
      for (const wake of waiting.splice(0)) wake()
      response.on('close', () => response.writableFinished || target.onCut())
      const answer = await target.answers(arrival)
      response.writeHead(answer.status, answer.headers).end()
    })()
  })
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve))
  target.url = `http://127.0.0.1:${(server.address() as AddressInfo).port}`
  return target
}

/** A promise and what settles it. */
export const aGate = () => Promise.withResolvers<undefined>()

/** The real clock, but `forward(ms)` puts it on and fires what is due then. */
function aForwardClock() {
  let ahead = 0
  const timers = new Set<{ due: number; fire: () => void }>()
  const now = () => Date.now() + ahead
  return {
    now,
    after(ms: number, run: () => void) {
      const cancel = () => {
        clearTimeout(handle)
        timers.delete(timer)
      }
      const fire = () => {
        cancel()
        run()
      }
      const timer = { due: now() + ms, fire }
      const handle = setTimeout(fire, ms)
      timers.add(timer)
      return cancel
    },
    forward(ms: number) {
      ahead += ms
      for (const timer of [...timers]) if (timer.due <= now()) timer.fire()
    },
  }
}
