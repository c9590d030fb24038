/** The provider_keys table: users' keys of speech providers, encrypted. Nothing here can decrypt one. */
import type { Knex } from 'knex'
import { rows } from './connect.ts'
import { ensureUser } from './users.ts'

export interface SealedKey {
  readonly provider: string
  readonly sealed: string
}

/** Keeps the user's key of the provider, in place of the one there was. */
export async function saveProviderKey(
  db: Knex,
  userId: string,
  { provider, sealed }: SealedKey,
): Promise<void> {
  await ensureUser(db, userId)
  await db.raw(
    `INSERT INTO provider_keys (user_id, provider, sealed)
     VALUES (:userId, :provider, :sealed)
     ON CONFLICT (user_id, provider) DO UPDATE
       SET sealed = excluded.sealed,
           created_at = clock_timestamp()`,
    { userId, provider, sealed },
  )
}

/** False when there was none. */
export async function deleteProviderKey(db: Knex, userId: string, provider: string): Promise<boolean> {
  const deleted = await rows(
    db,
    `DELETE FROM provider_keys
     WHERE user_id = :userId
       AND provider = :provider
     RETURNING 1`,
    { userId, provider },
  )
  return deleted.length > 0
}

/** The user's keys, the one given last first. */
export async function providerKeys(db: Knex, userId: string): Promise<SealedKey[]> {
  return await rows<SealedKey>(
    db,
    `SELECT provider, sealed
     FROM provider_keys
     WHERE user_id = :userId
     ORDER BY created_at DESC`,
    { userId },
  )
}

/** Of which providers the user's keys are, without the keys. */
export async function listProviderKeys(
  db: Knex,
  userId: string,
): Promise<{ provider: string; createdAt: Date }[]> {
  return await rows(
    db,
    `SELECT provider, created_at AS "createdAt"
     FROM provider_keys
     WHERE user_id = :userId
     ORDER BY provider`,
    { userId },
  )
}
