/** The podcasts table: a user's podcasts, found or made by their names. */
import type { Knex } from 'knex'
import { rows } from './connect.ts'
import { ensureUser } from './users.ts'

export interface Podcast {
  readonly id: string
  readonly userId: string
  readonly slug: string
  readonly settings: Readonly<Record<string, unknown>>
}

const podcastColumns = 'id, user_id AS "userId", slug, settings'

/** Finds or makes the podcast of that name. Settings that are given replace those there are. */
export async function ensurePodcast(
  trx: Knex,
  userId: string,
  slug: string,
  settings: unknown,
): Promise<Podcast> {
  await ensureUser(trx, userId)
  const [podcast] = await rows<Podcast>(
    trx,
    `INSERT INTO podcasts (user_id, slug, settings)
     VALUES (:userId, :slug, coalesce(CAST(:settings AS jsonb), '{}'))
     ON CONFLICT (user_id, slug) DO UPDATE
       SET settings = coalesce(CAST(:settings AS jsonb), podcasts.settings)
     RETURNING ${podcastColumns}`,
    { userId, slug, settings: settings === undefined ? null : JSON.stringify(settings) },
  )
  return podcast!
}

export async function findPodcast(db: Knex, podcastId: string): Promise<Podcast | undefined> {
  const [row] = await rows<Podcast>(db, `SELECT ${podcastColumns} FROM podcasts WHERE id = :podcastId`, {
    podcastId,
  })
  return row
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
): Promise<{ podcastId: string; isNew: boolean }> {
  await ensureUser(trx, userId)
  const [made] = await rows<{ id: string }>(
    trx,
    `INSERT INTO podcasts (user_id, slug, settings)
     VALUES (:userId, :slug, :settings)
     ON CONFLICT (user_id, slug) DO NOTHING
     RETURNING id`,
    { userId, slug, settings: JSON.stringify(settings) },
  )
  if (made) return { podcastId: made.id, isNew: true }
  const [there] = await rows<{ id: string }>(
    trx,
    `SELECT id
     FROM podcasts
     WHERE user_id = :userId
       AND slug = :slug
     FOR UPDATE`,
    { userId, slug },
  )
  return { podcastId: there!.id, isNew: false }
}

export async function findPodcastOf(db: Knex, userId: string, slug: string): Promise<Podcast | undefined> {
  const [row] = await rows<Podcast>(
    db,
    `SELECT ${podcastColumns} FROM podcasts WHERE user_id = :userId AND slug = :slug`,
    { userId, slug },
  )
  return row
}
