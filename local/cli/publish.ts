/** `spool publish` and `spool unpublish`: brings a finished episode into the feed, now or at a time, or takes it out. */
import type { Client } from '../client/client.ts'
import { ended, feedOf, findEpisode, type Episode, type Run } from '../client/episodes.ts'
import { quoted } from './quoted.ts'
import { note } from './summary.ts'

export interface PublicationReport {
  readonly episodeId: string
  readonly status: string
  readonly publishedAt: string | null
  /** When it will be; null when no time is named. */
  readonly publishAt: string | null
  readonly feedUrl: string
  /** What is to be known of the feed it is in now. */
  readonly warnings: Run['warnings']
}

/**
 * Does it and waits until it is done; with a time, or 'never', only names that, or takes it back. `isNew`: it was not so before. Throws Permanent saying why it could not be.
 */
export async function changePublication(
  client: Client,
  named: string,
  asked: 'publish' | 'unpublish',
  at: Date | 'never' | undefined,
  signal: AbortSignal,
): Promise<{ report: PublicationReport; isNew: boolean }> {
  const episode = await findEpisode(client, named)
  const { runId } = await client.post<{ runId: string | null }>(
    `/episodes/${episode.id}/${asked}`,
    asked === 'unpublish' ? undefined : bodyOf(at),
  )
  const run = runId === null ? undefined : await ended(client, runId, () => undefined, signal)
  const { status, publishedAt, publishAt } = await client.get<Episode>(`/episodes/${episode.id}`)
  const report = {
    episodeId: episode.id,
    status,
    publishedAt,
    publishAt,
    feedUrl: await feedOf(client, episode),
    warnings: run?.warnings ?? [],
  }
  const isNew =
    status !== episode.status || publishedAt !== episode.publishedAt || publishAt !== episode.publishAt
  return { report, isNew }
}

function bodyOf(at: Date | 'never' | undefined): { at?: string | null } {
  if (at === undefined) return {}
  return { at: at === 'never' ? null : at.toISOString() }
}

interface Told {
  /** As it was typed, for commands about it. */
  readonly episode: string
  readonly isNew: boolean
  readonly isServed: boolean
  readonly now?: Date
}

export const summarisePublication = (report: PublicationReport, told: Told): string =>
  [whereItIs(report, told), ...report.warnings.map((one) => `${note(one)}\n`)].join('')

function whereItIs(
  { status, publishedAt, publishAt, feedUrl }: PublicationReport,
  { episode, isNew, isServed, now = new Date() }: Told,
): string {
  const already = isNew ? '' : ' already'
  const feed = `The feed is ${feedUrl}${isServed ? '' : ' (served while ./spool up runs)'}`
  switch (status) {
    case 'published':
      return `Published${already}. ${feed}\n`
    case 'scheduled':
      return `Scheduled${already} for ${publishAt}. ${feed}\n`
    case 'processing':
      return publishAt === null
        ? 'Still being made; it waits until you publish it.\n'
        : `Still being made; it is published at ${publishAt}, or when it is finished.\n`
    case 'awaiting_review': {
      if (publishAt === null) return 'Not in the feed; the episode waits for a decision.\n'
      const when = new Date(publishAt) <= now ? 'comes out as soon as' : `comes out on ${publishAt}, once`
      return `It waits for a decision, and ${when} it has been decided on: ./spool review ${quoted(episode)}\n`
    }
    default:
      if (publishedAt !== null)
        return `The version before stays in the feed; this one waits until you publish it. ${feed}\n`
      return `Not in the feed${isNew ? '' : ', as before'}; the episode is kept${status === 'processed' ? '' : ` (${status})`}.\n`
  }
}
