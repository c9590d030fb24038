/** The key by which the commands of this machine call its API: one of the API's own, made where there is none. */
import { writeFile } from 'node:fs/promises'
import { newApiKey, scopes } from '../../shared/api/callers.ts'
import { insertApiKey } from '../../shared/db/api-keys.ts'
import { withDatabase } from '../../shared/db/connect.ts'
import { userId } from './user.ts'

/** Kept in `file`. */
export async function makeOwnKey(databaseUrl: string, file: string): Promise<string> {
  const { key, hash } = newApiKey()
  await withDatabase(databaseUrl, (db) =>
    insertApiKey(db, { userId, name: 'commands of this machine', hash, scopes }),
  )
  await writeFile(file, key, { mode: 0o600 })
  return key
}
