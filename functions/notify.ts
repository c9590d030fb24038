/**
 * Function `notify`: sends what is due to webhooks. Each event is a row that says when it is tried next, so whatever
 * ends in between is tried again; a receiver that is slow or away holds up nobody else.
 */
import { withDatabase } from '../shared/db/connect.ts'
import { noteAttempt, takeDueDeliveries, type DueDelivery } from '../shared/db/webhooks.ts'
import { askFor } from '../shared/engine/ask-for.ts'
import type { Services } from '../shared/engine/services.ts'
import { log } from '../shared/log.ts'
import { openSealer } from '../shared/providers/seal.ts'
import { secretPurpose, send } from '../shared/webhooks/send.ts'

/** Sent side by side. */
const atOnce = 16
/** No further ones are taken after this; the deadline is twice as long. */
const budgetMs = 60_000

export async function notify(services: Services): Promise<{ delivered: number; failed: number }> {
  const { databaseUrl } = services.config
  const endsAt = Date.now() + budgetMs
  let [delivered, failed] = [0, 0]
  while (Date.now() < endsAt) {
    const due = await withDatabase(databaseUrl, (db) => takeDueDeliveries(db, atOnce))
    const results = await Promise.all(due.map((delivery) => attempt(delivery, services)))
    delivered += results.filter((isDelivered) => isDelivered).length
    failed += results.filter((isDelivered) => !isDelivered).length
    if (due.length < atOnce) break
  }
  return { delivered, failed }
}

async function attempt(delivery: DueDelivery, services: Services): Promise<boolean> {
  const { id, userId, webhookId, attempts, event, dueAt } = delivery
  const { databaseUrl, sealingKey, allowPrivateAddresses } = services.config
  const secret = openSealer(sealingKey).open(delivery.secret, secretPurpose(userId))
  const result = await send(delivery, secret, allowPrivateAddresses)
  await withDatabase(databaseUrl, (db) => noteAttempt(db, id, attempts, result))
  const { status, answer } = result
  log.info({ webhook: webhookId, delivery: id, event, attempts, answer }, `webhook ${status}`)
  if (status === 'pending') await askFor('notify', `${id}/${attempts}`, services, dueAt)
  return status === 'delivered'
}
