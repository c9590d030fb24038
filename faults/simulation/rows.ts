/** Runs and steps as they are in the end, with what of them is asked. */
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
  readonly endedAt: Date | null
  /** Its producer has looked. */
  readonly isReviewed: boolean
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
  readonly startedAt: Date | null
  readonly error: string | null
  /** It was told that its producer has looked. */
  readonly isReviewed: boolean
  readonly reused: boolean
}

export interface Rows {
  readonly runs: readonly RunRow[]
  readonly steps: readonly StepRow[]
}

export async function readRows({ database }: World): Promise<Rows> {
  const runs = await database.rows<RunRow>(
    `SELECT id, status, user_id AS "userId", stop_reason AS "stopReason", context->>'recordingObject' AS "recordingObject",
            context->>'recordingGeneration' AS generation, finished_at AS "endedAt",
            context->>'reviewed' = 'true' AS "isReviewed", episode_id AS "episodeId", warnings,
            context->>'publication' AS publication, (context->>'decisionRevision')::int AS revision,
            EXISTS (SELECT 1 FROM purges WHERE run_id = runs.id) AS "isPurged"
     FROM runs ORDER BY id`,
  )
  const steps = await database.rows<StepRow>(
    `SELECT run_id AS "runId", step, part, status, output->>'made' AS made, output->>'bought' AS bought,
            (context->>'decisionRevision')::int AS revision, input_key AS "inputKey", reused,
            attempt, started_at AS "startedAt", error, context->>'reviewed' = 'true' AS "isReviewed",
            (SELECT count(*)::int FROM simulated.effects e WHERE (e.run_id, e.step, e.part) = (s.run_id, s.step, s.part)) AS effects
     FROM steps s ORDER BY run_id, step, part`,
  )
  return { runs, steps }
}

/** Until when everything was deleted, in milliseconds since 1970; 0 when never. */
export async function deletedBefore({ database }: Pick<World, 'database'>): Promise<number> {
  const [found] = await database.rows<{ askedAt: Date | null }>(
    `SELECT max(asked_at) AS "askedAt" FROM deletions WHERE episode_id IS NULL AND podcast_id IS NULL`,
  )
  return found?.askedAt?.getTime() ?? 0
}
