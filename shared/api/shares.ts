/**
 * API routes for sharing a review: links by which guests without an account hear it and comment on it, made and withdrawn
 * by its producer, who reads here what guests say.
 */
import { z } from '@hono/zod-openapi'
import { withDatabase } from '../db/connect.ts'
import { lockEpisode } from '../db/episodes.ts'
import { commentsOn, insertShare, listShares, mostShares, revokeShare } from '../db/review-shares.ts'
import type { Services } from '../engine/services.ts'
import { Permanent } from '../errors.ts'
import { hashOfSecret, newSecret } from '../hash.ts'
import { once } from './idempotency.ts'
import { changes, episodeFinder, gone, idParam, jsonBody, mustBe, name, reads, type App } from './routes.ts'

const share = z
  .object({ id: z.uuid(), createdAt: z.iso.datetime(), expiresAt: z.iso.datetime(), comments: z.int() })
  .openapi('Share')
const newShare = z
  .object({
    id: z.uuid(),
    url: z.url().nullable().openapi({ description: 'Shown this once; null when asked for again.' }),
    expiresAt: z.iso.datetime(),
  })
  .openapi('NewShare')
export const comment = z
  .object({
    id: z.uuid(),
    author: z.string(),
    text: z.string(),
    edit: z.string().nullable(),
    atSeconds: z.number(),
    createdAt: z.iso.datetime(),
  })
  .openapi('ReviewComment')

const shareAsked = z.strictObject({ expiresInDays: z.int().min(1).max(30).default(7) })
const shareParam = idParam.extend({
  share: name.openapi({ param: { name: 'share', in: 'path' } }),
})

const routes = {
  list: reads(
    '/episodes/{id}/shares',
    'The links to the review that hold, newest first',
    { params: idParam },
    z.object({ items: z.array(share) }),
  ),
  share: changes(
    '/episodes/{id}/shares',
    'Make a link by which guests hear the review and comment on it',
    { params: idParam, ...jsonBody(shareAsked) },
    newShare,
    201,
  ),
  revoke: changes(
    '/episodes/{id}/shares/{share}',
    'Withdraw a link; what was said through it stays',
    { params: shareParam },
    gone,
    200,
    'delete',
  ),
  comments: reads(
    '/episodes/{id}/comments',
    'What guests say of the review, newest first',
    { params: idParam },
    z.object({ items: z.array(comment) }),
  ),
}

export function addShares(app: App, { config }: Services): void {
  const { databaseUrl } = config
  const find = episodeFinder({ config })

  app.openapi(routes.list, async (context) => {
    const { id } = await find(context.var.caller.userId, context.req.valid('param').id)
    return context.json({ items: await withDatabase(databaseUrl, (db) => listShares(db, id)) }, 200)
  })
  app.openapi(routes.share, async (context) => {
    const { userId } = context.var.caller
    const { expiresInDays } = context.req.valid('json')
    let url: string | null = null
    // the answer that is kept has no secret in it
    const { status, body } = await once(context, config, userId, async () => {
      const { id: episodeId } = await find(userId, context.req.valid('param').id)
      const secret = newSecret()
      const made = await withDatabase(databaseUrl, (db) =>
        db.transaction(async (trx) => {
          await lockEpisode(trx, episodeId)
          return await insertShare(trx, { episodeId, hash: hashOfSecret(secret), days: expiresInDays })
        }),
      )
      if (!made) throw new Permanent('too_many_shares', `An episode may have ${mostShares} links at once.`)
      url = `${config.console.url}/shared/${secret}`
      return {
        status: 201,
        body: { id: made.id, url: null, expiresAt: new Date(made.expiresAt).toISOString() },
      }
    })
    return context.json({ ...body, url }, status)
  })
  app.openapi(routes.revoke, async (context) => {
    const { userId } = context.var.caller
    const { id, share: shareId } = context.req.valid('param')
    const { status, body } = await once(context, config, userId, async () => {
      const episode = await find(userId, id)
      const removed = await withDatabase(databaseUrl, (db) => revokeShare(db, episode.id, shareId))
      return { status: 200, body: { removed: mustBe(removed || undefined, 'link') } }
    })
    return context.json(body, status)
  })
  app.openapi(routes.comments, async (context) => {
    const { id } = await find(context.var.caller.userId, context.req.valid('param').id)
    return context.json({ items: await withDatabase(databaseUrl, (db) => commentsOn(db, id)) }, 200)
  })
}
