/** Listener mail: one row for each message of a mailbox, whatever became of it. Hides the statements and how two that are the same become one letter. */
import type { Knex } from 'knex'
import type { Letter } from '../mail/letter.ts'
import { rows } from './connect.ts'
import { updateRunProgress, type Run } from './runs.ts'

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
}

const keptColumns = 'id, sender, subject, body AS text, sent_at AS "sentAt", language'

/** Starts the one live run of a mailbox; when there is one already, says which. */
export async function startMailRun(
  trx: Knex,
  start: { userId: string; mailbox: string; context: object },
): Promise<{ runId: string; started: boolean }> {
  const { userId, mailbox } = start
  const [created] = await rows<{ id: string }>(
    trx,
    `INSERT INTO runs (user_id, mailbox, total, context) VALUES (:userId, :mailbox, 0, :context)
     ON CONFLICT (user_id, mailbox) WHERE status IN ('queued', 'started', 'awaiting_review') DO NOTHING RETURNING id`,
    { userId, mailbox, context: JSON.stringify(start.context) },
  )
  if (created) return { runId: created.id, started: true }
  const [live] = await rows<{ id: string }>(
    trx,
    `SELECT id FROM runs WHERE user_id = :userId AND mailbox = :mailbox AND status IN ('queued', 'started', 'awaiting_review')`,
    { userId, mailbox },
  )
  return live ? { runId: live.id, started: false } : await startMailRun(trx, start)
}

/** The positions in [from, to) that the run has dealt with. */
export async function positionsDone(db: Knex, runId: string, from: number, to: number): Promise<Set<number>> {
  const found = await rows<{ position: number }>(
    db,
    'SELECT position FROM letters WHERE run_id = :runId AND position >= :from AND position < :to',
    {
      runId,
      from,
      to,
    },
  )
  return new Set(found.map(({ position }) => position))
}

/** Writes down what became of messages and counts those that were not counted before. Needs the run's row locked. */
export async function recordMessages(
  trx: Knex,
  run: Pick<Run, 'id' | 'userId' | 'processed'>,
  messages: readonly ReadMessage[],
): Promise<void> {
  // Two mailboxes with the same letters in another order would wait for each other; this lock leaves those who only refer to the user alone.
  await trx.raw('SELECT 1 FROM users WHERE id = :userId FOR NO KEY UPDATE', { userId: run.userId })
  const kept = await insertMessages(trx, run, messages)
  const again = messages.filter(({ position, outcome }) => outcome === 'letter' && !kept.has(position))
  const duplicates = await insertMessages(trx, run, again, 'duplicate')
  await updateRunProgress(trx, run.id, { processed: run.processed + kept.size + duplicates.size })
}

/** Inserts those whose position is free and which are no letter that is there already; returns their positions. */
async function insertMessages(
  trx: Knex,
  run: { readonly id: string; readonly userId: string },
  messages: readonly ReadMessage[],
  as?: Outcome,
): Promise<Set<number>> {
  if (messages.length === 0) return new Set()
  const records = messages.map((message) => {
    const outcome = as ?? message.outcome
    const letter = 'letter' in message ? message.letter : undefined
    return {
      ...{ position: message.position, outcome, reason: 'reason' in message ? message.reason : null },
      ...{
        message_id: letter?.messageId,
        content_hash: letter?.contentHash,
        sender: letter?.senderName,
        subject: letter?.subject,
      },
      body: outcome === 'letter' ? letter?.text : undefined, // what is not kept as a letter is nobody's business
      ...{ sent_at: letter?.sentAt, language: letter?.language },
    }
  })
  const inserted = await rows<{ position: number }>(
    trx,
    `INSERT INTO letters (user_id, run_id, position, outcome, reason, message_id, content_hash, sender, subject, body, sent_at, language)
     SELECT :userId, CAST(:runId AS uuid), r.* FROM jsonb_to_recordset(CAST(:records AS jsonb)) AS r (position integer, outcome text, reason text,
       message_id text, content_hash text, sender text, subject text, body text, sent_at timestamptz, language text)
     ON CONFLICT DO NOTHING RETURNING position`,
    { userId: run.userId, runId: run.id, records: JSON.stringify(records) },
  )
  return new Set(inserted.map(({ position }) => position))
}

/** How many messages of a run came to what. */
export async function countOutcomes(db: Knex, runId: string): Promise<Readonly<Record<Outcome, number>>> {
  const found = await rows<{ outcome: Outcome; count: number }>(
    db,
    'SELECT outcome, count(*)::int AS count FROM letters WHERE run_id = :runId GROUP BY outcome',
    { runId },
  )
  return {
    letter: 0,
    duplicate: 0,
    own: 0,
    failed: 0,
    ...Object.fromEntries(found.map(({ outcome, count }) => [outcome, count])),
  }
}

/** Why messages of a run could not be read: the commonest reasons first. */
export async function failureReasons(
  db: Knex,
  runId: string,
  most: number,
): Promise<{ reason: string; count: number }[]> {
  return await rows(
    db,
    `SELECT reason, count(*)::int AS count FROM letters WHERE run_id = :runId AND outcome = 'failed' GROUP BY reason ORDER BY count(*) DESC, reason LIMIT :most`,
    { runId, most },
  )
}

/** The user's letters of these ids, in their order; those that are not there (any more) are missing. */
export async function lettersById(db: Knex, userId: string, ids: readonly string[]): Promise<KeptLetter[]> {
  const found = await rows<KeptLetter>(
    db,
    `SELECT ${keptColumns} FROM letters WHERE user_id = :userId AND outcome = 'letter' AND id::text = ANY(:ids)`,
    { userId, ids: [...ids] },
  )
  return ids.flatMap((id) => found.filter((letter) => letter.id === id))
}

/** The ids of the user's newest letters. */
export async function newestLetters(db: Knex, userId: string, count: number): Promise<string[]> {
  const found = await rows<{ id: string }>(
    db,
    `SELECT id FROM letters WHERE user_id = :userId AND outcome = 'letter' ORDER BY sent_at DESC NULLS LAST, id LIMIT :count`,
    { userId, count },
  )
  return found.map(({ id }) => id)
}
