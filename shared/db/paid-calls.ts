/**
 * The paid_calls table: calls that cost money, one row for each thing that is paid for, written before the
 * call is made. Every change names the status it was seen in, so that of two attempts only one sends.
 */
import type { Knex } from 'knex'
import { rows } from './connect.ts'

export type PaidCallStatus = 'intended' | 'sent' | 'unclear' | 'waiting' | 'done' | 'failed'

export interface PaidCall {
  readonly id: string
  readonly userId: string
  readonly provider: string
  readonly callKey: string
  readonly runId: string
  readonly step: string
  readonly part: number
  readonly status: PaidCallStatus
  /** How often it was sent without a clear refusal. */
  readonly sends: number
  readonly sentAt: Date | null
  readonly reference: string | null
  readonly error: string | null
}

const columns = `
  id, user_id AS "userId", provider, call_key AS "callKey", run_id AS "runId", step, part,
  status, sends, sent_at AS "sentAt", reference, error`

/** The row of what is to be paid for, made when there is none; it now belongs to the run that asks. */
export async function openPaidCall(
  db: Knex,
  call: Pick<PaidCall, 'userId' | 'provider' | 'callKey' | 'runId' | 'step' | 'part'>,
): Promise<PaidCall> {
  const [row] = await rows<PaidCall>(
    db,
    `INSERT INTO paid_calls (user_id, provider, call_key, run_id, step, part)
     VALUES (:userId, :provider, :callKey, :runId, :step, :part)
     ON CONFLICT (user_id, provider, call_key) WHERE status <> 'failed' DO UPDATE
       SET run_id = :runId,
           step = :step,
           part = :part
     RETURNING ${columns}`,
    { ...call },
  )
  return row!
}

export async function findPaidCall(db: Knex, id: string): Promise<PaidCall | undefined> {
  const [row] = await rows<PaidCall>(db, `SELECT ${columns} FROM paid_calls WHERE id = :id`, { id })
  return row
}

/** Notes that the call is about to be sent. False when another attempt was faster. */
export async function markSending(db: Knex, { id, status, sends }: PaidCall): Promise<boolean> {
  const marked = await rows(
    db,
    `UPDATE paid_calls
     SET status = 'sent',
         sends = sends + 1,
         sent_at = clock_timestamp()
     WHERE id = :id
       AND status = :status
       AND sends = :sends
     RETURNING 1`,
    { id, status, sends },
  )
  return marked.length === 1
}

/**
 * What became of the call; returns how often it was sent. A clear refusal does not count as sent: nothing was
 * charged. A call that has failed stays as it is.
 */
export async function settlePaidCall(
  db: Knex,
  id: string,
  outcome: { status: PaidCallStatus; reference?: string; error?: string; unsent?: boolean },
): Promise<number> {
  const [row] = await rows<{ sends: number }>(
    db,
    `UPDATE paid_calls
     SET status = :status,
         reference = coalesce(:reference, reference),
         error = :error,
         sends = sends - CASE WHEN CAST(:unsent AS boolean) THEN 1 ELSE 0 END
     WHERE id = :id
       AND status <> 'failed'
     RETURNING sends`,
    {
      id,
      status: outcome.status,
      reference: outcome.reference ?? null,
      error: outcome.error ?? null,
      unsent: outcome.unsent ?? false,
    },
  )
  return row?.sends ?? 0
}
