/**
 * What the rows say about objects: which folders somebody still knows, and which objects ought to be there. Hides that
 * each place in the buckets is known by other tables.
 */
import type { Knex } from 'knex'
import type { Scalars } from '../context.ts'
import { rows } from './connect.ts'
import { isLive, makesAnEpisode } from './runs.ts'

/** Which of these uploads are recorded. */
export const knownUploads = (db: Knex, names: readonly string[]): Promise<Set<string>> =>
  known(db, 'SELECT object AS name FROM media_items WHERE object = ANY(:names)', names)

/** A folder of results, as `{user}/{key}` or `{user}/{run}`: which of them a step or a run names. */
export const knownResults = (db: Knex, names: readonly string[]): Promise<Set<string>> =>
  known(
    db,
    `SELECT n.name
     FROM unnest(CAST(:names AS text[])) AS n (name)
     WHERE EXISTS (
             SELECT 1
             FROM steps s
             JOIN runs r ON r.id = s.run_id
             WHERE s.input_key = split_part(n.name, '/', 2)
               AND r.user_id = split_part(n.name, '/', 1)
           )
        OR EXISTS (
             SELECT 1
             FROM runs r
             WHERE r.id::text = split_part(n.name, '/', 2)
               AND r.user_id = split_part(n.name, '/', 1)
           )`,
    names,
  )

/** A folder of deliverables, as `{episode}/{hash}`: which of them an episode or one of its runs names. */
export const knownDeliverables = (db: Knex, names: readonly string[]): Promise<Set<string>> =>
  known(
    db,
    `SELECT n.name
     FROM unnest(CAST(:names AS text[])) AS n (name)
     JOIN episodes e ON e.id::text = split_part(n.name, '/', 1)
     WHERE split_part(n.name, '/', 2) IN (e.content_hash, e.published->>'contentHash')
        OR EXISTS (
             SELECT 1
             FROM runs r
             LEFT JOIN steps s ON s.run_id = r.id
             WHERE r.episode_id = e.id
               AND split_part(n.name, '/', 2) IN (r.context->>'contentHash', s.input_key)
           )`,
    names,
  )

/**
 * A public folder, as `{podcast}/{episode}`, `{podcast}/feed.xml` or `{podcast}/cover-….jpg`: which belong to an episode that is in the feed, or
 * may be about to be, or to a podcast.
 */
export const knownPublic = (db: Knex, names: readonly string[]): Promise<Set<string>> =>
  known(
    db,
    `SELECT n.name
     FROM unnest(CAST(:names AS text[])) AS n (name)
     JOIN podcasts p ON p.id::text = split_part(n.name, '/', 1)
     WHERE split_part(n.name, '/', 2) = 'feed.xml'
        OR split_part(n.name, '/', 2) LIKE 'cover-%.jpg'
        OR EXISTS (
             SELECT 1
             FROM episodes e
             WHERE e.id::text = split_part(n.name, '/', 2)
               AND e.podcast_id = p.id
               AND (e.published IS NOT NULL
                    OR EXISTS (SELECT 1 FROM runs WHERE episode_id = e.id AND ${isLive}))
           )`,
    names,
  )

async function known(db: Knex, sql: string, names: readonly string[]): Promise<Set<string>> {
  if (names.length === 0) return new Set()
  const found = await rows<{ name: string }>(db, sql, { names: [...names] })
  return new Set(found.map(({ name }) => name))
}

/** An episode with what ought to be in the buckets for it. */
export interface StockedEpisode {
  readonly id: string
  readonly userId: string
  readonly podcastId: string
  readonly title: string
  readonly isLive: boolean
  /** Of the version made last; null when there is none. */
  readonly contentHash: string | null
  /** Of what is in the feed; null when it is not in it. */
  readonly publishedHash: string | null
  /** Its files; empty when nothing was ever finished. */
  readonly files: readonly string[]
  /** Of the latest run that made it, or tried to. */
  readonly recording: { readonly name: string; readonly generation: string } | null
  /** The outputs of that run's steps, while its working files are kept. */
  readonly outputs: readonly Scalars[]
}

/** Episodes in the order of their ids, so many after one. */
export async function stockedEpisodes(
  db: Knex,
  after: string | undefined,
  limit: number,
): Promise<StockedEpisode[]> {
  return await rows<StockedEpisode>(
    db,
    `SELECT e.id, e.user_id AS "userId", e.podcast_id AS "podcastId", e.title,
            EXISTS (SELECT 1 FROM runs WHERE episode_id = e.id AND ${isLive}) AS "isLive",
            e.content_hash AS "contentHash",
            e.published->>'contentHash' AS "publishedHash",
            string_to_array(coalesce(made.files, ''), ' ') AS files,
            CASE WHEN latest.object IS NULL THEN NULL
                 ELSE jsonb_build_object('name', latest.object, 'generation', latest.generation)
            END AS recording,
            coalesce(latest.outputs, '[]') AS outputs
     FROM episodes e
     LEFT JOIN LATERAL (
       SELECT r.context->>'files' AS files
       FROM runs r
       WHERE r.episode_id = e.id
         AND r.context->>'contentHash' = e.content_hash
       LIMIT 1
     ) made ON true
     LEFT JOIN LATERAL (
       SELECT r.context->>'recordingObject' AS object,
              r.context->>'recordingGeneration' AS generation,
              (SELECT jsonb_agg(s.output)
               FROM steps s
               WHERE s.run_id = r.id
                 AND s.status = 'done'
                 AND NOT EXISTS (SELECT 1 FROM purges p WHERE p.run_id = r.id)) AS outputs
       FROM runs r
       WHERE r.episode_id = e.id
         AND ${makesAnEpisode}
       ORDER BY r.created_at DESC
       LIMIT 1
     ) latest ON true
     WHERE CAST(:after AS uuid) IS NULL OR e.id > CAST(:after AS uuid)
     ORDER BY e.id
     LIMIT :limit`,
    { after: after ?? null, limit },
  )
}

/** Podcasts in the order of their ids, with their settings as they are stored. */
export async function stockedPodcasts(
  db: Knex,
  after: string | undefined,
  limit: number,
): Promise<{ readonly id: string; readonly settings: unknown }[]> {
  return await rows(
    db,
    `SELECT p.id, p.settings
     FROM podcasts p
     WHERE CAST(:after AS uuid) IS NULL OR p.id > CAST(:after AS uuid)
     ORDER BY p.id
     LIMIT :limit`,
    { after: after ?? null, limit },
  )
}
