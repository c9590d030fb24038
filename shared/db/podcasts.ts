/**
 * The podcasts table: a user's podcasts, found or made by their names. A change of the settings is a revision; the feed
 * shows one of them, the newest as soon as it has been written again.
 */
import type { Knex } from 'knex'
import { rows } from './connect.ts'
import { onPage, pageBindings, positionColumn, type Page, type Positioned } from './page.ts'
import { ensureUser } from './users.ts'

export interface Podcast {
  readonly id: string
  readonly userId: string
  readonly slug: string
  readonly settings: Readonly<Record<string, unknown>>
  /** Counts the changes of the settings, from 1. */
  readonly revision: number
  /** The one that its feed shows; less where that lacks something. */
  readonly feedRevision: number
  readonly createdAt: Date
}

const podcastColumns = `
  id, user_id AS "userId", slug, settings, revision, feed_revision AS "feedRevision", created_at AS "createdAt"`

/**
 * Finds or makes the podcast of that name. Settings that are given replace those there are, and so does whether voices are
 * remembered: where they no longer are, all that were are forgotten.
 */
export async function ensurePodcast(
  trx: Knex,
  userId: string,
  slug: string,
  settings: unknown,
  remembersVoices?: boolean,
): Promise<Podcast> {
  await ensureUser(trx, userId)
  const [podcast] = await rows<Podcast>(
    trx,
    `INSERT INTO podcasts AS p (user_id, slug, settings, remembers_voices)
     VALUES (
       :userId, :slug, coalesce(CAST(:settings AS jsonb), '{}'), coalesce(CAST(:remembersVoices AS boolean), false)
     )
     ON CONFLICT (user_id, slug) DO UPDATE
       SET settings = coalesce(CAST(:settings AS jsonb), p.settings),
           remembers_voices = coalesce(CAST(:remembersVoices AS boolean), p.remembers_voices),
           revision = p.revision + CASE WHEN p.settings = CAST(:settings AS jsonb) IS FALSE THEN 1 ELSE 0 END
     RETURNING ${podcastColumns}`,
    {
      ...{ userId, slug, remembersVoices: remembersVoices ?? null },
      settings: settings === undefined ? null : JSON.stringify(settings),
    },
  )
  return podcast!
}

/** Undefined when the user has one of that name. */
export async function insertPodcast(
  trx: Knex,
  podcast: { userId: string; slug: string; settings: unknown },
): Promise<Podcast | undefined> {
  await ensureUser(trx, podcast.userId)
  const [inserted] = await rows<Podcast>(
    trx,
    `INSERT INTO podcasts (user_id, slug, settings)
     VALUES (:userId, :slug, :settings)
     ON CONFLICT (user_id, slug) DO NOTHING
     RETURNING ${podcastColumns}`,
    { ...podcast, settings: JSON.stringify(podcast.settings) },
  )
  return inserted
}

/** Undefined when the revision is no longer the newest, or the user has no such podcast. */
export async function changePodcast(
  db: Knex,
  change: { userId: string; id: string; revision: number; settings: unknown },
): Promise<Podcast | undefined> {
  const [changed] = await rows<Podcast>(
    db,
    `UPDATE podcasts
     SET settings = :settings,
         revision = revision + 1
     WHERE user_id = :userId
       AND id::text = :id
       AND revision = :revision
     RETURNING ${podcastColumns}`,
    { ...change, settings: JSON.stringify(change.settings) },
  )
  return changed
}

export async function findPodcast(db: Knex, podcastId: string): Promise<Podcast | undefined> {
  const [row] = await rows<Podcast>(db, `SELECT ${podcastColumns} FROM podcasts WHERE id = :podcastId`, {
    podcastId,
  })
  return row
}

export async function findPodcastOf(db: Knex, userId: string, id: string): Promise<Podcast | undefined> {
  const [row] = await rows<Podcast>(
    db,
    `SELECT ${podcastColumns}
     FROM podcasts
     WHERE user_id = :userId
       AND id::text = :id`,
    { userId, id },
  )
  return row
}

export async function listPodcasts(db: Knex, page: Page): Promise<Positioned<Podcast>[]> {
  return await rows(
    db,
    `SELECT ${podcastColumns}, ${positionColumn}
     FROM podcasts
     WHERE user_id = :userId
       AND ${onPage}`,
    pageBindings(page),
  )
}

/** Notes which revision of its settings the podcast's feed shows, unless something has changed since these were read. */
export async function markFeedWritten(
  db: Knex,
  { id, revision, feedRevision }: Pick<Podcast, 'id' | 'revision' | 'feedRevision'>,
): Promise<void> {
  await db.raw(
    `UPDATE podcasts
     SET feed_revision = :revision
     WHERE id = :id
       AND feed_revision < :revision
       AND (feed_revision = :feedRevision OR feed_revision > 0)`,
    { id, revision, feedRevision },
  )
}

/** Notes that something in the feed has changed that is none of its settings: its cover, or what is said of an episode. */
export async function markFeedOld(db: Knex, userId: string, slug: string): Promise<void> {
  await db.raw(
    // every such change has a number of its own: whoever has read the rows before it does not note it as shown
    `UPDATE podcasts
     SET feed_revision = least(feed_revision, 0) - 1
     WHERE user_id = :userId
       AND slug = :slug`,
    { userId, slug },
  )
}

/** SQL: podcasts with a feed that shows earlier settings. */
export const podcastsToShowAgain = `
  FROM podcasts
  WHERE feed_revision < revision
    AND EXISTS (
      SELECT 1
      FROM episodes
      WHERE podcast_id = podcasts.id
        AND published IS NOT NULL
    )`

export async function podcastsWithOldFeeds(db: Knex, limit: number): Promise<string[]> {
  const found = await rows<{ id: string }>(db, `SELECT id ${podcastsToShowAgain} LIMIT :limit`, { limit })
  return found.map(({ id }) => id)
}

/**
 * Makes the podcast of that name unless there is one, which keeps its settings; its row is locked for the rest of the
 * transaction, so that one import at a time adds to it.
 */
export async function lockedPodcast(
  trx: Knex,
  userId: string,
  slug: string,
  settings: unknown,
): Promise<Podcast> {
  await ensureUser(trx, userId)
  const [made] = await rows<Podcast>(
    trx,
    `INSERT INTO podcasts (user_id, slug, settings)
     VALUES (:userId, :slug, :settings)
     ON CONFLICT (user_id, slug) DO NOTHING
     RETURNING ${podcastColumns}`,
    { userId, slug, settings: JSON.stringify(settings) },
  )
  if (made) return made
  const [there] = await rows<Podcast>(
    trx,
    `SELECT ${podcastColumns}
     FROM podcasts
     WHERE user_id = :userId
       AND slug = :slug
     FOR UPDATE`,
    { userId, slug },
  )
  return there!
}

export async function findPodcastNamed(db: Knex, userId: string, slug: string): Promise<Podcast | undefined> {
  const [row] = await rows<Podcast>(
    db,
    `SELECT ${podcastColumns} FROM podcasts WHERE user_id = :userId AND slug = :slug`,
    { userId, slug },
  )
  return row
}
