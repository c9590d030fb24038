/** `spool delete`: deletes an episode, or everything that was ever made or uploaded here, and waits until it is gone. */
import { setTimeout as delay } from 'node:timers/promises'
import { catalogue } from '../../functions/index.ts'
import type { Services } from '../../shared/engine/services.ts'
import { openServices } from '../../shared/engine/serve.ts'
import { carryOn, deleteEpisode, deleteEverything, type Deleted } from '../../shared/housekeeping/delete.ts'
import { log } from '../../shared/log.ts'
import type { Attached } from '../host/cloud.ts'
import { userId } from './user.ts'
import { episodeNamed } from './episode-named.ts'

export interface DeletionReport extends Deleted {
  /** Null when everything was deleted. */
  readonly episodeId: string | null
}

const lookAgainMs = 1000

/** What is to be deleted, as the user is asked about it. Throws Permanent `not_found`. */
export async function describeEpisode(cloud: Attached, episode: string): Promise<string> {
  const { title, status, id } = await withServices(cloud, (services) => episodeNamed(services, episode))
  return `"${title}" (${status}, ${id}), its recordings and all that was made of them`
}

/** Throws AlreadyRunning when it has a live run that is not to be cancelled. */
export const deleteNamed = (
  cloud: Attached,
  episode: string,
  cancel: boolean,
  signal: AbortSignal,
): Promise<DeletionReport> =>
  withServices(cloud, async (services) => {
    const { id: episodeId } = await episodeNamed(services, episode)
    const begun = await deleteEpisode(services, { userId, episodeId }, { cancel })
    return { episodeId, ...(await untilDone(services, begun, signal)) }
  })

export const deleteAll = (cloud: Attached, signal: AbortSignal): Promise<DeletionReport> =>
  withServices(cloud, async (services) => {
    const begun = await deleteEverything(services, userId)
    return { episodeId: null, ...(await untilDone(services, begun, signal)) }
  })

/** What was at work may still write for a moment; then that goes too. */
async function untilDone(services: Services, begun: Deleted, signal: AbortSignal): Promise<Deleted> {
  let now = begun
  while (!now.isDone && !signal.aborted) {
    await delay(lookAgainMs)
    now = await carryOn(services, begun.deletionId, Infinity)
  }
  return now
}

async function withServices<T>(cloud: Attached, use: (services: Services) => Promise<T>): Promise<T> {
  const services = openServices(cloud.env, catalogue)
  log.level = 'silent' // the user is told instead
  try {
    return await use(services)
  } finally {
    await services.tasks.close()
  }
}

export function summariseDeletion({ isDone, removed, folders, episodeId }: DeletionReport): string {
  const gone = `${removed.rows} rows and ${removed.objects} objects (${(removed.bytes / 1e6).toFixed(1)} MB)`
  if (!isDone)
    return `Begun: ${gone} are gone, ${folders} folders are left; spool goes on with them by itself.\n`
  const kept =
    episodeId === null
      ? 'Files that were copied out of Spool are yours to delete, and the keys of the local machine stay.'
      : 'What was charged for it stays counted; files that were copied out of Spool are yours to delete.'
  return `Deleted: ${gone}. Nothing of it is left. ${kept}\n`
}
