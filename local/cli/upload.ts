/**
 * `spool upload`: brings recordings, and what belongs to them, to a Spool that stays, and says which run they started. Hides
 * how the run is found: it is the one that was not there before.
 */
import path from 'node:path'
import { Permanent } from '../../shared/errors.ts'
import { NotReady, type Fault } from '../../shared/episode/preflight.ts'
import type { Replaced } from '../../shared/episode/replaced.ts'
import { slugOf } from '../../shared/objects.ts'
import { Unreachable, type Client } from '../client/client.ts'
import {
  ended,
  isLive,
  latestRun,
  until,
  type Episode,
  type Run,
  type RunWatcher,
} from '../client/episodes.ts'
import { allPodcasts, mistypedOf, newShow, podcastMeant, type Podcast } from '../client/names.ts'
import { sendFile, type Memory } from '../client/send.ts'
import { announce, bytesOf } from './announce.ts'
import { takeFormerCovers } from './bring-show.ts'
import { mustBeReady } from './preflight.ts'
import {
  episodeSlug,
  filesOf,
  inOwnNames,
  isShow,
  namesFile,
  numbersOf,
  podcastOf,
  readPodcast,
  toldInOwnNames,
  withShow,
  type Job,
  type JobFile,
} from './job-files.ts'
import { quoted } from './quoted.ts'
import { feedLine, note as noteLine } from './summary.ts'
import { isOtherTemplate, takeOver, takesPlace, takesWaitingPlace } from './taking-over.ts'

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

export interface UploadReport {
  readonly episodeId: string
  /** "podcast/name", as commands take it. */
  readonly episode: string
  readonly runId: string
  readonly status: string
  /** What was done about what was given; none while it is being made. */
  readonly warnings: Run['warnings']
  /** The next two of an episode that was waited for and is finished. */
  readonly isUnchanged?: boolean
  readonly feed?: Pick<Episode, 'status' | 'publishedAt' | 'publishAt' | 'holdReason'>
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
  const note = known ? await changesOf(client, known, episode, job) : newShow(podcast, shows, job.podcast)
  const there = await episodeAt(client, podcast, episode)
  const files = await filesOf({ ...job, isThere: there !== undefined })
  const isInFeed = (there?.publishedAt ?? null) !== null
  const { faults, replaces, waits = false } = await lookAhead(client, { podcast, episode }, files, isInFeed)
  // what brings its own template has been looked into with it
  if (job.template === undefined && faults.length > 0) throw new NotReady(faults)
  const taking = {
    ...{ episode: `${podcast}/${episode}`, numbers: await numbersOf(job) },
    ...{ apart: 'give this one another name: --episode NAME', isMeant: job.sameEpisode === true },
  }
  const replacing = replaces ? takesPlace(replaces, taking) : ''
  watch.beginning(note + replacing + (waits ? takesWaitingPlace(taking.episode) : ''))
  const before = await runOf(client, podcast, episode)
  if (before && isLive(before)) {
    if (!asked.cancel)
      throw new Permanent(
        'already_running',
        `Episode ${episode} is being made just now: ./spool list says how far it is. Wait for it, or say --cancel to end that first.`,
      )
    await client.post(`/runs/${before.id}/cancel`)
  }
  const sidecars = files.filter(({ kind }) => kind === 'sidecar').map(({ file }) => file)
  await client.post('/uploads/forget', { podcast, episode, keep: sidecars })
  for (const { kind, file } of files)
    if (known && kind === 'asset') await takeFormerCovers(client, known.id, file)
  for (const file of files) await send(client, memory, { podcast, episode, file }, watch, signal)
  const run = await until(async () => {
    const latest = await runOf(client, podcast, episode)
    return latest && latest.id !== before?.id ? latest : undefined
  }, signal)
  const begun = { episodeId: run.episodeId, episode: `${podcast}/${episode}`, runId: run.id }
  if (!asked.wait) return { ...begun, status: run.status, warnings: [] }
  const { status, warnings: told } = await toldInOwnNames(files, () =>
    waitedFor(client, run.id, begun.episode, watch.making, signal),
  )
  const warnings = told.map(({ code, message }) => ({ code, message: inOwnNames(message, files) }))
  if (status !== 'finished') return { ...begun, status, warnings }
  const isUnchanged = await wasTakenOver(client, run.id)
  return { ...begun, status, warnings, isUnchanged, feed: await feedOfEpisode(client, run.episodeId) }
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
): Promise<{ faults: readonly Fault[]; replaces: Replaced | null; waits?: boolean }> {
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

/** All has been sent by then: an interrupt ends the waiting alone. */
async function waitedFor(
  client: Client,
  runId: string,
  episode: string,
  making: RunWatcher,
  signal: AbortSignal,
): Promise<Run> {
  try {
    return await ended(client, runId, making, signal)
  } catch (error) {
    if (error instanceof Unreachable)
      throw new Unreachable(
        `Spool does not answer any more. What you sent of ${episode} has arrived, and goes on when it is up again.`,
        { cause: error },
      )
    if (!signal.aborted) throw error
    throw new Permanent(
      'user_cancelled',
      `You stopped waiting. ${episode} is being made all the same: ./spool list says how far it is. ` +
        `When it is finished: ./spool download ${episode}`,
    )
  }
}

/** Whether all of a run was made by earlier ones. Publishing makes nothing. */
async function wasTakenOver(client: Client, runId: string): Promise<boolean> {
  const { steps } = await client.get<{ steps: { name: string; made: number }[] }>(`/runs/${runId}/progress`)
  return steps.every(({ name, made }) => made === 0 || name === 'publish')
}

async function feedOfEpisode(client: Client, id: string): Promise<UploadReport['feed'] & object> {
  const { status, publishedAt, publishAt, holdReason } = await client.get<Episode>(`/episodes/${id}`)
  return { status, publishedAt, publishAt, holdReason }
}

/** Empty where a job tells nothing of its show. Throws as `takeOver`. */
async function changesOf(
  client: Client,
  { id, slug, settings: known }: Podcast,
  episode: string,
  { podcast: file, template, isShows, sameShow: isMeant }: Job,
): Promise<string> {
  if (file === undefined) return ''
  const there = await client.get<{ template: object }>(`/podcasts/${id}/template`)
  const { items } = await client.get<{ items: Episode[] }>('/episodes', {
    podcast: slug,
    slug: episode,
    limit: '1',
  })
  return takeOver({
    ...{ slug, known, file, told: await readPodcast(file), episode: items[0]?.title, isMeant },
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

interface Started extends Run {
  readonly episodeId: string
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

export const summariseUpload = ({ episode, status, warnings, isUnchanged, feed }: UploadReport): string =>
  [
    {
      finished: `${isUnchanged ? 'Finished; nothing has changed, so it is as it was.' : 'Finished.'} Get its files with: ./spool download ${quoted(episode)}`,
      awaiting_review: `It waits for a decision: in the console, or with: ./spool review ${quoted(episode)}`,
    }[status] ??
      `It is being made. See how far it is with: ./spool list. Then: ./spool download ${quoted(episode)}`,
    ...(feed ? [inFeed(episode, feed)] : []),
    ...warnings.map(noteLine),
    '',
  ].join('\n')

function inFeed(episode: string, feed: UploadReport['feed'] & object): string {
  const { status, publishedAt, publishAt, holdReason } = feed
  if (status === 'published') return 'Feed      it is in it'
  if (status === 'scheduled') return `Feed      it comes out at ${publishAt}`
  return feedLine(episode, holdReason ?? status, publishedAt !== null)
}
