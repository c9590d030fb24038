/**
 * The tables review_shares and review_comments: links by which guests hear an episode's review, and what they say of it.
 * A link's secret is kept nowhere, only its hash; one that has expired or was withdrawn opens nothing, and what was said
 * through it stays.
 */
import type { Knex } from 'knex'
import { rows } from './connect.ts'

/** That hold at once, of one episode. */
export const mostShares = 50
/** Through one link. */
export const mostComments = 500

/** The new share's id and end; undefined when the episode has as many as it may. Needs the episode's row locked. */
export async function insertShare(
  trx: Knex,
  share: { episodeId: string; hash: string; days: number },
): Promise<{ id: string; expiresAt: Date } | undefined> {
  const [row] = await rows<{ id: string; expiresAt: Date }>(
    trx,
    `INSERT INTO review_shares (episode_id, hash, expires_at)
     SELECT :episodeId, :hash, clock_timestamp() + :days * interval '1 day'
     WHERE (SELECT count(*) FROM review_shares WHERE episode_id = :episodeId AND ${holds}) < :mostShares
     RETURNING id, expires_at AS "expiresAt"`,
    { ...share, mostShares },
  )
  return row
}

const holds = 'revoked_at IS NULL AND expires_at > clock_timestamp()'

export interface Share {
  readonly id: string
  readonly createdAt: Date
  readonly expiresAt: Date
  readonly comments: number
}

/** Those that hold, newest first. */
export async function listShares(db: Knex, episodeId: string): Promise<Share[]> {
  return await rows(
    db,
    `SELECT s.id, s.created_at AS "createdAt", s.expires_at AS "expiresAt",
            (SELECT count(*)::int FROM review_comments c WHERE c.share_id = s.id) AS comments
     FROM review_shares s
     WHERE s.episode_id = :episodeId
       AND ${holds}
     ORDER BY s.created_at DESC`,
    { episodeId },
  )
}

/** False when the episode has no such share, or it was revoked before. */
export async function revokeShare(db: Knex, episodeId: string, id: string): Promise<boolean> {
  const revoked = await rows(
    db,
    `UPDATE review_shares
     SET revoked_at = clock_timestamp()
     WHERE episode_id = :episodeId
       AND id::text = :id
       AND revoked_at IS NULL
     RETURNING 1`,
    { episodeId, id },
  )
  return revoked.length === 1
}

/** What a link's secret opens; undefined when it opens nothing, or nothing any more. */
export async function findShare(
  db: Knex,
  hash: string,
): Promise<{ id: string; episodeId: string } | undefined> {
  const [row] = await rows<{ id: string; episodeId: string }>(
    db,
    `SELECT id, episode_id AS "episodeId"
     FROM review_shares
     WHERE hash = :hash
       AND ${holds}`,
    { hash },
  )
  return row
}

export interface SaidComment {
  /** The guest's own. */
  readonly id: string
  readonly author: string
  readonly text: string
  readonly edit: string | null
  readonly atSeconds: number
}

export interface Comment extends SaidComment {
  readonly createdAt: Date
}

/** Once for each id. False when the share has as many as it takes. */
export async function addComment(trx: Knex, shareId: string, comment: SaidComment): Promise<boolean> {
  await trx.raw('SELECT 1 FROM review_shares WHERE id = :shareId FOR UPDATE', { shareId })
  await trx.raw(
    `INSERT INTO review_comments (share_id, id, author, text, edit, at_seconds)
     SELECT :shareId, :id, :author, :text, :edit, :atSeconds
     WHERE (SELECT count(*) FROM review_comments WHERE share_id = :shareId) < :mostComments
     ON CONFLICT DO NOTHING`,
    { shareId, ...comment, mostComments },
  )
  const found = await rows(trx, 'SELECT 1 FROM review_comments WHERE share_id = :shareId AND id = :id', {
    shareId,
    id: comment.id,
  })
  return found.length === 1
}

const commentColumns =
  'c.id, c.author, c.text, c.edit, c.at_seconds AS "atSeconds", c.created_at AS "createdAt"'
/** An episode's guests may have said more through many links: the newest are shown. */
const mostListed = 2000

/** What was said through one link, in the order in which it was said. */
export async function commentsThrough(db: Knex, shareId: string): Promise<Comment[]> {
  return await rows(
    db,
    `SELECT ${commentColumns}
     FROM review_comments c
     WHERE c.share_id = :shareId
     ORDER BY c.created_at, c.id`,
    { shareId },
  )
}

/** What was said of an episode through any link, the newest first. */
export async function commentsOn(db: Knex, episodeId: string): Promise<Comment[]> {
  return await rows(
    db,
    `SELECT ${commentColumns}
     FROM review_comments c
     JOIN review_shares s ON s.id = c.share_id
     WHERE s.episode_id = :episodeId
     ORDER BY c.created_at DESC, c.id
     LIMIT :mostListed`,
    { episodeId, mostListed },
  )
}
