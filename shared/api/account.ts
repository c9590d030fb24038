/**
 * API routes for what belongs to the caller alone: what is used and may be used, keys of providers, which can be given
 * and never read, and keys of this API, which are shown once.
 */
import { z } from '@hono/zod-openapi'
import { insertApiKey, listApiKeys, revokeApiKey } from '../db/api-keys.ts'
import { withDatabase } from '../db/connect.ts'
import { deleteProviderKey, listProviderKeys, saveProviderKey } from '../db/provider-keys.ts'
import { usageOf } from '../db/usage.ts'
import type { Services } from '../engine/services.ts'
import { Permanent } from '../errors.ts'
import { allowances } from '../episode/quota.ts'
import { keyedProviders } from '../providers/choose.ts'
import { keyPurpose, openSealer } from '../providers/seal.ts'
import { newApiKey, scopes } from './callers.ts'
import { once } from './idempotency.ts'
import { changes, gone, idParam, jsonBody, moment, mustBe, name, reads, type App } from './routes.ts'

const allowance = z
  .object({
    kind: z.string(),
    period: z.string(),
    used: z.number(),
    most: z.number(),
  })
  .openapi('Allowance')
const providerKey = z.object({ provider: z.string(), createdAt: z.iso.datetime() }).openapi('ProviderKey')
const apiKey = z
  .object({
    id: z.uuid(),
    name: z.string(),
    scopes: z.array(z.string()),
    createdAt: z.iso.datetime(),
    usedAt: moment,
  })
  .openapi('ApiKey')
const newKey = z
  .object({
    id: z.uuid(),
    key: z.string().nullable().openapi({ description: 'Shown this once; null when asked for again.' }),
  })
  .openapi('NewApiKey')

const provider = z.object({
  provider: z.enum(keyedProviders).openapi({ param: { name: 'provider', in: 'path' } }),
})
const keyAsked = z.strictObject({
  name: name.min(1),
  scopes: z
    .array(z.enum(scopes))
    .min(1)
    .default([...scopes]),
})

const routes = {
  usage: reads('/usage', 'What you have used this month', {}, z.record(z.string(), z.number())),
  quota: reads('/quota', 'What you have used and may use', {}, z.object({ items: z.array(allowance) })),
  providerKeys: reads(
    '/provider-keys',
    'Of which providers a key is kept; no key can be read',
    {},
    z.object({ items: z.array(providerKey) }),
  ),
  giveProviderKey: changes(
    '/provider-keys/{provider}',
    'Give a key of a provider, in place of the one there was',
    { params: provider, ...jsonBody(z.strictObject({ key: z.string().max(1000) })) },
    z.object({ provider: z.string() }),
    200,
    'put',
  ),
  forgetProviderKey: changes(
    '/provider-keys/{provider}',
    'Forget the key of a provider',
    { params: provider },
    gone,
    200,
    'delete',
  ),
  apiKeys: reads('/api-keys', 'The keys of this API', {}, z.object({ items: z.array(apiKey) })),
  makeApiKey: changes('/api-keys', 'Make a key of this API', jsonBody(keyAsked), newKey, 201),
  revokeApiKey: changes(
    '/api-keys/{id}',
    'Revoke a key of this API',
    { params: idParam },
    gone,
    200,
    'delete',
  ),
}

export function addAccount(app: App, { config }: Services): void {
  const { databaseUrl } = config
  const sealer = openSealer(config.sealingKey)

  app.openapi(routes.usage, async (context) =>
    context.json(
      await withDatabase(databaseUrl, (db) => usageOf(db, context.var.caller.userId, 'month')),
      200,
    ),
  )
  app.openapi(routes.quota, async (context) => {
    const { userId } = context.var.caller
    return context.json(
      { items: await withDatabase(databaseUrl, (db) => allowances(db, config, userId)) },
      200,
    )
  })
  app.openapi(routes.providerKeys, async (context) => {
    const { userId } = context.var.caller
    return context.json({ items: await withDatabase(databaseUrl, (db) => listProviderKeys(db, userId)) }, 200)
  })
  app.openapi(routes.giveProviderKey, async (context) => {
    const { userId } = context.var.caller
    const { provider: named } = context.req.valid('param')
    const { status, body } = await once(context, config, userId, async () => {
      const sealed = sealer.seal(context.req.valid('json').key, keyPurpose(userId, named))
      await withDatabase(databaseUrl, (db) => saveProviderKey(db, userId, { provider: named, sealed }))
      return { status: 200, body: { provider: named } }
    })
    return context.json(body, status)
  })
  app.openapi(routes.forgetProviderKey, async (context) => {
    const { userId } = context.var.caller
    const { provider: named } = context.req.valid('param')
    const { status, body } = await once(context, config, userId, async () => ({
      status: 200,
      body: { removed: await withDatabase(databaseUrl, (db) => deleteProviderKey(db, userId, named)) },
    }))
    return context.json(body, status)
  })
  app.openapi(routes.apiKeys, async (context) => {
    const { userId } = context.var.caller
    return context.json({ items: await withDatabase(databaseUrl, (db) => listApiKeys(db, userId)) }, 200)
  })
  app.openapi(routes.makeApiKey, async (context) => {
    const { userId, scopes: own } = context.var.caller
    const asked = context.req.valid('json')
    const beyond = asked.scopes.filter((scope) => !own.includes(scope))
    if (beyond.length > 0)
      throw new Permanent('forbidden', `This key cannot make one that may ${beyond.join(', ')}.`)
    let made: string | null = null
    // the answer that is kept has no key in it
    const { status, body } = await once(context, config, userId, async () => {
      const { key, hash } = newApiKey()
      const id = await withDatabase(databaseUrl, (db) => insertApiKey(db, { userId, hash, ...asked }))
      made = key
      return { status: 201, body: { id, key: null } }
    })
    return context.json({ ...body, key: made }, status)
  })
  app.openapi(routes.revokeApiKey, async (context) => {
    const { userId } = context.var.caller
    const { id } = context.req.valid('param')
    const { status, body } = await once(context, config, userId, async () => {
      const removed = await withDatabase(databaseUrl, (db) => revokeApiKey(db, userId, id))
      return { status: 200, body: { removed: mustBe(removed || undefined, 'key') } }
    })
    return context.json(body, status)
  })
}
