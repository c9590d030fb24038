/** The episodes of a feed: what of the episodes table listeners see. */
import type { Knex } from 'knex'
import type { EpisodeDetails } from '../settings/episode.ts'
import { rows } from './connect.ts'
import type { FinishedAudio } from './episodes.ts'

/** One item of the feed: the episode as it was when it was last published. */
export interface PublishedEpisode extends Omit<
  FinishedAudio,
  'contentHash' | 'durationSeconds' | 'audioBytes' | 'taken'
> {
  readonly id: string
  readonly slug: string
  /** The same for ever; the id when not given. */
  readonly guid?: string
  readonly title: string
  readonly description: string
  readonly publishedAt: Date
  /** Absent when nothing of it is here. */
  readonly contentHash?: string
  /** Null where a feed that it came from did not say. */
  readonly durationSeconds: number | null
  readonly audioBytes: number | null
  /** Its audio has an address of its own; absent of what was published before there were such. */
  readonly hasOwnAddress?: boolean
  /** What its producer says of it; absent of what was published before there was any. */
  readonly details?: Partial<EpisodeDetails> | null
  /** The files of an imported episode, which lie where they were. */
  readonly elsewhere?: FilesElsewhere
}

/** Addresses of files that are not ours, as the feed that named them had them. */
export interface FilesElsewhere {
  /** Absent when the audio was fetched. */
  readonly audio?: { readonly url: string; readonly type: string }
  readonly image?: string
  readonly chapters?: { readonly url: string; readonly type: string }
  readonly transcripts?: readonly {
    readonly url: string
    readonly type: string
    readonly language?: string
    readonly rel?: string
  }[]
}

/** Every published episode, newest first; the newest so many when a limit is given. */
export async function episodesInFeed(
  db: Knex,
  podcastId: string,
  limit: number | undefined,
): Promise<PublishedEpisode[]> {
  const found = await rows<{
    id: string
    slug: string
    guid: string
    publishedAt: Date
    published: Omit<PublishedEpisode, 'id' | 'slug' | 'guid' | 'publishedAt'>
  }>(
    db,
    `SELECT id, slug, coalesce(guid, id::text) AS guid, published, published_at AS "publishedAt"
     FROM episodes
     WHERE podcast_id = :podcastId
       AND published_at <= clock_timestamp()
     ORDER BY published_at DESC, id
     LIMIT :limit`,
    { podcastId, limit: limit ?? null },
  )
  return found.map(({ published, ...row }) => ({ ...published, ...row }))
}

/** The number and the season by which listeners know an episode; null where it has none, or is not in the feed. */
export async function numbersInFeed(
  db: Knex,
  episodeId: string,
): Promise<{ number: number | null; season: number | null }> {
  const [row] = await rows<{ number: number | null; season: number | null }>(
    db,
    // as JSON: a number that is a date is longer than the database's
    `SELECT published->'episodeNumber' AS number, published->'seasonNumber' AS season
     FROM episodes
     WHERE id = :episodeId`,
    { episodeId },
  )
  return row ?? { number: null, season: null }
}
