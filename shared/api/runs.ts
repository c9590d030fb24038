/** API routes for runs: list them, watch their progress as a stream, cancel them and start them again. */
import { z } from '@hono/zod-openapi'
import { streamSSE } from 'hono/streaming'
import { findRunOf, listRuns } from '../db/runs.ts'
import { withDatabase } from '../db/connect.ts'
import { runCosts } from '../db/run-costs.ts'
import { readRunProgress, type RunProgress } from '../db/run-progress.ts'
import { cancelRun } from '../db/run-changes.ts'
import { Permanent } from '../errors.ts'
import { contentHash } from '../hash.ts'
import { log } from '../log.ts'
import { startAgain } from '../episode/retry.ts'
import type { Services } from '../engine/services.ts'
import { pageOf, pageQuery } from './cursor.ts'
import { once } from './idempotency.ts'
import { countWatchers } from './watchers.ts'
import {
  changes,
  idParam,
  listOf,
  moment,
  mustBe,
  name,
  pageAsked,
  reads,
  started,
  tells,
  type App,
} from './routes.ts'

const warning = z.object({ code: z.string(), message: z.string() })
const run = z
  .object({
    id: z.uuid(),
    episodeId: z.uuid().nullable(),
    mailbox: z.string().nullable(),
    status: z.enum(['queued', 'started', 'awaiting_review', 'finished', 'cancelled', 'failed']),
    stopReason: z.string().nullable(),
    message: z.string().nullable(),
    processed: z.number().int(),
    total: z.number().int(),
    warnings: z.array(warning).readonly(),
    createdAt: z.iso.datetime(),
    startedAt: moment,
    finishedAt: moment,
  })
  .openapi('Run')
const step = z.object({
  name: z.string(),
  parts: z.number().int(),
  made: z.number().int().describe('Parts not taken over from an earlier run'),
  seconds: z.number().nullable().describe('Null until it is done'),
  attempts: z.number().int(),
})
const progress = run
  .pick({ status: true, stopReason: true, processed: true, total: true, warnings: true })
  .extend({
    runId: z.uuid(),
    currentStep: z.string().nullable(),
    waitingFor: z.string().nullable(),
    secondsLeft: z.number().nullable(),
    heartbeatAt: moment,
    steps: z.array(step).readonly(),
  })
  .openapi('Progress')

const receipt = z
  .object({
    elapsedSeconds: z.number().describe('From its start to its end'),
    workSeconds: z.number().describe('Of all parts that were made, added up'),
    parts: z.number().int(),
    made: z.number().int().describe('Parts not taken over from an earlier run'),
    minutes: z.number().describe('Of recording, counted by this run; 0 for one that was counted before'),
    paid: z
      .array(z.object({ provider: z.string(), calls: z.number().int() }))
      .readonly()
      .describe('Who was paid by you, for how many calls; at their list price'),
    isAnotherRecording: z.boolean().describe('The episode was made of another recording before'),
  })
  .openapi('Receipt')

const routes = {
  list: reads(
    '/runs',
    'Your runs, newest first',
    { query: pageQuery.extend({ status: run.shape.status.optional(), episodeId: name.optional() }) },
    listOf(run),
  ),
  show: reads('/runs/{id}', 'A run', { params: idParam }, run),
  progress: reads('/runs/{id}/progress', 'How far a run is', { params: idParam }, progress),
  receipt: reads('/runs/{id}/receipt', 'What a run took, once it has ended', { params: idParam }, receipt),
  events: tells('/runs/{id}/events', 'A run as it goes on, until it ends', { params: idParam }, progress),
  cancel: changes('/runs/{id}/cancel', 'Cancel a run', { params: idParam }, run, 200),
  retry: changes(
    '/runs/{id}/retry',
    'Start a run again with what it was given; what is still valid is reused',
    { params: idParam },
    started,
    202,
  ),
}

export function addRuns(app: App, services: Services): void {
  const { databaseUrl } = services.config
  const enter = countWatchers()
  const find = async (userId: string, id: string) =>
    mustBe(await withDatabase(databaseUrl, (db) => findRunOf(db, userId, id)), 'run')

  app.openapi(routes.list, async (context) => {
    const query = context.req.valid('query')
    const found = await withDatabase(databaseUrl, (db) => listRuns(db, pageAsked(context, query), query))
    return context.json(pageOf(found, query.limit), 200)
  })
  app.openapi(routes.show, async (context) =>
    context.json(await find(context.var.caller.userId, context.req.valid('param').id), 200),
  )
  app.openapi(routes.progress, async (context) => {
    const { id } = await find(context.var.caller.userId, context.req.valid('param').id)
    return context.json(
      seen(mustBe(await withDatabase(databaseUrl, (db) => readRunProgress(db, id)), 'run')),
      200,
    )
  })
  app.openapi(routes.receipt, async (context) => {
    const { id } = await find(context.var.caller.userId, context.req.valid('param').id)
    return context.json(mustBe(await withDatabase(databaseUrl, (db) => runCosts(db, id)), 'receipt yet'), 200)
  })
  app.openapi(routes.events, async (context) => {
    const { id } = await find(context.var.caller.userId, context.req.valid('param').id)
    const lastSeen = context.req.header('last-event-id')
    if (await isAllSeen(databaseUrl, id, lastSeen)) return context.body(null, 204)
    const leave = enter(context.var.caller.countedAs)
    return streamSSE(
      context,
      async (stream) => {
        stream.onAbort(leave)
        try {
          for await (const { data, isSilence, isLast } of eventsOf(
            databaseUrl,
            id,
            () => stream.aborted,
            lastSeen,
          )) {
            if (data !== undefined) await stream.writeSSE({ event: 'progress', data, id: eventId(data) })
            else if (isSilence) await stream.write(': the run goes on\n\n')
            if (!isLast) await stream.sleep(eventEveryMs)
          }
        } finally {
          leave()
        }
      },
      (error) => {
        // its reader connects again
        log.error({ run: id, error: error.stack }, 'a stream of events broke off')
        return Promise.resolve()
      },
    )
  })
  app.openapi(routes.cancel, async (context) => {
    const { userId } = context.var.caller
    const { status, body } = await once(context, services.config, userId, async () => {
      const { id } = await find(userId, context.req.valid('param').id)
      const cancelled = await withDatabase(databaseUrl, (db) => db.transaction((trx) => cancelRun(trx, id)))
      if (!cancelled) throw new Permanent('not_cancellable')
      return { status: 200, body: await find(userId, id) }
    })
    return context.json(body, status)
  })
  app.openapi(routes.retry, async (context) => {
    const { userId } = context.var.caller
    const { status, body } = await once(context, services.config, userId, async () => {
      const { id } = await find(userId, context.req.valid('param').id)
      return { status: 202, body: { runId: await startAgain(services, id) } }
    })
    return context.json(body, status)
  })
}

/** Reading a run's progress this often shows every step of it. */
const eventEveryMs = 1000
/** A stream is ended then; whoever still watches connects again. */
const longestStreamMs = 29 * 60_000

/**
 * Proxies drop a connection over which nothing comes for a minute: a comment goes out after so many looks.
 */
const looksBetweenComments = 15

interface RunEvent {
  /** What a watcher is shown, if it is new. */
  readonly data?: string
  /** Nothing new has been seen for a while. */
  readonly isSilence: boolean
  readonly isLast: boolean
}

/**
 * An event tells all that there is to show: the same state has the same id, and none needs those before it.
 */
const eventId = contentHash

/**
 * Reads the run each time the reader asks for more and yields what is new, if anything is. A look has a connection of
 * its own; none is held between.
 */
export async function* eventsOf(
  databaseUrl: string,
  id: string,
  isLeft: () => boolean,
  lastSeen?: string,
): AsyncGenerator<RunEvent> {
  const endsAt = Date.now() + longestStreamMs
  let silentLooks = 0
  for (let last = lastSeen; !isLeft() && Date.now() < endsAt;) {
    const now = await lookAt(databaseUrl, id)
    if (!now) return
    const data = JSON.stringify(seen(now))
    const isLast = hasEnded(now)
    const isNew = eventId(data) !== last
    silentLooks = isNew ? 0 : silentLooks + 1
    const isSilence = silentLooks > 0 && silentLooks % looksBetweenComments === 0
    yield { ...(isNew ? { data } : {}), isSilence, isLast }
    if (isLast) return
    last = eventId(data)
  }
}

/** A look that is no older serves whoever else watches the run from this instance. */
const freshMs = 500
const looks = new Map<string, { readonly at: number; readonly look: Promise<RunProgress | undefined> }>()

function lookAt(databaseUrl: string, id: string): Promise<RunProgress | undefined> {
  const key = `${databaseUrl} ${id}`
  const last = looks.get(key)
  if (last && Date.now() - last.at < freshMs) return last.look
  const look = withDatabase(databaseUrl, (db) => readRunProgress(db, id))
  const own = { at: Date.now(), look }
  looks.set(key, own)
  const forget = () => setTimeout(() => looks.get(key) === own && looks.delete(key), freshMs).unref()
  look.then(forget, forget)
  return look
}

const hasEnded = ({ status }: RunProgress): boolean => ['finished', 'cancelled', 'failed'].includes(status)

/** Whether a watcher who comes back has seen the run's end: 204 tells it not to come again. */
async function isAllSeen(databaseUrl: string, id: string, lastSeen: string | undefined): Promise<boolean> {
  if (lastSeen === undefined) return false
  const now = await withDatabase(databaseUrl, (db) => readRunProgress(db, id))
  return now !== undefined && hasEnded(now) && eventId(JSON.stringify(seen(now))) === lastSeen
}

/** What a watcher is shown. */
const seen = ({
  runId,
  status,
  stopReason,
  processed,
  total,
  currentStep,
  waitingFor,
  secondsLeft,
  heartbeatAt,
  warnings,
  steps,
}: RunProgress) => ({
  runId,
  status,
  stopReason,
  processed,
  total,
  currentStep,
  waitingFor,
  secondsLeft,
  heartbeatAt,
  warnings,
  steps: steps.map(({ name: step, parts, done, made, seconds, attempts }) => ({
    name: step,
    parts,
    made,
    seconds: done === parts && seconds !== null ? Math.round(100 * seconds) / 100 : null, // else no two looks are the same
    attempts,
  })),
})
