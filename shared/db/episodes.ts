/** Users, podcasts, episodes and the files dropped for them. Hides the statements that find or make each by its natural name. */
import type { Knex } from 'knex'
import type { ListedChapter } from '../feed/chapters.ts'
import type { StoredObject } from '../storage.ts'
import { rows } from './connect.ts'

export interface Episode {
  readonly id: string
  readonly userId: string
  readonly podcastId: string
  readonly slug: string
  readonly title: string
  readonly description: string
  readonly status: string
}

export interface Podcast {
  readonly id: string
  readonly userId: string
  readonly slug: string
  readonly settings: Readonly<Record<string, unknown>>
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
}

/** One item of the feed: the episode as it was when it was last published. */
export interface PublishedEpisode extends FinishedAudio {
  readonly id: string
  readonly slug: string
  readonly title: string
  readonly description: string
  readonly publishedAt: Date
}

const episodeColumns = 'id, user_id AS "userId", podcast_id AS "podcastId", slug, title, description, status'

export async function ensurePodcast(
  trx: Knex,
  userId: string,
  slug: string,
  settings: unknown,
): Promise<Podcast> {
  await trx.raw('INSERT INTO users (id) VALUES (:userId) ON CONFLICT DO NOTHING', { userId })
  const [podcast] = await rows<Podcast>(
    trx,
    `INSERT INTO podcasts (user_id, slug, settings) VALUES (:userId, :slug, coalesce(CAST(:settings AS jsonb), '{}'))
     ON CONFLICT (user_id, slug) DO UPDATE SET settings = coalesce(CAST(:settings AS jsonb), podcasts.settings)
     RETURNING id, user_id AS "userId", slug, settings`,
    { userId, slug, settings: settings === undefined ? null : JSON.stringify(settings) },
  )
  return podcast!
}

/** Finds or makes the episode of that name and leaves it as it is: who changes an episode has locked its run first, or two would wait for each other. */
export async function ensureEpisode(
  trx: Knex,
  episode: { userId: string; podcastId: string; slug: string; title: string },
): Promise<string> {
  await trx.raw(
    'INSERT INTO episodes (user_id, podcast_id, slug, title) VALUES (:userId, :podcastId, :slug, :title) ON CONFLICT (podcast_id, slug) DO NOTHING',
    { ...episode },
  )
  const [row] = await rows<{ id: string }>(
    trx,
    'SELECT id FROM episodes WHERE podcast_id = :podcastId AND slug = :slug',
    { ...episode },
  )
  return row!.id
}

/** A run of the episode has started: `processing` from now on. */
export async function beginEpisode(
  trx: Knex,
  episodeId: string,
  { title, description }: { title: string; description: string },
): Promise<void> {
  await trx.raw(
    `UPDATE episodes SET title = :title, description = :description, status = 'processing' WHERE id = :episodeId`,
    {
      episodeId,
      title,
      description,
    },
  )
}

export async function findEpisode(db: Knex, episodeId: string): Promise<Episode | undefined> {
  const [row] = await rows<Episode>(db, `SELECT ${episodeColumns} FROM episodes WHERE id = :episodeId`, {
    episodeId,
  })
  return row
}

/** Locks the episode's row for the rest of the transaction; whoever locks its run too has locked that first. */
export async function lockEpisode(trx: Knex, episodeId: string): Promise<void> {
  await trx.raw('SELECT 1 FROM episodes WHERE id = :episodeId FOR UPDATE', { episodeId })
}

/** The user's episodes of that id or name: several podcasts may have one of the same name. */
export async function findEpisodesOf(db: Knex, userId: string, idOrSlug: string): Promise<Episode[]> {
  return await rows<Episode>(
    db,
    `SELECT ${episodeColumns} FROM episodes WHERE user_id = :userId AND (id::text = :idOrSlug OR slug = :idOrSlug) ORDER BY created_at DESC`,
    { userId, idOrSlug },
  )
}

export async function findPodcast(db: Knex, podcastId: string): Promise<Podcast | undefined> {
  const [row] = await rows<Podcast>(
    db,
    'SELECT id, user_id AS "userId", slug, settings FROM podcasts WHERE id = :podcastId',
    { podcastId },
  )
  return row
}

export async function saveFinishedAudio(
  trx: Knex,
  episodeId: string,
  { chapters, episodeNumber = null, seasonNumber = null, ...audio }: FinishedAudio,
): Promise<void> {
  await trx.raw(
    `UPDATE episodes SET status = 'processed', content_hash = :contentHash, duration_seconds = :durationSeconds, audio_bytes = :audioBytes,
            has_transcript = :hasTranscript, cover_file = :coverFile, chapters = :chapters, episode_number = :episodeNumber,
            season_number = :seasonNumber WHERE id = :episodeId`,
    {
      episodeId,
      ...audio,
      episodeNumber,
      seasonNumber,
      chapters: chapters ? JSON.stringify(chapters) : null,
    },
  )
}

/** Freezes what the feed shows from now on. The first publication sets the date; a later one keeps it, as it keeps the item's guid. */
export async function markPublishing(trx: Knex, episodeId: string): Promise<void> {
  await trx.raw(
    `UPDATE episodes SET status = 'publishing', published_at = coalesce(published_at, clock_timestamp()), published = jsonb_build_object(
       'title', title, 'description', description, 'contentHash', content_hash, 'durationSeconds', duration_seconds, 'audioBytes', audio_bytes,
       'hasTranscript', has_transcript, 'coverFile', cover_file, 'chapters', CAST(chapters AS jsonb), 'episodeNumber', episode_number,
       'seasonNumber', season_number) WHERE id = :episodeId`,
    { episodeId },
  )
}

export async function markPublished(trx: Knex, episodeId: string): Promise<void> {
  await trx.raw(`UPDATE episodes SET status = 'published' WHERE id = :episodeId`, { episodeId })
}

/** Every published episode, newest first. */
export async function episodesInFeed(db: Knex, podcastId: string): Promise<PublishedEpisode[]> {
  const found = await rows<{
    id: string
    slug: string
    publishedAt: Date
    published: Omit<PublishedEpisode, 'id' | 'slug' | 'publishedAt'>
  }>(
    db,
    `SELECT id, slug, published, published_at AS "publishedAt" FROM episodes
     WHERE podcast_id = :podcastId AND published_at <= clock_timestamp() ORDER BY published_at DESC, id`,
    { podcastId },
  )
  return found.map(({ published, ...row }) => ({ ...published, ...row }))
}

/** Records a dropped file. False when this very generation was recorded before: the event came twice. */
export async function recordUpload(
  trx: Knex,
  upload: {
    userId: string
    kind: 'recording' | 'asset' | 'sidecar' | 'mailbox'
    bucket: string
    object: StoredObject
  },
): Promise<boolean> {
  await trx.raw('INSERT INTO users (id) VALUES (:userId) ON CONFLICT DO NOTHING', { userId: upload.userId })
  const recorded = await rows(
    trx,
    `INSERT INTO media_items (user_id, kind, bucket, object, generation, content_hash, bytes)
     VALUES (:userId, :kind, :bucket, :name, :generation, :contentHash, :bytes) ON CONFLICT (bucket, object, generation) DO NOTHING RETURNING 1`,
    { userId: upload.userId, kind: upload.kind, bucket: upload.bucket, ...upload.object },
  )
  return recorded.length === 1
}
