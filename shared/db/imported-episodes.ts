/**
 * Episodes that came from a feed elsewhere. What the feed shows of one is kept as `imported`, until something of it is
 * made here: then its row is as any other's, under the same guid.
 */
import type { Knex } from 'knex'
import type { EpisodeDetails } from '../settings/episode.ts'
import { rows } from './connect.ts'
import { isAsImported, type ListedChapter } from './episodes.ts'
import type { FilesElsewhere } from './feed-episodes.ts'

export interface ImportedEpisode {
  readonly guid: string
  readonly title: string
  readonly description: string
  readonly publishedAt: Date
  /** Null when its feed did not say. */
  readonly durationSeconds: number | null
  readonly audioBytes: number | null
  readonly episodeNumber: number | null
  readonly seasonNumber: number | null
  readonly chapters: readonly ListedChapter[]
  readonly details: EpisodeDetails
  readonly elsewhere: FilesElsewhere
}

export interface KnownEpisode {
  readonly slug: string
  /** Its own, and its id: one made here may have been published elsewhere under that. */
  readonly guids: readonly string[]
  readonly title: string
  readonly firstPublishedAt: Date | null
}

export async function knownEpisodes(trx: Knex, podcastId: string): Promise<KnownEpisode[]> {
  const found = await rows<Omit<KnownEpisode, 'guids'> & { id: string; guid: string | null }>(
    trx,
    `SELECT id, guid, slug, title, first_published_at AS "firstPublishedAt"
     FROM episodes
     WHERE podcast_id = :podcastId`,
    { podcastId },
  )
  return found.map(({ id, guid, ...episode }) => ({
    ...episode,
    guids: [id, ...(guid === null ? [] : [guid])],
  }))
}

/** How many rows one statement brings. */
const batch = 500

/** Brings episodes into the feed as they are; whoever calls has locked the podcast and knows that they are new. */
export async function insertImported(
  trx: Knex,
  { userId, podcastId }: { userId: string; podcastId: string },
  episodes: readonly (ImportedEpisode & { readonly slug: string })[],
): Promise<void> {
  for (let from = 0; from < episodes.length; from += batch) {
    const given = episodes.slice(from, from + batch).map((episode) => ({
      ...episode,
      imported: importedOf(episode),
    }))
    await trx.raw(
      `INSERT INTO episodes (
         user_id, podcast_id, slug, guid, title, description, status, imported, published, published_at,
         first_published_at, details, duration_seconds, audio_bytes, chapters, episode_number, season_number
       )
       SELECT :userId, :podcastId, e.slug, e.guid, e.title, e.description, 'published', e.imported, e.imported,
              e."publishedAt", e."publishedAt", e.details, e."durationSeconds", e."audioBytes", e.chapters::text,
              e."episodeNumber", e."seasonNumber"
       FROM jsonb_to_recordset(CAST(:given AS jsonb)) AS e (
         slug text, guid text, title text, description text, imported jsonb, "publishedAt" timestamptz,
         details jsonb, "durationSeconds" double precision, "audioBytes" bigint, chapters jsonb,
         "episodeNumber" bigint, "seasonNumber" bigint
       )`,
      { userId, podcastId, given: JSON.stringify(given) },
    )
  }
}

/** What the feed shows of it, as the column `published` has it. */
const importedOf = ({ guid: _guid, publishedAt: _at, ...episode }: ImportedEpisode) => ({
  ...episode,
  hasTranscript: false,
  coverFile: null,
})

/** Imported episodes of which nothing is here, with the address of their audio; those of this time first. */
export async function unfetched(
  db: Knex,
  podcastId: string,
): Promise<{ id: string; title: string; guid: string; url: string; type: string; bytes: number | null }[]> {
  return await rows(
    db,
    `SELECT id, title, guid,
            imported->'elsewhere'->'audio'->>'url' AS url,
            imported->'elsewhere'->'audio'->>'type' AS type,
            audio_bytes::float8 AS bytes
     FROM episodes
     WHERE podcast_id = :podcastId
       AND imported IS NOT NULL
       AND content_hash IS NULL
     ORDER BY first_published_at DESC, id`,
    { podcastId },
  )
}

/** Its audio is here now; false when something of the episode was made meanwhile. */
export async function markFetched(
  trx: Knex,
  episodeId: string,
  { contentHash, audioBytes }: { contentHash: string; audioBytes: number },
): Promise<boolean> {
  const here = JSON.stringify({ contentHash, audioBytes, hasOwnAddress: true })
  const changed = await rows(
    trx,
    `UPDATE episodes
     SET content_hash = :contentHash,
         audio_bytes = :audioBytes,
         imported = (imported || CAST(:here AS jsonb)) #- '{elsewhere,audio}',
         published = (published || CAST(:here AS jsonb)) #- '{elsewhere,audio}'
     WHERE id = :episodeId
       AND imported IS NOT NULL
       AND content_hash IS NULL
     RETURNING id`,
    { episodeId, contentHash, audioBytes, here },
  )
  return changed.length > 0
}

/** What a run would have passed on that had made it: for one that is as it was imported. */
export async function importedVersion(
  trx: Knex,
  episodeId: string,
): Promise<{ userId: string; contentHash: string | null } | undefined> {
  const [row] = await rows<{ userId: string; contentHash: string | null }>(
    trx,
    `SELECT user_id AS "userId", content_hash AS "contentHash"
     FROM episodes
     WHERE id = :episodeId
       AND ${isAsImported}`,
    { episodeId },
  )
  return row
}
