/**
 * The tables sessions and sign_ins: who is signed in to the console, and who may be. Secrets are kept nowhere, only their
 * hashes; what has expired is not there.
 */
import type { Knex } from 'knex'
import { rows } from './connect.ts'
import { ensureUser } from './users.ts'

export async function insertSession(
  db: Knex,
  session: { hash: string; userId: string; seconds: number },
): Promise<void> {
  await ensureUser(db, session.userId)
  await db.raw(
    `INSERT INTO sessions (hash, user_id, expires_at)
     VALUES (:hash, :userId, clock_timestamp() + :seconds * interval '1 second')`,
    session,
  )
}

/** Whose session it is. */
export async function findSession(db: Knex, hash: string): Promise<string | undefined> {
  const [row] = await rows<{ userId: string }>(
    db,
    `SELECT user_id AS "userId"
     FROM sessions
     WHERE hash = :hash
       AND expires_at > clock_timestamp()`,
    { hash },
  )
  return row?.userId
}

export async function deleteSession(db: Knex, hash: string): Promise<void> {
  await db.raw('DELETE FROM sessions WHERE hash = :hash', { hash })
}

/** What a sign-in elsewhere must be finished with. */
export interface Elsewhere {
  readonly verifier: string
  readonly nonce: string
  /** Where in the console it began. */
  readonly next: string
}

/** A way to be signed in: as that user, or as whoever signs in elsewhere. */
export type SignIn = { readonly userId: string } | { readonly elsewhere: Elsewhere }

export async function insertSignIn(db: Knex, hash: string, seconds: number, signIn: SignIn): Promise<void> {
  const [userId, elsewhere] =
    'userId' in signIn ? [signIn.userId, null] : [null, JSON.stringify(signIn.elsewhere)]
  if (userId !== null) await ensureUser(db, userId)
  await db.raw(
    `INSERT INTO sign_ins (hash, user_id, elsewhere, expires_at)
     VALUES (:hash, :userId, :elsewhere, clock_timestamp() + :seconds * interval '1 second')`,
    { hash, userId, elsewhere, seconds },
  )
}

/** Takes it away: of two who use it at once, one gets it. */
export async function takeSignIn(db: Knex, hash: string): Promise<SignIn | undefined> {
  const [row] = await rows<{ userId: string | null; elsewhere: Elsewhere | null; holds: boolean }>(
    db,
    `DELETE FROM sign_ins
     WHERE hash = :hash
     RETURNING user_id AS "userId", elsewhere, expires_at > clock_timestamp() AS holds`,
    { hash },
  )
  if (!row?.holds) return undefined
  return row.userId === null ? { elsewhere: row.elsewhere! } : { userId: row.userId }
}

/** SQL. */
export const expiredSessions = 'FROM sessions WHERE expires_at < clock_timestamp()'
/** SQL. */
export const expiredSignIns = 'FROM sign_ins WHERE expires_at < clock_timestamp()'

export async function forgetExpiredSessions(db: Knex): Promise<void> {
  await db.raw(`DELETE ${expiredSessions}`)
  await db.raw(`DELETE ${expiredSignIns}`)
}
