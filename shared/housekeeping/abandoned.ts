/**
 * Uploads that nothing came of: words and covers whose recording never arrived, and some of several recordings whose others
 * did not. They go when they have lain for long and nobody has added anything beside them.
 */
import { withDatabase } from '../db/connect.ts'
import { doubtfulUploads, forgetUpload, markWanted, type DoubtfulUpload } from '../db/media-items.ts'
import type { Services } from '../engine/services.ts'
import { log } from '../log.ts'

/** In one call; the rest is left to the next. */
const atOnce = 100

type Needed = Pick<Services, 'config' | 'storage'>

/** What would go next. */
export const abandonedUploads = async ({ config }: Pick<Services, 'config'>): Promise<DoubtfulUpload[]> =>
  (await doubtful({ config })).filter(({ isWanted }) => !isWanted)

const doubtful = ({ config }: Pick<Services, 'config'>): Promise<DoubtfulUpload[]> =>
  withDatabase(config.databaseUrl, (db) => doubtfulUploads(db, config.keepDays.abandoned, atOnce))

/** Returns how many went. The object goes first: whatever ends in between is done again. */
export async function clearAbandoned({ config, storage }: Needed): Promise<number> {
  const found = await doubtful({ config })
  const wanted = found.filter(({ isWanted }) => isWanted).map(({ id }) => id)
  if (wanted.length > 0) await withDatabase(config.databaseUrl, (db) => markWanted(db, wanted))
  const gone = found.filter(({ isWanted }) => !isWanted)
  for (const { id, object } of gone) {
    await storage.remove({ bucket: config.buckets.uploads, name: object })
    await withDatabase(config.databaseUrl, (db) => forgetUpload(db, id))
    log.info({ object }, 'an abandoned upload cleared away')
  }
  return gone.length
}
