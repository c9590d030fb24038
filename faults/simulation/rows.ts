/** What the database holds in the end, all of it read in one statement, with what of it is asked. */
import type { Entry } from './journal.ts'
import type { World } from './world.ts'

export interface RunRow {
  readonly id: string
  readonly status: string
  readonly stopReason: string | null
  readonly episodeId: string
  readonly publication: string | null
  readonly revision: number | null
  readonly warnings: readonly { readonly code: string }[]
  readonly isPurged: boolean
  readonly userId: string
  readonly recordingObject: string
  readonly generation: string
  readonly endedAtMs: number | null
  /** Its producer has looked. */
  readonly isReviewed: boolean
  /** How often its start was charged. */
  readonly starts: number
  /** It has what it was charged besides. */
  readonly isCharged: boolean
}

export interface StepRow {
  readonly runId: string
  readonly step: string
  readonly part: number
  readonly status: string
  readonly made: string | null
  readonly bought: string | null
  readonly revision: number | null
  readonly inputKey: string | null
  readonly effects: number
  readonly attempt: number
  readonly startedAtMs: number | null
  readonly error: string | null
  /** It was told that its producer has looked. */
  readonly isReviewed: boolean
  readonly reused: boolean
}

export interface EpisodeRow {
  readonly id: string
  readonly podcastId: string
  /** The show's title, where it was given one. */
  readonly show: string | null
  readonly status: string
  readonly publishedHash: string | null
  readonly contentHash: string | null
  readonly isPublished: boolean
  readonly hasLiveRun: boolean
}

export interface DeletionRow {
  readonly episodeId: string | null
  readonly podcastId: string | null
  readonly askedAtMs: number
}

export interface Rows {
  readonly runs: readonly RunRow[]
  readonly steps: readonly StepRow[]
  readonly episodes: readonly EpisodeRow[]
  readonly deletions: readonly DeletionRow[]
  /** Counters that say something else than their entries add up to. */
  readonly wrongCounters: readonly { readonly kind: string; readonly used: number; readonly sum: number }[]
  readonly decisions: readonly { readonly revision: number; readonly count: number }[]
  /** What webhooks are told. */
  readonly told: readonly { readonly event: string; readonly count: number }[]
  /** Tables of which a row is there. */
  readonly filled: readonly { readonly name: 'users' | 'webhooks' }[]
  readonly journal: readonly Entry[]
}

const msOf = (time: string): string => `(extract(epoch FROM ${time}) * 1000)::float8`

const asked: Readonly<Record<keyof Rows, string>> = {
  runs: `
    SELECT id, status, user_id AS "userId", stop_reason AS "stopReason", context->>'recordingObject' AS "recordingObject",
           context->>'recordingGeneration' AS generation, ${msOf('finished_at')} AS "endedAtMs",
           context->>'reviewed' = 'true' AS "isReviewed", episode_id AS "episodeId", warnings,
           context->>'publication' AS publication, (context->>'decisionRevision')::int AS revision,
           EXISTS (SELECT 1 FROM purges WHERE run_id = runs.id) AS "isPurged",
           (SELECT count(*) FROM usage_entries u WHERE u.kind = 'runs' AND u.entry_key = runs.id::text) AS starts,
           EXISTS (
             SELECT 1 FROM usage_entries u WHERE u.run_id = runs.id AND u.kind <> 'runs' AND u.refunded_at IS NULL
           ) AS "isCharged"
    FROM runs
    ORDER BY id`,
  steps: `
    SELECT run_id AS "runId", step, part, status, output->>'made' AS made, output->>'bought' AS bought,
           (context->>'decisionRevision')::int AS revision, input_key AS "inputKey", reused,
           attempt, ${msOf('started_at')} AS "startedAtMs", error, context->>'reviewed' = 'true' AS "isReviewed",
           (SELECT count(*) FROM simulated.effects e WHERE (e.run_id, e.step, e.part) = (s.run_id, s.step, s.part)) AS effects
    FROM steps s
    ORDER BY run_id, step, part`,
  episodes: `
    SELECT id, podcast_id AS "podcastId", status, published IS NOT NULL AS "isPublished",
           published->>'contentHash' AS "publishedHash", content_hash AS "contentHash",
           (SELECT settings->>'title' FROM podcasts WHERE id = podcast_id) AS show,
           EXISTS (
             SELECT 1 FROM runs
             WHERE episode_id = episodes.id
               AND status IN ('queued', 'started', 'awaiting_review')
           ) AS "hasLiveRun"
    FROM episodes
    ORDER BY id`,
  deletions: `
    SELECT episode_id AS "episodeId", podcast_id AS "podcastId", ${msOf('asked_at')} AS "askedAtMs" FROM deletions`,
  wrongCounters: `
    SELECT kind, used, sum
    FROM usage_counters c
    CROSS JOIN LATERAL (
      SELECT coalesce(sum(amount), 0) AS sum
      FROM usage_entries e
      WHERE e.user_id = c.user_id AND e.kind = c.kind AND c.period = ANY (e.periods) AND refunded_at IS NULL
    ) AS entries
    WHERE used <> sum`,
  decisions: `
    SELECT revision, count(*) FROM edit_decisions GROUP BY episode_id, revision ORDER BY revision`,
  told: `SELECT event, count(*) FROM webhook_deliveries GROUP BY event`,
  filled: `
    (SELECT 'users' AS name FROM users LIMIT 1) UNION ALL (SELECT 'webhooks' FROM webhooks LIMIT 1)`,
  journal: `
    SELECT backend, ${msOf('at')} AS "atMs", relation, before, after FROM simulated.journal ORDER BY seq`,
}

const statement = `SELECT ${Object.entries(asked)
  .map(([name, sql]) => `(SELECT coalesce(json_agg(found), '[]') FROM (${sql}) AS found) AS "${name}"`)
  .join(', ')}`

export async function readRows({ database }: World): Promise<Rows> {
  const [found] = await database.rows<Rows>(statement)
  return found!
}

/** Until when everything was deleted, in milliseconds since 1970; 0 when never. */
export const deletedBeforeMs = ({ deletions }: Rows): number =>
  Math.max(0, ...deletions.filter(isOfEverything).map(({ askedAtMs }) => askedAtMs))

export const isOfEverything = ({ episodeId, podcastId }: DeletionRow): boolean =>
  episodeId === null && podcastId === null
