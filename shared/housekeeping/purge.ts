/**
 * Clears away what no episode can still need: the working files of runs that others have taken the place of, and of
 * episodes that are long published. Hides the order in which that is safe: announced, closed, deleted, forgotten.
 * Recordings, present deliverables and what is in the feed are never touched.
 */
import { withDatabase } from '../db/connect.ts'
import {
  announcePurge,
  closePurges,
  closedPurges,
  finishPurge,
  isPurgeClosed,
  keysOnlyOf,
  purgeableRuns,
  type ClosedPurge,
  type Purgeable,
} from '../db/purges.ts'
import type { Services } from '../engine/services.ts'
import { log } from '../log.ts'
import { episodeName, workName } from '../objects.ts'

/** In one call; the rest is left to the next. */
const mostRuns = 50

/** The runs whose working files would be cleared away next. */
export const clearable = ({ config }: Pick<Services, 'config'>): Promise<Purgeable[]> =>
  withDatabase(config.databaseUrl, (db) => purgeableRuns(db, config.keepDays, mostRuns))

/**
 * Moves every purge one phase on, and announces new ones; begins to clear no run after `endsAt`. Returns how many were
 * cleared.
 */
export async function clearAway(services: Services, endsAt = Infinity): Promise<number> {
  const { databaseUrl } = services.config
  const closed = await withDatabase(databaseUrl, async (db) => {
    const ready = await closedPurges(db, mostRuns)
    await closePurges(db)
    return ready
  })
  let cleared = 0
  for (const purge of closed) {
    if (Date.now() >= endsAt) break
    await clear(purge, services)
    cleared++
  }
  const next = await clearable(services)
  if (next.length > 0)
    await withDatabase(databaseUrl, async (db) => {
      for (const run of next) await announcePurge(db, run)
    })
  return cleared
}

/** Deletes what it saw first and forgets then: whatever ends in between is done again. */
async function clear(purge: ClosedPurge, { config, storage }: Services): Promise<void> {
  const { runId, userId, episodeId, oldContentHash, reason } = purge
  const { work, episodes } = config.buckets
  const keys = await withDatabase(config.databaseUrl, (db) => keysOnlyOf(db, runId))
  const folders = [
    // steps whose work is their effect name their files by the run
    ...[...keys, runId].map((key) => ({ bucket: work, prefix: workName(userId, key, '') })),
    ...(oldContentHash === null
      ? []
      : [{ bucket: episodes, prefix: episodeName(episodeId, oldContentHash, '') }]),
  ]
  const found = await Promise.all(
    folders.map(async ({ bucket, prefix }) =>
      (await storage.list(bucket, prefix)).map((object) => ({ ...object, bucket })),
    ),
  )
  const objects = found.flat()
  // another sweep may have cleared the run since its keys were read, and what is there now may be a later run's
  if (!(await withDatabase(config.databaseUrl, (db) => isPurgeClosed(db, runId)))) return
  for (const { bucket, name, generation } of objects) await storage.remove({ bucket, name, generation })
  await withDatabase(config.databaseUrl, (db) => db.transaction((trx) => finishPurge(trx, runId)))
  const bytes = objects.reduce((sum, object) => sum + object.bytes, 0)
  log.info({ run: runId, reason, objects: objects.length, bytes }, 'working files cleared away')
}
