/** `spool publish` and `spool unpublish`: brings a finished episode into the feed, now or at a time, or takes it out. */
import { catalogue } from '../../functions/index.ts'
import { withDatabase } from '../../shared/db/connect.ts'
import { findListedEpisode } from '../../shared/db/episodes.ts'
import { openServices } from '../../shared/engine/serve.ts'
import { schedulePublication, startPublication, type Asked } from '../../shared/episode/publication.ts'
import { feedName } from '../../shared/objects.ts'
import type { Attached } from '../host/cloud.ts'
import { followRun } from './assemble.ts'
import { episodeNamed } from './episode-named.ts'
import { userId } from './user.ts'

export interface PublicationReport {
  readonly episodeId: string
  readonly status: string
  readonly publishedAt: string | null
  /** When it will be; null when no time is named. */
  readonly publishAt: string | null
  readonly feedUrl: string
}

/** Does it and waits until it is done; with a time, only names that. Throws Permanent saying why it could not be. */
export async function changePublication(
  cloud: Attached,
  episode: string,
  asked: Asked,
  at: Date | undefined,
  signal: AbortSignal,
): Promise<PublicationReport> {
  const services = openServices(cloud.env, catalogue)
  try {
    const { id, podcastId } = await episodeNamed(services, episode)
    if (at === undefined) await followRun(cloud, await startPublication(services, id, asked), signal)
    else await schedulePublication(services, id, at)
    const { databaseUrl } = services.config
    const now = (await withDatabase(databaseUrl, (db) => findListedEpisode(db, userId, id)))!
    return {
      episodeId: id,
      status: now.status,
      publishedAt: now.publishedAt?.toISOString() ?? null,
      publishAt: now.publishAt?.toISOString() ?? null,
      feedUrl: `${services.config.publicBaseUrl}/${feedName(podcastId)}`,
    }
  } finally {
    await services.tasks.close()
  }
}

export const summarisePublication = ({ status, publishAt, feedUrl }: PublicationReport): string =>
  ({
    published: `Published. The feed is ${feedUrl}\n`,
    scheduled: `Scheduled for ${publishAt}. The feed is ${feedUrl}\n`,
    processing: `Still being made; it is published at ${publishAt}, or when it is finished.\n`,
  })[status] ?? `Not in the feed; the episode is ${status}.\n`
