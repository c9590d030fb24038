/**
 * `spool key` and `spool api-key`: stores a provider's key, encrypted and never printed; makes a key of
 * Spool's own API, printed once and stored only as a hash.
 */
import { newApiKey } from '../../shared/api/callers.ts'
import { insertApiKey } from '../../shared/db/api-keys.ts'
import { withDatabase } from '../../shared/db/connect.ts'
import { deleteProviderKey, saveProviderKey } from '../../shared/db/provider-keys.ts'
import { parseConfig } from '../../shared/config.ts'
import { keyPurpose, openSealer } from '../../shared/providers/seal.ts'
import { userId } from './user.ts'
import type { Attached } from '../host/attach.ts'

/**
 * Keeps the key, or forgets the one there is when none is given. An empty key is one too: some servers of
 * one's own ask for none.
 */
export async function keepKey({ env }: Attached, provider: string, key: string | undefined): Promise<string> {
  const { databaseUrl, sealingKey } = parseConfig(env)
  if (key === undefined) {
    const removed = await withDatabase(databaseUrl, (db) => deleteProviderKey(db, userId, provider))
    return removed ? `The key for ${provider} is forgotten.\n` : `There was no key for ${provider}.\n`
  }
  const sealed = openSealer(sealingKey).seal(key, keyPurpose(userId, provider))
  await withDatabase(databaseUrl, (db) => saveProviderKey(db, userId, { provider, sealed }))
  return `The key for ${provider} is kept, sealed.\n`
}

/** Makes a key for the local user's data. */
export async function makeApiKey(
  { env }: Attached,
  name: string,
  scopes: readonly string[],
): Promise<string> {
  const { key, hash } = newApiKey()
  await withDatabase(parseConfig(env).databaseUrl, (db) => insertApiKey(db, { userId, name, hash, scopes }))
  return `${key}\nKeep it: it is shown this once. Send it as: Authorization: Bearer ${key.slice(0, 8)}…\n`
}
