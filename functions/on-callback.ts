/**
 * on-callback: a provider says that it is done. What it brings is kept, and the step that waits is woken.
 * Twice is once; a forged one changes nothing.
 */
import type { Config } from '../shared/config.ts'
import { withDatabase } from '../shared/db/connect.ts'
import { findPaidCall, settlePaidCall, type PaidCall } from '../shared/db/paid-calls.ts'
import { wakeStep } from '../shared/db/steps.ts'
import { Permanent } from '../shared/errors.ts'
import { workName } from '../shared/objects.ts'
import { callbackSecretOf, callOf } from '../shared/providers/callback-url.ts'
import { recogniserNames } from '../shared/settings/settings.ts'
import type { RecogniserName } from '../shared/providers/recogniser.ts'
import { checkHeaders, readCallback, type CallbackReading } from '../shared/providers/callbacks.ts'
import { enqueue } from '../shared/engine/enqueue.ts'
import { fail } from '../shared/engine/delivery.ts'
import type { Services } from '../shared/engine/services.ts'

export async function onCallback(request: Request, services: Services): Promise<Response> {
  try {
    const { call, reading } = await identify(request, services)
    await settle(call, reading, services)
    return Response.json({})
  } catch (error) {
    if (error instanceof Permanent) return Response.json({ code: error.code }, { status: 401 })
    throw error
  }
}

/** What the platform lets through. A ten-hour transcript has half of this. */
const maxCallbackBytes = 32 * 1024 * 1024

/**
 * Whose callback it is. Nothing of the body is looked at before the address and the headers have been
 * believed. Throws Permanent
 * `bad_callback` for one that is not ours, or not theirs.
 */
async function identify(
  request: Request,
  services: Services,
): Promise<{ call: PaidCall; reading: CallbackReading }> {
  const { config } = services
  const query = Object.fromEntries(new URL(request.url).searchParams)
  if (query['call'] === undefined) {
    // ElevenLabs has one address for all jobs; its callback brings back the one it was given.
    const reading = await read(request, 'elevenlabs', config)
    const given = Object.fromEntries(new URL(reading.callbackUrl ?? 'none:').searchParams)
    return { call: await findCall(callOf(config, given), services), reading }
  }
  const call = await findCall(callOf(config, query), services)
  const name = recogniserNames.find((known) => known === call.provider)
  if (name === undefined) throw new Permanent('bad_callback')
  return { call, reading: await read(request, name, config, call.id) }
}

async function findCall(id: string | undefined, { config }: Services): Promise<PaidCall> {
  const call =
    id === undefined ? undefined : await withDatabase(config.databaseUrl, (db) => findPaidCall(db, id))
  if (!call) throw new Permanent('bad_callback')
  return call
}

async function read(
  request: Request,
  name: RecogniserName,
  config: Config,
  callId?: string,
): Promise<CallbackReading> {
  const secret =
    name === 'elevenlabs' || callId === undefined
      ? (config.providers.elevenlabsWebhookSecret ?? '')
      : callbackSecretOf(config, callId)
  const message = { headers: Object.fromEntries(request.headers), secret, now: Date.now() }
  checkHeaders(name, message)
  const rawBody = Buffer.from(await request.arrayBuffer())
  if (rawBody.length > maxCallbackBytes)
    throw new Permanent(
      'bad_callback',
      `The callback has ${rawBody.length} bytes; the limit is ${maxCallbackBytes}.`,
    )
  return readCallback(name, { ...message, rawBody })
}

async function settle(
  call: PaidCall,
  { answer, failure }: CallbackReading,
  services: Services,
): Promise<void> {
  if (call.status === 'done' || call.status === 'failed') return // it comes late, or again
  const { config, storage } = services
  if (answer?.state === 'done') {
    const kept = { bucket: config.buckets.work, name: workName(call.userId, call.callKey, 'recognised.json') }
    await storage.create(kept, JSON.stringify(answer.result), 'application/json')
  }
  if (failure !== undefined) {
    await withDatabase(config.databaseUrl, (db) =>
      settlePaidCall(db, call.id, { status: 'failed', error: failure }),
    )
    await fail(services, { ...call, turn: 0 }, new Permanent('provider_rejected', failure))
    return
  }
  const woken = await withDatabase(config.databaseUrl, (db) => db.transaction((trx) => wakeStep(trx, call)))
  if (woken) await enqueue(services, [woken])
}
