/**
 * Which Spool a command speaks to: the one that `SPOOL_URL` names, by its key, or the one of this machine. Hides that the
 * commands of this machine have a key of the API like any other caller, which is made when it is first needed.
 */
import { readFile } from 'node:fs/promises'
import path from 'node:path'
import { addressOf } from '../../shared/function-address.ts'
import { clientAt, openClient, type Access, type Client } from '../client/client.ts'
import type { Attached } from '../host/attach.ts'

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

/** By the key of this machine's commands, unless somebody has taken it back. */
export async function reachLocal({ env }: Attached, stateDir: string, signal: AbortSignal): Promise<Client> {
  const file = path.join(stateDir, 'commands.key')
  // loaded when it is needed: all that speaks to a database takes longer to load than most commands take
  const renew = async () => (await import('./own-key.ts')).makeOwnKey(env['DATABASE_URL']!, file)
  const key = (await readFile(file, 'utf8').catch(() => undefined)) ?? (await renew())
  return clientAt({ url: env['API_URL'] ?? addressOf(env['FUNCTIONS_URL']!, 'api'), key, renew }, signal)
}
