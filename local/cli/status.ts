/** `spool status`: what takes how much room, what may be done about it, and what the housekeeping clears away next. */
import { readdir, stat } from 'node:fs/promises'
import path from 'node:path'
import { catalogue } from '../../functions/index.ts'
import { rows, withDatabase } from '../../shared/db/connect.ts'
import { openDeletions } from '../../shared/db/deletions.ts'
import { openServices } from '../../shared/engine/serve.ts'
import { clearable } from '../../shared/housekeeping/purge.ts'
import type { ObjectStore } from '../../shared/storage.ts'
import type { Attached } from '../host/attach.ts'

export interface Room {
  readonly what: string
  readonly objects: number
  readonly bytes: number
  /** What makes it less. */
  readonly remedy: string
}

export interface Status {
  readonly rooms: readonly Room[]
  /** Runs whose working files nobody needs any more. */
  readonly clearable: readonly { readonly runId: string; readonly reason: string }[]
  /** Deletions that are not done yet; `sweep` goes on with them. */
  readonly deletions: number
}

const buckets = {
  uploads: { what: 'recordings and what came with them', remedy: 'stay until their episode is deleted' },
  work: { what: 'working files', remedy: 'go by themselves, some time after an episode is published' },
  episodes: { what: 'finished episodes', remedy: 'stay until their episode is deleted' },
  public: { what: 'what listeners get', remedy: 'stays until its episode is unpublished or deleted' },
} as const

/** `stateDir` is the folder of the local default. */
export async function readStatus(cloud: Attached, stateDir: string): Promise<Status> {
  const services = openServices(cloud.env, catalogue)
  const { databaseUrl, buckets: named } = services.config
  const rooms: Room[] = []
  for (const [bucket, about] of Object.entries(buckets))
    rooms.push({ ...about, ...(await roomOf(services.storage, named[bucket as keyof typeof buckets])) })
  const { bytes, deletions } = await withDatabase(databaseUrl, async (db) => ({
    bytes: (
      await rows<{ bytes: number }>(db, 'SELECT pg_database_size(current_database())::float8 AS bytes')
    )[0]!.bytes,
    deletions: (await openDeletions(db, 1000)).length,
  }))
  rooms.push({ what: 'database', objects: 1, bytes, remedy: 'grows a little with every episode' })
  rooms.push({
    what: 'logs and the queue',
    ...(await filesOf(stateDir)),
    remedy: 'start afresh when they are long',
  })
  const next = (await clearable(services)).map(({ runId, reason }) => ({ runId, reason }))
  return { rooms, clearable: next, deletions }
}

async function roomOf(storage: ObjectStore, bucket: string): Promise<Pick<Room, 'objects' | 'bytes'>> {
  let [objects, bytes] = [0, 0]
  for await (const object of storage.walk(bucket, '')) {
    objects++
    bytes += object.bytes
  }
  return { objects, bytes }
}

/** The log files and the queue's journal. */
async function filesOf(stateDir: string): Promise<Pick<Room, 'objects' | 'bytes'>> {
  const logs = (await readdir(stateDir).catch(() => [])).filter((file) => file.includes('.log'))
  const files = [...logs, path.join('tasks', 'cloud-tasks.jsonl')]
  const sizes = await Promise.all(
    files.map((file) =>
      stat(path.join(stateDir, file)).then(
        ({ size }) => size,
        () => 0,
      ),
    ),
  )
  return { objects: files.length, bytes: sizes.reduce((sum, size) => sum + size, 0) }
}

export function summariseStatus({ rooms, clearable: runs, deletions }: Status): string {
  const lines = rooms.map(
    ({ what, objects, bytes, remedy }) =>
      `${what.padEnd(36)}${(bytes / 1e6).toFixed(1).padStart(10)} MB in ${objects} ` +
      `object${objects === 1 ? '' : 's'}; ${remedy}`,
  )
  const settled = runs.filter(({ reason }) => reason === 'settled').length
  lines.push(
    runs.length === 0
      ? 'Nothing is to be cleared away.'
      : `To be cleared away: working files of ${runs.length} runs, ${settled} of them of episodes long published.`,
  )
  if (deletions > 0)
    lines.push(`Not deleted yet, but asked for: ${deletions}; spool goes on with it by itself.`)
  return `${lines.join('\n')}\n`
}
