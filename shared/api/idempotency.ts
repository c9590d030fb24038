/** The same POST twice has one effect and one answer (Idempotency-Key). Hides where the first answer is kept and what two at once are told. */
import type { Context } from 'hono'
import type { Config } from '../config.ts'
import { closeRequest, forgetRequest, openRequest } from '../db/api.ts'
import { withDatabase } from '../db/connect.ts'
import { Permanent } from '../errors.ts'
import { contentHash } from '../hash.ts'

const keyPattern = /^[\x21-\x7e]{1,200}$/

export interface Answered {
  readonly status: 200 | 201 | 202
  readonly body: unknown
}

/** Does `work` unless the request was answered before. Throws Permanent `idempotency_mismatch`, `in_progress` or `bad_request`. */
export async function once(context: Context, { databaseUrl }: Config, userId: string, work: () => Promise<Answered>): Promise<Answered> {
  const key = context.req.header('idempotency-key')
  if (key === undefined) return await work()
  if (!keyPattern.test(key)) throw new Permanent('bad_request', 'An Idempotency-Key has 1 to 200 visible ASCII characters.')
  const requestHash = contentHash(`${context.req.method} ${context.req.path}\n${await context.req.text()}`)
  const earlier = await withDatabase(databaseUrl, (db) => openRequest(db, userId, key, requestHash))
  if (earlier && earlier.requestHash !== requestHash) throw new Permanent('idempotency_mismatch')
  if (earlier?.status === null) throw new Permanent('in_progress')
  if (earlier) return { status: earlier.status as Answered['status'], body: earlier.body }
  try {
    const answered = await work()
    await withDatabase(databaseUrl, (db) => closeRequest(db, userId, key, answered))
    return answered
  } catch (error) {
    await withDatabase(databaseUrl, (db) => forgetRequest(db, userId, key)) // an error has changed nothing: it may be asked again
    throw error
  }
}
