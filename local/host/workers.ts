/**
 * The functions' host: a few worker processes behind one address, one invocation at a time each, as the
 * platform runs audio functions. Hides queueing for a free worker, starting another one when all have work, and replacing
 * one that dies; whoever waited on the dead one is told 500.
 */
import { fork, type ChildProcess } from 'node:child_process'
import { once } from 'node:events'
import { openSync, renameSync, statSync } from 'node:fs'
import { createServer, type IncomingMessage, type ServerResponse } from 'node:http'
import path from 'node:path'
import { bodyWithin, doorOf, headersTimeoutMs, refusalAt, requestTimeoutMs, TooMuch } from '../doors/doors.ts'
import { mallocSettings } from './malloc.ts'
import { mind } from './mind.ts'
import { passOn } from './pass-on.ts'
import { host } from './ports.ts'

export interface Workers {
  stop(): Promise<void>
}

interface Worker {
  readonly process: ChildProcess
  readonly port: number
}

/** A call with all of its body: who sends half of it holds up no worker. */
interface Invocation {
  readonly request: IncomingMessage
  readonly body: Buffer
  readonly response: ServerResponse
}

/** How long a call waits for a worker that has work before another one is started; what is light is over by then. */
const patienceMs = 250
/**
 * Deaths in a row without one answer: at the start, what is broken will not mend itself; later, somebody
 * should be told.
 */
const mostEarlyDeaths = 5
/** A worker that keeps dying is replaced all the same, each time after twice as long. */
const firstPauseMs = 100
const longestPauseMs = 30_000

export interface WorkerOptions {
  /** So many at most. */
  readonly count: number
  readonly port: number
  readonly env: NodeJS.ProcessEnv
  readonly logFile: string
  /** Addresses by which the functions are known besides that of their port. */
  readonly known?: readonly string[]
  /** Answers what the host itself serves. */
  readonly own: (request: IncomingMessage, response: ServerResponse) => boolean
  /**
   * Whether a function takes many calls at once, as the API does: a stream to a watcher must not keep a
   * worker from its work.
   */
  readonly isShared: (functionName: string) => boolean
  /** Told, once for each row of deaths, that workers die as soon as they are started. */
  readonly warn: (message: string) => void
  /** How often a worker is asked whether it still goes on. */
  readonly askEveryMs?: number
  /** The program a worker runs; the product's functions when not given. */
  readonly program?: string
}

/**
 * Listens on `port` and passes every request on to a free worker. Rejects when the workers die before one has
 * started.
 */
export async function startWorkers(options: WorkerOptions): Promise<Workers> {
  const waiting: Invocation[] = []
  const pool = openPool(options, () => dispatch())
  const dispatch = () => {
    for (let worker = pool.takeIdle(waiting.length > 0); worker; worker = pool.takeIdle(waiting.length > 0))
      void invoke(worker, waiting.shift()!)
  }
  const invoke = async (worker: Worker, { request, body, response }: Invocation) => {
    if (await passOn(worker, request, response, body)) pool.putBack(worker)
    else worker.process.kill('SIGKILL') // a connection that broke: it is dying, and its end may not be known yet
    dispatch()
  }
  /** Neither now, nor in a moment. */
  const startAnotherUnless = (isServed: () => boolean) => {
    if (isServed()) return
    setTimeout(() => isServed() || pool.startFor(Math.max(1, waiting.length)), patienceMs).unref()
  }
  const door = doorOf(options.port, options)
  const take = async (request: IncomingMessage, response: ServerResponse) => {
    try {
      const invocation = { request, body: await bodyWithin(request), response }
      waiting.push(invocation)
      dispatch()
      startAnotherUnless(() => !waiting.includes(invocation))
    } catch (error) {
      if (error instanceof TooMuch) response.writeHead(413, { connection: 'close' }).end()
      else response.destroy() // it broke off
    }
  }
  const server = createServer({ headersTimeout: headersTimeoutMs }, (request, response) => {
    const refused = refusalAt(door, request, 'refused')
    if (refused) return void response.writeHead(refused.status, { connection: 'close' }).end(refused.message)
    if (options.own(request, response)) return
    const shared = options.isShared(request.url!.slice(1).split(/[/?]/)[0]!) ? pool.any() : undefined
    if (!shared) void take(request, response)
    else {
      void passOn(shared, request, response)
      startAnotherUnless(() => pool.hasIdle())
    }
  })
  server.requestTimeout = requestTimeoutMs
  await new Promise<void>((resolve, reject) =>
    server.once('error', reject).listen(options.port, host, resolve),
  )
  const stop = async () => {
    server.close()
    server.closeAllConnections()
    await pool.stop()
  }
  try {
    await pool.ready
  } catch (error) {
    await stop()
    throw error
  }
  return { stop }
}

const longestLogBytes = 16 * 1024 * 1024

/** A long log becomes the former one, whose own predecessor goes: two are kept. */
function putAside(logFile: string): void {
  const bytes = statSync(logFile, { throwIfNoEntry: false })?.size ?? 0
  if (bytes > longestLogBytes) renameSync(logFile, `${logFile}.1`)
}

/** The worker processes: one, and as many as asked for when they are wanted; each is replaced when it dies. */
function openPool(
  { count, env, logFile, program, warn, askEveryMs = 10_000 }: WorkerOptions,
  onIdle: () => void,
) {
  const started: Worker[] = []
  const idle: Worker[] = []
  const alive = new Set<ChildProcess>()
  const pauses = new Set<NodeJS.Timeout>()
  putAside(logFile)
  const log = openSync(logFile, 'a')
  const { promise: ready, resolve, reject } = Promise.withResolvers<undefined>()
  ready.catch(() => undefined) // seen by whoever awaits it
  let stopping = false
  let earlyDeaths = 0
  let isReady = false
  let turns = 0

  const spawnWorker = () => {
    const child = fork(program ?? path.join(import.meta.dirname, 'worker.ts'), {
      env: { ...mallocSettings, ...env },
      stdio: ['ignore', log, log, 'ipc'],
      execArgv: workerArguments,
      detached: true, // Ctrl-C on the terminal is for the command, which ends its workers in order
    })
    alive.add(child)
    mind(child, askEveryMs)
    child.once('message', (message) => {
      const worker = { process: child, port: (message as { port: number }).port }
      started.push(worker)
      idle.push(worker)
      isReady = true
      resolve(undefined)
      onIdle()
    })
    const end = () => {
      if (!alive.delete(child)) return
      for (const list of [idle, started]) {
        const index = list.findIndex((worker) => worker.process === child)
        if (index >= 0) list.splice(index, 1)
      }
      if (!stopping) replace()
    }
    child.once('exit', end)
    child.once('error', end) // it could not be started; then there is no exit
  }

  const replace = () => {
    earlyDeaths++
    const complaint = `The functions' workers keep dying; see ${logFile}.`
    if (earlyDeaths > mostEarlyDeaths && !isReady) {
      reject(new Error(complaint))
      return
    }
    if (earlyDeaths === mostEarlyDeaths + 1) warn(`${complaint} New ones are started all the same.`)
    const pauseMs = Math.min(longestPauseMs, firstPauseMs * 2 ** (earlyDeaths - mostEarlyDeaths))
    const pause = setTimeout(
      () => {
        pauses.delete(pause)
        spawnWorker()
      },
      earlyDeaths > mostEarlyDeaths ? pauseMs : 0,
    )
    pauses.add(pause)
  }

  spawnWorker()
  return {
    ready,
    /** Starts as many as the calls that wait ask for, beside those that are on their way. */
    startFor: (calls: number) => {
      if (stopping) return
      const onTheirWay = alive.size - started.length + pauses.size
      const allowed = count - alive.size - pauses.size
      for (let i = 0; i < Math.min(calls - onTheirWay, allowed); i++) spawnWorker()
    },
    /** One for a call among many at once: one without work, else in turn; undefined while none runs. */
    any: () => idle.at(-1) ?? started.at(++turns % Math.max(1, started.length)),
    hasIdle: () => idle.length > 0,
    /** The one that has worked last: its code is compiled, and another one may never be needed. */
    takeIdle: (isWanted: boolean) => (isWanted ? idle.pop() : undefined),
    /** Its answer is out; it is free again, unless it died of it. */
    putBack: (worker: Worker) => {
      if (!alive.has(worker.process)) return
      earlyDeaths = 0
      idle.push(worker)
    },
    stop: async () => {
      stopping = true
      for (const pause of pauses) clearTimeout(pause)
      const ended = [...alive].map((child) => once(child, 'exit'))
      for (const child of alive) child.kill('SIGKILL')
      await Promise.all(ended)
    },
  }
}

/**
 * Most of what a worker holds is sound outside the heap, freed only when a small object in it is collected: a
 * small nursery frees it in time (and what is read, `spent.ts`). Counted with the heap, the rest asks for a collection when
 * all has grown by a quarter, and not every 32 MB; to load the modules, which stay, takes none. The storage client of today
 * adds one listener too many to large downloads; nothing leaks.
 */
const workerArguments = [
  '--max-semi-space-size=2',
  '--initial-heap-size=64',
  '--heap-growing-percent=25',
  '--external-memory-accounted-in-global-limit',
  '--disable-warning=MaxListenersExceededWarning',
]
