/**
 * Which Spool a command speaks to: the one that `SPOOL_URL` names, by its key, or the one of this machine. Hides that the
 * commands of this machine have a key of the API like any other caller, which is made when it is first needed.
 */
import { readFile, writeFile } from 'node:fs/promises'
import path from 'node:path'
import { newApiKey, scopes } from '../../shared/api/callers.ts'
import { parseConfig } from '../../shared/config.ts'
import { findApiKey, insertApiKey } from '../../shared/db/api-keys.ts'
import { withDatabase } from '../../shared/db/connect.ts'
import { hashOfSecret } from '../../shared/hash.ts'
import { openClient, type Access, type Client } from '../client/client.ts'
import type { Attached } from '../host/attach.ts'
import { userId } from './user.ts'

/** The Spool that the environment names; undefined when it names none. Throws when it has no key for it. */
export function accessElsewhere(env: NodeJS.ProcessEnv): Access | undefined {
  const { SPOOL_URL: url, SPOOL_API_KEY: key } = env
  if (url === undefined || url === '') return undefined
  if (!/^https?:\/\//.test(url) || !URL.canParse(url))
    throw new Error(`SPOOL_URL is "${url}", which is no address such as https://spool.example/api.`)
  if (key === undefined || key === '')
    throw new Error(
      'SPOOL_URL is set and SPOOL_API_KEY is not: make a key in the console, or with ./spool api-key.',
    )
  return { url, key }
}

export const reachElsewhere = (access: Access, signal: AbortSignal): Promise<Client> =>
  openClient(access, signal)

export async function reachLocal({ env }: Attached, stateDir: string, signal: AbortSignal): Promise<Client> {
  const { databaseUrl, api } = parseConfig(env)
  return await openClient({ url: api.url, key: await ownKey(databaseUrl, stateDir) }, signal)
}

/** The key of this machine's commands, unless somebody has taken it back. */
async function ownKey(databaseUrl: string, stateDir: string): Promise<string> {
  const file = path.join(stateDir, 'commands.key')
  return await withDatabase(databaseUrl, async (db) => {
    const kept = await readFile(file, 'utf8').catch(() => undefined)
    if (kept !== undefined && (await findApiKey(db, hashOfSecret(kept)))) return kept
    const { key, hash } = newApiKey()
    await insertApiKey(db, { userId, name: 'commands of this machine', hash, scopes })
    await writeFile(file, key, { mode: 0o600 })
    return key
  })
}
