/**
 * What a user has used, and may use: one row for each thing charged (usage_entries), and a counter for each
 * period (usage_counters). Hides how the counters stay right: each is changed by one guarded statement, so
 * that of simultaneous requests only as many pass as fit. The same thing is charged once, and given back when
 * its run fails.
 */
import type { Knex } from 'knex'
import type { UsageKind, UsageLimit, UsagePeriod } from '../config.ts'
import { rows } from './connect.ts'
import { isLive } from './runs.ts'

export interface UsageEntry {
  readonly userId: string
  readonly kind: UsageKind
  /** What it is for; charged once whatever happens. */
  readonly key: string
  readonly amount: number
  readonly runId: string | null
}

/** `hour`: 2026-11-22T10; `day`: 2026-11-22; `month`: 2026-11. UTC. */
const nameOf = (period: UsagePeriod, now: Date): string =>
  now.toISOString().slice(0, { hour: 13, day: 10, month: 7 }[period])

/**
 * Charges the entry to every limit's counter, or to none: returns the limit it would break. Charging the same
 * again does nothing, nor does charging a run that has ended: an attempt that was overtaken may come after the refund. Needs a transaction of its own or one that is rolled back when a limit is returned.
 */
export async function chargeUsage(
  trx: Knex,
  entry: UsageEntry,
  limits: readonly UsageLimit[],
  now = new Date(),
): Promise<UsageLimit | undefined> {
  const periods = limits.map(({ period }) => nameOf(period, now))
  if (!(await insertEntry(trx, entry, periods))) return undefined
  for (const [i, limit] of limits.entries()) {
    if (!(await addToCounter(trx, entry, periods[i]!, limit.most))) return limit
  }
  return undefined
}

/** False when it was charged before, and not given back since; and when its run has ended, which nothing is for any more. */
async function insertEntry(trx: Knex, entry: UsageEntry, periods: string[]): Promise<boolean> {
  const fresh = await rows(
    trx,
    `WITH live AS (
       SELECT 1
       FROM runs
       WHERE id = :runId
         AND ${isLive}
       FOR KEY SHARE -- whoever ends it comes before, or gives this back
     )
     INSERT INTO usage_entries (user_id, kind, entry_key, run_id, amount, periods)
     SELECT :userId, :kind, :key, CAST(:runId AS uuid), CAST(:amount AS double precision), CAST(:periods AS text[])
     WHERE CAST(:runId AS uuid) IS NULL OR EXISTS (SELECT 1 FROM live)
     ON CONFLICT (user_id, kind, entry_key) DO UPDATE
       SET run_id = :runId,
           amount = :amount,
           periods = :periods,
           refunded_at = NULL,
           created_at = clock_timestamp()
       WHERE usage_entries.refunded_at IS NOT NULL
     RETURNING 1`,
    { ...entry, periods },
  )
  return fresh.length === 1
}

/** The share of a limit at which its user is told that it is near. */
const nearCap = 0.8

/** False when the counter would pass `most`. */
async function addToCounter(
  trx: Knex,
  { userId, kind, amount }: UsageEntry,
  period: string,
  most: number,
): Promise<boolean> {
  const counted = await rows(
    trx,
    `WITH counted AS (
       INSERT INTO usage_counters AS c (user_id, kind, period, used)
       SELECT :userId, :kind, :period, :amount
       WHERE :amount <= CAST(:most AS double precision)
       ON CONFLICT (user_id, kind, period) DO UPDATE
         SET used = c.used + excluded.used
         WHERE c.used + excluded.used <= :most
       RETURNING used
     )
     SELECT CASE WHEN used - :amount < :near AND used >= :near THEN
       tell_webhooks(:userId, NULL, 'usage.near_cap', jsonb_build_object(
         'kind', CAST(:kind AS text), 'period', CAST(:period AS text), 'used', used, 'most', CAST(:most AS double precision)
       ))
     END
     FROM counted`,
    { userId, kind, period, amount, most, near: nearCap * most },
  )
  return counted.length === 1
}

/** Gives back what a run was charged, once. */
export const refundRun = (trx: Knex, runId: string): Promise<void> =>
  refund(trx, `run_id = :runId AND kind <> 'runs'`, { runId })

/** Gives back what was charged for one thing, once. */
export const refundEntry = (
  trx: Knex,
  { userId, kind, key }: Pick<UsageEntry, 'userId' | 'kind' | 'key'>,
): Promise<void> =>
  refund(trx, 'user_id = :userId AND kind = :kind AND entry_key = :key', { userId, kind, key })

async function refund(trx: Knex, which: string, bindings: Readonly<Record<string, string>>): Promise<void> {
  await trx.raw(
    `WITH refunded AS (
       UPDATE usage_entries
       SET refunded_at = clock_timestamp()
       WHERE ${which}
         AND refunded_at IS NULL
       RETURNING user_id, kind, amount, periods
     ),
     back AS (
       SELECT user_id, kind, period, sum(amount) AS amount
       FROM refunded, unnest(periods) AS period
       GROUP BY user_id, kind, period
     ),
     locked AS ( -- in the order in which they are charged, or a refund and a charge would wait for each other
       SELECT 1
       FROM usage_counters
       JOIN back USING (user_id, kind, period)
       ORDER BY kind, period DESC
       FOR UPDATE OF usage_counters
     )
     UPDATE usage_counters c
     SET used = greatest(0, c.used - back.amount)
     FROM back
     WHERE (c.user_id, c.kind, c.period) = (back.user_id, back.kind, back.period)
       AND (SELECT count(*) FROM locked) > 0`,
    bindings,
  )
}

/** What the user has used in the period of `now`, by kind. */
export async function usageOf(
  db: Knex,
  userId: string,
  period: UsagePeriod,
  now = new Date(),
): Promise<Readonly<Record<string, number>>> {
  const found = await rows<{ kind: string; used: number }>(
    db,
    `SELECT kind, used
     FROM usage_counters
     WHERE user_id = :userId
       AND period = :period`,
    { userId, period: nameOf(period, now) },
  )
  return Object.fromEntries(found.map(({ kind, used }) => [kind, used]))
}
