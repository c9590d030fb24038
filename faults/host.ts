/**
 * A local cloud in a process of its own, so that all of it can be ended at once. Told what to start by its one argument,
 * a JSON of `HostOptions`; tells its parent when it is up, and ends with it.
 */
import path from 'node:path'
import { startLocalCloud } from '../local/host/cloud.ts'
import type { Ports } from '../local/host/ports.ts'
import { startWorkers } from '../local/host/workers.ts'

export interface HostOptions {
  readonly dir: string
  readonly workers: number
  readonly env: Readonly<Record<string, string>>
  /** Of the storage's address: whoever has it keeps it when the cloud is started again. */
  readonly secret: string
  /** Where it was last time, when there was one. */
  readonly ports?: Ports
}

export interface HostIsUp {
  readonly env: Readonly<Record<string, string>>
  readonly ports: Ports
  readonly ownersDatabaseUrl: string
}

// a signal is for its parent, with which it ends, in order
for (const signal of ['SIGINT', 'SIGTERM', 'SIGHUP'] as const) process.on(signal, () => undefined)

const { dir, workers, env, secret, ports } = JSON.parse(process.argv[2]!) as HostOptions
const starting = startLocalCloud(dir, {
  workers,
  env,
  secret,
  ...(ports ? { ports } : {}),
  serve: (options) => startWorkers({ ...options, program: path.join(import.meta.dirname, 'worker.ts') }),
})
const end = (): void => void starting.then((cloud) => cloud.stop()).finally(() => process.exit(0))
process.on('message', end)
process.on('disconnect', end)
const cloud = await starting
const isUp: HostIsUp = {
  env: cloud.env,
  ports: cloud.ports,
  ownersDatabaseUrl: cloud.ownersDatabaseUrl,
}
process.send!(isUp)
