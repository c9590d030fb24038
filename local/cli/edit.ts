/** `spool edit`: says something else of an episode that is there, and waits until its feed says so too. */
import type { Client } from '../client/client.ts'
import { findEpisode, until, type Episode } from '../client/episodes.ts'
import { podcastNamed } from '../client/names.ts'
import { quoted } from './quoted.ts'

export interface Details {
  readonly title?: string
  readonly description?: string
}

export interface EditReport extends Required<Details> {
  readonly episodeId: string
  /** "podcast/name", as commands take it. */
  readonly episode: string
  readonly inFeed: boolean
}

/** Throws Permanent `not_found`, `bad_request`. */
export async function edit(
  client: Client,
  named: string,
  details: Details,
  signal: AbortSignal,
): Promise<EditReport> {
  const { id } = await findEpisode(client, named)
  const { podcast, slug, publishedAt, title, description } = await client.patch<Episode & Required<Details>>(
    `/episodes/${id}`,
    details,
  )
  const inFeed = publishedAt !== null
  if (inFeed)
    await until(
      async () => ((await podcastNamed(client, podcast)).feedIsCurrent === false ? undefined : true),
      signal,
    )
  return { episodeId: id, episode: `${podcast}/${slug}`, title, description, inFeed }
}

export const summariseEdit = ({ episode, title, description, inFeed }: EditReport): string =>
  [
    `Title     ${title}`,
    `About     ${description === '' ? 'no description' : description}`,
    `Feed      ${inFeed ? 'it says so' : 'the episode is not in it'}`,
    `MP3       its tags say so once the episode is made again: ./spool rebuild ${quoted(episode.split('/')[0]!)}`,
    '',
  ].join('\n')
