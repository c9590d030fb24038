/** What is true in the end of what was counted, bought, decided and told. */
import type { Rows } from './rows.ts'
import { shortId } from './task-queue.ts'
import type { World } from './world.ts'

/**
 * Nothing is paid for again, unless nobody could know what became of it, or what it brought was lost since; and then its owner is
 * told.
 */
export function aboutPurchases({ vendor, looksUp, excuses, stolen }: World, { runs, steps }: Rows): string[] {
  const counts = Map.groupBy(vendor.charges, (what) => what)
  return [...counts].flatMap(([what, { length }]) => {
    const most = looksUp ? 1 : 1 + (excuses.has('fault') ? 1 : 0) + stolen.size
    if (length > most) return [`${what} was paid for ${length} times.`]
    const had = steps.filter(({ bought, status }) => bought?.includes(what) === true && status === 'done')
    const told = (runId: string) =>
      runs.find(({ id }) => id === runId)!.warnings.some(({ code }) => code === 'possible_double_charge')
    return length > 1 && had.length > 0 && !had.some(({ runId }) => told(runId))
      ? [`${what} was paid for ${length} times, and nobody was told.`]
      : []
  })
}

/** A counter says what its entries add up to, and a run that failed has nothing that it was charged. */
export async function aboutCounts({ database }: World): Promise<string[]> {
  const wrong = await database.rows<{ kind: string; used: number; sum: number }>(
    `SELECT kind, used, sum
     FROM usage_counters c
     CROSS JOIN LATERAL (
       SELECT coalesce(sum(amount), 0) AS sum
       FROM usage_entries e
       WHERE e.user_id = c.user_id AND e.kind = c.kind AND c.period = ANY (e.periods) AND refunded_at IS NULL
     ) AS entries
     WHERE used <> sum`,
  )
  const kept = await database.rows<{ runId: string }>(
    `SELECT r.id AS "runId" FROM runs r JOIN usage_entries u ON u.run_id = r.id
     WHERE r.status = 'failed' AND u.kind <> 'runs' AND u.refunded_at IS NULL`,
  )
  const uncounted = await database.rows<{ id: string }>(
    `SELECT id FROM runs
     WHERE context->>'publication' IS NULL
       AND 1 <> (SELECT count(*) FROM usage_entries u WHERE u.kind = 'runs' AND u.entry_key = runs.id::text)`,
  )
  return [
    ...wrong.map(({ kind, used, sum }) => `${used} ${kind} are counted, and ${sum} were charged.`),
    ...kept.map(({ runId }) => `Run ${shortId(runId)} failed and was not given back what it was charged.`),
    ...uncounted.map(({ id }) => `The start of run ${shortId(id)} is not counted once.`),
  ]
}

/** Revisions are counted, and each is one submission. */
export async function aboutDecisions({ database, promised }: World): Promise<string[]> {
  const found = await database.rows<{ revision: number; count: number }>(
    'SELECT revision, count(*)::int AS count FROM edit_decisions GROUP BY episode_id, revision ORDER BY revision',
  )
  const isCounted = found.every(({ revision, count }, i) => revision === i + 1 && count === 1)
  if (isCounted && found.length >= promised.decisions) return []
  return [
    `Of ${promised.decisions} submissions there are ${found.map(({ revision, count }) => `${count} of revision ${revision}`).join(', ')}.`,
  ]
}

/** Whoever wants to know was told of each move once. */
export async function aboutNews(
  { database }: World,
  news: Readonly<Record<string, number>>,
): Promise<string[]> {
  const found = await database.rows<{ event: string; count: number }>(
    'SELECT event, count(*)::int AS count FROM webhook_deliveries GROUP BY event',
  )
  const [isThere] = await database.rows('SELECT 1 FROM webhooks')
  if (!isThere) return [] // everything of the user was deleted
  const told = Object.fromEntries(found.map(({ event, count }) => [event, count]))
  return [...new Set([...Object.keys(told), ...Object.keys(news)])]
    .filter((event) => (told[event] ?? 0) !== (news[event] ?? 0))
    .map((event) => `${event} happened ${news[event] ?? 0} times and was told ${told[event] ?? 0} times.`)
}
