/**
 * Idempotency of the API: the same POST sent twice with one Idempotency-Key has one effect and one answer.
 * Hides where the first answer is kept and what the second of two simultaneous requests is told.
 */
import type { Context } from 'hono'
import type { Config } from '../config.ts'
import { closeRequest, forgetRequest, openRequest, type EarlierAnswer } from '../db/api-requests.ts'
import { withDatabase } from '../db/connect.ts'
import { Permanent } from '../errors.ts'
import { contentHash } from '../hash.ts'
import type { ChangeStatus } from './routes.ts'

export interface Answered<T, S extends ChangeStatus> {
  readonly status: S
  readonly body: T
}

/**
 * Does `work` unless the request was answered before. Throws Permanent `idempotency_mismatch` or
 * `in_progress`.
 */
export async function once<T, S extends ChangeStatus>(
  context: Context,
  { databaseUrl }: Config,
  userId: string,
  work: () => Promise<Answered<T, S>>,
): Promise<Answered<T, S>> {
  const key = context.req.header('idempotency-key')
  if (key === undefined) return await work()
  const requestHash = contentHash(`${context.req.method} ${pathOf(context)}\n${await context.req.text()}`)
  const found = await withDatabase(databaseUrl, (db) => openRequest(db, userId, key, requestHash))
  if ('earlier' in found) return answerAgain(found.earlier, requestHash)
  try {
    const answered = await work()
    await withDatabase(databaseUrl, (db) => closeRequest(db, found.opened, answered))
    return answered
  } catch (error) {
    // an error has changed nothing: the request may be made again
    await withDatabase(databaseUrl, (db) => forgetRequest(db, found.opened))
    throw error
  }
}

/** With the query, which says what is to be done as the body does. */
const pathOf = ({ req }: Context): string => req.path + new URL(req.url).search

/** Repeats the stored answer; throws unless method, path and body are the same as before. */
function answerAgain<T, S extends ChangeStatus>(
  { requestHash, status, body }: EarlierAnswer,
  asked: string,
): Answered<T, S> {
  if (requestHash !== asked) throw new Permanent('idempotency_mismatch')
  if (status === null) throw new Permanent('in_progress')
  return { status: status as S, body: body as T }
}
