/**
 * The first HTTP door: runs, episodes, reviews and letters of the caller, and of nobody else. Hides routing, validation and the OpenAPI document;
 * what a request does is said in a line or two and done in the rooms it belongs to.
 */
import { createRoute, OpenAPIHono, z, type Hook, type RouteConfig } from '@hono/zod-openapi'
import type { Context } from 'hono'
import { streamSSE } from 'hono/streaming'
import { countRequest, findLetter, findListedEpisode, findRunOf, listEpisodes, listLetters, listRuns, type ListedRun, type Page } from '../db/api.ts'
import { withDatabase } from '../db/connect.ts'
import { readRunProgress, type RunProgress } from '../db/progress.ts'
import { cancelRun } from '../db/runs.ts'
import { usageOf } from '../db/usage.ts'
import { Permanent } from '../errors.ts'
import { log } from '../log.ts'
import { openReview, submitDecisions } from '../review/review.ts'
import { startAgain } from '../start-again.ts'
import type { Services } from '../step.ts'
import { callerIdentifier, type Caller, type Scope } from './callers.ts'
import { pageOf, pageQuery, readCursor } from './cursor.ts'
import { once, type Answered } from './idempotency.ts'
import { problem, problemOf, problemType } from './problems.ts'

interface Env {
  readonly Variables: { caller: Caller }
}

const idParam = z.object({
  id: z
    .string()
    .max(100)
    .openapi({ param: { name: 'id', in: 'path' }, example: '6f1c…' }),
})
const moment = z.iso.datetime().nullable()
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
    warnings: z.array(warning),
    createdAt: moment,
    startedAt: moment,
    finishedAt: moment,
  })
  .openapi('Run')
const progress = run
  .pick({ status: true, stopReason: true, processed: true, total: true, warnings: true })
  .extend({ runId: z.uuid(), currentStep: z.string().nullable(), secondsLeft: z.number().nullable(), heartbeatAt: moment })
  .openapi('Progress')
const episode = z
  .object({
    ...{ id: z.uuid(), podcast: z.string(), slug: z.string(), title: z.string(), description: z.string(), status: z.string() },
    ...{ durationSeconds: z.number().nullable(), publishedAt: moment, createdAt: moment },
  })
  .openapi('Episode')
const letter = z
  .object({
    ...{ id: z.uuid(), runId: z.uuid(), sender: z.string(), subject: z.string(), text: z.string() },
    ...{ sentAt: moment, language: z.string().nullable(), createdAt: moment },
  })
  .openapi('Letter')
const edit = z
  .object({
    ...{ id: z.string(), kind: z.string(), status: z.string(), startSeconds: z.number(), endSeconds: z.number() },
    ...{ text: z.string(), reason: z.string(), score: z.number(), question: z.string().optional(), waits: z.boolean() },
  })
  .openapi('Edit')
const started = z.object({ runId: z.uuid() }).openapi('Started')
const listOf = <T extends z.ZodType>(item: T) => z.object({ items: z.array(item), next: z.string().optional() })

const jsonOf = (schema: z.ZodType) => ({ content: { 'application/json': { schema } }, description: 'As asked.' })
const problems = { content: { [problemType]: { schema: problem } }, description: 'Why not; `code` is one of a documented list.' }

/** A route that only reads, or one that changes something and may be asked twice. */
function route<M extends 'get' | 'post', P extends string, R extends NonNullable<RouteConfig['request']>>(
  method: M,
  path: P,
  summary: string,
  request: R,
  schema: z.ZodType,
  status = 200,
) {
  const description = method === 'post' ? 'Takes an Idempotency-Key: the same request with the same key has one effect and one answer.' : summary
  return createRoute({
    method,
    path,
    summary,
    description,
    security: [{ bearer: [] }],
    request,
    responses: { [status]: jsonOf(schema), default: problems },
  })
}

const decisionsBody = {
  body: { content: { 'application/json': { schema: z.looseObject({ version: z.literal(1), decisions: z.array(z.looseObject({})) }) } } },
}

const routes = {
  runs: route(
    'get',
    '/runs',
    'Your runs, newest first',
    { query: pageQuery.extend({ status: run.shape.status.optional(), episodeId: z.string().max(100).optional() }) },
    listOf(run),
  ),
  run: route('get', '/runs/{id}', 'A run', { params: idParam }, run),
  progress: route('get', '/runs/{id}/progress', 'How far a run is', { params: idParam }, progress),
  events: route('get', '/runs/{id}/events', 'A run as it goes on, as server-sent events, until it ends', { params: idParam }, progress),
  cancel: route('post', '/runs/{id}/cancel', 'Cancel a run', { params: idParam }, run),
  retry: route(
    'post',
    '/runs/{id}/retry',
    'Start a run again with what it was given; what is still valid is reused',
    { params: idParam },
    started,
    202,
  ),
  episodes: route('get', '/episodes', 'Your episodes, newest first', { query: pageQuery }, listOf(episode)),
  episode: route('get', '/episodes/{id}', 'An episode', { params: idParam }, episode),
  start: route('post', '/episodes/{id}/runs', 'Make an episode again', { params: idParam }, started, 202),
  edits: route(
    'get',
    '/episodes/{id}/edits',
    'What was proposed, and what waits for you',
    { params: idParam },
    z.object({ runId: z.uuid(), status: z.string(), edits: z.array(edit) }),
  ),
  decide: route(
    'post',
    '/episodes/{id}/decisions',
    'Decide; the waiting run goes on, or the episode is made again',
    { params: idParam, ...decisionsBody },
    started,
    202,
  ),
  letters: route('get', '/letters', 'Listener mail, newest first', { query: pageQuery }, listOf(letter)),
  letter: route('get', '/letters/{id}', 'A letter', { params: idParam }, letter),
  usage: route('get', '/usage', 'What you have used this month', {}, z.record(z.string(), z.number())),
}

/** Reading a run's progress this often shows every step of it. */
const eventEveryMs = 1000
/** A stream is ended then; whoever still watches connects again. */
const longestStreamMs = 30 * 60_000

/** The app as functions-framework can serve it. */
export function createApi(services: Services) {
  const { config } = services
  const identify = callerIdentifier(config)
  const app = new OpenAPIHono<Env>({ defaultHook: refuseInvalid })
  const db = <T>(use: Parameters<typeof withDatabase<T>>[1]) => withDatabase(config.databaseUrl, use)
  const userOf = (context: Context<Env>): string => context.var.caller.userId

  app.onError((error, context) => {
    const answer = problemOf(error)
    if (answer.status === 500) log.error({ path: context.req.path, error: error.stack }, 'request failed')
    return context.json(answer, answer.status as 500, { 'content-type': problemType, ...(answer.status === 429 ? { 'retry-after': '60' } : {}) })
  })
  app.notFound((context) => {
    const answer = problemOf(new Permanent('not_found', `There is nothing at ${context.req.path}.`))
    return context.json(answer, 404, { 'content-type': problemType })
  })

  app.openAPIRegistry.registerComponent('securitySchemes', 'bearer', { type: 'http', scheme: 'bearer' })
  app.doc31('/openapi.json', { openapi: '3.1.0', info: { title: 'Spool', version: '1', description: 'Runs, episodes, reviews and listener mail.' } })

  app.use(async (context, next) => {
    if (context.req.path === '/openapi.json') return await next()
    const caller = await identify(context.req.header('authorization'))
    if (!(await db((trx) => countRequest(trx, caller.countedAs, config.api.requestsPerMinute)))) throw new Permanent('too_many_requests')
    const needed: Scope = context.req.method === 'GET' ? 'read' : 'write'
    if (!caller.scopes.includes(needed)) throw new Permanent('forbidden', `This key may ${caller.scopes.join(', ')}; the request needs "${needed}".`)
    context.set('caller', caller)
    return await next()
  })

  const pageAsked = (context: Context<Env>, { limit, cursor }: z.infer<typeof pageQuery>): Page => ({
    userId: userOf(context),
    limit,
    after: readCursor(cursor),
  })
  const mustBe = <T>(found: T | undefined, what: string): T => {
    if (found === undefined) throw new Permanent('not_found', `There is no such ${what}.`)
    return found
  }
  const runOf = async (context: Context<Env>, id: string): Promise<ListedRun> => mustBe(await db((trx) => findRunOf(trx, userOf(context), id)), 'run')
  const episodeOf = async (context: Context<Env>, id: string) => mustBe(await db((trx) => findListedEpisode(trx, userOf(context), id)), 'episode')
  const answer = async (context: Context<Env>, work: () => Promise<Answered>) => {
    const { status, body } = await once(context, config, userOf(context), work)
    return context.json(body as never, status as 200)
  }

  app.openapi(routes.runs, async (context) => {
    const query = context.req.valid('query')
    const found = await db((trx) => listRuns(trx, pageAsked(context, query), query))
    return context.json(pageOf(found, query.limit) as never, 200)
  })
  app.openapi(routes.run, async (context) => context.json((await runOf(context, context.req.valid('param').id)) as never, 200))
  app.openapi(routes.progress, async (context) => {
    const { id } = await runOf(context, context.req.valid('param').id)
    return context.json(seen((await db((trx) => readRunProgress(trx, id)))!) as never, 200)
  })
  app.openapi(routes.events, async (context) => {
    const { id } = await runOf(context, context.req.valid('param').id)
    return streamSSE(context, async (stream) => {
      const endsAt = Date.now() + longestStreamMs
      let last = ''
      while (!stream.aborted && Date.now() < endsAt) {
        const now = await db((trx) => readRunProgress(trx, id)) // a connection for each look, none between
        if (!now) return
        const data = JSON.stringify(seen(now))
        if (data !== last) await stream.writeSSE({ event: 'progress', data })
        last = data
        if (isOver(now)) return
        await stream.sleep(eventEveryMs)
      }
    }) as never
  })
  app.openapi(routes.cancel, async (context) =>
    answer(context, async () => {
      const { id } = await runOf(context, context.req.valid('param').id)
      if (!(await db((trx) => trx.transaction((inner) => cancelRun(inner, id))))) throw new Permanent('not_cancellable')
      return { status: 200, body: await runOf(context, id) }
    }),
  )
  app.openapi(routes.retry, async (context) =>
    answer(context, async () => {
      const { id } = await runOf(context, context.req.valid('param').id)
      return { status: 202, body: { runId: await startAgain(services, id) } }
    }),
  )

  app.openapi(routes.episodes, async (context) => {
    const query = context.req.valid('query')
    const found = await db((trx) => listEpisodes(trx, pageAsked(context, query)))
    return context.json(pageOf(found, query.limit) as never, 200)
  })
  app.openapi(routes.episode, async (context) => context.json((await episodeOf(context, context.req.valid('param').id)) as never, 200))
  app.openapi(routes.start, async (context) =>
    answer(context, async () => {
      const { id } = await episodeOf(context, context.req.valid('param').id)
      const [latest] = await db((trx) => listRuns(trx, { userId: userOf(context), limit: 1, after: undefined }, { episodeId: id }))
      return { status: 202, body: { runId: await startAgain(services, mustBe(latest, 'run of the episode').id) } }
    }),
  )
  app.openapi(routes.edits, async (context) => {
    const { id } = await episodeOf(context, context.req.valid('param').id)
    const { run: latest, edits, waiting } = await openReview(services, id)
    const seconds = (sample: number) => sample / edits.sampleRate
    const listed = edits.edits.map(({ id: editId, kind, status, startSample, endSample, text, reason, score, question }) => ({
      ...{ id: editId, kind, status, startSeconds: seconds(startSample), endSeconds: seconds(endSample), text, reason, score },
      ...(question === undefined ? {} : { question }),
      waits: waiting.some((one) => one.id === editId),
    }))
    return context.json({ runId: latest.id, status: latest.status, edits: listed } as never, 200)
  })
  app.openapi(routes.decide, async (context) =>
    answer(context, async () => {
      const { id } = await episodeOf(context, context.req.valid('param').id)
      const review = await openReview(services, id)
      return { status: 202, body: { runId: await submitDecisions(services, review, await context.req.text(), 'The decisions') } }
    }),
  )

  app.openapi(routes.letters, async (context) => {
    const query = context.req.valid('query')
    return context.json(pageOf(await db((trx) => listLetters(trx, pageAsked(context, query))), query.limit) as never, 200)
  })
  app.openapi(routes.letter, async (context) => {
    const { id } = context.req.valid('param')
    return context.json(mustBe(await db((trx) => findLetter(trx, userOf(context), id)), 'letter') as never, 200)
  })
  app.openapi(routes.usage, async (context) => context.json((await db((trx) => usageOf(trx, userOf(context), 'month'))) as never, 200))
  return app
}

const isOver = ({ status }: RunProgress): boolean => ['finished', 'cancelled', 'failed'].includes(status)

/** What a watcher is shown. */
const seen = ({ runId, status, stopReason, processed, total, currentStep, secondsLeft, heartbeatAt, warnings }: RunProgress) => ({
  ...{ runId, status, stopReason, processed, total, currentStep, secondsLeft, heartbeatAt, warnings },
})

const refuseInvalid: Hook<unknown, Env, string, undefined> = (result) => {
  if (result.success) return
  const issues = result.error.issues.map(({ path, message }) => `${path.join('.') || 'The request'}: ${message}`)
  throw new Permanent('bad_request', `${issues.join('; ')}.`)
}
