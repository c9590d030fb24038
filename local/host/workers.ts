/**
 * The functions' host: a few worker processes behind one address, one invocation at a time each, as the platform runs audio functions.
 * Hides queueing for a free worker and starting a new one when one dies; whoever waited on the dead one is told 500.
 */
import { fork, type ChildProcess } from 'node:child_process'
import { once } from 'node:events'
import { openSync } from 'node:fs'
import { createServer, request as callWorker, type IncomingMessage, type ServerResponse } from 'node:http'
import path from 'node:path'
import { host } from './ports.ts'

export interface Workers {
  readonly pids: () => number[]
  stop(): Promise<void>
}

interface Worker {
  readonly process: ChildProcess
  readonly port: number
}

type Invocation = [IncomingMessage, ServerResponse]

/** Deaths in a row without one answer: what is broken will not mend itself. */
const mostEarlyDeaths = 5

/** Listens on `port` and passes every request on to a free worker; `own` answers what the host itself serves. */
export async function startWorkers(options: {
  count: number
  port: number
  env: NodeJS.ProcessEnv
  logFile: string
  own: (request: IncomingMessage, response: ServerResponse) => boolean
  /** Whether a function takes many calls at once, as the door does: a stream to a watcher must not keep a worker from its work. */
  isShared: (functionName: string) => boolean
}): Promise<Workers> {
  const started: Worker[] = []
  const idle: Worker[] = []
  const waiting: Invocation[] = []
  const alive = new Set<ChildProcess>()
  const log = openSync(options.logFile, 'a')
  let stopping = false
  let earlyDeaths = 0
  let turns = 0

  const dispatch = () => {
    while (idle.length > 0 && waiting.length > 0) void invoke(idle.shift()!, waiting.shift()!)
  }
  const invoke = async (worker: Worker, [request, response]: Invocation) => {
    await passOn(worker, request, response)
    if (!alive.has(worker.process)) return
    earlyDeaths = 0
    idle.push(worker)
    dispatch()
  }
  const spawnWorker = (): Promise<void> =>
    new Promise((resolve, reject) => {
      const child = fork(path.join(import.meta.dirname, 'worker.ts'), {
        env: options.env,
        stdio: ['ignore', log, log, 'ipc'],
        execArgv: workerArguments,
        detached: true, // Ctrl-C on the terminal is for the command, which ends its workers in order
      })
      alive.add(child)
      child.once('message', (message) => {
        const worker = { process: child, port: (message as { port: number }).port }
        started.push(worker)
        idle.push(worker)
        resolve()
        dispatch()
      })
      child.once('exit', () => {
        alive.delete(child)
        for (const list of [idle, started]) {
          const index = list.findIndex((worker) => worker.process === child)
          if (index >= 0) list.splice(index, 1)
        }
        if (stopping) return
        if (++earlyDeaths > mostEarlyDeaths)
          reject(new Error(`The functions' workers keep dying; see ${options.logFile}.`))
        else spawnWorker().then(resolve, reject)
      })
    })

  const server = createServer((request, response) => {
    if (options.own(request, response)) return
    const shared = options.isShared(request.url!.slice(1).split(/[/?]/)[0]!)
      ? started.at(++turns % Math.max(1, started.length))
      : undefined
    if (shared) return void passOn(shared, request, response)
    waiting.push([request, response])
    dispatch()
  })
  server.requestTimeout = 0
  await new Promise<void>((resolve, reject) =>
    server.once('error', reject).listen(options.port, host, resolve),
  )
  await Promise.all(Array.from({ length: options.count }, spawnWorker))
  const stop = async () => {
    stopping = true
    server.close()
    server.closeAllConnections()
    const ended = [...alive].map((child) => once(child, 'exit'))
    for (const child of alive) child.kill('SIGKILL')
    await Promise.all(ended)
  }
  return { pids: () => [...alive].flatMap(({ pid }) => pid ?? []), stop }
}

/**
 * Most of what a worker holds is sound outside the heap, freed only when a small object in it is collected: a small nursery keeps it under 300 MB.
 * The storage client of today adds one listener too many to large downloads and Node says so; nothing leaks.
 */
const workerArguments = ['--max-semi-space-size=2', '--disable-warning=MaxListenersExceededWarning']

function passOn(worker: Worker, request: IncomingMessage, response: ServerResponse): Promise<void> {
  return new Promise((resolve) => {
    const fail = () => {
      if (!response.headersSent) response.writeHead(500)
      response.end()
      resolve()
    }
    const call = callWorker(
      { host, port: worker.port, method: request.method, path: request.url, headers: request.headers },
      (answer) => {
        response.writeHead(answer.statusCode!, answer.headers)
        answer.pipe(response)
        answer.once('end', resolve).once('error', fail)
      },
    )
    call.once('error', fail)
    response.once('close', () => call.destroy()) // whoever watched has gone
    request.pipe(call)
  })
}
