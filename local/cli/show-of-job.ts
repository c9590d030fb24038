/**
 * Finds the show that a job on this machine is of, and whether the job fits into it. Hides that a name, or a title, nearly the same means one that is there,
 * and where what it was is read.
 */
import type { Bucket } from '@google-cloud/storage'
import type { Knex } from 'knex'
import { withDatabase } from '../../shared/db/connect.ts'
import { listEpisodes } from '../../shared/db/listed-episodes.ts'
import { listPodcasts } from '../../shared/db/podcasts.ts'
import { parseConfig } from '../../shared/config.ts'
import { mustBeReady } from '../../shared/episode/brought.ts'
import { whatIsReplaced } from '../../shared/episode/replaced.ts'
import { codeOf } from '../../shared/errors.ts'
import { assetsFolder, templateFile, uploadName } from '../../shared/objects.ts'
import { podcastSettings } from '../../shared/settings/podcast.ts'
import { openStorage } from '../../shared/storage.ts'
import type { Attached } from '../host/attach.ts'
import { newShow, podcastMeant } from '../client/names.ts'
import { announce } from './announce.ts'
import { episodeSlug, filesOf, numbersOf, podcastOf, readPodcast, type Job } from './job-files.ts'
import { isOtherTemplate, takeOver, takesPlace } from './taking-over.ts'
import { userId } from './user.ts'

const mostShows = 1000

/** The show that is meant; `note`: that it is a new one, or what is changed of one that is there, and of its episode. Throws as `takeOver`. */
export async function showOf(
  { env }: Attached,
  uploads: Bucket,
  job: Job,
): Promise<{ podcast: string; note: string }> {
  const named = await podcastOf(job)
  const file = job.podcast
  return await withDatabase(env['DATABASE_URL']!, async (db) => {
    const replacing = (podcast: string) => replacedNote(db, podcast, job)
    if (file === undefined) return { podcast: named, note: await replacing(named) }
    const all = await listPodcasts(db, { userId, limit: mostShows, after: undefined })
    const shows = all.map(({ slug, settings }) => ({ slug, settings: podcastSettings(settings) }))
    const found = podcastMeant(named, shows)
    if (!found) return { podcast: named, note: newShow(named, shows, file) }
    const { slug, settings: known } = found
    const ofThatName = { podcast: slug, slug: episodeSlug(job) }
    const [episode] = await listEpisodes(db, { userId, limit: 1, after: undefined }, ofThatName)
    const changesTemplate =
      job.isShows === true && (await isOtherTemplate(job.template!, await templateIn(uploads, slug)))
    const told = await readPodcast(file)
    const isMeant = job.sameShow
    const note = takeOver({ slug, known, told, file, changesTemplate, episode: episode?.title, isMeant })
    return { podcast: slug, note: note + (await replacing(slug)) }
  })
}

/** Empty where no other recording's episode is made anew of these. */
async function replacedNote(db: Knex, podcast: string, job: Job): Promise<string> {
  const episode = episodeSlug(job)
  const { recordings } = await announce(await filesOf(job))
  const replaced = await whatIsReplaced(db, { userId, podcast, episode, recordings })
  if (!replaced) return ''
  return takesPlace(replaced, {
    ...{ episode: `${podcast}/${episode}`, numbers: await numbersOf(job) },
    ...{ apart: 'give the recordings different names', isMeant: job.sameEpisode === true },
  })
}

/** By the show's template, where the job brings none. Throws NotReady, before anything that lies there is changed. */
export async function mustFit({ env }: Attached, podcast: string, job: Job): Promise<void> {
  if (job.template !== undefined) return
  const { recordings, beside } = await announce(await filesOf(job))
  const start = (content: Buffer) => (length: number) => Promise.resolve(content.subarray(0, length))
  const announced = {
    ...{ podcast, episode: episodeSlug(job) },
    recordings: recordings.map((one) => ({ ...one, head: start(Buffer.alloc(0)) })),
    beside: beside.map(({ content, ...one }) => ({ ...one, ...(content ? { head: start(content) } : {}) })),
  }
  const config = parseConfig(env)
  await mustBeReady(userId, announced, { config, storage: openStorage(config.storage) })
}

/** The show's template as it lies there; the defaults where there is none. */
async function templateIn(uploads: Bucket, slug: string): Promise<string> {
  try {
    const [text] = await uploads.file(uploadName(userId, slug, assetsFolder, templateFile)).download()
    return text.toString('utf8')
  } catch (error) {
    if (codeOf(error) === '404') return '{}'
    throw error
  }
}
