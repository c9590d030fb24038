/**
 * Checks a user's quota before work starts. Hides which limits each kind of work has and how a refusal is
 * worded: a limit has the name of its variable (RUNS_PER_HOUR).
 */
import type { Knex } from 'knex'
import type { Config, UsageKind, UsageLimit, UsagePeriod } from '../config.ts'
import { chargeUsage, usageOf, type UsageEntry } from '../db/usage.ts'
import type { ErrorCode } from '../codes.ts'
import { Permanent } from '../errors.ts'

const refusals: Readonly<Record<UsageKind, { code: ErrorCode; unit: string }>> = {
  runs: { code: 'rate_limited', unit: 'runs' },
  minutes: { code: 'monthly_cap', unit: 'minutes of recordings' },
  characters: { code: 'monthly_cap', unit: 'characters to be spoken' },
}

/** Charges the entry, or throws Permanent `rate_limited` or `monthly_cap`, and then nothing is charged. */
export async function charge(db: Knex, { quotas }: Pick<Config, 'quotas'>, entry: UsageEntry): Promise<void> {
  await db.transaction(async (trx) => {
    const broken = await chargeUsage(trx, entry, quotas[entry.kind])
    if (broken) throw refusal(entry, broken)
  })
}

function refusal(
  { kind, amount }: Pick<UsageEntry, 'kind' | 'amount'>,
  { period, most }: UsageLimit,
): Permanent {
  const { code, unit } = refusals[kind]
  const asked = kind === 'runs' ? '' : ` This needs ${Math.ceil(amount)} more.`
  return new Permanent(
    code,
    `The limit is ${most} ${unit} ${period === 'hour' ? 'an' : 'a'} ${period}, and it is reached.${asked} ` +
      `It works again from ${nextPeriod(period, new Date()).toISOString().slice(0, 16)}Z on; ` +
      `whoever runs this Spool can raise the limit: ${`${kind}_per_${period}`.toUpperCase()}.`,
  )
}

/** When the counters of such a period begin anew: periods are those of UTC. */
function nextPeriod(period: UsagePeriod, now: Date): Date {
  const [year, month, day, hour] = [
    now.getUTCFullYear(),
    now.getUTCMonth(),
    now.getUTCDate(),
    now.getUTCHours(),
  ]
  switch (period) {
    case 'hour':
      return new Date(Date.UTC(year, month, day, hour + 1))
    case 'day':
      return new Date(Date.UTC(year, month, day + 1))
    case 'month':
      return new Date(Date.UTC(year, month + 1))
  }
}

export interface Allowance {
  readonly kind: UsageKind
  readonly period: string
  readonly used: number
  readonly most: number
}

/** What the user has used of every limit there is, in the hour, day or month it is. */
export async function allowances(
  db: Knex,
  { quotas }: Pick<Config, 'quotas'>,
  userId: string,
): Promise<Allowance[]> {
  const now = new Date()
  const found: Allowance[] = []
  for (const [kind, limits] of Object.entries(quotas) as [UsageKind, readonly UsageLimit[]][])
    for (const { period, most } of limits)
      found.push({ kind, period, most, used: (await usageOf(db, userId, period, now))[kind] ?? 0 })
  return found
}
