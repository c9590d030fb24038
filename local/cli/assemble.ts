/**
 * `spool assemble`: a recording and what belongs to it go into the bucket, as a producer would put them
 * there; the finished files come out. Hides how the run is watched: the database is asked now and then.
 */
import { createWriteStream } from 'node:fs'
import { readFile } from 'node:fs/promises'
import path from 'node:path'
import { pipeline } from 'node:stream/promises'
import type { Bucket, Storage } from '@google-cloud/storage'
import type { Knex } from 'knex'
import type { Certificate } from '../../shared/mastering/certificate.ts'
import { withDatabase } from '../../shared/db/connect.ts'
import { findListedEpisode, type ListedEpisode } from '../../shared/db/listed-episodes.ts'
import { findRunOfUpload, readRunProgress, type RunProgress } from '../../shared/db/run-progress.ts'
import { runCosts, type RunCosts } from '../../shared/db/run-costs.ts'
import { outputsOf } from '../../shared/db/steps.ts'
import { cancelRun } from '../../shared/db/run-changes.ts'
import { liveRunOf } from '../../shared/db/runs.ts'
import type { Warning } from '../../shared/codes.ts'
import type { ErrorCode } from '../../shared/codes.ts'
import { Permanent } from '../../shared/errors.ts'
import { episodeName } from '../../shared/objects.ts'
import type { RestorationReport } from '../../shared/episode/restoring.ts'
import type { Quote } from '../../shared/episode/quote.ts'
import { connect } from '../../shared/storage-client.ts'
import { episodeSlug, filesOf, inOwnNames, toldInOwnNames, type Job } from './job-files.ts'
import { generationOf, upload } from './job-upload.ts'
import { quoteJob } from './quote.ts'
import { fillFolder, folderOf } from './output-folder.ts'
import { episodesOfName } from './episode-named.ts'
import { mustFit, showOf } from './show-of-job.ts'
import { userId } from './user.ts'
import type { EditList } from '../../shared/edits/edits.ts'
import type { Attached } from '../host/attach.ts'

export interface Report {
  readonly episodeId: string
  /** "podcast/name", as commands take it. */
  readonly episode: string
  readonly runId: string
  readonly status: string
  readonly files: Readonly<Record<string, string>>
  readonly durationSeconds: number
  readonly sourceSeconds: number
  readonly removedSeconds: number
  readonly edits: Readonly<Record<string, number>>
  readonly loudness: { readonly integratedLufs: number | null; readonly truePeakDbtp: number | null }
  /** What was wrong with the recording, and what was done; absent where nobody looked. */
  readonly restoration?: RestorationReport
  readonly steps: readonly {
    readonly name: string
    readonly parts: number
    /** Not taken over from an earlier run. */
    readonly made: number
    readonly seconds: number
    readonly attempts: number
  }[]
  readonly warnings: readonly Warning[]
  /** The model on this machine that wrote the words down; absent where none did. */
  readonly heardBy?: string
  /** Why it is not in the feed, as its row has it; absent where it is, or has a time. */
  readonly heldFor?: string
  /** When it comes out by itself; absent where no time is named. */
  readonly comesOutAt?: string
  /** It is before its listeners. */
  readonly isInFeed?: true
  /** An earlier version of it is in the feed meanwhile. */
  readonly isFormerInFeed?: true
  /** What was expected; null for a run that was begun elsewhere. */
  readonly quote: Quote | null
  /** What it took; null while it waits. */
  readonly receipt: RunCosts | null
}

/** Told what is to be known before anything starts. */
export interface Beginning {
  readonly quote: (quote: Quote) => void
  /** That the show is a new one, or what changes of one that is there. */
  readonly show: (note: string) => void
}

/** Told now and then how far the run is. */
export type Watcher = (progress: RunProgress) => void

/** Soon at first, then ever more seldom: what is noticed late is small beside what was waited for. */
const nextLookMs = (waitedMs: number): number => Math.min(1000, Math.max(50, waitedMs / 20))
/** The event of an upload arrives in moments, unless what handles it is broken. */
const longestWaitMs = 120_000
/** What was uploaded begins its run though the command was interrupted; so long one waits to end that run. */
const longestWaitToEndMs = 20_000

/** Runs the whole job. Throws Permanent with the run's code and message when the episode failed. */
export async function assemble(
  cloud: Attached,
  asked: Job,
  watch: Watcher,
  signal: AbortSignal,
  beginning?: Beginning,
): Promise<Report> {
  const storage = await open(cloud)
  const looks = [quoteJob(cloud, asked, signal), showOf(cloud, storage.bucket('uploads'), asked)] as const
  await Promise.allSettled(looks) // what fails leaves no other at work on a cloud that stops
  const [quote, { podcast, note, isThere }] = await Promise.all(looks)
  const job = { ...asked, isThere }
  await mustFit(cloud, podcast, job)
  beginning?.quote(quote)
  beginning?.show(note)
  await endEarlierRun(cloud, podcast, episodeSlug(job))
  const uploaded = await upload(storage.bucket('uploads'), podcast, job)
  const files = await filesOf(job)
  const ofUpload = async (db: Knex) =>
    (await findRunOfUpload(db, uploaded.object, uploaded.generation)) ??
    (await stillThere(storage.bucket('uploads'), uploaded, `${podcast}/${episodeSlug(job)}`))
  const run = await toldInOwnNames(files, () => follow(cloud, ofUpload, watch, signal))
  const report = await deliver(cloud, storage, run, job.out)
  const warnings = report.warnings.map(({ code, message }) => ({ code, message: inOwnNames(message, files) }))
  return { ...report, warnings, quote }
}

/** Undefined while it is. Throws Permanent `already_running` where another command has put the episode's files in its place: no run comes of it. */
export async function stillThere(
  bucket: Bucket,
  { object, generation }: { object: string; generation: string },
  episode: string,
): Promise<undefined> {
  const there = await generationOf(bucket, object)
  if (there === generation) return
  throw new Permanent(
    'already_running',
    `Another command brought a recording for ${episode} while this one did, and that is made: ./spool list says how far it is. ` +
      'If this is another episode, give its recording another name.',
  )
}

/** Waits for a run that somebody else started, and fetches what it made. */
export async function fetchRun(
  cloud: Attached,
  runId: string,
  out: string | undefined,
  watch: Watcher,
  signal: AbortSignal,
): Promise<Report> {
  const storage = await open(cloud)
  const run = await follow(cloud, () => Promise.resolve(runId), watch, signal)
  return await deliver(cloud, storage, run, out)
}

const open = ({ env }: Attached): Promise<Storage> =>
  connect({ endpoint: env['STORAGE_ENDPOINT'], projectId: env['PROJECT_ID']! })

/** An episode has one live run; the one that an interrupted command left behind gives way to this. What waits does when this has come. */
async function endEarlierRun(cloud: Attached, podcast: string, episode: string): Promise<void> {
  await withDatabase(cloud.env['DATABASE_URL']!, async (db) => {
    const live = await liveRunOf(db, userId, podcast, episode)
    if (live && live.status !== 'awaiting_review') await cancelRun(db, live.id)
  })
}

/** Waits for the end of a run. Throws Permanent with its code and message when it failed. */
export const followRun = (cloud: Attached, runId: string, signal: AbortSignal): Promise<RunProgress> =>
  follow(
    cloud,
    () => Promise.resolve(runId),
    () => undefined,
    signal,
  )

/** The same, throwing Permanent with the run's code and message when it failed. */
async function follow(...given: Parameters<typeof watchRun>): Promise<RunProgress> {
  const [, , , signal] = given
  const progress = await watchRun(...given)
  if (progress.status === 'finished' || progress.status === 'awaiting_review') return progress
  if (progress.status === 'cancelled' && signal.aborted) throw stoppedHere()
  throw new Permanent((progress.stopReason ?? 'internal') as ErrorCode, progress.errorMessage ?? undefined)
}

const stoppedHere = (): Permanent =>
  new Permanent(
    'user_cancelled',
    'You stopped it. The same command goes on from there: what was made is kept.',
  )

const stoppedTooSoon = (): Permanent =>
  new Permanent(
    'user_cancelled',
    'You stopped waiting, but what was uploaded has not begun yet and will be made: ./spool list says how far it is.',
  )

/**
 * Watches the run that `find` names until it ends or waits for its producer. One connection for all looks: opening
 * one costs the server more than the look.
 */
export const watchRun = (
  cloud: Attached,
  find: (db: Parameters<typeof readRunProgress>[0]) => Promise<string | undefined>,
  watch: Watcher,
  signal: AbortSignal,
): Promise<RunProgress> =>
  withDatabase(cloud.env['DATABASE_URL']!, async (db) => {
    const startedAt = Date.now()
    let runId: string | undefined
    let interruptedAt: number | undefined
    for (;;) {
      runId ??= await find(db)
      if (runId !== undefined && signal.aborted) await cancelRun(db, runId)
      const progress = runId === undefined ? undefined : await readRunProgress(db, runId)
      if (progress) watch(progress)
      if (progress && !['queued', 'started'].includes(progress.status)) return progress
      if (signal.aborted) interruptedAt ??= Date.now()
      if (runId === undefined && Date.now() - (interruptedAt ?? Infinity) > longestWaitToEndMs)
        throw stoppedTooSoon()
      if (runId === undefined && Date.now() - startedAt > longestWaitMs)
        throw new Permanent('internal', "The upload started no run; the functions' log says why.")
      await new Promise((resolve) => setTimeout(resolve, nextLookMs(Date.now() - startedAt)))
    }
  })

async function deliver(
  cloud: Attached,
  storage: Storage,
  run: RunProgress,
  out: string | undefined,
): Promise<Report> {
  if (run.status === 'awaiting_review') return nothingYet(run, await nameOf(cloud, run.episodeId!))
  const { finished, published, heard, receipt, folder, episode } = await withDatabase(
    cloud.env['DATABASE_URL']!,
    async (db) => ({
      episode: nameIn(await findListedEpisode(db, userId, run.episodeId!)),
      folder: out === undefined ? await usualFolder(db, run.episodeId!) : path.resolve(out),
      receipt: (await runCosts(db, run.runId)) ?? null,
      finished: (await outputsOf(db, run.runId, 'finish'))[0]!.output,
      published: (await outputsOf(db, run.runId, 'publish'))[0]!.output,
      heard: (await outputsOf(db, run.runId, 'hear'))[0]?.output,
    }),
  )
  const names = String(finished['files']).split(' ')
  const objects = new Map<string, { bucket: string; name: string }>(
    names.map((file) => {
      const name = episodeName(run.episodeId!, String(finished['contentHash']), file)
      return [file, { bucket: 'episodes', name }]
    }),
  )
  const feed = published['feedObject']
  if (typeof feed === 'string') objects.set('feed.xml', { bucket: 'public', name: feed })
  const files = await fillFolder(folder, [...objects.keys()], async (file, to) => {
    const { bucket, name } = objects.get(file)!
    await pipeline(storage.bucket(bucket).file(name).createReadStream(), createWriteStream(to))
  })
  const { edits } = JSON.parse(await readFile(files['edits.json']!, 'utf8')) as EditList
  const { integratedLufs, truePeakDbtp, restoration } = JSON.parse(
    await readFile(files['certificate.json']!, 'utf8'),
  ) as Certificate
  const applied = edits.filter(({ status }) => status === 'applied')
  const counts: Record<string, number> = {}
  for (const { kind } of applied) counts[kind] = (counts[kind] ?? 0) + 1
  const sourceSeconds = Number(finished['sourceSeconds'])
  return {
    episodeId: run.episodeId!,
    episode,
    runId: run.runId,
    status: run.status,
    files,
    durationSeconds: Number(finished['durationSeconds']),
    sourceSeconds,
    removedSeconds: Number(finished['removedSeconds']),
    edits: counts,
    loudness: { integratedLufs, truePeakDbtp },
    ...(restoration ? { restoration } : {}),
    steps: stepsOf(run),
    warnings: run.warnings,
    ...(published['what'] === 'hold' ? { heldFor: String(published['reason']) } : {}),
    ...(published['what'] === 'schedule' ? { comesOutAt: String(published['at']) } : {}),
    ...(published['what'] === 'publish' ? { isInFeed: true as const } : {}),
    ...(published['what'] === 'hold' && typeof feed === 'string' ? { isFormerInFeed: true as const } : {}),
    ...(typeof heard?.['model'] === 'string' ? { heardBy: heard['model'] } : {}),
    quote: null,
    receipt,
  }
}

async function usualFolder(db: Knex, episodeId: string): Promise<string> {
  const episode = (await findListedEpisode(db, userId, episodeId))!
  return folderOf(episode, await episodesOfName(db, episode.slug))
}

const stepsOf = ({ steps }: RunProgress): Report['steps'] =>
  steps.map(({ name, parts, made, seconds, attempts }) => ({
    name,
    parts,
    made,
    seconds: Math.round((seconds ?? 0) * 100) / 100,
    attempts,
  }))

const nameIn = (found: ListedEpisode | undefined): string => `${found!.podcast}/${found!.slug}`
const nameOf = ({ env }: Attached, episodeId: string): Promise<string> =>
  withDatabase(env['DATABASE_URL']!, async (db) => nameIn(await findListedEpisode(db, userId, episodeId)))

/** A run that waits has made nothing that could be heard. */
const nothingYet = (run: RunProgress, episode: string): Report => ({
  ...{
    episodeId: run.episodeId!,
    episode,
    runId: run.runId,
    status: run.status,
    files: {},
    durationSeconds: 0,
    sourceSeconds: 0,
    removedSeconds: 0,
  },
  ...{
    edits: {},
    loudness: { integratedLufs: null, truePeakDbtp: null },
    steps: stepsOf(run),
    warnings: run.warnings,
    quote: null,
    receipt: null,
  },
})
