/**
 * The common frame of every API route: its OpenAPI description and its authenticated caller. A handler of a route
 * that changes something wraps its work in `once` of idempotency.ts.
 */
import { createRoute, z, type OpenAPIHono, type RouteConfig } from '@hono/zod-openapi'
import type { Context } from 'hono'
import { withDatabase } from '../db/connect.ts'
import { findListedEpisode, type ListedEpisode } from '../db/listed-episodes.ts'
import type { Page } from '../db/page.ts'
import type { Services } from '../engine/services.ts'
import { Permanent } from '../errors.ts'
import type { Caller } from './callers.ts'
import { pageQuery, readCursor } from './cursor.ts'
import { problem, problemType } from './problems.ts'

export interface Env {
  readonly Variables: {
    caller: Caller
    /** Of guests alone, who have no caller. */
    share: { readonly id: string; readonly episodeId: string }
  }
}
export type App = OpenAPIHono<Env>

/**
 * The name of a podcast or episode in a path; what no row can hold is refused before the database is asked.
 */
export const name = z
  .string()
  .max(100)
  // without a flag: the document has patterns, and no place for flags
  .regex(/^[^\u0000-\u001f\u007f-\u009f]*$/, 'has control characters')
export const idParam = z.object({
  id: name.openapi({ param: { name: 'id', in: 'path' }, example: '0f8b6f6e-6d0b-4a57-9d8c-2f4f1f0c7a11' }),
})
export const moment = z.iso.datetime().nullable()
/** The answer where something is taken away at once. */
export const gone = z.object({ removed: z.boolean() })
export const started = z.object({ runId: z.uuid() }).openapi('Started')
export const listOf = <T extends z.ZodType>(item: T) =>
  z.object({ items: z.array(item), next: z.string().optional() })

/** A body of that shape; it must be there. */
export const jsonBody = <T extends z.ZodType>(schema: T) => ({
  body: { required: true, content: { 'application/json': { schema } } },
})

export const problems = {
  content: { [problemType]: { schema: problem } },
  description: 'Why not; `code` is one of a documented list.',
}
const contentOf = <T extends z.ZodType>(schema: T) => ({
  content: { 'application/json': { schema } },
  description: 'As asked.',
})
type Responses<T extends z.ZodType, S extends number> = Record<S, ReturnType<typeof contentOf<T>>> & {
  default: typeof problems
}

/** A route that only reads. */
export const reads = <P extends string, R extends NonNullable<RouteConfig['request']>, T extends z.ZodType>(
  path: P,
  summary: string,
  request: R,
  schema: T,
) =>
  createRoute({
    method: 'get',
    path,
    summary,
    security: [{ bearer: [] }],
    request,
    responses: { 200: contentOf(schema), default: problems },
  })

const idempotencyKey = z.object({
  'Idempotency-Key': z
    .string()
    .regex(/^[\x21-\x7e]{1,200}$/, 'has 1 to 200 visible ASCII characters')
    .optional()
    .openapi({ description: 'The same request with the same key has one effect and one answer.' }),
})

/** What a change is answered with: done, made, or begun. */
export type ChangeStatus = 200 | 201 | 202

/** A route that changes something, and may be asked twice. */
export function changes<
  P extends string,
  R extends NonNullable<RouteConfig['request']>,
  T extends z.ZodType,
  S extends ChangeStatus,
  M extends 'post' | 'put' | 'patch' | 'delete' = 'post',
>(path: P, summary: string, request: R, schema: T, status: S, method = 'post' as M) {
  const responses = { [status]: contentOf(schema), default: problems } as Responses<T, S>
  return createRoute({
    method,
    path,
    summary,
    security: [{ bearer: [] }],
    request: { ...request, headers: idempotencyKey },
    responses,
  })
}

/** A route that opens something for whoever asks, and leaves nothing behind that asking twice would leave twice. */
export const opens = <P extends string, R extends NonNullable<RouteConfig['request']>, T extends z.ZodType>(
  path: P,
  summary: string,
  request: R,
  schema: T,
) =>
  createRoute({
    ...({ method: 'post', path, summary } as const),
    security: [{ bearer: [] }],
    request,
    responses: { 200: contentOf(schema), default: problems },
  })

/** What stands in the way of an episode. */
export const faultList = z
  .array(z.object({ code: z.string(), file: z.string(), message: z.string() }))
  .readonly()
  .openapi({ description: 'Empty when nothing stands in the way.' })

const lastEventId = z.object({
  'Last-Event-ID': z
    .string()
    .max(100)
    .optional()
    .openapi({ description: 'The id of the last event seen, from a watcher who comes back.' }),
})

/** A route that tells what goes on for as long as it does, as server-sent events of that shape. */
export const tells = <P extends string, R extends NonNullable<RouteConfig['request']>, T extends z.ZodType>(
  path: P,
  summary: string,
  request: R,
  schema: T,
) =>
  createRoute({
    ...({ method: 'get', path, summary } as const),
    request: { ...request, headers: lastEventId },
    security: [{ bearer: [] }],
    responses: {
      200: { content: { 'text/event-stream': { schema } }, description: 'Events, until it ends.' },
      204: { description: 'Its end is what was seen last: nothing more will come.' },
      default: problems,
    },
  })

export const pageAsked = (context: Context<Env>, { limit, cursor }: z.infer<typeof pageQuery>): Page => ({
  userId: context.var.caller.userId,
  limit,
  after: readCursor(cursor),
})

/** Finds an episode of the caller's. Throws Permanent `not_found`. */
export const episodeFinder =
  ({ config }: Pick<Services, 'config'>) =>
  async (userId: string, id: string): Promise<ListedEpisode> =>
    mustBe(await withDatabase(config.databaseUrl, (db) => findListedEpisode(db, userId, id)), 'episode')

/** Throws Permanent `not_found`. What belongs to somebody else is not there. */
export function mustBe<T>(found: T | undefined, what: string): T {
  if (found === undefined) throw new Permanent('not_found', `There is no such ${what}.`)
  return found
}
