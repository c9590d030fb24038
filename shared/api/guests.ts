/**
 * API routes for guests: who has the link to a review hears and reads it, and comments on it. Hides how a link is known,
 * and that it opens nothing else.
 */
import { z } from '@hono/zod-openapi'
import type { MiddlewareHandler } from 'hono'
import type { Config } from '../config.ts'
import { countRequest } from '../db/api-requests.ts'
import { withDatabase } from '../db/connect.ts'
import { addComment, commentsThrough, findShare, mostComments } from '../db/review-shares.ts'
import type { Services } from '../engine/services.ts'
import { Permanent } from '../errors.ts'
import { hashOfSecret } from '../hash.ts'
import { openReview } from '../review/review.ts'
import { limitFailures } from './failure-limit.ts'
import {
  giveSound,
  peaksAnswer,
  peaksQuery,
  reviewAnswer,
  showPeaks,
  showReview,
  soundRoute,
} from './review-answers.ts'
import { changes, jsonBody, name, reads, type App, type Env } from './routes.ts'
import { comment } from './shares.ts'

/** What lies under it is opened by the link's secret, which is the next part of the path. */
const guestsPath = '/shared/'

export const isGuestsPath = (path: string): boolean => path.startsWith(guestsPath)

/** The path as it may be written down: a link's secret is none of a log's business. */
export const withoutSecret = (path: string): string => path.replace(/(\/shared\/)[^/]+/, '$1…')

const token = name.openapi({ param: { name: 'token', in: 'path' } })
const tokenParam = z.object({ token })
const said = z.strictObject({
  author: z.string().trim().min(1).max(80),
  text: z.string().trim().min(1).max(2000),
  edit: z.string().max(64).nullable().default(null),
  atSeconds: z
    .number()
    .min(0)
    .max(24 * 3600),
})

/** No caller is asked for: the secret in the path opens it. */
const withoutCaller = <R extends object>(route: R): R => Object.assign(route, { security: [] })

const routes = {
  review: withoutCaller(
    reads('/shared/{token}/review', 'A shared review', { params: tokenParam }, reviewAnswer),
  ),
  peaks: withoutCaller(
    reads(
      '/shared/{token}/review/peaks',
      'The waveform of a span of a shared recording',
      { params: tokenParam, query: peaksQuery },
      peaksAnswer,
    ),
  ),
  sound: soundRoute('/shared/{token}/review/sound', tokenParam, []),
  comments: withoutCaller(
    reads(
      '/shared/{token}/comments',
      'What was said through this link, oldest first',
      { params: tokenParam },
      z.object({ items: z.array(comment) }),
    ),
  ),
  comment: withoutCaller(
    changes(
      '/shared/{token}/comments/{comment}',
      'Say something about a place or an edit; the same id again changes nothing',
      {
        params: tokenParam.extend({
          comment: z.uuid().openapi({ param: { name: 'comment', in: 'path' } }),
        }),
        ...jsonBody(said),
      },
      z.object({ id: z.uuid() }),
      200,
      'put',
    ),
  ),
}

/**
 * Lets guests in by their link. Throws Permanent `unauthenticated`, or `too_many_requests` after too many links that open
 * nothing from one address, or too many requests by one link.
 */
export function admitGuests(
  { api, databaseUrl }: Config,
  addressOf: (context: Parameters<MiddlewareHandler<Env>>[0]) => string,
): MiddlewareHandler<Env> {
  const failures = limitFailures(api.failuresPerMinute)
  return async (context, next) => {
    const hash = hashOfSecret(context.req.path.slice(guestsPath.length).split('/')[0]!)
    const address = addressOf(context)
    if (!failures.mayTry(address, hash))
      throw new Permanent('too_many_requests', 'Too many links that open nothing. Try again in a minute.')
    const share = await withDatabase(databaseUrl, async (db) => {
      const found = await findShare(db, hash)
      if (found && !(await countRequest(db, `share:${found.id}`, api.requestsPerMinute)))
        throw new Permanent('too_many_requests')
      return found
    })
    if (!share)
      throw new Permanent(
        'unauthenticated',
        'This link has expired or was withdrawn. Ask whoever sent it for a new one.',
      )
    failures.succeed(address, hash)
    context.set('share', share)
    await next()
  }
}

export function addGuests(app: App, services: Services): void {
  const { databaseUrl } = services.config

  app.openapi(routes.review, async (context) => {
    const review = await openReview(services, context.var.share.episodeId)
    return context.json(showReview(review), 200)
  })
  app.openapi(routes.peaks, async (context) => {
    const { episodeId } = context.var.share
    return context.json(await showPeaks(services, episodeId, context.req.valid('query')), 200)
  })
  app.openapi(routes.sound, async (context) => {
    const { episodeId } = context.var.share
    return await giveSound(services, episodeId, context.req.valid('query'), context.req.raw)
  })
  app.openapi(routes.comments, async (context) => {
    const items = await withDatabase(databaseUrl, (db) => commentsThrough(db, context.var.share.id))
    return context.json({ items }, 200)
  })
  app.openapi(routes.comment, async (context) => {
    const { comment: id } = context.req.valid('param')
    const isThere = await withDatabase(databaseUrl, (db) =>
      db.transaction((trx) => addComment(trx, context.var.share.id, { id, ...context.req.valid('json') })),
    )
    if (!isThere)
      throw new Permanent('too_many_comments', `This link takes ${mostComments} comments and has them.`)
    return context.json({ id }, 200)
  })
}
