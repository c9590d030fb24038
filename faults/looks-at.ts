/**
 * What is looked at of a subject whose work is one run of a user: its rows, its objects, what was charged and paid for. Hides
 * which of them say so.
 */
import { createHash } from 'node:crypto'
import type { StepIdentity } from '../shared/context.ts'
import { startAgain } from '../shared/episode/retry.ts'
import { AlreadyRunning } from '../shared/errors.ts'
import type { FaultyCloud } from './cloud.ts'
import { anything, type Subject } from './subject.ts'

const isInDoubt = (warnings: readonly { readonly code: string }[]): boolean =>
  warnings.some(({ code }) => code === 'possible_double_charge')

/** Twice no answer came to a request that costs something: its error says so, and it is not sent a third time. */
const unclear = 'provider_unclear'
/** What its producer is asked to begin again. */
const asksForRetry: ReadonlySet<string | null> = new Set(['disk_full', unclear])

const hash = (text: string): string => createHash('sha256').update(text).digest('hex')

export interface RunRow {
  readonly id: string
  readonly userId: string
  readonly status: string
  readonly stopReason: string | null
  readonly episodeId: string | null
  readonly podcastId: string | null
  readonly warnings: readonly { readonly code: string }[]
}

export function looksAt(cloud: FaultyCloud) {
  const { services, storage, ask, vendor } = cloud
  const runOwners = new Map<string, Promise<string | undefined>>()
  const ownerOf = (runId: string): Promise<string | undefined> => {
    const known = runOwners.get(runId)
    if (known) return known
    const asked = ask<{ userId: string }>('SELECT user_id AS "userId" FROM runs WHERE id = :runId', { runId })
    const owner = asked.then(([row]) => row?.userId)
    runOwners.set(runId, owner)
    return owner
  }

  const runsOf = (userId: string): Promise<RunRow[]> =>
    ask<RunRow>(
      `SELECT r.id, r.user_id AS "userId", r.status, r.stop_reason AS "stopReason", r.episode_id AS "episodeId",
              e.podcast_id AS "podcastId", r.warnings
       FROM runs r
       LEFT JOIN episodes e ON e.id = r.episode_id
       WHERE r.user_id = :userId
       ORDER BY r.created_at`,
      { userId },
    )

  /** What waits for its time is due, and the queue is told so. */
  const helpRuns = async (runIds: readonly string[]): Promise<void> => {
    for (const runId of runIds) {
      const waiting = await ask<StepIdentity>(
        `SELECT run_id AS "runId", step, part, turn
         FROM steps
         WHERE run_id = :runId AND status = 'pending' AND due_at > clock_timestamp() + interval '1 second'`,
        { runId },
      )
      await cloud.timePasses([runId])
      if (waiting.length > 0)
        await ask(`UPDATE paid_calls SET sent_at = sent_at - interval '1 hour' WHERE run_id = :runId`, {
          runId,
        })
      for (const step of waiting) await cloud.runNow(step)
    }
  }

  /** A subject whose work is one run of a user. */
  const ofOneRun = (
    userId: string,
    begin: () => Promise<void>,
    outcome: (run: RunRow) => Promise<unknown>,
    complaints: (run: RunRow) => Promise<string[]>,
    earlier: ReadonlySet<string> = new Set(),
  ): Subject => {
    const retried = new Set<string>()
    const all = async () => (await runsOf(userId)).filter(({ id }) => !earlier.has(id) && !retried.has(id))
    return {
      userId,
      owns: async ({ object, task }) =>
        object?.startsWith(`u/${userId}/`) ??
        (task !== undefined && !earlier.has(task.runId) && (await ownerOf(task.runId)) === userId),
      begin,
      isOver: async () => {
        const runs = await all()
        return runs.length > 0 && runs.every(({ status }) => status !== 'queued' && status !== 'started')
      },
      timePasses: async () => helpRuns((await all()).map(({ id }) => id)),
      retry: async () => {
        const run = (await all()).find(({ stopReason }) => asksForRetry.has(stopReason))
        if (!run) return false
        await startAgain(services, run.id).catch((error: unknown) => {
          if (!(error instanceof AlreadyRunning)) throw error
        })
        retried.add(run.id)
        return true
      },
      outcome: async () => outcome((await all())[0]!),
      complaints: async () => {
        const runs = await all()
        const run = runs[0]!
        const found: string[] = []
        if (runs.length !== 1) found.push(`${runs.length} runs where one was asked for`)
        if (run.status !== 'finished') found.push(`the run is ${run.status} (${run.stopReason})`)
        return [...found, ...(await stepsInTrouble(run.id)), ...(await complaints(run))]
      },
    }
  }

  const stepsInTrouble = async (runId: string): Promise<string[]> => {
    const steps = await ask<{ step: string; part: number; status: string; error: string | null }>(
      `SELECT step, part, status, error FROM steps WHERE run_id = :runId AND status <> 'done'`,
      { runId },
    )
    return steps.map(
      ({ step, part, status, error }) => `${step}/${part} is ${status} at the end: ${error ?? 'no error'}`,
    )
  }

  /** Names without what differs from one episode to the next, and what is in each. */
  const filesOf = async (bucket: string, prefix: string, userId: string): Promise<[string, string][]> => {
    const found = await services.storage.list(bucket, prefix)
    const files = found.map(async ({ name, contentHash }): Promise<[string, string]> => {
      const file = name.split('/').at(-1)!
      if (file !== 'timeline.json') return [file, contentHash]
      const [bytes] = await storage.bucket(bucket).file(name).download() // it names the user's working files
      return [file, hash(bytes.toString('utf8').replaceAll(userId, 'user'))]
    })
    return (await Promise.all(files)).filter(([file]) => file !== 'manifest.json').sort()
  }
  const paidTwice = async (apiKey: string, { userId }: RunRow): Promise<string[]> => {
    const runs = await runsOf(userId)
    const doubt = runs.some((run) => isInDoubt(run.warnings) || run.stopReason === unclear)
    return Object.entries(vendor.charged(apiKey)).flatMap(([what, times]) =>
      times > 1 && !doubt ? [`${what} was paid ${times} times, and nobody was told`] : [],
    )
  }

  const chargedOnce = async (userId: string): Promise<string[]> => {
    const entries = await ask<{ kind: string; key: string; count: number }>(
      `SELECT kind, entry_key AS key, count(*)::int AS count
       FROM usage_entries
       WHERE user_id = :userId AND refunded_at IS NULL
       GROUP BY kind, entry_key`,
      { userId },
    )
    const counters = await ask<{ used: number; charged: number }>(
      `SELECT coalesce(sum(amount), 0)::float8 AS charged,
              (SELECT coalesce(max(used), 0)::float8 FROM usage_counters c WHERE c.user_id = :userId) AS used
       FROM usage_entries
       WHERE user_id = :userId AND refunded_at IS NULL`,
      { userId },
    )
    return [
      ...entries.flatMap(({ key, count }) => (count > 1 ? [`${key} is charged ${count} times`] : [])),
      ...counters.flatMap(({ used, charged }) =>
        used > charged + 1e-6 ? [`${used} is counted, ${charged} charged`] : [],
      ),
    ]
  }

  /** What was asked for a second time lies under another name, and the page says that it may have been paid twice. */
  const doubtful = ({ warnings }: RunRow, files: readonly [string, string][]): [string, string][] =>
    files.map(([file, content]) => [
      file,
      isInDoubt(warnings) && /^(timeline\.json|review\.html)$/.test(file) ? anything : content,
    ])

  return { runsOf, helpRuns, ofOneRun, filesOf, paidTwice, chargedOnce, doubtful }
}
