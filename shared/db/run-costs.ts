/** What runs have cost, as their rows tell: time, minutes that were charged, calls that were paid for. */
import type { Knex } from 'knex'
import { rows } from './connect.ts'

export interface RunCosts {
  /** From its start to its end, without the wait for its producer. */
  readonly elapsedSeconds: number
  /** Of all parts that were made, and not taken over from an earlier run. */
  readonly workSeconds: number
  readonly parts: number
  readonly made: number
  /** Minutes of recording that this run counted; 0 for a recording that was counted before. */
  readonly minutes: number
  /** Providers that were asked for money in this run, and how often. */
  readonly paid: readonly { readonly provider: string; readonly calls: number }[]
  /** The episode was made of another recording before. */
  readonly isAnotherRecording: boolean
}

/** Undefined when there is no such run, or it goes on. */
export async function runCosts(db: Knex, runId: string): Promise<RunCosts | undefined> {
  const [found] = await rows<RunCosts>(
    db,
    `SELECT extract(epoch FROM r.finished_at - r.created_at - coalesce(waited.long, interval '0'))::float8
              AS "elapsedSeconds",
            s."workSeconds",
            s.parts,
            s.made,
            (SELECT coalesce(sum(amount), 0)::float8
             FROM usage_entries
             WHERE run_id = r.id
               AND kind = 'minutes'
               AND refunded_at IS NULL) AS minutes,
            (SELECT coalesce(jsonb_agg(jsonb_build_object('provider', provider, 'calls', calls) ORDER BY provider), '[]')
             FROM (SELECT provider, count(*)::int AS calls
                   FROM paid_calls
                   WHERE run_id = r.id
                     AND status = 'done'
                     AND sent_at >= r.created_at
                   GROUP BY provider) AS by_provider) AS paid,
            coalesce(
              (SELECT earlier.context ->> 'recordingHash' <> r.context ->> 'recordingHash'
               FROM runs AS earlier
               WHERE earlier.episode_id = r.episode_id
                 AND earlier.status = 'finished'
                 AND earlier.created_at < r.created_at
               ORDER BY earlier.created_at DESC
               LIMIT 1), false) AS "isAnotherRecording"
     FROM runs AS r
     CROSS JOIN LATERAL (
       SELECT count(*)::int AS parts,
              (count(*) FILTER (WHERE NOT reused))::int AS made,
              coalesce(sum(extract(epoch FROM finished_at - started_at)) FILTER (WHERE NOT reused), 0)::float8
                AS "workSeconds"
       FROM steps
       WHERE run_id = r.id
     ) AS s
     LEFT JOIN LATERAL (
       SELECT decide.started_at - max(before.finished_at) AS long
       FROM steps AS decide
       JOIN steps AS before ON before.run_id = decide.run_id AND before.finished_at <= decide.started_at
       WHERE decide.run_id = r.id
         AND decide.step = 'decide'
       GROUP BY decide.started_at
     ) AS waited ON r.context ->> 'reviewed' = 'true'
     WHERE r.id = :runId
       AND r.finished_at IS NOT NULL`,
    { runId },
  )
  return found
}

/**
 * How long the run took here that is nearest in length to a recording of so many seconds, of those that took nothing over
 * and waited for nobody; undefined before there was one.
 */
export async function runLike(
  db: Knex,
  seconds: number,
): Promise<{ recordedSeconds: number; elapsedSeconds: number } | undefined> {
  const [found] = await rows<{ recordedSeconds: number; elapsedSeconds: number }>(
    db,
    `SELECT "recordedSeconds", "elapsedSeconds"
     FROM (SELECT id,
                  (context ->> 'totalSamples')::float8 / (context ->> 'sampleRate')::float8 AS "recordedSeconds",
                  extract(epoch FROM finished_at - created_at)::float8 AS "elapsedSeconds"
           FROM runs
           WHERE status = 'finished'
             AND context ->> 'totalSamples' IS NOT NULL
             AND context ->> 'reviewed' = 'false'
           ORDER BY created_at DESC
           LIMIT 100) AS recent
     WHERE "recordedSeconds" > 0
       AND NOT EXISTS (SELECT 1 FROM steps WHERE run_id = recent.id AND reused)
     ORDER BY abs(ln("recordedSeconds" / CAST(:seconds AS float8)))
     LIMIT 1`,
    { seconds },
  )
  return found
}
