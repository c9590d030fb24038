/**
 * The processes of a simulation: each is one call of the product (a delivery, a sweep, somebody's request), all in this
 * one process, told apart by their asynchronous context. Each stops at every boundary it comes to until the schedule lets
 * it go on, breaks its connections there, or ends it for good. Hides how it is known that whoever went on has come to
 * rest: it stands at a point, is over, or waits for a lock that another one holds.
 */
import { AsyncLocalStorage } from 'node:async_hooks'
import { watchBoundaries, type Passage } from '../../shared/boundaries.ts'
import type { Backend, Borrower, Stock } from './lent-connections.ts'

/** A point at which a process stands. */
interface Halt {
  readonly passage: Passage
  readonly go: () => void
  readonly fail: (error: Error) => void
}

export interface Process extends Borrower {
  readonly name: string
  /** Where it stands: at several where it does several things at once. */
  readonly halts: Halt[]
  /** What it would do again now and then: its heartbeats. */
  readonly beats: Set<() => void>
  /** Its other intervals, which end with it. */
  readonly intervals: Set<NodeJS.Timeout>
  isOver: boolean
  isKilled: boolean
  /** It stops nowhere any more. */
  isFree: boolean
  error?: unknown
}

export interface Processes {
  /** Those that are neither over nor killed, in the order in which they began. */
  readonly alive: () => Process[]
  readonly all: readonly Process[]
  /** Begins; resolves when it has come to rest. */
  readonly begin: (name: string, act: () => Promise<void>) => Promise<Process>
  /** Goes on to the next point; with `toTheEnd`, stops at none any more. */
  readonly goOn: (process: Process, toTheEnd?: boolean) => Promise<void>
  /** What it does now fails, and its connections are lost; whether the effect happened depends on the side of the point. */
  readonly disturb: (process: Process) => Promise<void>
  readonly kill: (...killed: readonly Process[]) => Promise<void>
  /**
   * A heartbeat is due, and comes undisturbed; so that it is its own, it has connections of its own. False when none comes:
   * whoever kept the process waiting has ended, and it has come to its end by that.
   */
  readonly beat: (process: Process) => Promise<boolean>
  /** A look of the schedule's own at what a process has just done: nobody has come to rest before it is over. */
  readonly aside: <T>(look: Promise<T>) => Promise<T>
  readonly current: () => Process | undefined
  /** Who told others of rows before these were committed. */
  readonly rash: ReadonlySet<string>
  readonly close: () => void
}

/** Long enough for any statement to be answered that waits for nobody. */
const lookForLocksMs = 4
const longestRestMs = 20_000
/** Of the product's settings: an interval of exactly this length is a heartbeat. */
export const heartbeatMs = 7_777

/** What others see at once, and would see of rows that may yet be rolled back. */
const seenByOthers: ReadonlySet<string> = new Set(['task.create', 'vendor.call', 'webhook.send'])

export function openProcesses(stock: Stock): Processes {
  const context = new AsyncLocalStorage<Process>()
  const all: Process[] = []
  const rash = new Set<string>()
  const asides = new Set<Promise<unknown>>()
  let changes = 0
  /** Connections that wait for a lock, when that was last asked. */
  let blocked: ReadonlySet<Backend> = new Set()

  const watch = (passage: Passage): Promise<void> => {
    const process = context.getStore()
    changes++
    if (
      process &&
      seenByOthers.has(passage.effect) &&
      [...process.loans].some(({ backend }) => backend.isInTransaction)
    )
      rash.add(`${process.name} comes to ${passage.effect} within a transaction`)
    if (!process || (process.isFree && !process.isKilled)) return Promise.resolve()
    return new Promise((resolve, reject) => {
      if (!process.isKilled) process.halts.push({ passage, go: resolve, fail: reject })
    })
  }
  watchBoundaries(watch)
  stock.borrower = () => context.getStore()
  const giveBackTimers = takeHeartbeats(() => context.getStore())

  const isActive = (process: Process): boolean =>
    !process.isOver &&
    !process.isKilled &&
    process.halts.length === 0 &&
    ![...process.loans].some(({ backend }) => blocked.has(backend))

  /** Everybody stands at a point, is over, or waits for somebody else's lock. */
  const rest = async (): Promise<void> => {
    const since = performance.now()
    for (let quiet = 0; quiet < 2;) {
      if (performance.now() - since > longestRestMs) throw new Error(`${namesOf(all)} came to no rest.`)
      const seen = changes
      await Promise.all(asides)
      if ([...stock.underWay].some((backend) => !blocked.has(backend))) {
        if (!(await answered(stock))) blocked = await stock.blocked()
        quiet = 0
        continue
      }
      await new Promise<void>((resolve) => setImmediate(resolve))
      if (changes !== seen || all.some(isActive)) quiet = 0
      else if (++quiet === 1 && blocked.size > 0) blocked = await stock.blocked() // whoever held the lock may have let go
    }
  }

  const step = async (process: Process, act: (halt: Halt) => void): Promise<void> => {
    const halt = process.halts.shift()
    if (halt) act(halt)
    await rest()
  }

  const alive = () => all.filter(({ isOver, isKilled }) => !isOver && !isKilled)
  return {
    all,
    rash,
    alive,
    begin: async (name, act) => {
      const process = aProcess(name)
      all.push(process)
      context.run(process, () => {
        act()
          .catch((error: unknown) => (process.error = error))
          .finally(() => {
            process.isOver = true
            changes++
          })
      })
      await rest()
      return process
    },
    goOn: async (process, toTheEnd = false) => {
      process.isFree ||= toTheEnd
      if (toTheEnd) process.halts.splice(1).forEach(({ go }) => go())
      await step(process, ({ go }) => go())
    },
    disturb: async (process) => {
      for (const loan of [...process.loans]) await loan.cut()
      await step(process, ({ fail, passage }) =>
        fail(
          Object.assign(new Error(`It was disturbed ${passage.side} ${passage.effect}.`), {
            code: 'ECONNRESET',
          }),
        ),
      )
    },
    kill: async (...killed) => {
      for (const process of killed) {
        process.isKilled = true
        process.halts.length = 0
        process.intervals.forEach((interval) => clearInterval(interval))
      }
      // at once: one may wait for another
      await Promise.all(killed.flatMap(({ loans }) => [...loans]).map((loan) => loan.cut()))
      await rest()
    },
    beat: async (process) => {
      if (process.beats.size === 0) return false
      const heart = aProcess(process.name)
      heart.isFree = true
      all.push(heart)
      for (const beat of process.beats) context.run(heart, beat)
      const lookForEnd = (): void => {
        if (heart.isKilled) return
        if (heart.backends.length === 0 || heart.loans.size > 0) return void setImmediate(lookForEnd)
        heart.isOver = true // nobody is told: it has given back what it borrowed
        changes++
      }
      lookForEnd()
      await rest()
      return true
    },
    aside: async (look) => {
      asides.add(look)
      return await look.finally(() => asides.delete(look))
    },
    current: () => context.getStore(),
    close: () => {
      watchBoundaries(undefined)
      giveBackTimers()
    },
  }
}

const aProcess = (name: string): Process => ({
  name,
  halts: [],
  beats: new Set(),
  intervals: new Set(),
  loans: new Set(),
  backends: [],
  isOver: false,
  isKilled: false,
  isFree: false,
})

const namesOf = (processes: readonly Process[]): string =>
  processes
    .filter(({ isOver, isKilled }) => !isOver && !isKilled)
    .map(({ name }) => name)
    .join(', ')

/** False when no statement was answered for a while. */
async function answered(stock: Stock): Promise<boolean> {
  const { promise, resolve } = Promise.withResolvers<boolean>()
  const timer = setTimeout(() => resolve(false), lookForLocksMs)
  stock.onAnswer = () => resolve(true)
  try {
    return await promise
  } finally {
    clearTimeout(timer)
  }
}

/** A heartbeat comes when the schedule says so; every other interval goes on as it would. */
function takeHeartbeats(current: () => Process | undefined): () => void {
  const [set, clear] = [globalThis.setInterval, globalThis.clearInterval]
  const taken = new Map<object, () => void>()
  const take = (beat: () => void, ms?: number): object => {
    const process = current()
    if (ms !== heartbeatMs || !process) {
      const interval = set(beat, ms)
      process?.intervals.add(interval)
      return interval
    }
    const timer = {}
    process.beats.add(beat)
    taken.set(timer, () => process.beats.delete(beat))
    return timer
  }
  const stop = (timer: object): void => {
    const drop = taken.get(timer)
    if (drop) drop()
    else clear(timer as NodeJS.Timeout)
  }
  Object.assign(globalThis, { setInterval: take, clearInterval: stop })
  return () => void Object.assign(globalThis, { setInterval: set, clearInterval: clear })
}
