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
