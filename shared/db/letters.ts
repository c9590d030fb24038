/**
 * The letters table, as far as its rows are letters: listener mail that is kept. Hides which of them an episode may still read
 * out, and what stays of one that is deleted. Its rows come from mail-messages.ts.
 */
import type { Knex } from 'knex'
import { Permanent } from '../errors.ts'
import { trials } from '../objects.ts'
import { rows } from './connect.ts'
import { onPage, pageBindings, positionColumn, type Page, type Positioned } from './page.ts'
import { isLive } from './runs.ts'

export interface KeptLetter {
  readonly id: string
  readonly sender: string
  readonly subject: string
  readonly text: string
  readonly sentAt: Date | null
  readonly language: string | null
  /** Files that came with it and are left out. */
  readonly attachments: number
  /** Its text is longer than what is kept. */
  readonly isCut: boolean
}

/** A letter as the API lists it. */
export interface ListedLetter extends KeptLetter {
  readonly runId: string
  readonly createdAt: Date
  /** The episode in which it was read out. */
  readonly readIn: string | null
}

const keptColumns =
  'id, sender, subject, body AS text, sent_at AS "sentAt", language, attachments, is_cut AS "isCut"'
const listedColumns = `${keptColumns}, run_id AS "runId", created_at AS "createdAt", read_in AS "readIn"`
const isLetterOfUser = `user_id = :userId AND outcome = 'letter'`

/** The user's letters of these ids, in their order; those that are not there (any more) are missing. */
export async function lettersById(db: Knex, userId: string, ids: readonly string[]): Promise<KeptLetter[]> {
  const found = await rows<KeptLetter>(
    db,
    `SELECT ${keptColumns}
     FROM letters
     WHERE ${isLetterOfUser}
       AND id::text = ANY(:ids)`,
    { userId, ids: [...ids] },
  )
  return ids.flatMap((id) => found.filter((letter) => letter.id === id))
}

/** The letters that the episode has read out, then the user's newest that no other one has, nor is about to. */
export async function unreadLetters(
  db: Knex,
  { userId, podcast, slug }: { readonly userId: string; readonly podcast: string; readonly slug: string },
  count: number,
): Promise<KeptLetter[]> {
  return await rows(
    db,
    `WITH own AS (
       SELECT e.id
       FROM episodes e
       JOIN podcasts p ON p.id = e.podcast_id
       WHERE e.user_id = :userId
         AND e.slug = :slug
         AND p.slug = :podcast
     )
     SELECT ${keptColumns}
     FROM letters
     WHERE ${isLetterOfUser}
       AND (read_in IS NULL OR read_in IN (SELECT id FROM own))
       AND NOT EXISTS (
         SELECT 1
         FROM runs r
         JOIN episodes e ON e.id = r.episode_id
         JOIN podcasts p ON p.id = e.podcast_id
         WHERE r.user_id = :userId
           AND r.${isLive}
           AND strpos(r.context->>'letters', letters.id::text) > 0
           AND r.episode_id NOT IN (SELECT id FROM own)
           AND NOT starts_with(p.slug, :trials)
       )
     ORDER BY read_in IS NULL, sent_at DESC NULLS LAST, id
     LIMIT :count`,
    { userId, podcast, slug, count, trials },
  )
}

/** These letters, and no others, were read out in the episode. A trial leaves them to the episode that follows it. */
export async function markReadOut(db: Knex, episodeId: string, ids: readonly string[]): Promise<void> {
  await db.raw(
    `UPDATE letters l
     SET read_in = CASE WHEN l.id::text = ANY(:ids) THEN e.id END
     FROM episodes e
     JOIN podcasts p ON p.id = e.podcast_id
     WHERE e.id = :episodeId
       AND l.user_id = e.user_id
       AND (l.id::text = ANY(:ids) OR l.read_in = e.id)
       AND NOT starts_with(p.slug, :trials)`,
    { episodeId, ids: [...ids], trials },
  )
}

/**
 * Deletes what a letter says and who wrote it; that it was there is known, so that its message is not read again. False
 * when there is no such letter. Throws Permanent `already_running` while an episode that is being made reads it.
 */
export async function deleteLetter(db: Knex, userId: string, id: string): Promise<boolean> {
  const [found] = await rows<{ isReadNow: boolean }>(
    db,
    `WITH reading AS (
       SELECT 1
       FROM runs
       WHERE user_id = :userId
         AND ${isLive}
         AND strpos(context->>'letters', :id) > 0
       LIMIT 1
     ), gone AS (
       UPDATE letters
       SET outcome = 'deleted',
           sender = NULL,
           subject = NULL,
           body = NULL,
           language = NULL
       WHERE ${isLetterOfUser}
         AND id::text = :id
         AND NOT EXISTS (SELECT 1 FROM reading)
       RETURNING id
     )
     SELECT EXISTS (SELECT 1 FROM reading) AS "isReadNow"
     FROM letters
     WHERE ${isLetterOfUser}
       AND id::text = :id`,
    { userId, id },
  )
  if (found?.isReadNow)
    throw new Permanent(
      'already_running',
      'An episode that is being made reads this letter out. Delete the letter once it is finished, or cancel it first.',
    )
  return found !== undefined
}

export async function listLetters(db: Knex, page: Page): Promise<Positioned<ListedLetter>[]> {
  return await rows(
    db,
    `SELECT ${listedColumns}, ${positionColumn}
     FROM letters
     WHERE ${isLetterOfUser}
       AND ${onPage}`,
    pageBindings(page),
  )
}

export async function findLetter(db: Knex, userId: string, id: string): Promise<ListedLetter | undefined> {
  const [letter] = await rows<ListedLetter>(
    db,
    `SELECT ${listedColumns}
     FROM letters
     WHERE ${isLetterOfUser}
       AND id::text = :id`,
    { userId, id },
  )
  return letter
}
