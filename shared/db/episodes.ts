/**
 * The episodes table: an episode from its first upload to its publication. Hides how a row is found by its natural
 * names, and that what the feed shows is a copy taken when the episode was last published.
 */
import type { Knex } from 'knex'
import { rows } from './connect.ts'

export interface Episode {
  readonly id: string
  readonly userId: string
  readonly podcastId: string
  readonly slug: string
  readonly title: string
  readonly description: string
  readonly status: string
  /** Names its finished files; null before it was finished. */
  readonly contentHash: string | null
}

/** A chapter as the feed shows it. */
export interface ListedChapter {
  readonly startMs: number
  readonly title: string
  readonly url?: string | undefined
  readonly image?: string | undefined
}

/** What `finish` leaves behind for the feed. */
export interface FinishedAudio {
  readonly contentHash: string
  readonly durationSeconds: number
  readonly audioBytes: number
  readonly hasTranscript: boolean
  readonly coverFile: string | null
  /** As players list them; null or absent when there are none. */
  readonly chapters?: readonly ListedChapter[] | null
  readonly episodeNumber?: number | null
  readonly seasonNumber?: number | null
  /** What stands in for a title and a description that nobody gave by hand. */
  readonly taken?: { readonly title: string | null; readonly description: string | null } | null
  /** Something in it is spoken by a synthetic voice. */
  readonly hasSyntheticVoice?: boolean
}

const episodeColumns =
  'id, user_id AS "userId", podcast_id AS "podcastId", slug, title, description, status, content_hash AS "contentHash"'

/**
 * Finds or makes the episode of that name and leaves it as it is, with what is said of it: who changes an episode has locked
 * its run first, or two would wait for each other.
 */
export async function ensureEpisode(
  trx: Knex,
  episode: { userId: string; podcastId: string; slug: string; title: string },
): Promise<Pick<Episode, 'id' | 'title' | 'description'>> {
  const [row] = await rows<Pick<Episode, 'id' | 'title' | 'description'>>(
    trx,
    `WITH made AS (
       INSERT INTO episodes (user_id, podcast_id, slug, title)
       VALUES (:userId, :podcastId, :slug, :title)
       ON CONFLICT (podcast_id, slug) DO NOTHING
       RETURNING id, title, description
     )
     SELECT id, title, description FROM made
     UNION ALL
     SELECT id, title, description
     FROM episodes
     WHERE podcast_id = :podcastId
       AND slug = :slug`,
    episode,
  )
  // one that another transaction has made since the statement began is seen by the next
  return row ?? (await ensureEpisode(trx, episode))
}

/**
 * A run of the episode has started: `processing` from now on. Where something of it is there, it keeps its title, and why
 * that is held.
 */
export async function beginEpisode(
  trx: Knex,
  episodeId: string,
  { title, description }: { title: string; description: string },
): Promise<void> {
  await trx.raw(
    `UPDATE episodes
     SET title = CASE WHEN ${isThere} THEN title ELSE :title END,
         description = CASE WHEN ${isThere} THEN description ELSE :description END,
         status = 'processing'
     WHERE id = :episodeId`,
    { episodeId, title, description },
  )
}

/** SQL: it was finished, or imported. */
export const isThere = 'content_hash IS NOT NULL OR imported IS NOT NULL'

export async function findEpisode(db: Knex, episodeId: string): Promise<Episode | undefined> {
  const [row] = await rows<Episode>(db, `SELECT ${episodeColumns} FROM episodes WHERE id = :episodeId`, {
    episodeId,
  })
  return row
}

/**
 * Locks the episode's row for the rest of the transaction; whoever locks its run too has locked that first.
 */
export async function lockEpisode(trx: Knex, episodeId: string): Promise<void> {
  await trx.raw('SELECT 1 FROM episodes WHERE id = :episodeId FOR UPDATE', { episodeId })
}

export async function saveFinishedAudio(trx: Knex, episodeId: string, audio: FinishedAudio): Promise<void> {
  await trx.raw(
    `UPDATE episodes
     SET status = 'processed',
         hold_reason = NULL,
         content_hash = :contentHash,
         duration_seconds = :durationSeconds,
         audio_bytes = :audioBytes,
         has_transcript = :hasTranscript,
         cover_file = :coverFile,
         chapters = :chapters,
         episode_number = :episodeNumber,
         season_number = :seasonNumber,
         has_synthetic_voice = :hasSyntheticVoice,
         taken = :taken
     WHERE id = :episodeId`,
    {
      episodeId,
      contentHash: audio.contentHash,
      durationSeconds: audio.durationSeconds,
      audioBytes: audio.audioBytes,
      hasTranscript: audio.hasTranscript,
      coverFile: audio.coverFile,
      chapters: audio.chapters ? JSON.stringify(audio.chapters) : null,
      episodeNumber: audio.episodeNumber ?? null,
      seasonNumber: audio.seasonNumber ?? null,
      hasSyntheticVoice: audio.hasSyntheticVoice ?? false,
      taken: audio.taken ? JSON.stringify(audio.taken) : null,
    },
  )
}

/** SQL: what there is of the episode is what was imported. */
export const isAsImported = `
  imported IS NOT NULL AND imported->>'contentHash' IS NOT DISTINCT FROM content_hash`

/** SQL: what is in the feed is what was made last. */
export const isCurrent = `
  published IS NOT NULL AND published->>'contentHash' IS NOT DISTINCT FROM content_hash`

/** Where an episode stands between its making and the feed. */
export interface Publication {
  /** In the feed since then; null when it is not in it. */
  readonly publishedAt: Date | null
  /** To be published then; null when no time was named. */
  readonly publishAt: Date | null
  /** What is in the feed is what was made last. */
  readonly isCurrent: boolean
  /** Its producer took it out of the feed, or took back the time at which it was to come out, and has not published it since. */
  readonly heldBack: 'unpublished' | 'unscheduled' | null
}

export async function publicationOf(db: Knex, episodeId: string): Promise<Publication> {
  const [row] = await rows<Publication>(
    db,
    `SELECT published_at AS "publishedAt",
            publish_at AS "publishAt",
            (${isCurrent}) AS "isCurrent",
            CASE WHEN hold_reason IN ('unpublished', 'unscheduled') THEN hold_reason END AS "heldBack"
     FROM episodes
     WHERE id = :episodeId`,
    { episodeId },
  )
  return row!
}

/** What was settled of an episode when it was made, or imported. `details`: as it was stored. */
export async function settledOf(
  db: Knex,
  episodeId: string,
): Promise<{ details: unknown; number: number | null; season: number | null }> {
  const [row] = await rows<{ details: unknown; number: number | null; season: number | null }>(
    db,
    `SELECT details,
            episode_number::float8 AS number,
            season_number::float8 AS season
     FROM episodes
     WHERE id = :episodeId`,
    { episodeId },
  )
  return row!
}

/**
 * Leaves a finished episode unpublished, and says why. What is in the feed of it stays there, and so does the time that was
 * named for it, unless that was superseded.
 */
export async function holdEpisode(
  trx: Knex,
  episodeId: string,
  reason: string,
  supersededTime: string | null,
): Promise<void> {
  await trx.raw(
    `UPDATE episodes
     SET status = 'processed',
         hold_reason = :reason,
         publish_at = CASE WHEN publish_at = CAST(:supersededTime AS timestamptz) THEN NULL ELSE publish_at END
     WHERE id = :episodeId`,
    { episodeId, reason, supersededTime },
  )
}

/** A finished episode is to be published at a time. */
export async function scheduleEpisode(trx: Knex, episodeId: string, at: Date): Promise<void> {
  await trx.raw(
    `UPDATE episodes
     SET status = 'scheduled',
         publish_at = :at,
         hold_reason = NULL
     WHERE id = :episodeId`,
    { episodeId, at },
  )
}

/** Names the time for an episode that is still being made. */
export async function namePublicationTime(trx: Knex, episodeId: string, at: Date): Promise<void> {
  await trx.raw('UPDATE episodes SET publish_at = :at WHERE id = :episodeId', { episodeId, at })
}

/** No time is named any more; one that waited for it is held. */
export async function forgetPublicationTime(trx: Knex, episodeId: string): Promise<void> {
  await trx.raw(
    `UPDATE episodes
     SET publish_at = NULL,
         status = CASE WHEN status = 'scheduled' THEN 'processed' ELSE status END,
         hold_reason = CASE WHEN status = 'scheduled' THEN 'unscheduled' ELSE hold_reason END
     WHERE id = :episodeId`,
    { episodeId },
  )
}

/** SQL: scheduled episodes whose time has come. */
export const episodesToPublish = `
  FROM episodes
  WHERE status = 'scheduled'
    AND publish_at <= clock_timestamp()`

/** Scheduled episodes whose time has come, the longest overdue first. */
export async function dueEpisodes(db: Knex, limit: number): Promise<{ id: string; userId: string }[]> {
  return await rows(
    db,
    `SELECT id, user_id AS "userId" ${episodesToPublish} ORDER BY publish_at, id LIMIT :limit`,
    { limit },
  )
}

/**
 * Freezes what the feed shows from now on. The first publication sets the date; a later one keeps it, as it
 * keeps the item's guid.
 */
export async function markPublishing(trx: Knex, episodeId: string): Promise<void> {
  await trx.raw(
    `UPDATE episodes
     SET status = 'publishing',
         published_at = coalesce(published_at, first_published_at, clock_timestamp()),
         first_published_at = coalesce(first_published_at, clock_timestamp()),
         publish_at = NULL,
         hold_reason = NULL,
         withdrawn_at = NULL,
         published = CASE WHEN ${isAsImported} THEN imported ELSE jsonb_build_object(
           'title', coalesce(taken->>'title', title),
           'description', coalesce(taken->>'description', description),
           'contentHash', content_hash,
           'durationSeconds', duration_seconds,
           'audioBytes', audio_bytes,
           'hasTranscript', has_transcript,
           'coverFile', cover_file,
           'chapters', CAST(chapters AS jsonb),
           'episodeNumber', episode_number,
           'seasonNumber', season_number,
           'hasSyntheticVoice', has_synthetic_voice,
           'details', details,
           'hasOwnAddress', true
         ) END
     WHERE id = :episodeId`,
    { episodeId },
  )
}

export async function markPublished(trx: Knex, episodeId: string): Promise<void> {
  await trx.raw(`UPDATE episodes SET status = 'published' WHERE id = :episodeId`, { episodeId })
}
