/**
 * A local cloud under faults: the real servers and the real functions in processes of their own, each of which can be
 * ended, stopped, cut off or told to fail at any boundary. Leases last until they are said to be over, and the
 * queue tries again at once: nothing waits for a clock.
 */
import { fork, type ChildProcess } from 'node:child_process'
import { once } from 'node:events'
import path from 'node:path'
import { setTimeout as delay } from 'node:timers/promises'
import type { Storage } from '@google-cloud/storage'
import { CloudTasksClient } from '@google-cloud/tasks'
import grpc from '@grpc/grpc-js'
import { catalogue, queues } from '../functions/index.ts'
import { openIdentityProvider } from '../local/host/identity.ts'
import { rows, withDatabase } from '../shared/db/connect.ts'
import { codeOf } from '../shared/errors.ts'
import { newSecret } from '../shared/hash.ts'
import { openServices } from '../shared/engine/serve.ts'
import type { Services } from '../shared/engine/services.ts'
import { taskName } from '../shared/engine/tasks.ts'
import type { StepIdentity } from '../shared/context.ts'
import { connect } from '../shared/storage-client.ts'
import type { HostIsUp, HostOptions } from './host.ts'
import { openControl, type Control } from './control.ts'
import type { Call } from './passing.ts'
import { openVendor, type Vendor } from './vendor.ts'

export interface FaultyCloud {
  readonly control: Control
  readonly vendor: Vendor
  readonly env: Readonly<Record<string, string>>
  /** Ends everything but the database at once, and starts it on what it left; the database is started anew, too. */
  readonly endAndStart: () => Promise<void>
  /** Every task that a queue holds, or those of one of them. */
  readonly queued: () => Promise<{ name: string; queue: string }[]>
  readonly holdBack: (queue: string, isHeld: boolean) => Promise<void>
  /** The product's own clients, for looking and for what a producer does. */
  readonly services: Services
  readonly storage: Storage
  readonly ask: <T>(sql: string, bindings?: Record<string, string | number | string[]>) => Promise<T[]>
  /** Whoever holds a step of the run holds it no longer, and what waits for its time is due. */
  readonly timePasses: (runIds: readonly string[]) => Promise<void>
  /** Cuts the connections that a process has to the database. */
  readonly cut: (pid: number) => Promise<void>
  /** The same call once more, beside the one that is under way. False when the queue has it no more: it was answered. */
  readonly again: (call: Pick<Call, 'task' | 'object' | 'functionName'>) => Promise<boolean>
  /** The queue hands out the step's task now, whatever it waits for. */
  readonly runNow: (step: StepIdentity) => Promise<void>
  readonly sweep: () => Promise<number>
  readonly stop: () => Promise<void>
}

export interface FaultyOptions {
  readonly workers: number
  readonly words?: readonly { word: string; start: number; end: number }[]
  readonly env?: Record<string, string>
  /** Leases and retries as a producer has them; else a lease lasts until it is said to be over, and retries come at once. */
  readonly isTimed?: boolean
}

const atOnce = { seconds: 0, nanos: 10_000_000 }
const neverMs = 3_600_000
const mostStarts = 60

export async function startFaultyCloud(dir: string, options: FaultyOptions): Promise<FaultyCloud> {
  const control = await openControl()
  const vendor = await openVendor(options.words ?? [])
  const { isTimed = false } = options
  const host = hostOf({
    dir,
    workers: options.workers,
    secret: newSecret(),
    env: {
      ...(isTimed ? {} : { LEASE_MS: String(neverMs), HEARTBEAT_MS: String(neverMs / 3) }),
      FAULTS_PORT: String(control.port),
      OPENAI_URL: vendor.url,
      ALLOW_PRIVATE_ADDRESSES: 'true',
      LOG_LEVEL: 'error',
      ...options.env,
    },
  })
  const local = await host.start()
  const services = openServices(local.env, catalogue)
  const storage = await connect({
    endpoint: local.env['STORAGE_ENDPOINT'],
    projectId: local.env['PROJECT_ID']!,
  })
  const tasks = new CloudTasksClient({
    apiEndpoint: '127.0.0.1',
    port: local.ports.tasks,
    sslCreds: grpc.credentials.createInsecure(),
  })
  const parent = `projects/${local.env['PROJECT_ID']}/locations/${local.env['LOCATION']}/queues`
  for (const name of isTimed ? [] : Object.keys(queues))
    await tasks.updateQueue({
      queue: {
        name: `${parent}/${name}`,
        retryConfig: { minBackoff: atOnce, maxBackoff: { seconds: 0, nanos: 100_000_000 }, maxDoublings: 3 },
      },
      updateMask: { paths: ['retry_config'] },
    })
  const identity = await openIdentityProvider(dir)
  const databaseUrl = local.ownersDatabaseUrl
  const ask: FaultyCloud['ask'] = (sql, bindings = {}) =>
    withDatabase(databaseUrl, (db) => rows(db, sql, bindings))

  // who stands still within a transaction is cut off at once, and not after the product's time
  if (!isTimed) await ask(`ALTER DATABASE postgres SET idle_in_transaction_session_timeout = '1s'`)

  const call = async (functionName: string, body?: string, headers: Record<string, string> = {}) => {
    const token = await identity.sign({
      audience: local.env['CALLER_AUDIENCE']!,
      email: local.env['CALLER_EMAIL']!,
    })
    const answer = await fetch(`${local.env['FUNCTIONS_URL']}/${functionName}`, {
      method: 'POST',
      headers: { authorization: `Bearer ${token}`, 'content-type': 'application/json', ...headers },
      ...(body === undefined ? {} : { body }),
    })
    await answer.arrayBuffer()
    return answer.status
  }

  const runTask = async (queue: string, name: string): Promise<boolean> => {
    try {
      await tasks.runTask({ name: `${parent}/${queue}/tasks/${name}` })
      return true
    } catch (error) {
      if (codeOf(error) === '5') return false // NOT_FOUND
      throw error
    }
  }

  const tellOf = async (object: string): Promise<void> => {
    const [metadata] = await storage.bucket('uploads').file(object).getMetadata()
    await call('on-upload', JSON.stringify(metadata), {
      'ce-id': String(metadata.generation),
      'ce-source': '//storage.googleapis.com/projects/_/buckets/uploads',
      'ce-type': 'google.cloud.storage.object.v1.finalized',
      'ce-subject': `objects/${object}`,
      'ce-specversion': '1.0',
    })
  }

  return {
    control,
    vendor,
    env: local.env,
    endAndStart: async () => {
      await host.kill()
      for (let tries = 1; ; tries++)
        try {
          await host.start()
          return
        } catch (error) {
          if (tries === mostStarts) throw error
          await delay(500) // its ports belong to who connected meanwhile
        }
    },
    queued: async () => {
      const found = await Promise.all(
        Object.keys(queues).map(async (queue) => {
          const [all] = await tasks.listTasks({ parent: `${parent}/${queue}` })
          return all.map(({ name }) => ({ name: name!.split('/').at(-1)!, queue }))
        }),
      )
      return found.flat()
    },
    holdBack: async (queue, isHeld) => {
      const name = `${parent}/${queue}`
      await (isHeld ? tasks.pauseQueue({ name }) : tasks.resumeQueue({ name }))
    },
    services,
    storage,
    ask,
    timePasses: async (runIds) => {
      await ask(
        `UPDATE steps
         SET lease_until = CASE WHEN lease_until IS NOT NULL THEN least(lease_until, clock_timestamp()) END,
             due_at = least(due_at, clock_timestamp())
         WHERE run_id = ANY (CAST(:runIds AS uuid[]))
           AND status IN ('pending', 'running')`,
        { runIds: [...runIds] },
      )
    },
    cut: async (pid) => {
      await ask(`SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE application_name = :name`, {
        name: `spool-${pid}`,
      })
    },
    again: async ({ task, object, functionName }) => {
      if (task) return await runTask(task.queue, task.name)
      if (object !== undefined) await tellOf(object)
      else await call(functionName)
      return true
    },
    runNow: async (step) => {
      await runTask(services.pipeline.stage(step.step)!.queue, taskName(step))
    },
    sweep: () => call('sweep'),
    stop: async () => {
      control.close()
      vendor.close()
      await tasks.close()
      await services.tasks.close()
      await host.stop()
    },
  }
}

/** The process that holds the servers; its workers end with it. Started again, it is where it was. */
function hostOf(options: HostOptions) {
  let child: ChildProcess | undefined
  let ports: HostOptions['ports']
  const start = async (): Promise<HostIsUp> => {
    child = fork(path.join(import.meta.dirname, 'host.ts'), [JSON.stringify({ ...options, ports })])
    const ended = once(child, 'exit').then(() =>
      Promise.reject(new Error('The cloud under faults did not start.')),
    )
    ended.catch(() => undefined) // later, it is meant
    const [isUp] = (await Promise.race([once(child, 'message'), ended])) as [HostIsUp]
    ports = isUp.ports
    return isUp
  }
  const end = async (how: () => void): Promise<void> => {
    if (!child || child.exitCode !== null || child.signalCode !== null) return
    const exited = once(child, 'exit')
    how()
    await exited
  }
  return {
    start,
    kill: () => end(() => child!.kill('SIGKILL')),
    stop: () => end(() => child!.send('stop')),
  }
}
