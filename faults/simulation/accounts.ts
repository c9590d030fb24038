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
export function aboutCounts({ runs, wrongCounters }: Rows): string[] {
  const kept = runs.filter(({ status, isCharged }) => status === 'failed' && isCharged)
  const uncounted = runs.filter(({ publication, starts }) => publication === null && starts !== 1)
  return [
    ...wrongCounters.map(({ kind, used, sum }) => `${used} ${kind} are counted, and ${sum} were charged.`),
    ...kept.map(({ id }) => `Run ${shortId(id)} failed and was not given back what it was charged.`),
    ...uncounted.map(({ id }) => `The start of run ${shortId(id)} is not counted once.`),
  ]
}

/** Revisions are counted, and each is one submission. */
export function aboutDecisions({ promised }: World, { decisions }: Rows): string[] {
  const isCounted = decisions.every(({ revision, count }, i) => revision === i + 1 && count === 1)
  if (isCounted && decisions.length >= promised.decisions) return []
  return [
    `Of ${promised.decisions} submissions there are ${decisions.map(({ revision, count }) => `${count} of revision ${revision}`).join(', ')}.`,
  ]
}

/** Whoever wants to know was told of each move once. */
export function aboutNews(rows: Rows, news: Readonly<Record<string, number>>): string[] {
  if (!rows.filled.some(({ name }) => name === 'webhooks')) return [] // everything of the user was deleted
  const told = Object.fromEntries(rows.told.map(({ event, count }) => [event, count]))
  return [...new Set([...Object.keys(told), ...Object.keys(news)])]
    .filter((event) => (told[event] ?? 0) !== (news[event] ?? 0))
    .map((event) => `${event} happened ${news[event] ?? 0} times and was told ${told[event] ?? 0} times.`)
}
