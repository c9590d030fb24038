/** API routes for webhooks: where the caller is told of what happens to their episodes, and what was told there. */
import { z } from '@hono/zod-openapi'
import { withDatabase } from '../db/connect.ts'
import { deleteWebhook, deliverAgain, insertWebhook, listDeliveries, listWebhooks } from '../db/webhooks.ts'
import { askFor } from '../engine/ask-for.ts'
import type { Services } from '../engine/services.ts'
import { Permanent } from '../errors.ts'
import { openSealer } from '../providers/seal.ts'
import { webhookEvents } from '../webhooks/events.ts'
import { newSecret, secretPurpose } from '../webhooks/send.ts'
import { pageOf, pageQuery } from './cursor.ts'
import { once } from './idempotency.ts'
import {
  changes,
  gone,
  idParam,
  jsonBody,
  listOf,
  moment,
  mustBe,
  pageAsked,
  reads,
  type App,
} from './routes.ts'

const webhook = z
  .object({ id: z.uuid(), url: z.string(), events: z.array(z.string()), createdAt: z.iso.datetime() })
  .openapi('Webhook')
const newWebhook = webhook
  .extend({
    secret: z
      .string()
      .nullable()
      .openapi({ description: 'Shown this once; checks `webhook-signature`, as Standard Webhooks has it.' }),
  })
  .openapi('NewWebhook')
const delivery = z
  .object({
    id: z.uuid().openapi({ description: 'The header `webhook-id`.' }),
    event: z.string(),
    status: z.enum(['pending', 'delivered', 'failed']),
    attempts: z.int(),
    answer: z.int().nullable(),
    error: z.string().nullable(),
    createdAt: z.iso.datetime(),
    deliveredAt: moment,
  })
  .openapi('Delivery')
const asked = z.strictObject({
  url: z.url({ protocol: /^https?$/ }).max(2000),
  events: z
    .array(z.enum(webhookEvents))
    .min(1)
    .default([...webhookEvents]),
})

const routes = {
  list: reads('/webhooks', 'Where you are told of what happens', {}, z.object({ items: z.array(webhook) })),
  create: changes('/webhooks', 'Be told of what happens', jsonBody(asked), newWebhook, 201),
  remove: changes('/webhooks/{id}', 'Be told no more', { params: idParam }, gone, 200, 'delete'),
  deliveries: reads(
    '/webhooks/{id}/deliveries',
    'What was told, newest first; kept for thirty days',
    { params: idParam, query: pageQuery },
    listOf(delivery),
  ),
  again: changes(
    '/deliveries/{id}/again',
    'Tell it again',
    { params: idParam },
    z.object({ again: z.boolean() }),
    200,
  ),
}

/** Of one user. */
const mostWebhooks = 10

export function addWebhooks(app: App, services: Services): void {
  const { config } = services
  const { databaseUrl } = config
  const sealer = openSealer(config.sealingKey)

  app.openapi(routes.list, async (context) => {
    const { userId } = context.var.caller
    return context.json({ items: await withDatabase(databaseUrl, (db) => listWebhooks(db, userId)) }, 200)
  })
  app.openapi(routes.create, async (context) => {
    const { userId } = context.var.caller
    const { url, events } = context.req.valid('json')
    if (!url.startsWith('https:') && !config.allowPrivateAddresses)
      throw new Permanent('address_refused', `${new URL(url).origin} has no https, so anybody could listen.`)
    let shown: string | null = null
    // the answer that is kept has no secret in it
    const { status, body } = await once(context, config, userId, async () => {
      const secret = newSecret()
      const sealed = sealer.seal(secret, secretPurpose(userId))
      const made = await withDatabase(databaseUrl, (db) =>
        db.transaction((trx) => insertWebhook(trx, { userId, url, events, sealed }, mostWebhooks)),
      )
      if (!made) throw new Permanent('too_many_webhooks', `You may have ${mostWebhooks} webhooks.`)
      shown = secret
      return { status: 201, body: { ...made, secret: null } }
    })
    return context.json({ ...body, secret: shown }, status)
  })
  app.openapi(routes.remove, async (context) => {
    const { userId } = context.var.caller
    const { id } = context.req.valid('param')
    const { status, body } = await once(context, config, userId, async () => {
      const removed = await withDatabase(databaseUrl, (db) => deleteWebhook(db, userId, id))
      return { status: 200, body: { removed: mustBe(removed || undefined, 'webhook') } }
    })
    return context.json(body, status)
  })
  app.openapi(routes.deliveries, async (context) => {
    const query = context.req.valid('query')
    const { id } = context.req.valid('param')
    const found = await withDatabase(databaseUrl, async (db) => {
      const page = pageAsked(context, query)
      mustBe(
        (await listWebhooks(db, page.userId)).find((each) => each.id === id),
        'webhook',
      )
      return await listDeliveries(db, page, id)
    })
    return context.json(pageOf(found, query.limit), 200)
  })
  app.openapi(routes.again, async (context) => {
    const { userId } = context.var.caller
    const { id } = context.req.valid('param')
    const { status, body } = await once(context, config, userId, async () => {
      const again = await withDatabase(databaseUrl, (db) => deliverAgain(db, userId, id))
      mustBe(again || undefined, 'delivery that has ended')
      await askFor('notify', `${id}/again/${new Date().toISOString()}`, services)
      return { status: 200, body: { again } }
    })
    return context.json(body, status)
  })
}
