/**
 * What the protocol itself takes, on a real PostgreSQL that flushes every commit: a step whose work is nothing, from claim
 * to answer, in milliseconds and round trips; and the parts of one step that commit one behind the other under their run's
 * row lock (`node bench/fan-in.ts`). Rows are as large as an episode's.
 */
import { mkdtemp, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import path from 'node:path'
import { z } from 'zod'
import { choosePorts } from '../local/host/ports.ts'
import { startPostgres } from '../local/host/postgres.ts'
import { watchBoundaries } from '../shared/boundaries.ts'
import { rows, withDatabase } from '../shared/db/connect.ts'
import { ensureEpisode } from '../shared/db/episodes.ts'
import { migrate } from '../shared/db/migrate.ts'
import { ensurePodcast } from '../shared/db/podcasts.ts'
import { startRun } from '../shared/db/runs.ts'
import { insertSteps, type PendingStep } from '../shared/db/steps.ts'
import { contextVersion } from '../shared/context.ts'
import { deliver } from '../shared/engine/delivery.ts'
import { planPipeline, partsOf, type Stage } from '../shared/engine/pipeline.ts'
import { openServices } from '../shared/engine/serve.ts'
import type { Services } from '../shared/engine/services.ts'
import { defineStep } from '../shared/engine/step.ts'
import { log } from '../shared/log.ts'
import { defaultTemplate } from '../shared/settings/settings.ts'

/** As many bytes as the context of an episode in the middle of its run. */
const context = { everything: 'x'.repeat(1600) }

const stage = (name: string, after: readonly string[], parts: number): Stage => ({
  step: defineStep({
    name,
    version: 1,
    context: z.object({ everything: z.string(), number: z.number() }),
    inputs: ({ runId, number }) => ({ runId, number }),
    work: () => Promise.resolve({}),
    parts: () => Array.from({ length: parts }, (_, number) => ({ number })),
  }),
  after,
  share: 1,
  queue: 'audio',
  memory: '1Gi',
  deadlineSeconds: 60,
})

/** Of one step without work. */
export interface Protocol {
  readonly p50Ms: number
  readonly p99Ms: number
  readonly statements: number
  readonly transactions: number
}

interface FanIn {
  readonly ms: readonly number[]
  /** What `count` said before the first step. */
  readonly setUpStatements: number
  readonly parts: number
  readonly atOnce: number
  readonly seconds: number
  readonly walBytes: number
  readonly rowBytes: number
}

/** Every part's claim and commit as the product does them. */
async function fanIn(
  services: Services,
  parts: number,
  atOnce: number,
  count: () => number = () => 0,
): Promise<FanIn> {
  const stages = [stage('measure', [], parts), stage('level', ['measure'], 1)]
  const pipeline = planPipeline(stages)
  const own = { ...services, pipeline }
  const database = services.config.databaseUrl
  const waiting = await withDatabase(database, (db) =>
    db.transaction(async (trx) => {
      const podcast = await ensurePodcast(trx, 'anna', 'show', undefined)
      const slug = `${parts}-${atOnce}`
      const { id: episodeId } = await ensureEpisode(trx, {
        userId: 'anna',
        podcastId: podcast.id,
        slug,
        title: slug,
      })
      const settings = defaultTemplate()
      const run = { userId: 'anna', episodeId, settings, context, warnings: [] }
      const { runId } = await startRun(trx, run)
      return await insertSteps(trx, runId, partsOf(stages[0]!, context))
    }),
  )
  const wal = () =>
    withDatabase(database, async (db) => {
      const [found] = await rows<{ bytes: string }>(
        db,
        `SELECT pg_current_wal_lsn() - '0/0'::pg_lsn AS bytes`,
      )
      return Number(found!.bytes)
    })
  const walBefore = await wal()
  const setUpStatements = count()
  const started = performance.now()
  const left = waiting.values()
  const process = async () => {
    for (const step of left) {
      const began = performance.now()
      await deliverOne(own, stages[0]!, step)
      ms.push(performance.now() - began)
    }
  }
  const ms: number[] = []
  await Promise.all(Array.from({ length: atOnce }, process))
  const seconds = (performance.now() - started) / 1000
  const rowBytes = await withDatabase(database, async (db) => {
    const sql = `SELECT avg(pg_column_size(steps.*))::int AS bytes FROM steps WHERE run_id = :runId`
    return (await rows<{ bytes: number }>(db, sql, { runId: waiting[0]!.runId }))[0]!.bytes
  })
  return { setUpStatements, ms, parts, atOnce, seconds, walBytes: (await wal()) - walBefore, rowBytes }
}

async function deliverOne(services: Services, of: Stage, step: PendingStep): Promise<void> {
  const { runId, part, turn } = step
  const answer = await deliver(services, of, {
    v: contextVersion,
    runId,
    step: step.step,
    part,
    turn,
    context: step.context,
  })
  if (answer.status !== 200) throw new Error(`${step.step}/${part}: ${answer.outcome}`)
}

const settingsFor = (databaseUrl: string) => ({
  DATABASE_URL: databaseUrl,
  PROJECT_ID: 'p',
  LOCATION: 'l',
  FUNCTIONS_URL: 'http://127.0.0.1:9',
  CALLER_AUDIENCE: 'https://bench.test',
  CALLER_JWKS_URL: 'http://127.0.0.1:9/jwks.json',
  CALLER_EMAIL: 'caller@bench.test',
  PUBLIC_BASE_URL: 'https://public.test',
  SEALING_KEY: Buffer.alloc(32).toString('base64'),
})

/** With the product's services on a database of its own, which is gone afterwards. */
async function withServices<T>(use: (services: Services) => Promise<T>): Promise<T> {
  log.level = 'silent'
  const dir = await mkdtemp(path.join(tmpdir(), 'spool-fan-in-'))
  const { database } = await choosePorts(dir)
  const postgres = await startPostgres(path.join(dir, 'postgres'), database)
  try {
    await postgres.ready
    await migrate(postgres.url)
    return await use({
      ...openServices(settingsFor(postgres.url), []),
      tasks: {
        enqueue: () => Promise.resolve(),
        remind: () => Promise.resolve(),
        holds: () => Promise.resolve(true),
        close: () => Promise.resolve(),
      },
    })
  } finally {
    await postgres.stop()
    await rm(dir, { recursive: true, force: true })
  }
}

const timedSteps = 400
const countedSteps = 20

/** Steps one after the other; their statements are counted at the boundaries, in a run of their own. */
export const measureProtocol = (): Promise<Protocol> =>
  withServices(async (services) => {
    const { ms } = await fanIn(services, timedSteps, 1)
    let [statements, transactions] = [0, 0]
    watchBoundaries(({ effect, side }) => {
      if (side === 'before' && effect.startsWith('database')) statements++
      if (side === 'before' && effect === 'database.commit') transactions++
      return Promise.resolve()
    })
    const { setUpStatements } = await fanIn(services, countedSteps, 1, () => statements)
    watchBoundaries(undefined)
    const sorted = [...ms].sort((a, b) => a - b)
    const at = (share: number) => Math.round(10 * sorted[Math.floor(share * (sorted.length - 1))]!) / 10
    const each = (count: number) => Math.round((10 * count) / countedSteps) / 10
    return {
      p50Ms: at(0.5),
      p99Ms: at(0.99),
      statements: each(statements - setUpStatements),
      transactions: each(transactions - 1),
    }
  })

if (import.meta.main) {
  process.stdout.write(`${JSON.stringify(await measureProtocol())}\n`)
  await withServices(async (services) => {
    for (const [parts, atOnce] of [
      [30, 1],
      [60, 1],
      [600, 1],
      [30, 16],
      [60, 16],
      [600, 16],
    ] as const) {
      const { seconds, walBytes, rowBytes } = await fanIn(services, parts, atOnce)
      process.stdout.write(
        `${parts} parts, ${atOnce} at once: ${seconds.toFixed(1)} s, ${((1000 * seconds) / parts).toFixed(1)} ms each, ` +
          `${(walBytes / parts / 1024).toFixed(1)} KiB of WAL each, rows of ${rowBytes} bytes\n`,
      )
    }
  })
}
