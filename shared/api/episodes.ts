/** API routes for episodes: list them, fetch their files, make one again, publish it and take it back. */
import { z } from '@hono/zod-openapi'
import { findEpisode } from '../db/episodes.ts'
import { listEpisodes } from '../db/listed-episodes.ts'
import { listRuns } from '../db/runs.ts'
import { withDatabase } from '../db/connect.ts'
import { schedulePublication, startPublication, unschedulePublication } from '../episode/publication.ts'
import { inTheWayOf, reasons, startAnew, whyAnew } from '../episode/rebuild.ts'
import { startAgain } from '../episode/retry.ts'
import type { Services } from '../engine/services.ts'
import { isDeliverable } from '../episode/deliverables.ts'
import { episodeName } from '../objects.ts'
import { pageOf, pageQuery } from './cursor.ts'
import { once } from './idempotency.ts'
import { linkSeconds } from './links.ts'
import {
  changes,
  episodeFinder,
  faultList,
  idParam,
  jsonBody,
  listOf,
  moment,
  mustBe,
  pageAsked,
  name,
  opens,
  reads,
  started,
  type App,
} from './routes.ts'

export const episode = z
  .object({
    id: z.uuid(),
    podcast: z.string(),
    slug: z.string(),
    title: z.string(),
    description: z.string(),
    status: z.string(),
    durationSeconds: z.number().nullable(),
    audioBytes: z.number().nullable(),
    publishedAt: moment,
    publishAt: moment,
    holdReason: z.string().nullable(),
    lastFailure: z.string().nullable(),
    createdAt: z.iso.datetime(),
  })
  .openapi('Episode')

const file = z
  .object({ file: z.string(), bytes: z.int(), type: z.string(), url: z.url() })
  .openapi('File', { description: 'The address is good for an hour, for whoever has it.' })

const statuses = [
  'pending',
  'processing',
  'awaiting_review',
  'processed',
  'scheduled',
  'publishing',
  'published',
  'failed',
  'cancelled',
] as const

const filter = pageQuery.extend({
  podcast: name.optional(),
  slug: name.optional(),
  status: z.enum(statuses).optional(),
  text: name.optional().openapi({ description: 'Part of a title' }),
})

const time = z.iso.datetime({ offset: true }).openapi({
  description: 'In time to come. null takes back the time that was named: it waits until it is published.',
})

const publishBody = {
  body: {
    required: false,
    content: {
      'application/json': { schema: z.strictObject({ at: time.nullable().optional() }) },
    },
  },
}

const startBody = {
  body: {
    required: false,
    content: { 'application/json': { schema: z.strictObject({ anew: z.boolean().default(false) }) } },
  },
}

const routes = {
  list: reads('/episodes', 'Your episodes, newest first', { query: filter }, listOf(episode)),
  show: reads('/episodes/{id}', 'An episode', { params: idParam }, episode),
  files: reads(
    '/episodes/{id}/files',
    'The files of an episode as it was finished last',
    { params: idParam },
    z.object({ items: z.array(file) }),
  ),
  start: changes(
    '/episodes/{id}/runs',
    'Make an episode again: with what it was given, or anew, by what its show and its files say now',
    { params: idParam, ...startBody },
    started,
    202,
  ),
  rebuild: reads(
    '/episodes/{id}/rebuild',
    'What has changed since an episode was made, so that it would be another if it were made anew',
    { params: idParam },
    z.object({ reasons: z.array(z.enum(reasons)) }),
  ),
  lookAhead: opens(
    '/episodes/{id}/rebuild',
    'What would stand in the way of making an episode anew if its podcast’s template were this one, and does not now',
    { params: idParam, ...jsonBody(z.strictObject({ template: z.record(z.string(), z.any()) })) },
    z.object({ faults: faultList }).openapi('Obstacles'),
  ),
  publish: changes(
    '/episodes/{id}/publish',
    'Publish a finished episode now, or at a time, or take that time back',
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
}

export function addEpisodes(app: App, services: Services): void {
  const { databaseUrl } = services.config
  const find = episodeFinder(services)

  const publishAt = async (id: string, at: string | null | undefined) => {
    if (at === undefined) return { runId: await startPublication(services, id, 'publish'), publishAt: null }
    if (at === null) {
      await unschedulePublication(services, id)
      return { runId: null, publishAt: null }
    }
    await schedulePublication(services, id, new Date(at))
    return { runId: null, publishAt: new Date(at).toISOString() }
  }

  app.openapi(routes.list, async (context) => {
    const query = context.req.valid('query')
    return context.json(
      pageOf(
        await withDatabase(databaseUrl, (db) => listEpisodes(db, pageAsked(context, query), query)),
        query.limit,
      ),
      200,
    )
  })
  app.openapi(routes.show, async (context) =>
    context.json(await find(context.var.caller.userId, context.req.valid('param').id), 200),
  )
  app.openapi(routes.files, async (context) => {
    const { id } = await find(context.var.caller.userId, context.req.valid('param').id)
    return context.json({ items: await linksOf(services, id) }, 200)
  })
  app.openapi(routes.rebuild, async (context) => {
    const { id } = await find(context.var.caller.userId, context.req.valid('param').id)
    return context.json({ reasons: await whyAnew(services, id) }, 200)
  })
  app.openapi(routes.lookAhead, async (context) => {
    const { id } = await find(context.var.caller.userId, context.req.valid('param').id)
    const { template } = context.req.valid('json')
    return context.json({ faults: await inTheWayOf(services, id, JSON.stringify(template)) }, 200)
  })
  app.openapi(routes.start, async (context) => {
    const { userId } = context.var.caller
    const { anew } = context.req.valid('json')
    const { status, body } = await once(context, services.config, userId, async () => {
      const { id } = await find(userId, context.req.valid('param').id)
      if (anew) return { status: 202, body: { runId: await startAnew(services, id) } }
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
}

/** None while the episode was never finished. */
async function linksOf({ storage, config }: Services, episodeId: string): Promise<z.output<typeof file>[]> {
  const { slug, contentHash } = (await withDatabase(config.databaseUrl, (db) => findEpisode(db, episodeId)))!
  if (contentHash === null) return []
  const bucket = config.buckets.episodes
  const folder = episodeName(episodeId, contentHash, '')
  const found = (await storage.list(bucket, folder)).filter(({ name }) =>
    isDeliverable(name.slice(folder.length)),
  )
  return await Promise.all(
    found.map(async ({ name, bytes, contentType }) => {
      const kind = name.slice(folder.length)
      const saveAs = kind === 'review.html' ? undefined : nameToSave(slug, kind)
      return {
        file: kind,
        bytes,
        type: contentType,
        url: await storage.signedUrl({ bucket, name }, linkSeconds, saveAs),
      }
    }),
  )
}

/** "episode.mp3" of "my-talk" is "my-talk.mp3"; other files have their own name behind the episode's. */
const nameToSave = (slug: string, file: string): string =>
  file === 'episode.mp3' ? `${slug}.mp3` : `${slug}-${file}`
