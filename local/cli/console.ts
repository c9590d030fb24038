/** `spool console`: a link that signs the local user in to the pages, once. */
import { parseConfig } from '../../shared/config.ts'
import { signInLink } from '../../shared/console/sessions.ts'
import type { Attached } from '../host/attach.ts'
import { userId } from './user.ts'

export async function consoleLink({ env }: Attached): Promise<string> {
  const config = parseConfig(env)
  return await signInLink(config.databaseUrl, config.console.url, userId)
}
