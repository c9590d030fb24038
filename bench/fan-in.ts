/**
 * How long the parts of one step take to commit, one behind the other under their run's row lock, on a real PostgreSQL
 * that flushes every commit: `node bench/fan-in.ts`. The work of a part is nothing; its rows are as large as an episode's.
 */
import { mkdtemp, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import path from 'node:path'
import { z } from 'zod'
import { choosePorts } from '../local/host/ports.ts'
import { startPostgres } from '../local/host/postgres.ts'
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

interface FanIn {
  readonly parts: number
  readonly atOnce: number
  readonly seconds: number
  readonly walBytes: number
  readonly rowBytes: number
}

/** Every part's claim and commit as the product does them. */
async function fanIn(services: Services, parts: number, atOnce: number): Promise<FanIn> {
  const stages = [stage('measure', [], parts), stage('level', ['measure'], 1)]
  const pipeline = planPipeline(stages)
  const own = { ...services, pipeline }
  const database = services.config.databaseUrl
  const waiting = await withDatabase(database, (db) =>
    db.transaction(async (trx) => {
      const podcast = await ensurePodcast(trx, 'anna', 'show', undefined)
      const slug = `${parts}-${atOnce}`
      const episodeId = await ensureEpisode(trx, { userId: 'anna', podcastId: podcast.id, slug, title: slug })
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
  const started = performance.now()
  const left = waiting.values()
  const process = async () => {
    for (const step of left) await deliverOne(own, stages[0]!, step)
  }
  await Promise.all(Array.from({ length: atOnce }, process))
  const seconds = (performance.now() - started) / 1000
  const rowBytes = await withDatabase(database, async (db) => {
    const sql = `SELECT avg(pg_column_size(steps.*))::int AS bytes FROM steps WHERE run_id = :runId`
    return (await rows<{ bytes: number }>(db, sql, { runId: waiting[0]!.runId }))[0]!.bytes
  })
  return { parts, atOnce, seconds, walBytes: (await wal()) - walBefore, rowBytes }
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

if (import.meta.main) {
  log.level = 'silent'
  const dir = await mkdtemp(path.join(tmpdir(), 'spool-fan-in-'))
  const { database } = await choosePorts(dir)
  const postgres = await startPostgres(path.join(dir, 'postgres'), database, ['synchronous_commit=on'])
  try {
    await postgres.ready
    await migrate(postgres.url)
    const services = {
      ...openServices(settingsFor(postgres.url), []),
      tasks: {
        enqueue: () => Promise.resolve(),
        remind: () => Promise.resolve(),
        holds: () => Promise.resolve(true),
        close: () => Promise.resolve(),
      },
    }
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
  } finally {
    await postgres.stop()
    await rm(dir, { recursive: true, force: true })
  }
}
