/**
 * A local Cloud Storage of a test's own, on a folder of its own, with the real client; gone after the test.
 */
import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { Storage } from '@google-cloud/storage'
import { afterEachTest } from './every-file.ts'
import { startCloudStorage, type CloudStorageOptions } from '../../local/cloud-storage/server.ts'

process.env.METADATA_SERVER_DETECTION = 'none'

export const BUCKETS = ['uploads', 'work', 'public']
/** Done after the test, the last one first. */
export const cleanups: (() => Promise<void> | void)[] = []

afterEachTest(async () => {
  for (const cleanup of cleanups.splice(0).reverse()) await cleanup()
})

export function aFolder(): string {
  const dir = mkdtempSync(join(tmpdir(), 'cloud-storage-'))
  cleanups.push(() => rmSync(dir, { recursive: true, force: true }))
  return dir
}

export async function aStorage(options: Partial<CloudStorageOptions> = {}) {
  const dir = options.dir ?? aFolder()
  const server = await startCloudStorage({ buckets: BUCKETS, ...options, dir })
  const endpoint = `http://127.0.0.1:${server.port}`
  process.env.GOOGLE_APPLICATION_CREDENTIALS = server.credentialsFile // read when a URL is first signed
  const storage = new Storage({ apiEndpoint: endpoint, projectId: 'spool-local' })
  let open = true
  const close = async () => {
    if (open) await server.close()
    open = false
  }
  cleanups.push(close)
  return { dir, endpoint, storage, work: storage.bucket('work'), close }
}
