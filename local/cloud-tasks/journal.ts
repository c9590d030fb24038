/**
 * Keeps the local queue's state (queues, tasks, names used lately) on disk, so that it survives a SIGKILL:
 * each change is one line appended to a file before it is answered, and the file is rewritten at start.
 * Written, not synced: it is the process that dies, not the machine.
 */
import {
  appendFileSync,
  closeSync,
  ftruncateSync,
  mkdirSync,
  openSync,
  readFileSync,
  renameSync,
  writeFileSync,
} from 'node:fs'
import path from 'node:path'

/** How long the name of a done or deleted task stays taken. Google's pages say from about 1 h to 24 h. */
export const TASK_NAME_RESERVED_MS = 3_600_000
/** How long the name of a deleted queue stays taken (cloudtasks.proto, DeleteQueue). */
export const QUEUE_NAME_RESERVED_MS = 7 * 86_400_000
const COMPACT_ABOVE_BYTES = 64 * 1024 * 1024

export type RateLimits = { maxDispatchesPerSecond: number; maxConcurrentDispatches: number }
/** maxAttempts −1 and maxRetryDurationMs 0 mean no limit. */
export type RetryConfig = {
  maxAttempts: number
  maxRetryDurationMs: number
  minBackoffMs: number
  maxBackoffMs: number
  maxDoublings: number
}
export type QueueRow = {
  name: string
  state: 'RUNNING' | 'PAUSED'
  rateLimits: RateLimits
  retryConfig: RetryConfig
  purgeTime?: number
}

/** The request to send. `body` is base64. */
export type Target = {
  url: string
  method: string
  headers: Record<string, string>
  body: string
  oidc?: { email: string; audience: string }
}
/** One attempt; without `status` it was dispatched and nothing is known since. Times are epoch ms. */
export type Attempt = {
  scheduleTime: number
  dispatchTime: number
  responseTime?: number
  httpStatus?: number
  status?: { code: number; message: string }
}
export type Progress = {
  scheduleTime: number
  dispatchCount: number
  responseCount: number
  /** Responses other than 5xx. */
  executionCount: number
  firstDispatchTime?: number
  last?: Attempt
}
/** `seq` is the order of creation. `progress` alone changes. */
export type TaskRow = {
  name: string
  queue: string
  seq: number
  createTime: number
  deadlineMs: number
  target: Target
  progress: Progress
}

type Entry =
  | { type: 'queue'; queue: QueueRow }
  | { type: 'queue-gone'; name: string; at: number }
  | { type: 'task'; task: TaskRow }
  | { type: 'progress'; name: string; progress: Progress }
  | { type: 'task-gone'; name: string; at: number }

export type Journal = ReturnType<typeof openJournal>

/** Opens or creates the journal in `dir`. Read the maps freely; change them only through `commit`. */
export function openJournal(dir: string, now: () => number) {
  mkdirSync(dir, { recursive: true })
  const file = path.join(dir, 'cloud-tasks.jsonl')
  const state = emptyState()
  for (const line of completeLines(file)) apply(state, JSON.parse(line) as Entry)

  let bytes = compact(file, state, now())
  let compactAbove = Math.max(COMPACT_ABOVE_BYTES, 2 * bytes)
  let handle = openSync(file, 'a')
  let lastSeq = [...state.tasks.values()].at(-1)?.seq ?? 0
  return {
    queues: state.queues as ReadonlyMap<string, QueueRow>,
    tasks: state.tasks as ReadonlyMap<string, TaskRow>,
    nextSeq: () => ++lastSeq,
    isReserved: (taskName: string) =>
      now() - (state.goneTasks.get(taskName) ?? -Infinity) < TASK_NAME_RESERVED_MS,
    isReservedQueue: (queueName: string) =>
      now() - (state.goneQueues.get(queueName) ?? -Infinity) < QUEUE_NAME_RESERVED_MS,
    /**
     * Remembers a change: when this returns, the change survives the process. Throws where it cannot be written, as on a
     * full disk; then nothing has changed.
     */
    commit(entry: Entry): void {
      const line = Buffer.from(JSON.stringify(entry) + '\n')
      try {
        appendFileSync(handle, line)
      } catch (error) {
        ftruncateSync(handle, bytes) // half a line would make the next one unreadable
        throw error
      }
      apply(state, entry)
      forgetExpired(state.goneTasks, now() - TASK_NAME_RESERVED_MS)
      bytes += line.length
      if (bytes <= compactAbove) return
      try {
        bytes = compact(file, state, now())
      } catch {
        compactAbove = 2 * bytes // no room for it now: what is there goes on
        return
      }
      compactAbove = Math.max(COMPACT_ABOVE_BYTES, 2 * bytes)
      closeSync(handle)
      handle = openSync(file, 'a')
    },
    close: () => {
      closeSync(handle)
    },
  }
}

type State = ReturnType<typeof emptyState>
const emptyState = () => ({
  queues: new Map<string, QueueRow>(),
  tasks: new Map<string, TaskRow>(),
  goneTasks: new Map<string, number>(), // name → when; oldest first
  goneQueues: new Map<string, number>(),
})

function apply(state: State, entry: Entry): void {
  switch (entry.type) {
    case 'queue':
      state.queues.set(entry.queue.name, entry.queue)
      state.goneQueues.delete(entry.queue.name)
      return
    case 'queue-gone':
      state.queues.delete(entry.name)
      state.goneQueues.set(entry.name, entry.at)
      return
    case 'task':
      state.tasks.set(entry.task.name, entry.task)
      state.goneTasks.delete(entry.task.name)
      return
    case 'progress': {
      const task = state.tasks.get(entry.name)
      if (task) task.progress = entry.progress
      return
    }
    case 'task-gone':
      state.tasks.delete(entry.name)
      state.goneTasks.set(entry.name, entry.at)
  }
}

function forgetExpired(gone: Map<string, number>, before: number): void {
  for (const [name, at] of gone) {
    if (at > before) return
    gone.delete(name)
  }
}

/** The file's lines; one cut short by a kill was never answered and is dropped. */
function completeLines(file: string): string[] {
  try {
    return readFileSync(file, 'utf8').split('\n').slice(0, -1)
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === 'ENOENT') return []
    throw error
  }
}

function compact(file: string, state: State, now: number): number {
  forgetExpired(state.goneTasks, now - TASK_NAME_RESERVED_MS)
  forgetExpired(state.goneQueues, now - QUEUE_NAME_RESERVED_MS)
  const entries: Entry[] = [
    ...[...state.goneQueues].map(([name, at]) => ({ type: 'queue-gone' as const, name, at })),
    ...[...state.queues.values()].map((queue) => ({ type: 'queue' as const, queue })),
    ...[...state.goneTasks].map(([name, at]) => ({ type: 'task-gone' as const, name, at })),
    ...[...state.tasks.values()].map((task) => ({ type: 'task' as const, task })),
  ]
  const text = entries.map((entry) => JSON.stringify(entry) + '\n').join('')
  writeFileSync(`${file}.new`, text)
  renameSync(`${file}.new`, file)
  return Buffer.byteLength(text)
}
