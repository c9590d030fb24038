/**
 * The local Cloud Tasks and Cloud Storage of one test file, started when first needed and shared by its
 * worlds.
 */
import { mkdtemp, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import path from 'node:path'
import type { CloudTasksClient } from '@google-cloud/tasks'
import type { Storage } from '@google-cloud/storage'
import { afterEachFile } from './every-file.ts'
import { startCloudStorage } from '../../local/cloud-storage/server.ts'
import { startCloudTasks } from '../../local/cloud-tasks/server.ts'
import { openIdentityProvider, type IdentityProvider } from '../../local/host/identity.ts'
import { connect } from '../../shared/storage-client.ts'
import { giveKeys } from './keys.ts'
import { aClient } from './task-world.ts'

export interface Servers {
  readonly identity: IdentityProvider
  readonly tasksEndpoint: string
  readonly storageEndpoint: string
  /** Clients of the test's own, beside the product's. */
  readonly tasks: CloudTasksClient
  readonly storage: Storage
}

let started: Promise<Servers & { close: () => Promise<void> }> | undefined

export const theServers = (): Promise<Servers> => (started ??= start())

afterEachFile(async () => {
  const last = started
  started = undefined
  await (await last)?.close()
})

async function start() {
  const dir = await mkdtemp(path.join(tmpdir(), 'spool-world-'))
  giveKeys(dir)
  const identity = await openIdentityProvider(dir)
  const tasksServer = await startCloudTasks({ dir: path.join(dir, 'tasks'), identity })
  const storageServer = await startCloudStorage({ dir: path.join(dir, 'storage'), buckets: [] })
  process.env['GOOGLE_APPLICATION_CREDENTIALS'] = storageServer.credentialsFile // signs addresses
  const tasks = aClient(tasksServer.port)
  const storageEndpoint = `http://127.0.0.1:${storageServer.port}`
  const storage = await connect({ endpoint: storageEndpoint, projectId: 'spool-test' })
  const close = async () => {
    await tasks.close()
    await tasksServer.close()
    await storageServer.close()
    await rm(dir, { recursive: true, force: true })
  }
  return { identity, tasksEndpoint: `127.0.0.1:${tasksServer.port}`, storageEndpoint, tasks, storage, close }
}
