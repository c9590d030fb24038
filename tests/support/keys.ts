/**
 * The two keys of a local cloud, made once for the whole run (global-setup.ts): each takes 50 ms of a processor, and tests begin
 * a hundred clouds.
 */
import { copyFileSync, mkdirSync } from 'node:fs'
import path from 'node:path'
import { startCloudStorage } from '../../local/cloud-storage/server.ts'
import { openIdentityProvider } from '../../local/host/identity.ts'

const variable = 'TEST_CLOUD_KEYS'
/** Where they lie in the folder of a cloud. */
const files = ['identity-key.json', 'storage/credentials.json']

/** Makes them in `dir`, where every test finds them. */
export async function makeKeys(dir: string): Promise<void> {
  await openIdentityProvider(dir)
  await (await startCloudStorage({ dir: path.join(dir, 'storage'), buckets: [] })).close()
  process.env[variable] = dir
}

/** A cloud that is started in `dir`, or a part of it, finds its keys there. */
export function giveKeys(dir: string): void {
  mkdirSync(path.join(dir, 'storage'), { recursive: true })
  for (const file of files) copyFileSync(path.join(process.env[variable]!, file), path.join(dir, file))
}
