/** Finds the episode that a command is given, by its id, its name, or "podcast/name"; and all of one name. */
import type { Knex } from 'knex'
import { withDatabase } from '../../shared/db/connect.ts'
import { findListedEpisode, listEpisodes, type ListedEpisode } from '../../shared/db/listed-episodes.ts'
import type { Services } from '../../shared/engine/services.ts'
import { episodesMeant, noEpisode, severalEpisodes } from '../client/names.ts'
import { userId } from './user.ts'

const mostListed = 6

/** Throws Permanent `not_found` when there is none, or more than one of that name. */
export const episodeNamed = ({ config }: Services, typed: string): Promise<ListedEpisode> =>
  withDatabase(config.databaseUrl, async (db) => {
    const page = { userId, limit: mostListed, after: undefined }
    const byId = await findListedEpisode(db, userId, typed)
    if (byId) return byId
    for (const name of episodesMeant(typed)) {
      const [found, ...others] = await listEpisodes(db, page, name)
      if (found && others.length > 0) throw severalEpisodes(typed, [found, ...others])
      if (found) return found
    }
    throw noEpisode(typed, await listEpisodes(db, page))
  })

const mostOfOneName = 100

/** Of that name, in whatever show, newest first. */
export const episodesOfName = (db: Knex, slug: string): Promise<ListedEpisode[]> =>
  listEpisodes(db, { userId, limit: mostOfOneName, after: undefined }, { slug })
