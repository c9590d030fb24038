/** `spool delete`: deletes an episode, a show without any, or everything that was ever made or uploaded here, and waits until it is gone. */
import { setTimeout as delay } from 'node:timers/promises'
import { catalogue } from '../../functions/index.ts'
import type { Services } from '../../shared/engine/services.ts'
import { openServices } from '../../shared/engine/serve.ts'
import { carryOn, deleteEverything, type Deleted } from '../../shared/housekeeping/delete.ts'
import { Permanent } from '../../shared/errors.ts'
import { log } from '../../shared/log.ts'
import type { Client } from '../client/client.ts'
import { until } from '../client/episodes.ts'
import type { Podcast } from '../client/names.ts'
import type { Attached } from '../host/attach.ts'
import { userId } from './user.ts'

export interface DeletionReport extends Deleted {
  /** Null when a show, or everything, was deleted. */
  readonly episodeId: string | null
  /** The show's name, when that was deleted. */
  readonly podcast?: string
}

const lookAgainMs = 1000

/** Waits until it is gone; what is asked for goes on without anybody waiting. Throws Permanent `not_found`, `already_running`. */
export async function deleteEpisode(
  client: Client,
  episodeId: string,
  cancel: boolean,
  signal: AbortSignal,
): Promise<DeletionReport> {
  const query = { cancel: String(cancel) }
  const { deletionId } = await client
    .delete<{ deletionId: string }>(`/episodes/${episodeId}`, query)
    .catch((error: unknown) => {
      if (!(error instanceof Permanent && error.code === 'already_running')) throw error
      throw new Permanent(
        'already_running',
        'The episode is being made just now, or waits for a decision. Say --cancel to end that and delete it.',
        { cause: error },
      )
    })
  return { episodeId, ...(await untilGone(client, deletionId, signal)) }
}

/** Before anybody is asked whether they mean it. Throws Permanent `has_episodes`. */
export async function mustHaveNone(client: Client, { slug }: Podcast): Promise<void> {
  const { items } = await client.get<{ items: unknown[] }>('/episodes', { podcast: slug, limit: '1' })
  if (items.length > 0) throw hasEpisodes(slug)
}

const hasEpisodes = (slug: string, cause?: unknown): Permanent =>
  new Permanent(
    'has_episodes',
    `The show "${slug}" has episodes. Delete them first (./spool list), or the show with all of them on its page in the console.`,
    { cause },
  )

/** A show without episodes. Throws Permanent `has_episodes`. */
export async function deletePodcast(
  client: Client,
  { id, slug }: Podcast,
  signal: AbortSignal,
): Promise<DeletionReport> {
  const { deletionId } = await client
    .delete<{ deletionId: string }>(`/podcasts/${id}`)
    .catch((error: unknown) => {
      if (!(error instanceof Permanent && error.code === 'has_episodes')) throw error
      throw hasEpisodes(slug, error)
    })
  return { episodeId: null, podcast: slug, ...(await untilGone(client, deletionId, signal)) }
}

async function untilGone(client: Client, deletionId: string, signal: AbortSignal): Promise<Deleted> {
  const { rows, objects, bytes } = await until(async () => {
    const now = await client.get<Deleted['removed'] & { isDone: boolean }>(`/deletions/${deletionId}`)
    return now.isDone ? now : undefined
  }, signal)
  return { deletionId, isDone: true, rows: 0, folders: 0, removed: { rows, objects, bytes } }
}

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

export function summariseDeletion({ isDone, removed, folders, episodeId, podcast }: DeletionReport): string {
  const counted = (count: number, what: string) => `${count} ${what}${count === 1 ? '' : 's'}`
  const gone = `${counted(removed.rows, 'row')} and ${counted(removed.objects, 'object')} (${(removed.bytes / 1e6).toFixed(1)} MB)`
  if (!isDone)
    return `Begun: ${gone} are gone, ${folders} folders are left; spool goes on with them by itself.\n`
  const kept =
    episodeId === null && podcast === undefined
      ? 'Files that were copied out of Spool are yours to delete, and the keys of the local machine stay.'
      : 'What was charged for it stays counted; files that were copied out of Spool are yours to delete.'
  return `Deleted: ${gone}. Nothing of it is left. ${kept}\n`
}
