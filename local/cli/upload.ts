/**
 * `spool upload`: brings recordings, and what belongs to them, to a Spool that stays, and says which run they started. Hides
 * how the run is found: it is the one that was not there before.
 */
import path from 'node:path'
import { Permanent } from '../../shared/errors.ts'
import { NotReady, type Fault } from '../../shared/episode/not-ready.ts'
import type { Replaced } from '../../shared/episode/replaced.ts'
import { slugOf } from '../../shared/objects.ts'
import type { Client } from '../client/client.ts'
import { isLive, latestRun, until, type Episode, type RunWatcher } from '../client/episodes.ts'
import { allPodcasts, mistypedOf, newShow, podcastMeant, type Podcast } from '../client/names.ts'
import { sendFile, type Memory } from '../client/send.ts'
import { announce, bytesOf } from './announce.ts'
import { mustBeReady, notLookedInto } from './preflight.ts'
import {
  episodeSlug,
  filesOf,
  isShow,
  namesFile,
  numbersOf,
  podcastOf,
  readPodcast,
  withShow,
  type Job,
  type JobFile,
} from './job-files.ts'
import { quoted } from './quoted.ts'
import { assetsThere, isSameFile, takeFormerCovers } from './show-assets.ts'
import { isOtherTemplate, takeOver, takesPlace, takesWaitingPlace, waitsAlong } from './taking-over.ts'
import { asBegun, outcome, type Started, type UploadReport } from './upload-outcome.ts'

export interface UploadJob extends Job {
  /** A podcast's name, its settings, or a show's folder. */
  readonly podcast: string
  /** An episode's name, or its settings. */
  readonly episode?: string
  /** Until it is finished, or waits for a decision. */
  readonly wait?: boolean
  /** Whatever is being made of this episode ends first. */
  readonly cancel?: boolean
}

/** Told of each file how much of it has come. */
export interface UploadWatcher {
  readonly sending: (file: string, sent: number, bytes: number) => void
  /** Of a show that is new, or what changes of one that is there. */
  readonly beginning: (note: string) => void
  readonly making: RunWatcher
}

/** Throws Permanent: `already_running` while the episode is being made, or with the run's code when that failed. */
export async function upload(
  client: Client,
  memory: Memory,
  asked: UploadJob,
  watch: UploadWatcher,
  signal: AbortSignal,
): Promise<UploadReport> {
  const { job, podcast: named, episode } = await namesOf(asked)
  await mustBeReady(job)
  const shows = await allPodcasts(client)
  const known = podcastMeant(named, shows)
  if (!known && job.podcast === undefined) mustBeMeant(named, shows)
  const podcast = known?.slug ?? named
  const there = await episodeAt(client, podcast, episode)
  const note = known
    ? await changesOf(client, known, there?.title, job)
    : newShow(podcast, shows, job.podcast)
  const files = await filesOf({ ...job, isThere: there !== undefined })
  const isInFeed = (there?.publishedAt ?? null) !== null
  const ahead = await lookAhead(client, { podcast, episode }, files, isInFeed)
  const { faults, replaces, waits = false } = ahead
  const name = `${podcast}/${episode}`
  const before = await runOf(client, podcast, episode)
  if (asked.wait && !asked.cancel && ahead.isBeingMade && before) {
    watch.beginning(waitsAlong(name))
    return await outcome(client, { run: before, name, files }, watch.making, signal)
  }
  const left = notLookedInto(job, faults)
  if (left.length > 0) throw new NotReady(left)
  const taking = {
    ...{ episode: name, numbers: await numbersOf(job) },
    ...{ apart: 'give this one another name: --episode NAME', isMeant: job.sameEpisode === true },
  }
  const replacing = replaces ? takesPlace(replaces, taking) : ''
  watch.beginning(note + replacing + (waits ? takesWaitingPlace(taking.episode) : ''))
  if (before && isLive(before)) {
    if (!asked.cancel)
      throw new Permanent(
        'already_running',
        `Episode ${episode} is being made just now: ./spool list says how far it is. The same upload with --wait waits for it; --cancel ends it first.`,
      )
    await client.post(`/runs/${before.id}/cancel`)
  }
  await sendAll(client, memory, { podcast, episode, files, showId: known?.id }, watch, signal)
  const run = await until(async () => {
    const latest = await runOf(client, podcast, episode)
    return latest && latest.id !== before?.id ? latest : undefined
  }, signal)
  const uploaded = { run, name, files }
  return asked.wait ? await outcome(client, uploaded, watch.making, signal) : asBegun(uploaded)
}

/** A name alone begins no show that is called almost as another one. Throws Permanent `not_found`. */
function mustBeMeant(slug: string, shows: readonly Podcast[]): void {
  const likely = mistypedOf(slug, shows)
  if (likely === undefined) return
  throw new Permanent(
    'not_found',
    `There is no podcast "${slug}". Did you mean "${likely}"? If it is a show of its own, begin its folder with ` +
      `./spool init ${quoted(slug)}, and let --podcast name that.`,
  )
}

/** What the Spool says to it, by the template that lies there, before anything that lies there is changed. */
async function lookAhead(
  client: Client,
  place: { podcast: string; episode: string },
  files: readonly JobFile[],
  /** Then content tells whether it is the same recording. */
  isInFeed: boolean,
): Promise<{ faults: readonly Fault[]; replaces: Replaced | null; waits?: boolean; isBeingMade?: boolean }> {
  const { recordings, beside } = await announce(files)
  return await client.post('/preflight', {
    ...place,
    recordings: await Promise.all(
      recordings.map(async ({ name, bytes, md5 }) => ({
        ...{ file: name, bytes },
        ...(isInFeed ? { md5: await md5() } : {}),
      })),
    ),
    beside: beside.map(({ name, bytes, content }) => ({
      ...{ file: name, bytes },
      ...(content ? { content: content.toString('base64') } : {}),
    })),
  })
}

/** Empty where a job tells nothing of its show. Throws as `takeOver`. */
async function changesOf(
  client: Client,
  { id, slug, settings: known }: Podcast,
  /** Of its episode of that name, where there is one. */
  episode: string | undefined,
  { podcast: file, template, isShows, sameShow: isMeant }: Job,
): Promise<string> {
  if (file === undefined) return ''
  const there = await client.get<{ template: object }>(`/podcasts/${id}/template`)
  return takeOver({
    ...{ slug, known, file, told: await readPodcast(file), episode, isMeant },
    changesTemplate: isShows === true && (await isOtherTemplate(template!, JSON.stringify(there.template))),
  })
}

/** Which show and episode are meant, and the settings that come along. */
async function namesOf(asked: UploadJob): Promise<{ job: Job; podcast: string; episode: string }> {
  const { podcast, episode, ...rest } = asked
  const brings: Job = {
    ...rest,
    ...(episode === undefined ? {} : namesFile(episode) ? { episode } : { name: episode }),
  }
  const job = isShow(podcast)
    ? withShow(brings, podcast)
    : { ...brings, ...(namesFile(podcast) ? { podcast } : {}) }
  return {
    job,
    podcast: job.podcast === undefined ? path.basename(podcast) : await podcastOf(job),
    episode: nameOfEpisode(episode, job),
  }
}

/** Settings name no episode: it is called as `assemble` calls it, or there would be two of it. */
function nameOfEpisode(episode: string | undefined, job: Job): string {
  if (episode === undefined || namesFile(episode)) return episodeSlug(job)
  if (!/[\p{L}\p{N}]/u.test(episode))
    throw new Permanent(
      'bad_upload',
      `An episode cannot be called "${episode}": give it a letter or a digit.`,
    )
  return slugOf(episode)
}

async function episodeAt(client: Client, podcast: string, slug: string): Promise<Episode | undefined> {
  const { items } = await client.get<{ items: Episode[] }>('/episodes', { podcast, slug, limit: '1' })
  return items[0]
}

async function runOf(client: Client, podcast: string, slug: string): Promise<Started | undefined> {
  const episode = await episodeAt(client, podcast, slug)
  const run = episode && (await latestRun(client, episode.id))
  return run && { ...run, episodeId: episode.id }
}

interface Sending {
  readonly podcast: string
  readonly episode: string
  readonly files: readonly JobFile[]
  /** Undefined of a show that is new. */
  readonly showId: string | undefined
}

/** Of what lay beside the recording before, only what is sent again stays. What the show has already is not sent again. */
async function sendAll(
  client: Client,
  memory: Memory,
  { podcast, episode, files, showId }: Sending,
  watch: UploadWatcher,
  signal: AbortSignal,
): Promise<void> {
  const named = (wanted: JobFile['kind']) =>
    files.filter(({ kind }) => kind === wanted).map(({ file }) => file)
  const recordings = named('recording')
  const coming = recordings.length > 1 ? { coming: recordings } : {}
  await client.post('/uploads/forget', { podcast, episode, keep: named('sidecar'), ...coming })
  const there = showId === undefined ? [] : await assetsThere(client, showId)
  for (const { kind, file } of files)
    if (kind === 'asset' && showId !== undefined) await takeFormerCovers(client, showId, there, file)
  for (const file of files) {
    const known = file.kind === 'asset' ? there.find((asset) => asset.file === file.file) : undefined
    if (known && (await isSameFile(file.source, known, signal))) continue
    await send(client, memory, { podcast, episode, file }, watch, signal)
  }
}

async function send(
  client: Client,
  memory: Memory,
  { podcast, episode, file: { kind, file, source } }: { podcast: string; episode: string; file: JobFile },
  watch: UploadWatcher,
  signal: AbortSignal,
): Promise<void> {
  const bytes = await bytesOf(source)
  const progress = (sent: number) => watch.sending(file, sent, bytes)
  const target = { podcast, file, ...(kind === 'asset' ? {} : { episode }) }
  await sendFile(client, memory, target, source, { signal, progress })
}
