/**
 * The task queue: the only file that talks to Cloud Tasks. Hides the client and its lazy start, how a task is
 * named, what it carries, and that a task created twice is one task.
 */
import { createHash } from 'node:crypto'
import type { CloudTasksClient } from '@google-cloud/tasks'
import { between } from '../boundaries.ts'
import { addressOf } from '../function-address.ts'
import { contextVersion, type Scalars, type StepIdentity, type TaskPayload } from '../context.ts'
import { codeOf } from '../errors.ts'

export interface QueuedStep extends StepIdentity {
  readonly context: Scalars
  readonly queue: string
  readonly deadlineSeconds: number
  /** Not before; now when absent. */
  readonly dueAt?: Date
}

/** A call of a function that needs no payload. */
export interface Reminder {
  readonly name: string
  readonly queue: string
  /** What it is for: the same is called once. */
  readonly about: string
  readonly at: Date
}

export interface TaskOptions {
  readonly projectId: string
  readonly location: string
  readonly endpoint?: string | undefined
  readonly functionsUrl: string
  readonly audience: string
  readonly callerEmail: string
}

export type TaskQueue = ReturnType<typeof openTasks>

const alreadyExists = '6'
const notFound = '5'
/**
 * What a busy queue answers: DEADLINE_EXCEEDED, perhaps after having created the task, RESOURCE_EXHAUSTED,
 * UNAVAILABLE. The client repeats such a call with growing pauses, as for all that may be repeated; it does
 * not know of this one that it may be, for it has a name. Left to the redelivery of the step before, each
 * of a thousand tasks would be created anew for one that failed.
 */
const again = {
  retry: {
    retryCodes: [4, 8, 14],
    backoffSettings: {
      initialRetryDelayMillis: 100,
      retryDelayMultiplier: 2,
      maxRetryDelayMillis: 5_000,
      initialRpcTimeoutMillis: 10_000,
      rpcTimeoutMultiplier: 1,
      maxRpcTimeoutMillis: 10_000,
      totalTimeoutMillis: 60_000,
    },
  },
}
/** A minute less than the 30 days ahead that Cloud Tasks schedules. */
const longestWaitMs = 30 * 86_400_000 - 60_000
/** Enough to hide the round trips, few enough for a small instance. */
const parallelCreates = 16

/**
 * The same (run, step, part, turn) always has the same name; it opens with a hash because sequential prefixes
 * are slow.
 */
export function taskName({ runId, step, part, turn }: StepIdentity): string {
  return hashed(`${runId}/${step}/${part}/${turn}`)
}

const hashed = (text: string): string => createHash('sha256').update(text).digest('hex').slice(0, 40)

export function openTasks(options: TaskOptions) {
  let client: Promise<CloudTasksClient> | undefined
  const tasks = () => (client ??= connect(options.endpoint))
  const parent = (queue: string) =>
    `projects/${options.projectId}/locations/${options.location}/queues/${queue}`

  const create = async (step: QueuedStep): Promise<void> => {
    const payload: TaskPayload = {
      v: contextVersion,
      runId: step.runId,
      step: step.step,
      part: step.part,
      turn: step.turn,
      context: step.context,
    }
    await createOnce({
      parent: parent(step.queue),
      task: {
        name: `${parent(step.queue)}/tasks/${taskName(step)}`,
        ...(step.dueAt ? { scheduleTime: timestamp(step.dueAt) } : {}),
        dispatchDeadline: { seconds: step.deadlineSeconds },
        httpRequest: { ...callOf(step.step), body: Buffer.from(JSON.stringify(payload)) },
      },
    })
  }

  const callOf = (name: string) => ({
    url: addressOf(options.functionsUrl, name),
    httpMethod: 'POST' as const,
    headers: { 'content-type': 'application/json' },
    oidcToken: { serviceAccountEmail: options.callerEmail, audience: options.audience },
  })

  const createOnce = async (request: Parameters<CloudTasksClient['createTask']>[0]): Promise<void> => {
    const client = await tasks()
    await between('task.create', request.task?.httpRequest?.url ?? '', async () => {
      try {
        await client.createTask(request, again)
      } catch (error) {
        if (codeOf(error) !== alreadyExists) throw error
      }
    })
  }

  /**
   * Creates every task, several at a time. Throws the first failure; what was created stays, and a repeat is
   * harmless.
   */
  const enqueue = async (steps: readonly QueuedStep[]): Promise<void> => {
    const rest = steps.values()
    const worker = async () => {
      for (const step of rest) await create(step)
    }
    await Promise.all(Array.from({ length: Math.min(parallelCreates, steps.length) }, worker))
  }

  /** Whether the queue still holds the task of this turn. */
  const holds = async (step: StepIdentity & { readonly queue: string }): Promise<boolean> => {
    try {
      await (await tasks()).getTask({ name: `${parent(step.queue)}/tasks/${taskName(step)}` })
      return true
    } catch (error) {
      if (codeOf(error) === notFound) return false
      throw error
    }
  }

  /**
   * Has a function without a payload called once at a time, at most 30 days from now, which is what a queue takes; what
   * lies later is found by the minute's own call.
   */
  const remind = async ({ name, queue, about, at }: Reminder): Promise<void> => {
    if (at.getTime() > Date.now() + longestWaitMs) return
    await createOnce({
      parent: parent(queue),
      task: {
        name: `${parent(queue)}/tasks/${hashed(`${name}/${about}/${at.toISOString()}`)}`,
        scheduleTime: timestamp(at),
        httpRequest: callOf(name),
      },
    })
  }

  const close = async (): Promise<void> => {
    if (client) await (await client).close()
  }

  return { enqueue, holds, remind, close }
}

const timestamp = (date: Date) => ({
  seconds: Math.floor(date.getTime() / 1000),
  nanos: (date.getTime() % 1000) * 1e6,
})

/** Loading the client costs 0.2 s and 78 MB, so it waits for the first task. */
async function connect(endpoint: string | undefined): Promise<CloudTasksClient> {
  const { CloudTasksClient } = await import('@google-cloud/tasks')
  if (endpoint === undefined) return new CloudTasksClient()
  const { default: grpc } = await import('@grpc/grpc-js')
  const [apiEndpoint, port] = endpoint.split(':')
  return new CloudTasksClient({
    apiEndpoint: apiEndpoint!,
    port: Number(port),
    sslCreds: grpc.credentials.createInsecure(),
  })
}
