/**
 * What a sweep has to do, and what it may clear away. Hides that all of it is looked for at once: of the sweeps of a day,
 * one a minute, nearly all find nothing.
 */
import type { Knex } from 'knex'
import { oldCounts, oldRequests } from './api-requests.ts'
import { rows } from './connect.ts'
import { undoneDeletions } from './deletions.ts'
import { episodesToPublish } from './episodes.ts'
import { oldUnknownUploads } from './media-items.ts'
import { stepsOverdue } from './overdue-steps.ts'
import { podcastsToShowAgain } from './podcasts.ts'
import { purgesToGoOn, runsToPurge, type PurgeAges } from './purges.ts'
import { runsOfLostResults } from './runs.ts'
import { expiredSessions, expiredSignIns } from './sessions.ts'
import { dueDeliveries, oldDeliveries } from './webhooks.ts'
import { episodesToLookAtAgain } from './withdrawals.ts'

/** Whether there is anything of each kind to be done. */
export interface Due {
  readonly publications: boolean
  readonly feeds: boolean
  readonly deliveries: boolean
  readonly steps: boolean
  readonly lostResults: boolean
}

export async function whatIsDue(db: Knex, overdueMs: number): Promise<Due> {
  const [due] = await rows<Due>(
    db,
    `SELECT EXISTS (SELECT 1 ${episodesToPublish}) AS publications,
            EXISTS (SELECT 1 ${podcastsToShowAgain}) AS feeds,
            EXISTS (SELECT 1 ${dueDeliveries}) AS deliveries,
            EXISTS (SELECT 1 ${stepsOverdue}) AS steps,
            EXISTS (SELECT 1 ${runsOfLostResults}) AS "lostResults"`,
    { overdueMs },
  )
  return due!
}

/** Whether there is anything of each kind to be cleared away. */
export interface Waste {
  /** Rows that are of no use to anybody any more. */
  readonly rows: boolean
  readonly deletions: boolean
  readonly purges: boolean
  readonly uploads: boolean
  readonly withdrawals: boolean
}

/** `abandoned`: after so many days an upload may be one that nothing came of. */
export async function whatMayGo(db: Knex, ages: PurgeAges & { readonly abandoned: number }): Promise<Waste> {
  const { superseded, settled, abandoned: days } = ages
  const [waste] = await rows<Waste>(
    db,
    `SELECT EXISTS (SELECT 1 ${oldRequests})
              OR EXISTS (SELECT 1 ${oldCounts})
              OR EXISTS (SELECT 1 ${expiredSessions})
              OR EXISTS (SELECT 1 ${expiredSignIns})
              OR EXISTS (SELECT 1 ${oldDeliveries}) AS rows,
            EXISTS (SELECT 1 ${undoneDeletions}) AS deletions,
            EXISTS (SELECT 1 ${purgesToGoOn}) OR EXISTS (SELECT 1 ${runsToPurge}) AS purges,
            EXISTS (SELECT 1 ${oldUnknownUploads}) AS uploads,
            EXISTS (SELECT 1 ${episodesToLookAtAgain}) AS withdrawals`,
    { superseded, settled, days },
  )
  return waste!
}
