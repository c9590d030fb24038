/**
 * A world of one's own: a fresh database, the real clients over the local servers, and queues that are
 * paused, so that a task is
 * delivered when the test says so, as often as it says, and time passes when it says.
 */
import { randomBytes, randomUUID } from 'node:crypto'
import { catalogue as realCatalogue } from '../../functions/index.ts'
import { onCallback } from '../../functions/on-callback.ts'
import { onUpload } from '../../functions/on-upload.ts'
import { sweep, type SweepOptions } from '../../functions/sweep.ts'
import { parsePayload, type Scalars, type TaskPayload } from '../../shared/context.ts'
import { withDatabase } from '../../shared/db/connect.ts'
import { beginEpisode, ensureEpisode } from '../../shared/db/episodes.ts'
import { ensurePodcast } from '../../shared/db/podcasts.ts'
import { saveProviderKey } from '../../shared/db/provider-keys.ts'
import { cancelRun } from '../../shared/db/run-changes.ts'
import { findRun, startRun, type Run } from '../../shared/db/runs.ts'
import { insertSteps, type StepStatus } from '../../shared/db/steps.ts'
import { codeOf } from '../../shared/errors.ts'
import { partsOf, planPipeline } from '../../shared/engine/pipeline.ts'
import { keyPurpose, openSealer } from '../../shared/providers/seal.ts'
import type { FinalizedObject } from '../../shared/engine/bodies.ts'
import { openServices, type CatalogueEntry } from '../../shared/engine/serve.ts'
import { defaultTemplate } from '../../shared/settings/settings.ts'
import { deliver, type TaskAnswer } from '../../shared/engine/delivery.ts'
import { enqueue } from '../../shared/engine/enqueue.ts'
import type { Services } from '../../shared/engine/services.ts'
import { freshDatabase, type Database } from './database.ts'
import { theServers, type Servers } from './servers.ts'
import { afterEachFile, afterEachTest } from './every-file.ts'
import { tracePrefix } from './toys.ts'

export interface StepRow {
  readonly step: string
  readonly part: number
  readonly status: StepStatus
  readonly turn: number
  readonly attempt: number
  readonly reused: boolean
  readonly context: Scalars
  readonly output: Scalars | null
  readonly error: string | null
  readonly inputKey: string | null
}

export interface QueuedTask {
  readonly name: string
  readonly dueAt: Date
  readonly payload: TaskPayload
}

export type World = Awaited<ReturnType<typeof makeWorld>>

export interface WorldOptions {
  /** The product's own when not given. */
  readonly catalogue?: readonly CatalogueEntry[]
  /** The name of the last step, for a test that looks at nothing behind it: the run is finished with it. */
  readonly until?: string
  readonly env?: Readonly<Record<string, string>>
  /** The address by which the product reaches the database; its own when not given. */
  readonly through?: (databaseUrl: string) => string
}

export const user = 'anna'
/** A hundred times what a server under load needs to see that a client has gone. */
const longestClosingMs = 120_000
const closing: (() => Promise<void>)[] = []
const leaving: (() => Promise<void>)[] = []

afterEachTest(async () => {
  for (const close of closing.splice(0)) await close()
})
afterEachFile(async () => {
  for (const leave of leaving.splice(0)) await leave()
})

/** Closed by itself after the test. */
export async function aWorld(options: WorldOptions = {}): Promise<World> {
  const world = await makeWorld(options)
  closing.push(world.close)
  return world
}

/** For tests that leave each other's episodes alone: what they have in common is worked out once. */
export async function aSharedWorld(options: WorldOptions = {}): Promise<World> {
  const world = await makeWorld(options)
  leaving.push(world.leave)
  return world
}

/** Without the steps that neither are nor precede the last. */
function endingWith(catalogue: readonly CatalogueEntry[], last: string): readonly CatalogueEntry[] {
  const before = planPipeline(catalogue.filter((entry) => entry.trigger === 'task')).before(last)
  return catalogue.filter(
    (entry) => entry.trigger !== 'task' || entry.step.name === last || before.has(entry.step.name),
  )
}

/** Leases last and heartbeats wait, unless the test says otherwise: nothing happens on a clock. */
function settings(databaseUrl: string, servers: Servers, id: string) {
  return {
    DATABASE_URL: databaseUrl,
    PROJECT_ID: 'spool-test',
    LOCATION: id,
    FUNCTIONS_URL: 'http://127.0.0.1:9',
    CALLER_AUDIENCE: 'https://spool.test',
    CALLER_JWKS_URL: 'http://127.0.0.1:9/jwks.json',
    CALLER_EMAIL: 'caller@spool.test',
    UPLOADS_BUCKET: `uploads-${id}`,
    WORK_BUCKET: `work-${id}`,
    EPISODES_BUCKET: `episodes-${id}`,
    PUBLIC_BUCKET: `public-${id}`,
    PUBLIC_BASE_URL: `${servers.storageEndpoint}/public-${id}`,
    STORAGE_ENDPOINT: servers.storageEndpoint,
    TASKS_ENDPOINT: servers.tasksEndpoint,
    SEALING_KEY: randomBytes(32).toString('base64'),
    STORE_IS_PUBLIC: 'false',
    LEASE_MS: '600000',
    HEARTBEAT_MS: '300000',
  }
}

async function makeWorld(options: WorldOptions) {
  const { catalogue: whole = realCatalogue, until, env = {}, through = (url: string) => url } = options
  const catalogue = until === undefined ? whole : endingWith(whole, until)
  const [servers, database] = await Promise.all([theServers(), freshDatabase()])
  const id = randomUUID()
  const variables = { ...settings(through(database.url), servers, id), ...env }
  const opened = openServices(variables, catalogue)
  const { config, pipeline } = opened
  const queue = await openQueue(servers, opened, id)
  let crashes = 0
  const services: Services = {
    ...opened,
    tasks: {
      ...opened.tasks,
      enqueue: async (steps) => {
        if (crashes > 0 && crashes-- > 0) throw new Error('the process ended before it could enqueue')
        await opened.tasks.enqueue(steps)
      },
    },
  }
  for (const bucket of Object.values(config.buckets)) await servers.storage.createBucket(bucket)

  const known = new Map<string, QueuedTask>()
  const key = ({ runId, step, part }: Omit<TaskPayload, 'v' | 'turn' | 'context'>) =>
    `${runId}/${step}/${part}`
  let current = ''

  const tasks = async (): Promise<QueuedTask[]> => {
    const found = await queue.list()
    for (const task of found) known.set(key(task.payload), task)
    return found
  }

  /** Nothing has its name but the task of this turn: the product names it by them. */
  const forget = async (payload: TaskPayload): Promise<void> => {
    const last = known.get(key(payload))
    if (last?.payload.turn === payload.turn) await queue.drop(last.name)
    else await queue.remove((task) => key(task) === key(payload) && task.turn === payload.turn)
  }

  /** Hands one task's body to its function; an answer of 200 ends the task. */
  const hand = (payload: TaskPayload): Promise<TaskAnswer> => handBy(services, payload)

  const handBy = async (by: Services, payload: TaskPayload): Promise<TaskAnswer> => {
    const answer = await deliver(by, pipeline.stage(payload.step)!, payload)
    if (answer.status === 200) await forget(payload)
    return answer
  }

  return {
    env: variables,
    services,
    database,
    storage: servers.storage,
    hand,
    /** The same by a process in trouble. */
    handBy,
    tasks,

    /** Starts a run of an episode as an upload would, and makes it the current one. */
    async start(context: Scalars = {}, slug = 'one'): Promise<string> {
      const first = pipeline.stages[0]!
      const inserted = await withDatabase(config.databaseUrl, (db) =>
        db.transaction(async (trx) => {
          const podcast = await ensurePodcast(trx, user, 'show', undefined)
          const { id: episodeId } = await ensureEpisode(trx, {
            userId: user,
            podcastId: podcast.id,
            slug,
            title: slug,
          })
          const { runId } = await startRun(trx, {
            userId: user,
            episodeId,
            settings: defaultTemplate(),
            context,
            warnings: [],
          })
          await beginEpisode(trx, episodeId, { title: slug, description: '' })
          current = runId
          return await insertSteps(trx, runId, partsOf(first, context))
        }),
      )
      await enqueue(services, inserted)
      return current
    },

    async upload(name: string, data: Buffer | string = 'bytes'): Promise<FinalizedObject> {
      const file = servers.storage.bucket(config.buckets.uploads).file(name)
      await file.save(data, { resumable: false })
      return { bucket: config.buckets.uploads, name, generation: String(file.metadata.generation) }
    },

    /** The news of an uploaded object reaches its function. */
    arrive: (object: FinalizedObject): Promise<void> => onUpload(object, services),

    /** What the queue holds: the names of the steps, once for each task. */
    pending: async (): Promise<string[]> => (await tasks()).map(({ payload }) => payload.step).sort(),

    /**
     * Delivers the step's task, or the one last seen when the queue has none: a duplicate, or one that comes
     * late.
     */
    async deliver(step: string, part = 0, runId = current): Promise<TaskAnswer> {
      const found = (await tasks())
        .filter(({ payload }) => key(payload) === key({ runId, step, part }))
        .at(-1)
      const { payload } = found ?? known.get(key({ runId, step, part })) ?? {}
      if (!payload) throw new Error(`There never was a task for ${step}/${part}.`)
      return await hand(payload)
    },

    /** Functions without a payload that somebody has asked the queue to call. */
    reminders: (): Promise<string[]> => queue.reminders(),

    /** Delivers whatever the queue holds, all at once, until it holds nothing. */
    async runToEnd(): Promise<void> {
      for (let queued = await tasks(); queued.length > 0; queued = await tasks()) {
        const answers = await Promise.all(queued.map(({ payload }) => hand(payload)))
        if (answers.some(({ status }) => status === 200)) continue
        const outcomes = answers.map(({ outcome }) => outcome).join(', ')
        const reasons = await database.rows('SELECT step, part, error FROM steps WHERE error IS NOT NULL')
        throw new Error(`Nothing moves on: ${outcomes}; ${JSON.stringify(reasons)}`)
      }
    },

    /** The queue forgets the step's tasks, or that of one part, as no queue should. */
    lose: (step: string, part?: number): Promise<void> =>
      queue.remove((task) => task.step === step && (part === undefined || task.part === part)),

    /** The next process that wants to enqueue ends just before. */
    crashBeforeEnqueue: (): number => ++crashes,

    /** Every lease and every due time is this much closer, or longer ago. */
    timePasses: async (ms: number): Promise<void> => {
      await database.rows(
        `UPDATE steps SET due_at = due_at - :ms * interval '1 ms', lease_until = lease_until - :ms * interval '1 ms',
                started_at = started_at - :ms * interval '1 ms' WHERE status <> 'done'`,
        { ms },
      )
      await database.rows(`UPDATE paid_calls SET sent_at = sent_at - :ms * interval '1 ms'`, { ms })
    },

    /** A provider calls back. */
    callBack: async (
      url: string,
      body: unknown,
      headers: Readonly<Record<string, string>> = {},
    ): Promise<{ status: number; body: unknown }> => {
      const text = typeof body === 'string' ? body : JSON.stringify(body)
      const response = await onCallback(new Request(url, { method: 'POST', headers, body: text }), services)
      return { status: response.status, body: await response.json() }
    },

    /** The user has given the provider's key. */
    giveKey: (provider: string, key: string): Promise<void> =>
      withDatabase(config.databaseUrl, (db) =>
        saveProviderKey(db, user, {
          provider,
          sealed: openSealer(config.sealingKey).seal(key, keyPurpose(user, provider)),
        }),
      ),

    sweep: (options: SweepOptions = {}) => sweep(services, options),
    cancel: (runId = current): Promise<boolean> =>
      withDatabase(config.databaseUrl, (db) => cancelRun(db, runId)),
    runId: (): string => current,
    run: async (runId = current): Promise<Run> =>
      (await withDatabase(config.databaseUrl, (db) => findRun(db, runId)))!,

    steps: (runId = current): Promise<StepRow[]> =>
      database.rows(
        `SELECT step, part, status, turn, attempt, reused, context, output, error, input_key AS "inputKey"
         FROM steps WHERE run_id = :runId ORDER BY min(due_at) OVER (PARTITION BY step), step, part`,
        { runId },
      ),

    /** How often the step truly worked in the run, by the objects its works left behind. */
    async worked(step: string, part?: number, runId = current): Promise<number> {
      const prefix =
        part === undefined ? tracePrefix(runId, step, 0).replace(/0\/$/, '') : tracePrefix(runId, step, part)
      return (await services.storage.list(config.buckets.work, prefix)).length
    },

    /** Every result in the work bucket, by its name and content. */
    results: async (): Promise<string[]> =>
      (await services.storage.list(config.buckets.work, 'w/')).map(
        ({ name, generation, contentHash }) => `${name} ${generation} ${contentHash}`,
      ),

    /**
     * The product's connections to the database, once those that are being closed are gone: what is left was
     * never closed.
     */
    async connections(): Promise<Connection[]> {
      let open = await connectionsTo(database)
      for (const since = Date.now(); open.length > 0 && Date.now() - since < longestClosingMs;)
        open = await connectionsTo(database)
      return open
    },
    /** Those that are open at this moment. */
    connectionsNow: () => connectionsTo(database),

    /** Its servers are gone already, and with them what they hold. */
    leave: () => opened.tasks.close(),

    close: async (): Promise<void> => {
      await opened.tasks.close()
      await queue.remove(() => true)
      await database.drop()
    },
  }
}

interface Connection {
  readonly state: string
  readonly query: string
}

const connectionsTo = (database: Database): Promise<Connection[]> =>
  database.rows<Connection>(
    `SELECT state, query FROM pg_stat_activity
     WHERE datname = current_database() AND application_name = 'spool'`,
  )

/** The world's paused queues, and what is in them. */
async function openQueue({ tasks: client }: Servers, { config, pipeline }: Services, location: string) {
  const queues = [...new Set(pipeline.stages.map(({ queue }) => queue))].map((name) =>
    client.queuePath(config.tasks.projectId, location, name),
  )
  for (const name of queues) {
    await client.updateQueue({ queue: { name } })
    await client.pauseQueue({ name })
  }
  const list = async (): Promise<QueuedTask[]> => {
    const found: QueuedTask[] = []
    const lists = await Promise.all(
      queues.map((parent) => client.listTasks({ parent, responseView: 'FULL' })),
    )
    for (const [queued] of lists) {
      for (const { name, scheduleTime, httpRequest } of queued) {
        if (httpRequest!.body!.length === 0) continue // a reminder, for no step
        const payload = parsePayload(JSON.parse(Buffer.from(httpRequest!.body!).toString()))
        found.push({ name: name!, dueAt: new Date(1000 * Number(scheduleTime!.seconds)), payload })
      }
    }
    return found
  }
  const reminders = async (): Promise<string[]> => {
    const lists = queues.map((parent) => client.listTasks({ parent, responseView: 'FULL' }))
    const queued = (await Promise.all(lists)).flatMap(([found]) => found)
    return queued
      .filter(({ httpRequest }) => httpRequest!.body!.length === 0)
      .map(({ httpRequest }) => httpRequest!.url!.split('/').at(-1)!)
  }
  const drop = async (name: string): Promise<void> => {
    await client.deleteTask({ name }).catch((error: unknown) => {
      if (codeOf(error) !== '5') throw error // another delivery of the same task was faster
    })
  }
  const remove = async (which: (task: TaskPayload) => boolean): Promise<void> => {
    for (const { name, payload } of await list()) if (which(payload)) await drop(name)
  }
  return { list, reminders, remove, drop }
}
