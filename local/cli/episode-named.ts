/** Finds the episode that a command is given, by its id or by the name of its recording's folder. */
import { withDatabase } from '../../shared/db/connect.ts'
import { findEpisodesOf, type Episode } from '../../shared/db/episodes.ts'
import type { Services } from '../../shared/engine/services.ts'
import { Permanent } from '../../shared/errors.ts'
import { userId } from './user.ts'

/** Throws Permanent `not_found` when there is none, or more than one of that name. */
export async function episodeNamed({ config }: Services, episode: string): Promise<Episode> {
  const [found, ...others] = await withDatabase(config.databaseUrl, (db) =>
    findEpisodesOf(db, userId, episode),
  )
  if (found && others.length > 0) {
    const ids = [found, ...others].map(({ id, title }) => `${id} (${title})`)
    throw new Permanent(
      'not_found',
      `There are ${ids.length} episodes "${episode}". Name one by its id: ${ids.join(', ')}.`,
    )
  }
  if (!found)
    throw new Permanent(
      'not_found',
      `There is no episode "${episode}". Name it by its id, or by the name of its recording.`,
    )
  return found
}
