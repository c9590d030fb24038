/**
 * The HTTP API: what the caller has, from podcasts to keys, and of nobody else. Hides who is let
 * in, how often, and how anything that goes wrong is answered; what a request does is in the file of its
 * resource.
 */
import { OpenAPIHono, type Hook } from '@hono/zod-openapi'
import type { Context } from 'hono'
import { bodyLimit } from 'hono/body-limit'
import { countRequest } from '../db/api-requests.ts'
import { withDatabase } from '../db/connect.ts'
import { Permanent } from '../errors.ts'
import { log } from '../log.ts'
import type { Services } from '../engine/services.ts'
import { callerIdentifier, type Caller, type Scope } from './callers.ts'
import { addAccount } from './account.ts'
import { addDeletions } from './deletions.ts'
import { addDocuments } from './documents.ts'
import { addEpisodeDetails } from './episode-details.ts'
import { addEpisodes } from './episodes.ts'
import { addGuests, admitGuests, isGuestsPath, withoutSecret } from './guests.ts'
import { addLetters } from './letters.ts'
import { addPodcasts } from './podcasts.ts'
import { addPreflight } from './preflight.ts'
import { problemHeaders, problemOf } from './problems.ts'
import type { App, Env } from './routes.ts'
import { addReviews } from './reviews.ts'
import { addRuns } from './runs.ts'
import { addShares } from './shares.ts'
import { addUploads } from './uploads.ts'
import { inNearestShape, plainly } from '../settings/explain.ts'
import { addVoices } from './voices.ts'
import { addWebhooks } from './webhooks.ts'

/** Nobody decides on so many edits; files go to the bucket. */
const maxBodyBytes = 1024 * 1024

const resources = [
  addPodcasts,
  addUploads,
  addPreflight,
  addEpisodes,
  addEpisodeDetails,
  addReviews,
  addShares,
  addGuests,
  addRuns,
  addLetters,
  addWebhooks,
  addAccount,
  addDeletions,
  addDocuments,
  addVoices,
]

/** Who a request is from, where something else vouches for it than its own credential; undefined for a stranger's. */
export type Vouch = (context: Context) => Promise<Caller | undefined>

/** The app as functions-framework can serve it. */
export function createApi(services: Services, vouch?: Vouch): App {
  const app: App = new OpenAPIHono<Env>({ defaultHook: refuseInvalid })
  app.onError(refuse)
  app.notFound((context) => refuse(nothingThere(app, context), context))
  app.openAPIRegistry.registerComponent('securitySchemes', 'bearer', { type: 'http', scheme: 'bearer' })
  app.doc31('/openapi.json', {
    openapi: '3.1.0',
    info: {
      title: 'Spool',
      version: '1',
      description: 'Podcasts, uploads, episodes, reviews, publishing, listener mail.',
    },
    servers: [{ url: services.config.api.url }],
  })
  guard(app, services, vouch)
  for (const addRoutes of resources) addRoutes(app, services)
  return app
}

/** Whatever is added after this is for callers who are known, within their rate and their scopes, and for guests. */
function guard(app: App, { config }: Services, vouch: Vouch | undefined): void {
  const identify = callerIdentifier(config)
  app.use('/shared/:token/*', admitGuests(config, addressOf))
  app.use(async (context, next) => {
    const { method, path } = context.req
    if (isGuestsPath(path)) {
      await next()
      return
    }
    const caller = vouch
      ? await vouch(context)
      : await identify(context.req.header('authorization'), addressOf(context))
    if (!caller) throw new Permanent('unauthenticated', 'Sign in first.')
    if (
      !(await withDatabase(config.databaseUrl, (db) =>
        countRequest(db, caller.countedAs, config.api.requestsPerMinute),
      ))
    )
      throw new Permanent('too_many_requests')
    const needed: Scope = method === 'GET' || method === 'HEAD' ? 'read' : 'write'
    if (!caller.scopes.includes(needed))
      throw new Permanent(
        'forbidden',
        `This key may ${caller.scopes.join(', ')}; the request needs "${needed}".`,
      )
    context.set('caller', caller)
    await next()
  })
  app.use(async ({ req }, next) => {
    if (!/^(identity)?$/i.test(req.header('content-encoding') ?? ''))
      throw new Permanent('unsupported_encoding')
    await next()
  })
  app.use(bodyLimit({ maxSize: maxBodyBytes, onError: tooLarge }))
  app.use(async (context, next) => {
    if (['POST', 'PUT', 'PATCH'].includes(context.req.method)) mustBeUtf8(await context.req.arrayBuffer())
    await next()
  })
}

/**
 * The platform adds the address it was called from at the end; whatever stands before it, the caller wrote.
 */
const addressOf = ({ req }: Context): string =>
  req.header('x-forwarded-for')?.split(',').at(-1)?.trim() ?? 'direct'

function refuse(error: unknown, context: Context): Response {
  const answer = problemOf(error)
  if (answer.status === 500)
    log.error(
      { path: withoutSecret(context.req.path), error: error instanceof Error ? error.stack : String(error) },
      'request failed',
    )
  return context.json(answer, answer.status as 500, problemHeaders(answer))
}

/** A path that is there for other methods, or not at all. */
function nothingThere(app: App, { req: { path, method } }: Context): Permanent {
  const methods = app.openAPIRegistry.definitions.flatMap((definition) =>
    definition.type === 'route' &&
    new RegExp(`^${definition.route.path.replaceAll(/\{\w+\}/g, '[^/]+')}$`).test(path)
      ? [definition.route.method]
      : [],
  )
  if (methods.length === 0) return new Permanent('not_found', `There is nothing at ${path}.`)
  return new Permanent(
    'method_not_allowed',
    `${path} takes ${methods.join(', ').toUpperCase()}, not ${method}.`,
  )
}

const tooLarge = (): never => {
  throw new Permanent(
    'request_too_large',
    `A request may have ${maxBodyBytes} bytes. Files are uploaded to the bucket.`,
  )
}

function mustBeUtf8(body: ArrayBuffer): void {
  try {
    new TextDecoder('utf-8', { fatal: true }).decode(body)
  } catch (error) {
    throw new Permanent('bad_request', 'The body is not UTF-8.', { cause: error })
  }
}

const refuseInvalid: Hook<unknown, Env, string, undefined> = (result) => {
  if (result.success) return
  const issues = result.error.issues
    .flatMap(inNearestShape)
    .map((issue) => `${issue.path.join('.') || 'The request'}: ${plainly(issue)}`)
  throw new Permanent('bad_request', `${issues.join('; ')}.`)
}
