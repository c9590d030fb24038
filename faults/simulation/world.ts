/**
 * The world of one schedule: the product's services over a store, a queue and a vendor in memory, and a database that is
 * real. Hides the settings they are opened with, and that the database and its connections serve one schedule after
 * another.
 */
import { parseConfig, type Config } from '../../shared/config.ts'
import { planPipeline, type Stage } from '../../shared/engine/pipeline.ts'
import type { Services } from '../../shared/engine/services.ts'
import { webhookEvents } from '../../shared/webhooks/events.ts'
import { takeClock } from './clock.ts'
import { openDatabase, type SimulatedDatabase } from './database.ts'
import { lendConnections, type Stock } from './lent-connections.ts'
import { storeInMemory, type StoreInMemory } from './object-store.ts'
import { heartbeatMs, openProcesses, type Processes } from './processes.ts'
import { queueInMemory, type QueueInMemory } from './task-queue.ts'
import type { Mood, Troupe } from './toys.ts'
import { vendorInMemory, type VendorInMemory } from './vendor.ts'

/** What all schedules share. */
export interface Theatre {
  readonly database: SimulatedDatabase
  readonly stock: Stock
  readonly close: () => Promise<void>
}

export interface World {
  readonly services: Services
  readonly database: SimulatedDatabase
  readonly store: StoreInMemory
  readonly queue: QueueInMemory
  readonly vendor: VendorInMemory
  readonly processes: Processes
  readonly troupe: Troupe
  /** What the product has told whoever asked. */
  readonly promised: { readonly cancelled: string[]; decisions: number; restarts: number }
  /** What happened that may be the reason of something: a fault, and one that only `sweep` can make good. */
  readonly excuses: Set<'fault' | 'sweep'>
  /** Steps that nothing called for before the first sweep of the end. */
  readonly forgotten: string[]
  /** Tasks that were told to end though their step was neither done nor somebody else's. */
  readonly hasty: string[]
  /** When an attempt was heard of, by the database's clock. */
  readonly beats: { readonly process: string; readonly atMs: number }[]
  /** Work objects that somebody has taken away. */
  readonly stolen: Set<string>
  /** Statements that the database refused: its code and what it said. */
  readonly refusals: { readonly code: string; readonly message: string }[]
  readonly config: Config
  /** The vendor can be asked what it has accepted. */
  readonly looksUp: boolean
}

/** What differs from world to world. */
export interface WorldOptions {
  readonly stages: (troupe: Troupe) => readonly Stage[]
  readonly moods: readonly Mood[]
  readonly remembersNames: boolean
  readonly looksUp: boolean
  /** How often a step is tried; more than a schedule can use up when not given. */
  readonly attempts?: number | undefined
}

export const user = 'anna'
export const podcast = 'show'
export const leaseMs = 30_000
/** More than a schedule can use up by faults and jumps: a run that ends for it has lost attempts. */
const manyAttempts = 20

const settings = (databaseUrl: string, attempts: number) => ({
  DATABASE_URL: databaseUrl,
  PROJECT_ID: 'simulated',
  FUNCTIONS_URL: 'http://127.0.0.1:9',
  CALLER_AUDIENCE: 'https://simulated.test',
  CALLER_EMAIL: 'caller@simulated.test',
  PUBLIC_BASE_URL: 'http://127.0.0.1:9/public',
  LEASE_MS: String(leaseMs),
  OVERDUE_MS: String(leaseMs),
  HEARTBEAT_MS: String(heartbeatMs),
  MAX_ATTEMPTS: String(attempts),
})

const configs = new Map<string, Config>()

/** Read once for many schedules. */
function configFor(databaseUrl: string, attempts: number): Config {
  const name = `${attempts} ${databaseUrl}`
  const config = configs.get(name) ?? parseConfig(settings(databaseUrl, attempts))
  configs.set(name, config)
  return config
}

/** A database of its own on the server, and this process' clock, until it is closed. */
export async function openTheatre(serverUrl: string): Promise<Theatre> {
  const database = await openDatabase(serverUrl, `simulation_${process.pid}`)
  const stock = await lendConnections(database.url)
  const giveBackClock = takeClock()
  return {
    database,
    stock,
    close: async () => {
      giveBackClock()
      await stock.close()
      await database.close()
    },
  }
}

/** A user who is told of everything. */
const someoneListens = `
  WITH someone AS (INSERT INTO users (id) VALUES ('${user}') RETURNING id)
  INSERT INTO webhooks (user_id, url, events, secret)
  SELECT id, 'https://listener.test/', ARRAY[${webhookEvents.map((event) => `'${event}'`).join()}], 'sealed'
  FROM someone`

/** An empty world; whoever opened it ends its processes. */
export async function openWorld({ database, stock }: Theatre, options: WorldOptions): Promise<World> {
  const { stages, moods, remembersNames, looksUp, attempts = manyAttempts } = options
  await database.empty(someoneListens)
  stock.reset()
  const refusals: { code: string; message: string }[] = []
  stock.onFault = (code, message) => refusals.push({ code, message })
  const processes = openProcesses(stock)
  const vendor = vendorInMemory({ looksUp })
  const troupe = {
    moods: [...moods],
    vendor,
    currentProcess: () => processes.current()?.name ?? '',
    die: () => void processes.kill(processes.current()!),
    works: [],
  }
  const config = configFor(database.url, attempts)
  const store = storeInMemory()
  const queue = queueInMemory({ remembersNames })
  const services = { config, storage: store, tasks: queue, pipeline: planPipeline(stages(troupe)) }
  const noted = {
    promised: { cancelled: [], decisions: 0, restarts: 0 },
    excuses: new Set<'fault' | 'sweep'>(),
    forgotten: [],
    hasty: [],
    beats: [],
    stolen: new Set<string>(),
  }
  return { services, config, database, store, queue, vendor, processes, troupe, refusals, looksUp, ...noted }
}
