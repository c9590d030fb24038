/**
 * A local Cloud Tasks server: serves the real gRPC service google.cloud.tasks.v2.CloudTasks, so that Google's
 * own client talks to it unchanged. This file is the surface, one method after the other; the rules are in
 * the files beside it.
 */
import { readFileSync } from 'node:fs'
import { createRequire } from 'node:module'
import path from 'node:path'
import {
  Server,
  ServerCredentials,
  status,
  type UntypedServiceImplementation,
  type handleUnaryCall,
} from '@grpc/grpc-js'
import { fromJSON, type ServiceDefinition } from '@grpc/proto-loader'
import { openCourier, type TokenSigner } from './attempt.ts'
import type { Clock } from './clock.ts'
import { Dispatcher } from './dispatch.ts'
import { openJournal, type Journal, type QueueRow, type TaskRow } from './journal.ts'
import {
  Refusal,
  locationName,
  maskedQueue,
  queueName,
  readQueue,
  readTask,
  refuse,
  taskName,
  writeQueue,
  writeTask,
} from './wire.ts'
import type { QueueMessage, TaskMessage, View } from './wire.ts'

export type CloudTasksServer = { port: number; close(): Promise<void> }

const systemClock: Clock = {
  now: () => Date.now(),
  after(ms, run) {
    const timer = setTimeout(run, ms)
    return () => {
      clearTimeout(timer)
    }
  },
}

/**
 * Starts the server on 127.0.0.1, with the queues and tasks that `dir` holds; what was in flight when the
 * last server ended is dispatched again. `queues` are made, or brought to these settings. `close` cuts the attempts under way, as the end of the process
 * would.
 */
export async function startCloudTasks(options: {
  dir: string
  port?: number
  identity: TokenSigner
  clock?: Clock
  queues?: readonly Omit<QueueRow, 'state'>[]
  /** Tasks call what lies below this address and nothing else; anything when not given. */
  target?: string
}): Promise<CloudTasksServer> {
  const clock = options.clock ?? systemClock
  const server = new Server()
  // before the journal: where the port is fixed, a second server stops here
  const port = await listen(server, options.port ?? 0)
  try {
    const journal = openJournal(options.dir, () => clock.now())
    for (const queue of options.queues ?? []) {
      const { state } = journal.queues.get(queue.name) ?? { state: 'RUNNING' as const }
      journal.commit({ type: 'queue', queue: { ...queue, state } })
    }
    const dispatcher = new Dispatcher(journal, openCourier(options.identity, clock, options.target), clock)
    const service = { journal, dispatcher, clock, target: options.target ?? '' }
    server.addService(cloudTasksDefinition(), { ...queueMethods(service), ...taskMethods(service) })
    const close = () => {
      server.forceShutdown()
      dispatcher.close()
      journal.close()
      return Promise.resolve()
    }
    return { port, close }
  } catch (error) {
    server.forceShutdown()
    throw error
  }
}

type Service = { journal: Journal; dispatcher: Dispatcher; clock: Clock; target: string }

function queueMethods({ journal, dispatcher, clock }: Service): UntypedServiceImplementation {
  const put = (queue: QueueRow) => {
    journal.commit({ type: 'queue', queue })
    dispatcher.wake(queue.name)
    return writeQueue(queue)
  }
  const create = (message: QueueMessage) => {
    if (journal.isReservedQueue(message.name))
      throw refuse(
        'FAILED_PRECONDITION',
        `A queue ${message.name} existed until recently; its name is free after 7 days`,
      )
    return put({ name: message.name, state: 'RUNNING', ...readQueue(message) })
  }
  return {
    createQueue: answer(({ parent, queue }: { parent: string; queue: QueueMessage | null }) => {
      if (!queue) throw refuse('INVALID_ARGUMENT', 'queue is missing')
      if (!queueName(queue.name).startsWith(`${locationName(parent)}/queues/`)) {
        throw refuse('INVALID_ARGUMENT', `the queue's name must start with its location, ${parent}/queues/`)
      }
      if (journal.queues.has(queue.name)) throw refuse('ALREADY_EXISTS', `Queue ${queue.name} already exists`)
      return create(queue)
    }),
    updateQueue: answer(
      ({ queue, updateMask }: { queue: QueueMessage | null; updateMask: { paths: string[] } | null }) => {
        if (!queue) throw refuse('INVALID_ARGUMENT', 'queue is missing')
        const current = journal.queues.get(queueName(queue.name))
        return current
          ? put({ ...current, ...readQueue(maskedQueue(current, queue, updateMask?.paths ?? [])) })
          : create(queue)
      },
    ),
    getQueue: answer(({ name }: { name: string }) => writeQueue(findQueue(journal, name))),
    listQueues: answer(
      ({
        parent,
        filter,
        pageSize,
        pageToken,
      }: {
        parent: string
        filter: string
        pageSize: number
        pageToken: string
      }) => {
        if (filter) throw refuse('UNIMPLEMENTED', 'listQueues takes no filter here')
        const all = [...journal.queues.values()].filter(({ name }) =>
          name.startsWith(`${locationName(parent)}/queues/`),
        )
        const rest = all.sort((a, b) => (a.name < b.name ? -1 : 1)).filter(({ name }) => name > pageToken)
        const page = rest.slice(0, pageLength(pageSize, 9800))
        return {
          queues: page.map(writeQueue),
          nextPageToken: page.length < rest.length ? page.at(-1)?.name : '',
        }
      },
    ),
    deleteQueue: answer(({ name }: { name: string }) => {
      findQueue(journal, name)
      for (const task of tasksOf(journal, name)) dispatcher.remove(task)
      journal.commit({ type: 'queue-gone', name, at: clock.now() })
      dispatcher.drop(name)
      return {}
    }),
    purgeQueue: answer(({ name }: { name: string }) => {
      const queue = findQueue(journal, name)
      for (const task of tasksOf(journal, name)) dispatcher.remove(task)
      return put({ ...queue, purgeTime: clock.now() })
    }),
    pauseQueue: answer(({ name }: { name: string }) => put({ ...findQueue(journal, name), state: 'PAUSED' })),
    resumeQueue: answer(({ name }: { name: string }) =>
      put({ ...findQueue(journal, name), state: 'RUNNING' }),
    ),
  }
}

function taskMethods({ journal, dispatcher, clock, target }: Service): UntypedServiceImplementation {
  return {
    createTask: answer(
      ({ parent, task, responseView }: { parent: string; task: TaskMessage | null; responseView: View }) => {
        const described = readTask(task, queueName(parent), clock.now())
        if (!described.target.url.startsWith(target))
          throw refuse('PERMISSION_DENIED', `The tasks of this machine call ${target} and nothing else`)
        // FAILED_PRECONDITION, not NOT_FOUND: what Google answers (stackkit/laravel-google-cloud-tasks-queue
        // #103).
        if (!journal.queues.has(parent)) throw refuse('FAILED_PRECONDITION', `Queue ${parent} does not exist`)
        if (journal.tasks.has(described.name))
          throw refuse('ALREADY_EXISTS', `Task ${described.name} already exists`)
        if (journal.isReserved(described.name)) {
          throw refuse(
            'ALREADY_EXISTS',
            `A task ${described.name} was done or deleted recently; its name is free about an hour after`,
          )
        }
        const created: TaskRow = { ...described, seq: journal.nextSeq() }
        const reply = writeTask(created, responseView)
        dispatcher.add(created)
        return reply
      },
    ),
    getTask: answer(({ name, responseView }: { name: string; responseView: View }) =>
      writeTask(findTask(journal, name), responseView),
    ),
    listTasks: answer(
      ({
        parent,
        responseView,
        pageSize,
        pageToken,
      }: {
        parent: string
        responseView: View
        pageSize: number
        pageToken: string
      }) => {
        findQueue(journal, parent)
        const rest = tasksOf(journal, parent).filter(({ seq }) => seq > Number(pageToken))
        const page = rest.slice(0, pageLength(pageSize, 1000))
        return {
          tasks: page.map((task) => writeTask(task, responseView)),
          nextPageToken: page.length < rest.length ? String(page.at(-1)?.seq) : '',
        }
      },
    ),
    deleteTask: answer(({ name }: { name: string }) => {
      dispatcher.remove(findTask(journal, name))
      return {}
    }),
    runTask: answer(({ name, responseView }: { name: string; responseView: View }) => {
      const task = findTask(journal, name)
      dispatcher.run(task)
      return writeTask(task, responseView)
    }),
  }
}

/** One method of the service: the request in, the reply or a refusal's status out. */
function answer<Request, Reply>(method: (request: Request) => Reply): handleUnaryCall<Request, Reply> {
  return (call, callback) => {
    let reply: Reply
    try {
      reply = method(call.request)
    } catch (error) {
      callback({
        code: error instanceof Refusal ? error.code : status.INTERNAL,
        details: error instanceof Error ? error.message : String(error),
      })
      return
    }
    callback(null, reply)
  }
}

function findQueue(journal: Journal, name: string): QueueRow {
  const queue = journal.queues.get(queueName(name))
  if (!queue) throw refuse('NOT_FOUND', `Queue ${name} does not exist`)
  return queue
}

function findTask(journal: Journal, name: string): TaskRow {
  const task = journal.tasks.get(taskName(name))
  if (task) return task
  throw refuse(
    'NOT_FOUND',
    journal.isReserved(name) ? `Task ${name} is done or was deleted` : `Task ${name} does not exist`,
  )
}

const tasksOf = (journal: Journal, queue: string) =>
  [...journal.tasks.values()].filter((task) => task.queue === queue)

const pageLength = (asked: number, most: number) => (asked > 0 ? Math.min(asked, most) : most)

/**
 * The service's definition, from the protos inside Google's client (a file that its `exports` does not name).
 */
export function cloudTasksDefinition(): ServiceDefinition {
  const protos = path.dirname(createRequire(import.meta.url).resolve('@google-cloud/tasks/build/protos'))
  const json = JSON.parse(readFileSync(path.join(protos, 'protos.json'), 'utf8')) as Parameters<
    typeof fromJSON
  >[0]
  const definitions = fromJSON(json, { longs: Number, enums: String, defaults: true, oneofs: true })
  return definitions['google.cloud.tasks.v2.CloudTasks'] as ServiceDefinition
}

function listen(server: Server, port: number): Promise<number> {
  return new Promise((resolve, reject) => {
    server.bindAsync(`127.0.0.1:${port}`, ServerCredentials.createInsecure(), (error, bound) => {
      if (error) reject(error)
      else resolve(bound)
    })
  })
}
