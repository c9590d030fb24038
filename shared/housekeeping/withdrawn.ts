/**
 * Looks at episodes once more that were taken out of the feed. Hides that an attempt to publish one may have been at work
 * then, and have put a file before listeners after all of them were taken away.
 */
import { withDatabase } from '../db/connect.ts'
import { noteLook, settledWithdrawals, type Withdrawn } from '../db/withdrawals.ts'
import type { Services } from '../engine/services.ts'
import { startPublication } from '../episode/publication.ts'
import { AlreadyRunning } from '../errors.ts'
import { log } from '../log.ts'
import { publicFolder } from '../objects.ts'

/** In one call; the rest is left to the next. */
const atOnce = 100

/**
 * Returns of how many something is taken away now, each by a run: nothing else changes what is public meanwhile. Begins with
 * no further one after `endsAt`.
 */
export async function clearWithdrawn(services: Services, endsAt = Infinity): Promise<number> {
  const found = await withDatabase(services.config.databaseUrl, (db) => settledWithdrawals(db, atOnce))
  let started = 0
  for (const episode of found) {
    if (Date.now() >= endsAt) break
    try {
      if (await clearOrForget(services, episode)) started++
    } catch (error) {
      if (error instanceof AlreadyRunning) continue // it is looked at after that run
      log.error({ episode: episode.id, error: String(error) }, 'not cleared away') // it must not keep the others
    }
  }
  return started
}

async function clearOrForget(services: Services, episode: Withdrawn): Promise<boolean> {
  const { config, storage } = services
  const left = await storage.list(config.buckets.public, publicFolder(episode.podcastId, episode.id))
  const isOver = left.length === 0
  await withDatabase(config.databaseUrl, (db) => noteLook(db, episode, isOver))
  if (isOver) return false
  await startPublication(services, episode.id, 'clear')
  return true
}
