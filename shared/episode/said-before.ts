/**
 * What was said of an episode before, and stands where it is not said again. Hides where a run keeps it, and where an episode does
 * of which no run was made here.
 */
import type { Knex } from 'knex'
import { aboutOf } from '../db/about-episodes.ts'
import { publicationOf, settledOf } from '../db/episodes.ts'
import { listEpisodes, type ListedEpisode } from '../db/listed-episodes.ts'
import { lastFinishedRunOf, latestRunOf, type Run } from '../db/runs.ts'
import { asSeen, type UploadPath } from '../objects.ts'
import { storedDetails, type SaidOfEpisode } from '../settings/episode.ts'
import { readContext } from './run-context.ts'

type Place = Pick<UploadPath, 'userId' | 'podcast' | 'episode'>

/** Nothing where there is no episode of that name. `by`: the run that was told it; the latest when not given. */
export const saidBefore = async (db: Knex, place: Place, by?: Run): Promise<SaidOfEpisode> =>
  await saidOf(db, await episodeAt(db, place), by)

/** The same, and what `publishTold` has of it. */
export async function toldBefore(
  db: Knex,
  place: Place,
): Promise<{ before: SaidOfEpisode; publishTold: string | null }> {
  const found = await episodeAt(db, place)
  return { before: await saidOf(db, found), publishTold: found ? await publishTold(db, found.id) : null }
}

async function saidOf(db: Knex, found: ListedEpisode | undefined, by?: Run): Promise<SaidOfEpisode> {
  if (!found) return {}
  const { details, number, season } = await settledOf(db, found.id)
  const run = by ?? (await latestRunOf(db, found.id))
  const numbers = { number: number ?? undefined, season: season ?? undefined }
  if (!run) return { ...storedDetails(details), ...numbers }
  const { episodeFacts, variables, publish } = readContext(
    run.context,
    'episodeFacts',
    'variables',
    'publish',
  )
  const isOut = (await publicationOf(db, found.id)).publishedAt !== null // when it comes out was said of that
  return {
    ...storedDetails((await aboutOf(db, run.id)).details ?? details),
    ...episodeFacts,
    guest: variables['guest'],
    publish: isOut ? undefined : (publish ?? undefined),
  }
}

/** What was said of when it is to come out, as its newest finished version was made; null for nothing. */
export async function publishTold(db: Knex, episodeId: string): Promise<string | null> {
  const made = await lastFinishedRunOf(db, episodeId)
  return made ? readContext(made.context, 'publish').publish : null
}

async function episodeAt(db: Knex, { userId, podcast, episode }: Place): Promise<ListedEpisode | undefined> {
  const names = { podcast: asSeen(podcast), slug: asSeen(episode) }
  return (await listEpisodes(db, { userId, limit: 1, after: undefined }, names))[0]
}
