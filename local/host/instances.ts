/**
 * Functions as they are deployed: each from its own bundle, in a process of its own under functions-framework, started
 * as the platform starts it, behind one address. Hides processes, ports and how a call finds its function.
 */
import { once } from 'node:events'
import { openSync, readFileSync } from 'node:fs'
import { createServer, type IncomingMessage, type ServerResponse } from 'node:http'
import { connect } from 'node:net'
import { freePort, host } from './ports.ts'
import { startSandboxed, type Sandboxed } from './sandbox.ts'
import { doorOf, refusalAt } from '../doors/doors.ts'
import { passOn } from './pass-on.ts'
import type { WorkerOptions, Workers } from './workers.ts'

export interface DeployedFunction {
  readonly name: string
  /** With its bundle and its packages. */
  readonly folder: string
  readonly memoryBytes: number
  /** For Node, as deployed. */
  readonly nodeOptions: string
}

export interface Instance {
  readonly port: number
  readonly pid: number
  /** When its process was started, as performance.now() counts. */
  readonly startedAt: number
  readonly ended: Promise<unknown>
  readonly end: () => Promise<void>
}

/** Where the package of the framework has its program. */
const framework = 'node_modules/@google-cloud/functions-framework/build/src/main.js'

/** Starts one and resolves when it takes calls; rejects when it ends before that. */
export async function startInstance(
  { name, folder, memoryBytes, nodeOptions }: DeployedFunction,
  env: NodeJS.ProcessEnv,
  log: number,
): Promise<Instance> {
  const port = await freePort()
  const platform = { K_SERVICE: name, K_REVISION: `${name}-00001`, K_CONFIGURATION: name }
  const startedAt = performance.now()
  const { child, release } = startSandboxed({
    cwd: folder,
    args: [framework],
    env: {
      ...env,
      ...platform,
      FUNCTION_TARGET: name,
      FUNCTION_SIGNATURE_TYPE: 'http',
      PORT: String(port),
      NODE_OPTIONS: nodeOptions,
    },
    memoryBytes,
    log,
  })
  const ended = once(child, 'exit').finally(release)
  ended.catch(() => undefined)
  await untilListening(port, child, name)
  const end = async () => {
    child.kill('SIGKILL')
    await ended
  }
  return { port, pid: child.pid!, startedAt, ended, end }
}

const lookAgainMs = 2

async function untilListening(port: number, child: Sandboxed['child'], name: string): Promise<void> {
  while (!(await accepts(port))) {
    if (child.exitCode !== null || child.signalCode !== null)
      throw new Error(`The function ${name} ended before it took a call; its log says why.`)
    await new Promise((resolve) => setTimeout(resolve, lookAgainMs))
  }
}

const accepts = (port: number): Promise<boolean> =>
  new Promise((resolve) => {
    const socket = connect(port, host)
    socket.once('connect', () => resolve(true)).once('error', () => resolve(false))
    socket.once('connect', () => socket.destroy())
  })

/** What Linux says of a process's memory, in MiB: held now, or at most. */
export function memoryOf(pid: number, field: 'VmRSS' | 'VmHWM'): number {
  const status = readFileSync(`/proc/${pid}/status`, 'utf8')
  return Number(new RegExp(`^${field}:\\s+(\\d+) kB`, 'm').exec(status)![1]) / 1024
}

export interface Instances {
  /** The host of a local cloud's functions. */
  readonly serve: (options: WorkerOptions) => Promise<Workers>
  /** Starts a function's process, where none runs, and returns it. */
  readonly start: (name: string) => Promise<Instance>
}

/** One instance a function, started at its first call; it has one call at a time, unless it is shared. */
export function openInstances(functions: readonly DeployedFunction[]): Instances {
  const running = new Map<string, Promise<Instance>>()
  const turns = new Map<string, Promise<unknown>>()
  let given: { env: NodeJS.ProcessEnv; log: number } | undefined

  const start = (name: string): Promise<Instance> => {
    const known = running.get(name)
    if (known) return known
    const starting = startInstance(
      functions.find((each) => each.name === name)!,
      given!.env,
      given!.log,
    )
    running.set(name, starting)
    const forget = () => running.get(name) === starting && running.delete(name)
    void starting.then(({ ended }) => ended.then(forget), forget)
    return starting
  }
  const call = async (name: string, request: IncomingMessage, response: ServerResponse): Promise<void> => {
    try {
      await passOn(await start(name), request, response)
    } catch {
      response.writeHead(500).end()
    }
  }
  const serve = async ({ port, env, own, isShared, logFile }: WorkerOptions): Promise<Workers> => {
    given = { env: deployedSettings(env), log: openSync(logFile, 'a') }
    const door = doorOf(port)
    const server = createServer((request, response) => {
      const refused = refusalAt(door, request, 'refused')
      if (refused) return void response.writeHead(refused.status).end(refused.message)
      if (own(request, response)) return
      const [, name = '', rest = ''] = /^\/([\w-]*)(.*)$/.exec(request.url!) ?? []
      if (!functions.some((each) => each.name === name)) return void response.writeHead(404).end()
      request.url = rest.startsWith('/') ? rest : `/${rest}` // each has an address of its own there
      if (isShared(name)) return void call(name, request, response)
      turns.set(
        name,
        (turns.get(name) ?? Promise.resolve()).then(() => call(name, request, response)),
      )
    })
    server.requestTimeout = 0
    server.listen(port, host)
    await once(server, 'listening')
    const stop = async () => {
      server.close()
      server.closeAllConnections()
      for (const instance of await Promise.allSettled(running.values()))
        if (instance.status === 'fulfilled') await instance.value.end()
    }
    return { stop }
  }
  return { serve, start }
}

/** What a deploy sets, and nothing else of this process's environment but where programs are. */
const deployedSettings = (env: NodeJS.ProcessEnv): NodeJS.ProcessEnv =>
  Object.fromEntries(
    Object.entries(env).filter(([name, value]) => name === 'PATH' || process.env[name] !== value),
  )
