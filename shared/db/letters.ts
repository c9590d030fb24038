/**
 * The letters table: listener mail, one row for each message of a mailbox, whatever became of it.
 * Hides how two messages that are the same become one letter.
 */
import type { Knex } from 'knex'
import { Permanent } from '../errors.ts'
import type { Letter } from '../mail/letter.ts'
import { trials } from '../objects.ts'
import { rows } from './connect.ts'
import { onPage, pageBindings, positionColumn, type Page, type Positioned } from './page.ts'
import { updateRunProgress } from './run-changes.ts'
import { isLive, type Run } from './runs.ts'
import { lockUser } from './users.ts'

export type Outcome = 'letter' | 'duplicate' | 'own' | 'failed'

/** What became of the message at a position of its mailbox. */
export type ReadMessage =
  | { readonly position: number; readonly outcome: 'letter' | 'own'; readonly letter: Letter }
  | { readonly position: number; readonly outcome: 'failed'; readonly reason: string }

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

/** The positions in [from, to) that the run has dealt with. */
export async function positionsDone(db: Knex, runId: string, from: number, to: number): Promise<Set<number>> {
  const found = await rows<{ position: number }>(
    db,
    `SELECT position
     FROM letters
     WHERE run_id = :runId
       AND position >= :from
       AND position < :to`,
    { runId, from, to },
  )
  return new Set(found.map(({ position }) => position))
}

/**
 * Writes down what became of messages and counts those that were not counted before. Needs the run's row
 * locked.
 */
export async function recordMessages(
  trx: Knex,
  run: Pick<Run, 'id' | 'userId' | 'processed'>,
  messages: readonly ReadMessage[],
): Promise<void> {
  // Two mailboxes with the same letters in another order would wait for each other.
  await lockUser(trx, run.userId)
  const kept = await insertMessages(trx, run, messages)
  const again = messages.filter(({ position, outcome }) => outcome === 'letter' && !kept.has(position))
  const duplicates = await insertMessages(trx, run, again, 'duplicate')
  await updateRunProgress(trx, run.id, { processed: run.processed + kept.size + duplicates.size })
}

/**
 * Inserts those whose position is free and which are no letter that is there already; returns their
 * positions.
 */
async function insertMessages(
  trx: Knex,
  run: { readonly id: string; readonly userId: string },
  messages: readonly ReadMessage[],
  as?: Outcome,
): Promise<Set<number>> {
  if (messages.length === 0) return new Set()
  const records = messages.map((message) => recordOf(message, as ?? message.outcome))
  const inserted = await rows<{ position: number }>(
    trx,
    `INSERT INTO letters (user_id, run_id, position, outcome, reason, message_id, content_hash,
                          sender, subject, body, sent_at, language, attachments, is_cut)
     SELECT :userId, CAST(:runId AS uuid), r.*
     FROM jsonb_to_recordset(CAST(:records AS jsonb)) AS r (
       position integer, outcome text, reason text, message_id text, content_hash text,
       sender text, subject text, body text, sent_at timestamptz, language text,
       attachments integer, is_cut boolean
     )
     ON CONFLICT DO NOTHING
     RETURNING position`,
    { userId: run.userId, runId: run.id, records: JSON.stringify(records) },
  )
  return new Set(inserted.map(({ position }) => position))
}

/** The message as a row, by the names of its columns. Only what is kept as a letter has its text kept. */
function recordOf(message: ReadMessage, outcome: Outcome) {
  const letter = 'letter' in message ? message.letter : undefined
  return {
    position: message.position,
    outcome,
    reason: 'reason' in message ? message.reason : null,
    message_id: letter?.messageId,
    content_hash: letter?.contentHash,
    sender: letter?.senderName,
    subject: letter?.subject,
    body: outcome === 'letter' ? letter?.text : undefined,
    sent_at: letter?.sentAt,
    language: letter?.language,
    attachments: letter?.attachments ?? 0,
    is_cut: letter?.isCut ?? false,
  }
}

/** How many messages of a run came to what; a letter that was deleted since was one. */
export async function countOutcomes(db: Knex, runId: string): Promise<Readonly<Record<Outcome, number>>> {
  const found = await rows<{ outcome: Outcome; count: number }>(
    db,
    `SELECT CASE outcome WHEN 'deleted' THEN 'letter' ELSE outcome END AS outcome, count(*)::int AS count
     FROM letters
     WHERE run_id = :runId
     GROUP BY 1`,
    { runId },
  )
  const counts = { letter: 0, duplicate: 0, own: 0, failed: 0 }
  for (const { outcome, count } of found) counts[outcome] = count
  return counts
}

/** Of how many letters of a run something is left out. */
export async function countLeftOut(
  db: Knex,
  runId: string,
): Promise<{ readonly withAttachments: number; readonly cut: number }> {
  const [found] = await rows<{ withAttachments: number; cut: number }>(
    db,
    `SELECT count(*) FILTER (WHERE attachments > 0)::int AS "withAttachments",
            count(*) FILTER (WHERE is_cut)::int AS cut
     FROM letters
     WHERE run_id = :runId
       AND outcome = 'letter'`,
    { runId },
  )
  return found!
}

/** Why messages of a run could not be read: the commonest reasons first. */
export async function failureReasons(
  db: Knex,
  runId: string,
  most: number,
): Promise<{ reason: string; count: number }[]> {
  return await rows(
    db,
    `SELECT reason, count(*)::int AS count
     FROM letters
     WHERE run_id = :runId
       AND outcome = 'failed'
     GROUP BY reason
     ORDER BY count(*) DESC, reason
     LIMIT :most`,
    { runId, most },
  )
}

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

/** The user's newest letters that no other episode has read out, nor is about to. */
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
     ORDER BY sent_at DESC NULLS LAST, id
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
