/** What the HTTP door asks the database: keys, who called how often, what a request was answered before, and lists by page. Hides the statements; each names its user. */
import type { Knex } from 'knex'
import { rows } from './connect.ts'
import type { RunStatus, Warning } from './runs.ts'

export interface KeyOwner {
  readonly id: string
  readonly userId: string
  readonly scopes: readonly string[]
}

export async function insertApiKey(
  db: Knex,
  key: { userId: string; name: string; hash: string; scopes: readonly string[] },
): Promise<string> {
  await db.raw('INSERT INTO users (id) VALUES (:userId) ON CONFLICT DO NOTHING', { userId: key.userId })
  const [row] = await rows<{ id: string }>(
    db,
    'INSERT INTO api_keys (user_id, name, hash, scopes) VALUES (:userId, :name, :hash, :scopes) RETURNING id',
    { ...key, scopes: [...key.scopes] },
  )
  return row!.id
}

export async function findApiKey(db: Knex, hash: string): Promise<KeyOwner | undefined> {
  const [row] = await rows<KeyOwner>(
    db,
    `UPDATE api_keys SET used_at = clock_timestamp() WHERE hash = :hash AND revoked_at IS NULL RETURNING id, user_id AS "userId", scopes`,
    { hash },
  )
  return row
}

export async function revokeApiKey(db: Knex, userId: string, id: string): Promise<boolean> {
  const revoked = await rows(
    db,
    'UPDATE api_keys SET revoked_at = clock_timestamp() WHERE user_id = :userId AND id::text = :id AND revoked_at IS NULL RETURNING 1',
    { userId, id },
  )
  return revoked.length === 1
}

export async function ensureUser(db: Knex, userId: string): Promise<void> {
  await db.raw('INSERT INTO users (id) VALUES (:userId) ON CONFLICT DO NOTHING', { userId })
}

/** Counts a request in the caller's minute. False when the minute is full. */
export async function countRequest(db: Knex, caller: string, most: number): Promise<boolean> {
  const counted = await rows(
    db,
    `INSERT INTO api_callers AS c (caller, minute, requests) VALUES (:caller, date_trunc('minute', clock_timestamp()), 1)
     ON CONFLICT (caller) DO UPDATE SET minute = greatest(c.minute, excluded.minute),
       requests = CASE WHEN c.minute < excluded.minute THEN 1 ELSE c.requests + 1 END -- one that came late counts in the minute there is
       WHERE c.minute < excluded.minute OR c.requests < :most RETURNING 1`,
    { caller, most },
  )
  return counted.length === 1
}

export interface EarlierAnswer {
  readonly requestHash: string
  /** Null while the first request is still under way. */
  readonly status: number | null
  readonly body: unknown
}

/** A request that has its key to itself, until it is closed or given up for lost. */
export interface OpenRequest {
  readonly userId: string
  readonly key: string
  /** Tells it from another that has taken the key over. */
  readonly openedAt: string
}

/** Takes the key for this request, which then does the work, or returns what became of the one that has it. */
export async function openRequest(
  db: Knex,
  userId: string,
  key: string,
  requestHash: string,
): Promise<{ opened: OpenRequest } | { earlier: EarlierAnswer }> {
  const [fresh] = await rows<{ openedAt: string }>(
    db,
    `INSERT INTO api_requests AS r (user_id, idempotency_key, request_hash) VALUES (:userId, :key, :requestHash)
     ON CONFLICT (user_id, idempotency_key) DO UPDATE SET created_at = clock_timestamp(), request_hash = :requestHash, status = NULL, body = NULL
       WHERE r.created_at < clock_timestamp() - interval '24 hours' OR (r.status IS NULL AND r.created_at < clock_timestamp() - interval '2 minutes')
     RETURNING extract(epoch FROM created_at)::text AS "openedAt"`,
    { userId, key, requestHash },
  )
  if (fresh) return { opened: { userId, key, ...fresh } }
  const [earlier] = await rows<EarlierAnswer>(
    db,
    'SELECT request_hash AS "requestHash", status, body FROM api_requests WHERE user_id = :userId AND idempotency_key = :key',
    { userId, key },
  )
  return earlier ? { earlier } : await openRequest(db, userId, key, requestHash) // it was forgotten between the two statements
}

const isStillOpen =
  'user_id = :userId AND idempotency_key = :key AND extract(epoch FROM created_at)::text = :openedAt AND status IS NULL'

/** Keeps the answer for whoever asks the same again. */
export async function closeRequest(
  db: Knex,
  opened: OpenRequest,
  answer: { status: number; body: unknown },
): Promise<void> {
  const { status, body } = answer
  await db.raw(`UPDATE api_requests SET status = :status, body = :body WHERE ${isStillOpen}`, {
    ...{ ...opened, status, body: JSON.stringify(body ?? null) },
  })
}

/** A request that failed may be made again. */
export async function forgetRequest(db: Knex, opened: OpenRequest): Promise<void> {
  await db.raw(`DELETE FROM api_requests WHERE ${isStillOpen}`, { ...opened })
}

/** Where a page ended: the time and id of its last item. */
export interface Position {
  /** Microseconds since 1970: as exact as the database, and the same in every time zone. */
  readonly at: string
  readonly id: string
}

export interface Page {
  readonly userId: string
  readonly limit: number
  readonly after: Position | undefined
}

export interface ListedRun {
  readonly id: string
  readonly episodeId: string | null
  readonly mailbox: string | null
  readonly status: RunStatus
  readonly stopReason: string | null
  readonly message: string | null
  readonly processed: number
  readonly total: number
  readonly warnings: readonly Warning[]
  readonly createdAt: Date
  readonly startedAt: Date | null
  readonly finishedAt: Date | null
}

const runColumns = `id, episode_id AS "episodeId", mailbox, status, stop_reason AS "stopReason", error_message AS message, processed, total, warnings,
  created_at AS "createdAt", started_at AS "startedAt", finished_at AS "finishedAt"`
const positionColumn = '(extract(epoch FROM created_at) * 1000000)::bigint::text AS position'
/** Newest first, after the item that the cursor names exactly. */
const paged = `(CAST(:at AS text) IS NULL OR (created_at, id) < (timestamptz 'epoch' + CAST(:at AS double precision) * interval '1 microsecond', CAST(:id AS uuid)))
  ORDER BY created_at DESC, id DESC LIMIT :limit`
const position = ({ limit, after, userId }: Page) => ({
  userId,
  limit,
  at: after?.at ?? null,
  id: after?.id ?? null,
})

type Positioned<T> = T & { readonly position: string }

export async function listRuns(
  db: Knex,
  page: Page,
  filter: { status?: string | undefined; episodeId?: string | undefined },
): Promise<Positioned<ListedRun>[]> {
  return await rows(
    db,
    `SELECT ${runColumns}, ${positionColumn} FROM runs WHERE user_id = :userId AND (CAST(:status AS text) IS NULL OR status = :status)
       AND (CAST(:episodeId AS text) IS NULL OR episode_id::text = :episodeId) AND ${paged}`,
    { ...position(page), status: filter.status ?? null, episodeId: filter.episodeId ?? null },
  )
}

export async function findRunOf(db: Knex, userId: string, id: string): Promise<ListedRun | undefined> {
  const [run] = await rows<ListedRun>(
    db,
    `SELECT ${runColumns} FROM runs WHERE user_id = :userId AND id::text = :id`,
    { userId, id },
  )
  return run
}

export interface ListedEpisode {
  readonly id: string
  readonly podcast: string
  readonly slug: string
  readonly title: string
  readonly description: string
  readonly status: string
  readonly durationSeconds: number | null
  readonly publishedAt: Date | null
  readonly createdAt: Date
}

const listedEpisodes = `SELECT e.id, p.slug AS podcast, e.slug, e.title, e.description, e.status, e.duration_seconds AS "durationSeconds",
  e.published_at AS "publishedAt", e.created_at AS "createdAt", e.created_at, e.user_id FROM episodes e JOIN podcasts p ON p.id = e.podcast_id`
const episodeFields = `id, podcast, slug, title, description, status, "durationSeconds", "publishedAt", "createdAt"`

export async function listEpisodes(db: Knex, page: Page): Promise<Positioned<ListedEpisode>[]> {
  return await rows(
    db,
    `SELECT ${episodeFields}, ${positionColumn} FROM (${listedEpisodes}) AS listed WHERE user_id = :userId AND ${paged}`,
    position(page),
  )
}

export async function findListedEpisode(
  db: Knex,
  userId: string,
  id: string,
): Promise<ListedEpisode | undefined> {
  const [episode] = await rows<ListedEpisode>(
    db,
    `SELECT ${episodeFields} FROM (${listedEpisodes}) AS listed WHERE user_id = :userId AND id::text = :id`,
    { userId, id },
  )
  return episode
}

export interface ListedLetter {
  readonly id: string
  readonly runId: string
  readonly sender: string
  readonly subject: string
  readonly text: string
  readonly sentAt: Date | null
  readonly language: string | null
  readonly createdAt: Date
}

const letterColumns = `id, run_id AS "runId", sender, subject, body AS text, sent_at AS "sentAt", language, created_at AS "createdAt"`

export async function listLetters(db: Knex, page: Page): Promise<Positioned<ListedLetter>[]> {
  return await rows(
    db,
    `SELECT ${letterColumns}, ${positionColumn} FROM letters WHERE user_id = :userId AND outcome = 'letter' AND ${paged}`,
    position(page),
  )
}

export async function findLetter(db: Knex, userId: string, id: string): Promise<ListedLetter | undefined> {
  const [letter] = await rows<ListedLetter>(
    db,
    `SELECT ${letterColumns} FROM letters WHERE user_id = :userId AND outcome = 'letter' AND id::text = :id`,
    {
      userId,
      id,
    },
  )
  return letter
}

/** Answers kept for whoever asks the same again within a day, and counters of minutes long gone. */
export async function forgetOldRequests(db: Knex): Promise<void> {
  await db.raw(`DELETE FROM api_requests WHERE created_at < clock_timestamp() - interval '24 hours'`)
  await db.raw(`DELETE FROM api_callers WHERE minute < clock_timestamp() - interval '1 day'`)
}
