/**
 * The tables webhooks and webhook_deliveries: where a user wants to be told of what happens, and what was told there. The
 * deliveries are made by triggers (migration 011), with the change that they tell of. Hides when one is tried again.
 */
import type { Knex } from 'knex'
import { rows } from './connect.ts'
import { onPage, pageBindings, positionColumn, type Page, type Positioned } from './page.ts'
import { ensureUser, lockUser } from './users.ts'

export interface Webhook {
  readonly id: string
  readonly url: string
  readonly events: string[]
  readonly createdAt: Date
}

const webhookColumns = 'id, url, events, created_at AS "createdAt"'

/** Undefined when the user has `most` of them. */
export async function insertWebhook(
  trx: Knex,
  webhook: { userId: string; url: string; events: readonly string[]; sealed: string },
  most: number,
): Promise<Webhook | undefined> {
  await ensureUser(trx, webhook.userId)
  await lockUser(trx, webhook.userId)
  const [inserted] = await rows<Webhook>(
    trx,
    `INSERT INTO webhooks (user_id, url, events, secret)
     SELECT :userId, :url, :events, :sealed
     WHERE (SELECT count(*) FROM webhooks WHERE user_id = :userId) < :most
     RETURNING ${webhookColumns}`,
    { ...webhook, events: [...webhook.events], most },
  )
  return inserted
}

export async function listWebhooks(db: Knex, userId: string): Promise<Webhook[]> {
  return await rows(
    db,
    `SELECT ${webhookColumns}
     FROM webhooks
     WHERE user_id = :userId
     ORDER BY created_at DESC, id`,
    { userId },
  )
}

/** False when the user has no such webhook. What was told there is forgotten with it. */
export async function deleteWebhook(db: Knex, userId: string, id: string): Promise<boolean> {
  const deleted = await rows(
    db,
    `DELETE FROM webhooks
     WHERE user_id = :userId
       AND id::text = :id
     RETURNING 1`,
    { userId, id },
  )
  return deleted.length > 0
}

export interface Delivery {
  readonly id: string
  readonly event: string
  readonly status: 'pending' | 'delivered' | 'failed'
  readonly attempts: number
  /** The HTTP status of the last answer. */
  readonly answer: number | null
  readonly error: string | null
  readonly createdAt: Date
  readonly deliveredAt: Date | null
}

/** What was told to a webhook of the user, newest first. */
export async function listDeliveries(
  db: Knex,
  page: Page,
  webhookId: string,
): Promise<Positioned<Delivery>[]> {
  return await rows(
    db,
    `SELECT id, event, status, attempts, answer, error, created_at AS "createdAt",
            delivered_at AS "deliveredAt", ${positionColumn}
     FROM webhook_deliveries
     WHERE user_id = :userId
       AND webhook_id::text = :webhookId
       AND ${onPage}`,
    { ...pageBindings(page), webhookId },
  )
}

/** Tries a delivery again from the beginning. False when the user has none such that has ended. */
export async function deliverAgain(db: Knex, userId: string, id: string): Promise<boolean> {
  const moved = await rows(
    db,
    `UPDATE webhook_deliveries
     SET status = 'pending',
         attempts = 0,
         due_at = clock_timestamp(),
         delivered_at = NULL
     WHERE user_id = :userId
       AND id::text = :id
       AND status <> 'pending'
     RETURNING 1`,
    { userId, id },
  )
  return moved.length > 0
}

/** Seconds from one attempt to the next, as Standard Webhooks suggests: given up after three days. */
const waits = [5, 300, 1800, 7200, 18_000, 36_000, 50_400, 72_000, 86_400]

export interface DueDelivery {
  readonly id: string
  readonly userId: string
  readonly webhookId: string
  readonly url: string
  /** Sealed. */
  readonly secret: string
  readonly event: string
  readonly data: unknown
  readonly createdAt: Date
  /** With this one. */
  readonly attempts: number
  /** Of the next attempt, should this one fail or never end. */
  readonly dueAt: Date
}

/** Deliveries that are due, with an attempt counted: whoever takes them and dies has had that attempt. */
export async function takeDueDeliveries(db: Knex, limit: number): Promise<DueDelivery[]> {
  return await rows(
    db,
    `UPDATE webhook_deliveries d
     SET attempts = d.attempts + 1,
         due_at = clock_timestamp() + (CAST(:waits AS integer[]))[least(d.attempts + 1, :attempts)] * interval '1 second'
     FROM webhooks w
     WHERE w.id = d.webhook_id
       AND d.id IN (
         SELECT id
         FROM webhook_deliveries
         WHERE status = 'pending'
           AND due_at <= clock_timestamp()
         ORDER BY due_at
         LIMIT :limit
         FOR UPDATE SKIP LOCKED
       )
     RETURNING d.id, d.user_id AS "userId", w.id AS "webhookId", w.url, w.secret, d.event, d.data, d.attempts,
               d.created_at AS "createdAt", d.due_at AS "dueAt"`,
    { waits, attempts: waits.length, limit },
  )
}

/** Whether a delivery has had as many attempts as it gets. */
export const isLastAttempt = ({ attempts }: Pick<DueDelivery, 'attempts'>): boolean => attempts > waits.length

export interface AttemptResult {
  readonly status: Delivery['status']
  readonly answer: number | null
  readonly error: string | null
}

/** Notes how the latest attempt of a delivery ended. */
export async function noteAttempt(
  db: Knex,
  id: string,
  attempts: number,
  result: AttemptResult,
): Promise<void> {
  await db.raw(
    `UPDATE webhook_deliveries
     SET status = :status,
         answer = :answer,
         error = :error,
         delivered_at = CASE WHEN :status = 'delivered' THEN clock_timestamp() END
     WHERE id = :id
       AND attempts = :attempts
       AND status = 'pending'`,
    { id, attempts, ...result },
  )
}

/** SQL: whether a run's news wait to be told. */
export const hasNews = (runId: string): string =>
  `EXISTS (SELECT 1 FROM webhook_deliveries d WHERE d.run_id = ${runId} AND d.status = 'pending')`

export async function runHasNews(db: Knex, runId: string): Promise<boolean> {
  const [row] = await rows<{ found: boolean }>(db, `SELECT ${hasNews(':runId')} AS found`, { runId })
  return row!.found
}

/** SQL: deliveries whose time has come. */
export const dueDeliveries = `
  FROM webhook_deliveries
  WHERE status = 'pending'
    AND due_at <= clock_timestamp()`

/** Deliveries that ended so long ago are of no use to anybody. */
const keptDays = 30

/** SQL. */
export const oldDeliveries = `
  FROM webhook_deliveries
  WHERE status <> 'pending'
    AND created_at < clock_timestamp() - interval '${keptDays} days'`

export async function forgetOldDeliveries(db: Knex): Promise<void> {
  await db.raw(`DELETE FROM webhook_deliveries WHERE id IN (SELECT id ${oldDeliveries} LIMIT 1000)`)
}
