/**
 * The api_keys table: the keys with which programs call the API. A key itself is kept nowhere, only its hash.
 */
import type { Knex } from 'knex'
import { rows } from './connect.ts'
import { ensureUser } from './users.ts'

export interface KeyOwner {
  readonly id: string
  readonly userId: string
  readonly scopes: readonly string[]
}

export async function insertApiKey(
  db: Knex,
  key: { userId: string; name: string; hash: string; scopes: readonly string[] },
): Promise<string> {
  await ensureUser(db, key.userId)
  const [row] = await rows<{ id: string }>(
    db,
    `INSERT INTO api_keys (user_id, name, hash, scopes)
     VALUES (:userId, :name, :hash, :scopes)
     RETURNING id`,
    { ...key, scopes: [...key.scopes] },
  )
  return row!.id
}

/** Whose key it is, unless it was revoked; notes that it was used. */
export async function findApiKey(db: Knex, hash: string): Promise<KeyOwner | undefined> {
  const [row] = await rows<KeyOwner>(
    db,
    `UPDATE api_keys
     SET used_at = clock_timestamp()
     WHERE hash = :hash
       AND revoked_at IS NULL
     RETURNING id, user_id AS "userId", scopes`,
    { hash },
  )
  return row
}

/** False when the user has no such key, or it was revoked before. */
export async function revokeApiKey(db: Knex, userId: string, id: string): Promise<boolean> {
  const revoked = await rows(
    db,
    `UPDATE api_keys
     SET revoked_at = clock_timestamp()
     WHERE user_id = :userId
       AND id::text = :id
       AND revoked_at IS NULL
     RETURNING 1`,
    { userId, id },
  )
  return revoked.length === 1
}

export interface ListedApiKey {
  readonly id: string
  readonly name: string
  readonly scopes: string[]
  readonly createdAt: Date
  readonly usedAt: Date | null
}

/** The user's keys that hold, newest first. */
export async function listApiKeys(db: Knex, userId: string): Promise<ListedApiKey[]> {
  return await rows(
    db,
    `SELECT id, name, scopes, created_at AS "createdAt", used_at AS "usedAt"
     FROM api_keys
     WHERE user_id = :userId
       AND revoked_at IS NULL
     ORDER BY created_at DESC
     LIMIT 1000`,
    { userId },
  )
}
