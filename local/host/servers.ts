/**
 * The servers of the local cloud beside its database: storage, workers, queues and the scheduler. Hides the order they start in
 * and the settings that make the product find them.
 */
import { randomBytes } from 'node:crypto'
import { readFile, writeFile } from 'node:fs/promises'
import { availableParallelism } from 'node:os'
import path from 'node:path'
import { catalogue, queues } from '../../functions/index.ts'
import { migrate } from '../../shared/db/migrate.ts'
import { newSecret } from '../../shared/hash.ts'
import { startCloudStorage } from '../cloud-storage/server.ts'
import { startCloudTasks } from '../cloud-tasks/server.ts'
import { modelsFolder } from './models-folder.ts'
import { openIdentityProvider, type IdentityProvider } from './identity.ts'
import { ownAnswer } from './own-answers.ts'
import { host, type Ports } from './ports.ts'
import type { Postgres } from './postgres.ts'
import { startWorkers, type WorkerOptions, type Workers } from './workers.ts'

const projectId = 'spool-local'
const location = 'local'
const callerEmail = 'caller@spool-local.iam.gserviceaccount.com'
const audience = 'https://spool.local'
const sweepEveryMs = 60_000
/** Not in the way of a short command; a longer one has its sweep. */
const firstSweepMs = 10_000
/** Quick to retry, as one waits for the result; the ceiling keeps recovery from a crash under a minute. */
const retryConfig = {
  minBackoffMs: 1000,
  maxBackoffMs: 5000,
  maxDoublings: 3,
  maxAttempts: 1000,
  maxRetryDurationMs: 0,
}

export interface ServerOptions {
  readonly workers?: number
  /** Overrides single settings. */
  readonly env?: Record<string, string>
  /** Runs the functions: from the sources, when not given. */
  readonly serve?: (options: WorkerOptions) => Promise<Workers>
  /** Brings the database up to date: from the sources, when not given. */
  readonly migrate?: (databaseUrl: string, functionsUrl: string) => Promise<unknown>
  /** Of the address of the storage; another one each time it starts, when not given. */
  readonly secret?: string
}

export interface Servers {
  /** The settings the functions run with. */
  readonly env: Readonly<Record<string, string>>
  readonly logFile: string
}

/** Where they run. */
interface Place {
  readonly dir: string
  readonly ports: Ports
  /** On its way. */
  readonly postgres: Postgres
  /** Gets how each server is stopped, in the order they start in. */
  readonly stops: (() => Promise<void>)[]
}

/** Starts all of them. */
export async function startServers(
  { dir, ports, postgres, stops }: Place,
  { secret = newSecret(), ...options }: ServerOptions,
): Promise<Servers> {
  const identity = await openIdentityProvider(dir)
  const logFile = path.join(dir, 'functions.log')
  const env: Record<string, string> = {
    ...settings(postgres.functionsUrl, ports, secret),
    EARS_DIR: modelsFolder(process.env),
    RUNS_PER_HOUR: process.env['RUNS_PER_HOUR'] ?? '0', // who owns the machine needs no limit
    SEALING_KEY: await sealingKey(dir),
    ...options.env,
  }
  const storage = await startCloudStorage({
    dir: path.join(dir, 'storage'),
    port: ports.storage,
    secret,
    buckets: ['uploads', 'work', 'episodes', 'public'],
    withoutMd5: ['work'], // sound that nobody gave and nobody gets
    notifications: [{ bucket: 'uploads', url: `http://${host}:${ports.functions}/on-upload`, audience }],
    sign: (claims) => identity.sign({ ...claims, email: callerEmail }),
    known: named(env, 'PUBLIC_BASE_URL'),
    friends: [env['FUNCTIONS_URL']!, ...named(env, 'CONSOLE_URL')],
  })
  stops.push(storage.close)
  // the workers connect to nothing before their first call, so they start while the database does
  const starting = (options.serve ?? startWorkers)({
    count: options.workers ?? availableParallelism(),
    port: ports.functions,
    env: {
      ...process.env,
      ...env,
      METADATA_SERVER_DETECTION: 'none',
      NODE_ENV: 'production',
      GOOGLE_APPLICATION_CREDENTIALS: storage.credentialsFile,
    },
    logFile,
    warn: (message) => process.stderr.write(`spool: ${message}\n`),
    known: named({ ...process.env, ...env }, 'CALLBACKS_URL', 'API_URL', 'CONSOLE_URL'),
    own: answerOwn(identity),
    isShared: (name) => catalogue.some((entry) => entry.trigger === 'http' && entry.name === name),
  })
  stops.push(async () => await (await starting.catch(() => undefined))?.stop())
  const migrated = postgres.ready.then(() =>
    (options.migrate ?? migrate)(postgres.url, postgres.functionsUrl),
  )
  await Promise.all([starting, migrated])
  // last: what the queue holds from before is handed out at once
  const tasks = await startCloudTasks({
    dir: path.join(dir, 'tasks'),
    port: ports.tasks,
    identity,
    queues: queueSettings,
    target: `${env['FUNCTIONS_URL']!}/`,
  })
  stops.push(tasks.close)
  stops.push(scheduleSweep(identity, ports.functions))
  return { env, logFile }
}

/** Those of these settings that there are. */
const named = (env: NodeJS.ProcessEnv, ...names: readonly string[]): string[] =>
  names.flatMap((name) => env[name] ?? [])

/** Made once and kept beside what it seals; only its owner may read it. */
async function sealingKey(dir: string): Promise<string> {
  const file = path.join(dir, 'sealing.key')
  await writeFile(file, randomBytes(32).toString('base64'), { mode: 0o600, flag: 'wx' }).catch(
    (error: unknown) => {
      if ((error as NodeJS.ErrnoException).code !== 'EEXIST') throw error
    },
  )
  return await readFile(file, 'utf8')
}

const settings = (databaseUrl: string, ports: Ports, secret: string): Record<string, string> => ({
  DATABASE_URL: databaseUrl,
  PROJECT_ID: projectId,
  LOCATION: location,
  FUNCTIONS_URL: `http://${host}:${ports.functions}`,
  CALLER_AUDIENCE: audience,
  CALLER_ISSUER: 'https://identity.spool.local',
  CALLER_JWKS_URL: `http://${host}:${ports.functions}/jwks.json`,
  CALLER_EMAIL: callerEmail,
  PUBLIC_BASE_URL: `http://${host}:${ports.storage}/public`,
  STORAGE_ENDPOINT: `http://${host}:${ports.storage}/${secret}`,
  TASKS_ENDPOINT: `${host}:${ports.tasks}`,
  STORE_IS_PUBLIC: 'false',
})

/** The signing keys, for whoever checks a caller, and the way for who asks at no function's address. */
const answerOwn = (identity: IdentityProvider): Parameters<typeof startWorkers>[0]['own'] => {
  const jwks = JSON.stringify(identity.jwks)
  return ({ url }, response) => {
    const answer = ownAnswer(url!, jwks)
    if (answer) response.writeHead(answer.status, answer.headers).end(answer.body)
    return answer !== undefined
  }
}

const queueSettings = Object.entries(queues).map(([name, rateLimits]) => ({
  name: `projects/${projectId}/locations/${location}/queues/${name}`,
  rateLimits,
  retryConfig,
}))

/** Cloud Scheduler's part: a timer that calls `sweep`. */
function scheduleSweep(identity: IdentityProvider, port: number): () => Promise<void> {
  const call = async () => {
    const token = await identity.sign({ audience, email: callerEmail })
    await fetch(`http://${host}:${port}/sweep`, {
      method: 'POST',
      headers: { authorization: `Bearer ${token}` },
    })
  }
  // a missed sweep is made up for by the next
  const look = () => void call().catch(() => undefined)
  const timer = setInterval(look, sweepEveryMs)
  const first = setTimeout(look, firstSweepMs)
  return () => {
    clearInterval(timer)
    clearTimeout(first)
    return Promise.resolve()
  }
}
