/**
 * Episodes as they are listed. Hides that what was taken of proposals stands in for what nobody gave, and which run says
 * that an attempt has failed.
 */
import type { Knex } from 'knex'
import { rows } from './connect.ts'
import { onPage, pageBindings, positionColumn, type Page, type Positioned } from './page.ts'

/** An episode as the API lists it. */
export interface ListedEpisode {
  readonly id: string
  readonly podcast: string
  readonly slug: string
  readonly title: string
  readonly description: string
  readonly status: string
  readonly durationSeconds: number | null
  readonly audioBytes: number | null
  readonly publishedAt: Date | null
  readonly publishAt: Date | null
  /** Why a finished episode is not published. */
  readonly holdReason: string | null
  /** The code with which the last attempt to make it, or to publish what is not published yet, failed; null when that did not. */
  readonly lastFailure: string | null
  readonly createdAt: Date
}

/** Episodes with their podcasts' names; `created_at` is what the pages go by. */
const listed = `(
  SELECT e.id, p.slug AS podcast, e.slug, coalesce(e.taken->>'title', e.title) AS title,
         coalesce(e.taken->>'description', e.description) AS description, e.status,
         e.duration_seconds, CAST(e.audio_bytes AS double precision) AS audio_bytes,
         e.published_at, e.publish_at, e.created_at, e.user_id,
         CASE WHEN e.status = 'processed' THEN e.hold_reason END AS hold_reason,
         (
           SELECT CASE WHEN r.status = 'failed' THEN r.stop_reason END
           FROM runs r
           WHERE r.episode_id = e.id
             AND NOT (r.context->>'publication' IS NOT NULL AND (r.status = 'finished' OR e.status = 'published'))
           ORDER BY r.created_at DESC
           LIMIT 1
         ) AS last_failure
  FROM episodes e
  JOIN podcasts p ON p.id = e.podcast_id
) AS listed`
const listedColumns = `
  id, podcast, slug, title, description, status, duration_seconds AS "durationSeconds", audio_bytes AS "audioBytes",
  published_at AS "publishedAt", publish_at AS "publishAt", hold_reason AS "holdReason",
  last_failure AS "lastFailure", created_at AS "createdAt"`

/** Which episodes are listed; all of them where nothing is said. */
export interface EpisodeFilter {
  /** The podcast's name. */
  readonly podcast?: string | undefined
  /** The episode's own name in it. */
  readonly slug?: string | undefined
  readonly status?: string | undefined
  /** Part of the title or of the name, upper and lower case alike. */
  readonly text?: string | undefined
}

export async function listEpisodes(
  db: Knex,
  page: Page,
  {
    podcast = null,
    slug = null,
    status = null,
    text = null,
  }: { [K in keyof EpisodeFilter]: EpisodeFilter[K] | null } = {},
): Promise<Positioned<ListedEpisode>[]> {
  return await rows(
    db,
    `SELECT ${listedColumns}, ${positionColumn}
     FROM ${listed}
     WHERE user_id = :userId
       AND podcast = coalesce(CAST(:podcast AS text), podcast)
       AND slug = coalesce(CAST(:slug AS text), slug)
       AND status = coalesce(CAST(:status AS text), status)
       AND (CAST(:part AS text) IS NULL OR strpos(lower(title || ' ' || slug), lower(CAST(:part AS text))) > 0)
       AND ${onPage}`,
    { ...pageBindings(page), podcast, slug, status, part: text },
  )
}

export async function findListedEpisode(
  db: Knex,
  userId: string,
  id: string,
): Promise<ListedEpisode | undefined> {
  const [episode] = await rows<ListedEpisode>(
    db,
    `SELECT ${listedColumns}
     FROM ${listed}
     WHERE user_id = :userId
       AND id::text = :id`,
    { userId, id },
  )
  return episode
}
