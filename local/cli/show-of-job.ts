/** Finds the show that a job on this machine is of. Hides that a name, or a title, nearly the same means one that is there. */
import { withDatabase } from '../../shared/db/connect.ts'
import { listPodcasts } from '../../shared/db/podcasts.ts'
import { podcastSettings } from '../../shared/settings/podcast.ts'
import type { Attached } from '../host/attach.ts'
import { newShow, podcastMeant } from '../client/names.ts'
import { podcastOf, type Job } from './job-files.ts'
import { userId } from './user.ts'

const mostShows = 1000

/** The show that is meant; `note`: that it is a new one. */
export async function showOf({ env }: Attached, job: Job): Promise<{ podcast: string; note: string }> {
  const named = await podcastOf(job)
  if (job.podcast === undefined) return { podcast: named, note: '' }
  const shows = await withDatabase(env['DATABASE_URL']!, async (db) =>
    (await listPodcasts(db, { userId, limit: mostShows, after: undefined })).map(({ slug, settings }) => ({
      slug,
      settings: podcastSettings(settings),
    })),
  )
  const found = podcastMeant(named, shows)
  return { podcast: found?.slug ?? named, note: found ? '' : newShow(named, shows, job.podcast) }
}
