/**
 * Decides which task is sent when. Hides the schedule, the limits of each queue and the one timer behind them
 * all.
 */
import type { Clock } from './clock.ts'
import type { Courier, Outcome } from './attempt.ts'
import { backoffMs, burstSize, holdMs, isExhausted, retryAfterMs } from './backoff.ts'
import type { Attempt, Journal, QueueRow, TaskRow } from './journal.ts'

/** A task this old is deleted whether it was dispatched or not (cloudtasks.proto, CreateQueue). */
const RETENTION_MS = 31 * 86_400_000
/** Until a full disk is looked at again. */
const UNWRITTEN_PAUSE_MS = 1000
const MAX_TIMER_MS = 2 ** 31 - 1

/** A queue at run time. `due` holds the tasks not being attempted, by schedule time, then age. */
type Lane = {
  due: TaskRow[]
  inFlight: number
  tokens: number
  refilledAt: number
  heldUntil: number
  holds: number
  wakeAt: number
}

/** Dispatches the journal's tasks, those found in it first. All changes to tasks go through here. */
export class Dispatcher {
  readonly #journal: Journal
  readonly #courier: Courier
  readonly #clock: Clock
  readonly #lanes = new Map<string, Lane>()
  #cancelTimer: () => void = () => undefined
  #closed = false

  constructor(journal: Journal, courier: Courier, clock: Clock) {
    this.#journal = journal
    this.#courier = courier
    this.#clock = clock
    for (const task of journal.tasks.values()) insert(this.#lane(task.queue).due, task)
    for (const name of journal.queues.keys()) this.wake(name)
  }

  add(task: TaskRow): void {
    this.#journal.commit({ type: 'task', task })
    insert(this.#lane(task.queue).due, task)
    this.wake(task.queue)
  }

  /** Deletes a task; an attempt under way runs on, its outcome ignored. */
  remove(task: TaskRow): void {
    withdraw(this.#lane(task.queue).due, task)
    this.#journal.commit({ type: 'task-gone', name: task.name, at: this.#clock.now() })
  }

  /** Dispatches a task now, past every limit, even if it is being attempted already. */
  run(task: TaskRow): void {
    withdraw(this.#lane(task.queue).due, task)
    this.#start(task, true)
  }

  /** Forgets a deleted queue, whose tasks were removed before. */
  drop(queueName: string): void {
    this.#lanes.delete(queueName)
  }

  /**
   * Sends what a queue may send now and sets the timer for what comes next. Call it after any change to the
   * queue.
   */
  wake(queueName: string): void {
    const queue = this.#journal.queues.get(queueName)
    const lane = this.#lane(queueName)
    lane.wakeAt = Infinity
    while (
      queue?.state === 'RUNNING' &&
      !this.#closed &&
      lane.inFlight < queue.rateLimits.maxConcurrentDispatches
    ) {
      const [next] = lane.due
      if (!next) break
      const now = this.#clock.now()
      lane.wakeAt = Math.max(next.progress.scheduleTime, lane.heldUntil, tokenAt(lane, queue, now))
      if (lane.wakeAt > now) break
      lane.wakeAt = Infinity
      if (now - next.createTime >= RETENTION_MS) {
        this.remove(next)
        continue
      }
      lane.due.shift()
      lane.tokens -= 1
      try {
        this.#start(next, false)
      } catch (error) {
        this.#putOff(lane, next, error)
      }
    }
    this.#setTimer()
  }

  close(): void {
    this.#closed = true
    this.#cancelTimer()
    this.#courier.close()
  }

  #lane(queueName: string): Lane {
    let lane = this.#lanes.get(queueName)
    if (!lane) {
      lane = {
        due: [],
        inFlight: 0,
        tokens: Infinity,
        refilledAt: this.#clock.now(),
        heldUntil: 0,
        holds: 0,
        wakeAt: Infinity,
      }
      this.#lanes.set(queueName, lane)
    }
    return lane
  }

  #start(task: TaskRow, forced: boolean): void {
    const before = task.progress
    const dispatchTime = this.#clock.now()
    const attempt: Attempt = { scheduleTime: before.scheduleTime, dispatchTime }
    const progress = {
      ...before,
      dispatchCount: before.dispatchCount + 1,
      firstDispatchTime: before.firstDispatchTime ?? dispatchTime,
      last: attempt,
    }
    this.#journal.commit({ type: 'progress', name: task.name, progress })
    const lane = this.#lane(task.queue)
    lane.inFlight += 1
    void this.#courier.deliver(task, before).then((outcome) => {
      if (this.#closed) return
      lane.inFlight -= 1
      this.#throttle(task.queue, lane, outcome)
      if (this.#journal.tasks.get(task.name) === task)
        try {
          this.#settle(task, attempt, outcome, forced)
        } catch (error) {
          this.#putOff(lane, task, error)
        }
      this.wake(task.queue)
    })
  }

  /** What cannot be written down is done again a little later, as after a call whose answer was lost. */
  #putOff(lane: Lane, task: TaskRow, error: unknown): void {
    process.stderr.write(`spool: the queue cannot be written: ${String(error)}\n`)
    withdraw(lane.due, task)
    insert(lane.due, task)
    lane.heldUntil = Math.max(lane.heldUntil, this.#clock.now() + UNWRITTEN_PAUSE_MS)
  }

  #settle(task: TaskRow, attempt: Attempt, outcome: Outcome, forced: boolean): void {
    const queue = this.#journal.queues.get(task.queue)
    if (outcome.status.code === 0 || !queue) {
      this.remove(task)
      return
    }
    const now = this.#clock.now()
    const { progress } = task
    if (isExhausted(queue.retryConfig, progress.dispatchCount, now - (progress.firstDispatchTime ?? now))) {
      this.remove(task)
      return
    }
    // A forced attempt's retry counts from the RunTask call (cloudtasks.proto), any other's from its failure.
    const wait = Math.max(
      backoffMs(queue.retryConfig, progress.dispatchCount),
      askedWait(queue, outcome, now),
    )
    const { status, httpStatus } = outcome
    const answered = httpStatus !== undefined
    withdraw(this.#lane(task.queue).due, task)
    this.#journal.commit({
      type: 'progress',
      name: task.name,
      progress: {
        ...progress,
        scheduleTime: (forced ? attempt.dispatchTime : now) + wait,
        responseCount: progress.responseCount + (answered ? 1 : 0),
        executionCount: progress.executionCount + (answered && httpStatus < 500 ? 1 : 0),
        last: { ...attempt, status, ...(answered && { httpStatus, responseTime: now }) },
      },
    })
    insert(this.#lane(task.queue).due, task)
  }

  /** 429 and 503 slow the whole queue; a success lets it run again at full rate. */
  #throttle(queueName: string, lane: Lane, outcome: Outcome): void {
    const queue = this.#journal.queues.get(queueName)
    if (outcome.status.code === 0) lane.holds = 0
    if (!queue || !isThrottling(outcome)) return
    const now = this.#clock.now()
    if (now >= lane.heldUntil) lane.holds += 1 // answers to attempts sent before the hold say nothing new
    lane.heldUntil = Math.max(
      lane.heldUntil,
      now + Math.max(holdMs(Math.max(1, lane.holds)), askedWait(queue, outcome, now)),
    )
  }

  #setTimer(): void {
    this.#cancelTimer()
    const wakeAt = Math.min(...[...this.#lanes.values()].map((lane) => lane.wakeAt))
    if (wakeAt === Infinity || this.#closed) return
    const ms = Math.min(MAX_TIMER_MS, Math.max(0, Math.ceil(wakeAt - this.#clock.now())))
    this.#cancelTimer = this.#clock.after(ms, () => {
      const now = this.#clock.now()
      for (const [name, lane] of this.#lanes) if (lane.wakeAt <= now) this.wake(name)
      this.#setTimer()
    })
  }
}

const isThrottling = ({ httpStatus }: Outcome) => httpStatus === 429 || httpStatus === 503

/** What a throttling answer's Retry-After asks for, within the queue's maxBackoff. */
const askedWait = (queue: QueueRow, outcome: Outcome, now: number) =>
  isThrottling(outcome) ? Math.min(queue.retryConfig.maxBackoffMs, retryAfterMs(outcome.retryAfter, now)) : 0

/** Refills the lane's token bucket and says when it holds a whole token. */
function tokenAt(lane: Lane, queue: QueueRow, now: number): number {
  const perMs = queue.rateLimits.maxDispatchesPerSecond / 1000
  const burst = burstSize(queue.rateLimits.maxDispatchesPerSecond)
  lane.tokens = Math.min(burst, lane.tokens + (now - lane.refilledAt) * perMs)
  lane.refilledAt = now
  return lane.tokens >= 1 ? now : now + (1 - lane.tokens) / perMs
}

const byTime = (a: TaskRow, b: TaskRow) => a.progress.scheduleTime - b.progress.scheduleTime || a.seq - b.seq

/** Where a task stands, or would stand, in a sorted list. */
function position(due: TaskRow[], task: TaskRow): number {
  let [low, high] = [0, due.length]
  while (low < high) {
    const middle = (low + high) >>> 1
    if (byTime(due[middle]!, task) < 0) low = middle + 1
    else high = middle
  }
  return low
}

function insert(due: TaskRow[], task: TaskRow): void {
  due.splice(position(due, task), 0, task)
}

function withdraw(due: TaskRow[], task: TaskRow): void {
  const at = position(due, task)
  if (due[at] === task) due.splice(at, 1)
}
