/** The users table: one row for each user, made the first time something of theirs is written. */
import type { Knex } from 'knex'
import { Retryable } from '../errors.ts'
import { rows } from './connect.ts'
import { isBeingDeleted } from './deletions.ts'

/**
 * Makes the user's row when there is none; whatever refers to a user needs it. Throws Retryable `being_deleted` while
 * everything of the user is being deleted: afterwards they are a new user.
 */
export async function ensureUser(db: Knex, userId: string): Promise<void> {
  const refused = await rows(
    db,
    `WITH made AS (
       INSERT INTO users (id)
       SELECT :userId
       WHERE NOT ${isBeingDeleted}
       ON CONFLICT DO NOTHING
     )
     SELECT 1
     WHERE ${isBeingDeleted}`,
    { userId },
  )
  if (refused.length > 0) throw new Retryable('being_deleted')
}

/**
 * Locks the user's row for the rest of the transaction. Whoever only refers to the user does not wait for it.
 */
export async function lockUser(trx: Knex, userId: string): Promise<void> {
  await trx.raw('SELECT 1 FROM users WHERE id = :userId FOR NO KEY UPDATE', { userId })
}
