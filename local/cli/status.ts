/** `spool status`: what takes how much room, and what the housekeeping would clear away next. */
import { catalogue } from '../../functions/index.ts'
import { openServices } from '../../shared/engine/serve.ts'
import { clearable } from '../../shared/housekeeping/purge.ts'
import type { Attached } from '../host/cloud.ts'

export interface Status {
  readonly rooms: readonly { readonly what: string; readonly objects: number; readonly bytes: number }[]
  /** Runs whose working files nobody needs any more. */
  readonly clearable: readonly { readonly runId: string; readonly reason: string }[]
}

const roomOf = {
  uploads: 'recordings and what came with them',
  work: 'working files',
  episodes: 'finished episodes',
  public: 'what listeners get',
} as const

export async function readStatus(cloud: Attached): Promise<Status> {
  const services = openServices(cloud.env, catalogue)
  const { buckets } = services.config
  const rooms = []
  for (const [bucket, what] of Object.entries(roomOf)) {
    const found = await services.storage.list(buckets[bucket as keyof typeof roomOf], '')
    rooms.push({ what, objects: found.length, bytes: found.reduce((sum, { bytes }) => sum + bytes, 0) })
  }
  return { rooms, clearable: (await clearable(services)).map(({ runId, reason }) => ({ runId, reason })) }
}

export function summariseStatus({ rooms, clearable: runs }: Status): string {
  const lines = rooms.map(
    ({ what, objects, bytes }) =>
      `${what.padEnd(36)}${(bytes / 1e6).toFixed(1).padStart(10)} MB in ${objects} objects`,
  )
  const settled = runs.filter(({ reason }) => reason === 'settled').length
  lines.push(
    runs.length === 0
      ? 'Nothing is to be cleared away.'
      : `To be cleared away: working files of ${runs.length} runs, ${settled} of them of episodes long published.`,
  )
  return `${lines.join('\n')}\n`
}
