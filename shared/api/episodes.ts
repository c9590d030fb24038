/**
 * API routes for episodes: list them, make one again, and read and decide the edits that wait for a decision.
 */
import { z } from '@hono/zod-openapi'
import { findListedEpisode, listEpisodes } from '../db/episodes.ts'
import { listRuns } from '../db/runs.ts'
import { withDatabase } from '../db/connect.ts'
import { openReview, submitDecisions, type Review } from '../review/review.ts'
import { schedulePublication, startPublication } from '../episode/publication.ts'
import { startAgain } from '../episode/retry.ts'
import type { Services } from '../engine/services.ts'
import { pageOf, pageQuery } from './cursor.ts'
import { once } from './idempotency.ts'
import { changes, idParam, listOf, moment, mustBe, pageAsked, reads, started, type App } from './routes.ts'

const episode = z
  .object({
    id: z.uuid(),
    podcast: z.string(),
    slug: z.string(),
    title: z.string(),
    description: z.string(),
    status: z.string(),
    durationSeconds: z.number().nullable(),
    publishedAt: moment,
    publishAt: moment,
    holdReason: z.string().nullable(),
    createdAt: z.iso.datetime(),
  })
  .openapi('Episode')
const edit = z
  .object({
    id: z.string(),
    kind: z.string(),
    status: z.string(),
    startSeconds: z.number(),
    endSeconds: z.number(),
    text: z.string(),
    reason: z.string(),
    score: z.number(),
    question: z.string().optional(),
    waits: z.boolean(),
  })
  .openapi('Edit')
const decisionsBody = {
  body: {
    content: {
      'application/json': {
        schema: z.looseObject({ version: z.literal(1), decisions: z.array(z.looseObject({})) }),
      },
    },
  },
}

const publishBody = {
  body: {
    required: false,
    content: {
      'application/json': { schema: z.strictObject({ at: z.iso.datetime({ offset: true }).optional() }) },
    },
  },
}

const routes = {
  list: reads('/episodes', 'Your episodes, newest first', { query: pageQuery }, listOf(episode)),
  show: reads('/episodes/{id}', 'An episode', { params: idParam }, episode),
  start: changes('/episodes/{id}/runs', 'Make an episode again', { params: idParam }, started, 202),
  publish: changes(
    '/episodes/{id}/publish',
    'Publish a finished episode now, or at a time',
    { params: idParam, ...publishBody },
    z.object({ runId: z.uuid().nullable(), publishAt: z.iso.datetime().nullable() }),
    202,
  ),
  unpublish: changes(
    '/episodes/{id}/unpublish',
    'Take an episode out of the feed; it keeps its date and its guid',
    { params: idParam },
    started,
    202,
  ),
  edits: reads(
    '/episodes/{id}/edits',
    'What was proposed, and what waits for you',
    { params: idParam },
    z.object({ runId: z.uuid(), status: z.string(), edits: z.array(edit) }),
  ),
  decide: changes(
    '/episodes/{id}/decisions',
    'Decide; the waiting run goes on, or the episode is made again',
    { params: idParam, ...decisionsBody },
    started,
    202,
  ),
}

export function addEpisodes(app: App, services: Services): void {
  const { databaseUrl } = services.config
  const find = async (userId: string, id: string) =>
    mustBe(await withDatabase(databaseUrl, (db) => findListedEpisode(db, userId, id)), 'episode')

  const publishAt = async (id: string, at: string | undefined) => {
    if (at === undefined) return { runId: await startPublication(services, id, 'publish'), publishAt: null }
    await schedulePublication(services, id, new Date(at))
    return { runId: null, publishAt: new Date(at).toISOString() }
  }

  app.openapi(routes.list, async (context) => {
    const query = context.req.valid('query')
    return context.json(
      pageOf(
        await withDatabase(databaseUrl, (db) => listEpisodes(db, pageAsked(context, query))),
        query.limit,
      ),
      200,
    )
  })
  app.openapi(routes.show, async (context) =>
    context.json(await find(context.var.caller.userId, context.req.valid('param').id), 200),
  )
  app.openapi(routes.start, async (context) => {
    const { userId } = context.var.caller
    const { status, body } = await once(context, services.config, userId, async () => {
      const { id } = await find(userId, context.req.valid('param').id)
      const [latest] = await withDatabase(databaseUrl, (db) =>
        listRuns(db, { userId, limit: 1, after: undefined }, { episodeId: id }),
      )
      return {
        status: 202,
        body: { runId: await startAgain(services, mustBe(latest, 'run of the episode').id) },
      }
    })
    return context.json(body, status)
  })
  app.openapi(routes.publish, async (context) => {
    const { userId } = context.var.caller
    const { at } = context.req.valid('json')
    const { status, body } = await once(context, services.config, userId, async () => {
      const { id } = await find(userId, context.req.valid('param').id)
      return { status: 202, body: await publishAt(id, at) }
    })
    return context.json(body, status)
  })
  app.openapi(routes.unpublish, async (context) => {
    const { userId } = context.var.caller
    const { status, body } = await once(context, services.config, userId, async () => {
      const { id } = await find(userId, context.req.valid('param').id)
      return { status: 202, body: { runId: await startPublication(services, id, 'withdraw') } }
    })
    return context.json(body, status)
  })
  app.openapi(routes.edits, async (context) => {
    const { id } = await find(context.var.caller.userId, context.req.valid('param').id)
    return context.json(listEdits(await openReview(services, id)), 200)
  })
  app.openapi(routes.decide, async (context) => {
    const { userId } = context.var.caller
    const { status, body } = await once(context, services.config, userId, async () => {
      const { id } = await find(userId, context.req.valid('param').id)
      const review = await openReview(services, id)
      return {
        status: 202,
        body: { runId: await submitDecisions(services, review, await context.req.text(), 'The decisions') },
      }
    })
    return context.json(body, status)
  })
}

function listEdits({ run, edits, waiting }: Review) {
  const waits = new Set(waiting.map(({ id }) => id))
  const seconds = (sample: number) => sample / edits.sampleRate
  const listed = edits.edits.map(
    ({ id, kind, status, startSample, endSample, text, reason, score, question }) => ({
      id,
      kind,
      status,
      startSeconds: seconds(startSample),
      endSeconds: seconds(endSample),
      text,
      reason,
      score,
      ...(question === undefined ? {} : { question }),
      waits: waits.has(id),
    }),
  )
  return { runId: run.id, status: run.status, edits: listed }
}
