/**
 * Requests to the API in the database: how many a caller has made this minute (table api_callers), and how
 * one with an Idempotency-Key was answered (api_requests), so that the same request gets the same answer
 * again. Hides how two that come at once are told apart.
 */
import type { Knex } from 'knex'
import { rows } from './connect.ts'

/** Counts a request in the caller's minute. False when the minute is full. */
export async function countRequest(db: Knex, caller: string, most: number): Promise<boolean> {
  const counted = await rows(
    db,
    `INSERT INTO api_callers AS c (caller, minute, requests)
     VALUES (:caller, date_trunc('minute', clock_timestamp()), 1)
     ON CONFLICT (caller) DO UPDATE
       SET minute = greatest(c.minute, excluded.minute),
           -- one that came late counts in the minute there is
           requests = CASE WHEN c.minute < excluded.minute THEN 1 ELSE c.requests + 1 END
       WHERE c.minute < excluded.minute OR c.requests < :most
     RETURNING 1`,
    { caller, most },
  )
  return counted.length === 1
}

export interface EarlierAnswer {
  readonly requestHash: string
  /** Null while the first request is still under way. */
  readonly status: number | null
  readonly body: unknown
}

/** A request that has its key to itself, until it is closed or given up for lost. */
export interface OpenRequest {
  readonly userId: string
  readonly key: string
  /** Distinguishes it from a later request with the same key. */
  readonly openedAt: string
}

const openedAt = 'extract(epoch FROM created_at)::text'

/**
 * Claims the key for this request, which then does the work, or returns the state of the request that has it.
 */
export async function openRequest(
  db: Knex,
  userId: string,
  key: string,
  requestHash: string,
): Promise<{ opened: OpenRequest } | { earlier: EarlierAnswer }> {
  const [fresh] = await rows<{ openedAt: string }>(
    db,
    `INSERT INTO api_requests AS r (user_id, idempotency_key, request_hash)
     VALUES (:userId, :key, :requestHash)
     ON CONFLICT (user_id, idempotency_key) DO UPDATE
       SET created_at = clock_timestamp(),
           request_hash = :requestHash,
           status = NULL,
           body = NULL
       WHERE r.created_at < clock_timestamp() - interval '24 hours'
          OR (r.status IS NULL AND r.created_at < clock_timestamp() - interval '2 minutes')
     RETURNING ${openedAt} AS "openedAt"`,
    { userId, key, requestHash },
  )
  if (fresh) return { opened: { userId, key, openedAt: fresh.openedAt } }
  const [earlier] = await rows<EarlierAnswer>(
    db,
    `SELECT request_hash AS "requestHash", status, body
     FROM api_requests
     WHERE user_id = :userId
       AND idempotency_key = :key`,
    { userId, key },
  )
  // When it was forgotten between the two statements, the key is free again.
  return earlier ? { earlier } : await openRequest(db, userId, key, requestHash)
}

const isStillOpen = `
  user_id = :userId
  AND idempotency_key = :key
  AND ${openedAt} = :openedAt
  AND status IS NULL`

/** Stores the answer for the same request made again. */
export async function closeRequest(
  db: Knex,
  opened: OpenRequest,
  answer: { status: number; body: unknown },
): Promise<void> {
  await db.raw(
    `UPDATE api_requests
     SET status = :status,
         body = :body
     WHERE ${isStillOpen}`,
    { ...opened, status: answer.status, body: JSON.stringify(answer.body ?? null) },
  )
}

/** Deletes a request that failed, so that it may be made again. */
export async function forgetRequest(db: Knex, opened: OpenRequest): Promise<void> {
  await db.raw(`DELETE FROM api_requests WHERE ${isStillOpen}`, { ...opened })
}

/** SQL: answers that were kept for a day. */
export const oldRequests = `FROM api_requests WHERE created_at < clock_timestamp() - interval '24 hours'`
/** SQL: the counts of minutes long gone. */
export const oldCounts = `FROM api_callers WHERE minute < clock_timestamp() - interval '1 day'`

export async function forgetOldRequests(db: Knex): Promise<void> {
  await db.raw(`DELETE ${oldRequests}`)
  await db.raw(`DELETE ${oldCounts}`)
}
