/** on-callback: a provider says that it is done. What it brings is kept, and the step that waits is woken. Twice is once; a forged one changes nothing. */
import { withDatabase } from '../shared/db/connect.ts'
import { findPaidCall, settlePaidCall, type PaidCall } from '../shared/db/paid-calls.ts'
import { wakeStep } from '../shared/db/steps.ts'
import { Permanent } from '../shared/errors.ts'
import { workName } from '../shared/objects.ts'
import { callbackSecretOf, callOf } from '../shared/providers/callback-url.ts'
import { recogniserNames } from '../shared/settings/settings.ts'
import { readCallback, type CallbackReading } from '../shared/providers/callbacks.ts'
import { enqueue } from '../shared/engine/enqueue.ts'
import { fail } from '../shared/engine/delivery.ts'
import type { Services } from '../shared/engine/services.ts'

export async function onCallback(request: Request, services: Services): Promise<Response> {
  try {
    const { call, reading } = await identify(request, services)
    await take(call, reading, services)
    return Response.json({})
  } catch (error) {
    if (error instanceof Permanent) return Response.json({ code: error.code }, { status: 401 })
    throw error
  }
}

/** A ten-hour transcript has a tenth of this. */
const maxCallbackBytes = 128 * 1024 * 1024

/** Whose callback it is. Throws Permanent `bad_callback` for one that is not ours, or not theirs. */
async function identify(
  request: Request,
  services: Services,
): Promise<{ call: PaidCall; reading: CallbackReading }> {
  const { config } = services
  const findCall = async (id: string | undefined): Promise<PaidCall> => {
    const call =
      id === undefined ? undefined : await withDatabase(config.databaseUrl, (db) => findPaidCall(db, id))
    if (!call) throw new Permanent('bad_callback')
    return call
  }
  const query = Object.fromEntries(new URL(request.url).searchParams)
  const rawBody = Buffer.from(await request.arrayBuffer())
  if (rawBody.length > maxCallbackBytes)
    throw new Permanent(
      'bad_callback',
      `The callback has ${rawBody.length} bytes; the limit is ${maxCallbackBytes}.`,
    )
  const message = { headers: Object.fromEntries(request.headers), rawBody, now: Date.now() }
  const elevenlabs = () =>
    readCallback('elevenlabs', { ...message, secret: config.providers.elevenlabsWebhookSecret ?? '' })
  if (query['call'] === undefined) {
    const reading = elevenlabs() // it has one address for everything, and brings back the one we gave it
    return {
      call: await findCall(
        callOf(config, Object.fromEntries(new URL(reading.callbackUrl ?? 'none:').searchParams)),
      ),
      reading,
    }
  }
  const call = await findCall(callOf(config, query))
  const name = recogniserNames.find((known) => known === call.provider)
  if (name === undefined) throw new Permanent('bad_callback')
  return {
    call,
    reading:
      name === 'elevenlabs'
        ? elevenlabs()
        : readCallback(name, { ...message, secret: callbackSecretOf(config, call.id) }),
  }
}

async function take(call: PaidCall, { answer, failure }: CallbackReading, services: Services): Promise<void> {
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
