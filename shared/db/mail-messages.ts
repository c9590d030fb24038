/**
 * The letters table, as mailboxes are read into it: one row for each message, whatever became of it. Hides how two messages
 * that are the same become one letter.
 */
import type { Knex } from 'knex'
import type { Letter } from '../mail/letter.ts'
import { rows } from './connect.ts'
import { updateRunProgress } from './run-changes.ts'
import type { Run } from './runs.ts'
import { lockUser } from './users.ts'

export type Outcome = 'letter' | 'duplicate' | 'own' | 'failed'

/** What became of the message at a position of its mailbox. */
export type ReadMessage =
  | { readonly position: number; readonly outcome: 'letter' | 'own'; readonly letter: Letter }
  | { readonly position: number; readonly outcome: 'failed'; readonly reason: string }

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
