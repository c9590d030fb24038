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
import { broughtTo } from '../../shared/episode/brought.ts'
import { NotReady } from '../../shared/episode/not-ready.ts'
import { faultsOf } from '../../shared/episode/preflight.ts'
import { whatIsAtWork, whatIsReplaced } from '../../shared/episode/replaced.ts'
import { codeOf } from '../../shared/errors.ts'
import { assetsFolder, templateFile, trials, uploadName } from '../../shared/objects.ts'
import { podcastSettings } from '../../shared/settings/podcast.ts'
import { openStorage } from '../../shared/storage.ts'
import type { Attached } from '../host/attach.ts'
import { newShow, podcastMeant } from '../client/names.ts'
import { announce } from './announce.ts'
import { episodeSlug, filesOf, numbersOf, podcastOf, readPodcast, type Job } from './job-files.ts'
import { notLookedInto } from './preflight.ts'
import { isOtherTemplate, takeOver, takesPlace, takesWaitingPlace } from './taking-over.ts'
import { userId } from './user.ts'

const mostShows = 1000

/** The show that is meant; `note`: that it is a new one, or what is changed of one that is there, and of its episode; `isThere`: that has one of this name. Throws as `takeOver`. */
export async function showOf(
  { env }: Attached,
  uploads: Bucket,
  job: Job,
): Promise<{ podcast: string; note: string; isThere: boolean }> {
  const named = await podcastOf(job)
  const file = job.podcast
  return await withDatabase(env['DATABASE_URL']!, async (db) => {
    const replacing = (podcast: string) => replacedNote(db, podcast, job)
    const there = async (podcast: string) => {
      const ofThatName = { podcast, slug: episodeSlug(job) }
      return (await listEpisodes(db, { userId, limit: 1, after: undefined }, ofThatName))[0]
    }
    if (file === undefined) {
      const isThere = (await there(named)) !== undefined
      return { podcast: named, note: await replacing(named), isThere }
    }
    const all = await listPodcasts(db, { userId, limit: mostShows, after: undefined })
    const shows = all.map(({ slug, settings }) => ({ slug, settings: podcastSettings(settings) }))
    const found = podcastMeant(named, shows)
    if (!found) return { podcast: named, note: newShow(named, shows, file), isThere: false }
    const { slug, settings: known } = found
    const episode = await there(slug)
    const changesTemplate =
      job.isShows === true && (await isOtherTemplate(job.template!, await templateIn(uploads, slug)))
    const told = await readPodcast(file)
    const isMeant = job.sameShow
    const note = takeOver({ slug, known, told, file, changesTemplate, episode: episode?.title, isMeant })
    return { podcast: slug, note: note + (await replacing(slug)), isThere: episode !== undefined }
  })
}

/** Empty where no other recording's episode is made anew of these, and no version of it waits. */
async function replacedNote(db: Knex, podcast: string, job: Job): Promise<string> {
  const episode = episodeSlug(job)
  const { recordings } = await announce(await filesOf(job))
  const name = `${podcast}/${episode}`
  const coming = { userId, podcast, episode, recordings }
  const waits = (await whatIsAtWork(db, coming)).waits ? takesWaitingPlace(name) : ''
  const replaced = await whatIsReplaced(db, coming)
  if (!replaced) return waits
  return (
    takesPlace(replaced, {
      ...{ episode: name, numbers: await numbersOf(job), apart: 'give the recordings different names' },
      isMeant: job.sameEpisode === true || podcast.startsWith(trials), // nobody has subscribed to a trial
    }) + waits
  )
}

/** Into what is known of its show and of the episode. Throws NotReady, before anything that lies there is changed. */
export async function mustFit({ env }: Attached, podcast: string, job: Job): Promise<void> {
  const { recordings, beside } = await announce(await filesOf(job))
  const start = (content: Buffer) => (length: number) => Promise.resolve(content.subarray(0, length))
  const announced = {
    ...{ podcast, episode: episodeSlug(job) },
    recordings: recordings.map((one) => ({ ...one, head: start(Buffer.alloc(0)) })),
    beside: beside.map(({ content, ...one }) => ({ ...one, ...(content ? { head: start(content) } : {}) })),
  }
  const config = parseConfig(env)
  const services = { config, storage: openStorage(config.storage) }
  const faults = notLookedInto(job, await faultsOf(await broughtTo(userId, announced, services)))
  if (faults.length > 0) throw new NotReady(faults)
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
