/** The users table: one row for each user, made the first time something of theirs is written. */
import type { Knex } from 'knex'

/** Makes the user's row when there is none; whatever refers to a user needs it. */
export async function ensureUser(db: Knex, userId: string): Promise<void> {
  await db.raw('INSERT INTO users (id) VALUES (:userId) ON CONFLICT DO NOTHING', { userId })
}

/**
 * Locks the user's row for the rest of the transaction. Whoever only refers to the user does not wait for it.
 */
export async function lockUser(trx: Knex, userId: string): Promise<void> {
  await trx.raw('SELECT 1 FROM users WHERE id = :userId FOR NO KEY UPDATE', { userId })
}
