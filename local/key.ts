/** `spool key`: a provider's key, sealed into the database. Nothing prints it, and nothing keeps it open. */
import { withDatabase } from '../shared/db/connect.ts'
import { deleteProviderKey, saveProviderKey } from '../shared/db/keys.ts'
import { parseConfig } from '../shared/config.ts'
import { keyPurpose, openSealer } from '../shared/seal.ts'
import { userId } from './assemble.ts'
import type { Attached } from './cloud.ts'

export const keyedProviders: readonly string[] = ['assemblyai', 'elevenlabs', 'deepgram', 'openai', 'gemini']

/** Keeps the key, or forgets the one there is when none is given. An empty key is one too: some servers of one's own ask for none. */
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
