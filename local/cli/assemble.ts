/**
 * `spool assemble`: a recording and what belongs to it go into the bucket, as a producer would put them
 * there; the finished files come out. Hides how the run is watched: the database is asked now and then.
 */
import { createReadStream, createWriteStream, existsSync } from 'node:fs'
import { readFile } from 'node:fs/promises'
import path from 'node:path'
import { pipeline } from 'node:stream/promises'
import type { Bucket, Storage } from '@google-cloud/storage'
import type { Certificate } from '../../shared/mastering/certificate.ts'
import { withDatabase } from '../../shared/db/connect.ts'
import { findRunOfUpload, readRunProgress, type RunProgress } from '../../shared/db/run-progress.ts'
import { outputsOf } from '../../shared/db/steps.ts'
import { cancelRun } from '../../shared/db/run-changes.ts'
import { liveRunOf } from '../../shared/db/runs.ts'
import type { Warning } from '../../shared/codes.ts'
import type { ErrorCode } from '../../shared/codes.ts'
import { Permanent } from '../../shared/errors.ts'
import {
  assetsFolder,
  episodeName,
  isRecording,
  showCovers,
  slugOf,
  uploadName,
} from '../../shared/objects.ts'
import { readMarks } from '../../shared/feed/chapter-files.ts'
import { picturesIn } from '../../shared/feed/chapter-marks.ts'
import { readText } from '../../shared/text-file.ts'
import { assetsOf, picturesOf } from '../../shared/settings/needs.ts'
import { parseEpisode } from '../../shared/settings/episode.ts'
import { parsePodcast } from '../../shared/settings/podcast.ts'
import { parseTemplate } from '../../shared/settings/settings.ts'
import { deliverables } from '../../shared/episode/deliverables.ts'
import { connect } from '../../shared/storage.ts'
import { fillFolder } from './output-folder.ts'
import type { EditList } from '../../shared/edits/edits.ts'
import type { Attached } from '../host/cloud.ts'

export interface Job {
  /** One after the other, or tracks of one conversation. */
  readonly recordings: readonly string[]
  readonly tracks?: boolean
  readonly words?: string
  readonly template?: string
  readonly podcast?: string
  readonly episode?: string
  readonly cover?: string
  readonly chapters?: string
  readonly title?: string
  readonly out?: string
}

export interface Report {
  readonly episodeId: string
  readonly runId: string
  readonly status: string
  readonly files: Readonly<Record<string, string>>
  readonly durationSeconds: number
  readonly sourceSeconds: number
  readonly removedSeconds: number
  readonly edits: Readonly<Record<string, number>>
  readonly loudness: { readonly integratedLufs: number | null; readonly truePeakDbtp: number | null }
  readonly steps: readonly {
    readonly name: string
    readonly parts: number
    readonly seconds: number
    readonly attempts: number
  }[]
  readonly warnings: readonly Warning[]
}

/** Told now and then how far the run is. */
export type Watcher = (progress: RunProgress) => void

export const userId = 'local'
/** Soon at first, then ever more seldom: what is noticed late is small beside what was waited for. */
const nextLookMs = (waitedMs: number): number => Math.min(1000, Math.max(50, waitedMs / 20))
/** The event of an upload arrives in moments, unless what handles it is broken. */
const longestWaitMs = 120_000

/** Runs the whole job. Throws Permanent with the run's code and message when the episode failed. */
export async function assemble(
  cloud: Attached,
  job: Job,
  watch: Watcher,
  signal: AbortSignal,
): Promise<Report> {
  const storage = await connect({
    endpoint: cloud.env['STORAGE_ENDPOINT'],
    projectId: cloud.env['PROJECT_ID']!,
  })
  const podcast = await podcastOf(job)
  await endEarlierRun(cloud, podcast, episodeSlug(job))
  const uploaded = await upload(storage.bucket('uploads'), podcast, job)
  const run = await follow(
    cloud,
    (db) => findRunOfUpload(db, uploaded.object, uploaded.generation),
    watch,
    signal,
  )
  return await deliver(cloud, storage, run, outOf(job, episodeSlug(job)))
}

/** Waits for a run that somebody else started, and fetches what it made. */
export async function fetchRun(
  cloud: Attached,
  runId: string,
  slugOfEpisode: string,
  out: string | undefined,
  watch: Watcher,
  signal: AbortSignal,
): Promise<Report> {
  const storage = await connect({
    endpoint: cloud.env['STORAGE_ENDPOINT'],
    projectId: cloud.env['PROJECT_ID']!,
  })
  const run = await follow(cloud, () => Promise.resolve(runId), watch, signal)
  return await deliver(cloud, storage, run, outOf({ out }, slugOfEpisode))
}

const outOf = ({ out }: { out?: string | undefined }, slugOfEpisode: string): string =>
  path.resolve(out ?? path.join('episodes', slugOfEpisode))

/** The episode is named after its first file. */
const episodeSlug = ({ recordings }: Job): string => {
  const name = slugOf(path.parse(recordings[0]!).name)
  return name === assetsFolder ? `${name}-episode` : name
}

const podcastOf = async ({ podcast }: Job): Promise<string> =>
  podcast === undefined
    ? 'podcast'
    : slugOf(parsePodcast(await readDocument(podcast), path.basename(podcast)).title)

/** An episode has one live run; the one that an interrupted command left behind gives way to this. */
async function endEarlierRun(cloud: Attached, podcast: string, episode: string): Promise<void> {
  await withDatabase(cloud.env['DATABASE_URL']!, async (db) => {
    const runId = await liveRunOf(db, userId, podcast, episode)
    if (runId !== undefined) await cancelRun(db, runId)
  })
}

/**
 * Sidecars first, the recording last: its arrival starts the run. Returns the recording's object and
 * generation.
 */
async function upload(
  bucket: Bucket,
  podcast: string,
  job: Job,
): Promise<{ object: string; generation: string }> {
  const nameOf = (file: string) => uploadName(userId, podcast, episodeSlug(job), file)
  const beside: [file: string | undefined, name: string][] = [
    [job.words, `words${wordsSuffix(job.words)}`],
    [job.template, 'template.json'],
    [job.podcast, 'podcast.json'],
    [job.cover, `cover${path.extname(job.cover ?? '').toLowerCase()}`],
    [job.chapters, chaptersName(job.chapters)],
  ]
  await bucket.deleteFiles({ prefix: nameOf('') }) // what an earlier run of this episode was given
  for (const [file, name] of beside)
    if (file !== undefined) await bucket.upload(file, { destination: nameOf(name) })
  const files = recordingNames(job.recordings)
  const episode = await episodeOf(job, files)
  if (episode !== undefined) await bucket.file(nameOf('episode.json')).save(episode)
  await uploadAssets(bucket, job, podcast)
  for (const [i, file] of files.entries()) {
    await pipeline(
      createReadStream(job.recordings[i]!),
      bucket.file(nameOf(file)).createWriteStream({ resumable: true }),
    )
  }
  const first = bucket.file(nameOf(files[0]!))
  const [{ generation }] = await first.getMetadata()
  return { object: first.name, generation: String(generation) }
}

/** Whatever their names, these are the recordings; two of one name are told apart by their number. */
const recordingNames = (files: readonly string[]): string[] =>
  files.map((file, i) => {
    const own = path.basename(file)
    const name = isRecording(own) ? own : 'recording'
    return files.length === 1 ? name : `${i + 1}-${name}`
  })

/**
 * A title of its own stands over the one in the file; several recordings are named in the order they were
 * given.
 */
async function episodeOf(
  { episode, title, recordings, tracks }: Job,
  files: readonly string[],
): Promise<string | undefined> {
  if (episode === undefined && title === undefined && recordings.length === 1) return undefined
  const given = episode === undefined ? {} : parseEpisode(await readDocument(episode), path.basename(episode))
  const several =
    recordings.length > 1
      ? { recordings: files.map((file) => ({ file })), recordingsAre: tracks ? 'tracks' : 'sequence' }
      : {}
  return JSON.stringify({ ...given, ...several, ...(title === undefined ? {} : { title }) })
}

const wordsSuffix = (words: string | undefined): string =>
  /\.(vtt|srt)$/i.test(words ?? '') ? path.extname(words!).toLowerCase() : '.json'

/** Under a name that says what it is; its content says in which form. */
const chaptersName = (chapters: string | undefined): string =>
  (/\.(json|vtt|psc|xml)$/i.exec(chapters ?? '')?.[0] ?? '.txt').toLowerCase().replace(/^/, 'chapters')

/** The files a template names lie beside it, a chapters file's pictures beside that, the show's cover beside its settings. */
async function uploadAssets(
  bucket: Bucket,
  { template, chapters, podcast }: Job,
  podcastSlug: string,
): Promise<void> {
  const upload = async (named: readonly string[], besides: string) => {
    for (const file of named) {
      const beside = path.join(path.dirname(besides), file)
      if (existsSync(beside))
        await bucket.upload(beside, { destination: uploadName(userId, podcastSlug, assetsFolder, file) })
    }
  }
  if (template !== undefined) {
    const parsed = parseTemplate(await readDocument(template), path.basename(template))
    await upload(
      [...assetsOf(parsed), ...picturesOf(parsed)].map(({ file }) => file),
      template,
    )
  }
  if (podcast !== undefined) await upload(showCovers, podcast)
  if (chapters !== undefined)
    await upload(picturesIn(readMarks(await readDocument(chapters), path.basename(chapters))), chapters)
}

/** What the producer wrote, in whatever encoding. */
const readDocument = async (file: string): Promise<string> => readText(await readFile(file)).text

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
  const progress = await watchRun(...given)
  if (progress.status === 'finished' || progress.status === 'awaiting_review') return progress
  throw new Permanent((progress.stopReason ?? 'internal') as ErrorCode, progress.errorMessage ?? undefined)
}

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
    for (;;) {
      runId ??= await find(db)
      if (runId !== undefined && signal.aborted) await cancelRun(db, runId)
      const progress = runId === undefined ? undefined : await readRunProgress(db, runId)
      if (progress) watch(progress)
      if (progress && !['queued', 'started'].includes(progress.status)) return progress
      if (runId === undefined && signal.aborted) throw new Permanent('user_cancelled')
      if (runId === undefined && Date.now() - startedAt > longestWaitMs)
        throw new Permanent('internal', "The upload started no run; the functions' log says why.")
      await new Promise((resolve) => setTimeout(resolve, nextLookMs(Date.now() - startedAt)))
    }
  })

async function deliver(cloud: Attached, storage: Storage, run: RunProgress, out: string): Promise<Report> {
  if (run.status === 'awaiting_review') return nothingYet(run)
  const { finished, published } = await withDatabase(cloud.env['DATABASE_URL']!, async (db) => ({
    finished: (await outputsOf(db, run.runId, 'finish'))[0]!.output,
    published: (await outputsOf(db, run.runId, 'publish'))[0]!.output,
  }))
  const names = String(finished['files']).split(' ')
  const objects = new Map<string, { bucket: string; name: string }>(
    names.map((file) => {
      const name = episodeName(run.episodeId!, String(finished['contentHash']), file)
      return [file, { bucket: 'episodes', name }]
    }),
  )
  const feed = published['feedObject']
  if (typeof feed === 'string') objects.set('feed.xml', { bucket: 'public', name: feed })
  const files = await fillFolder(
    out,
    [...Object.keys(deliverables), 'feed.xml'],
    [...objects.keys()],
    async (file, to) => {
      const { bucket, name } = objects.get(file)!
      await pipeline(storage.bucket(bucket).file(name).createReadStream(), createWriteStream(to))
    },
  )
  const { edits } = JSON.parse(await readFile(files['edits.json']!, 'utf8')) as EditList
  const { integratedLufs, truePeakDbtp } = JSON.parse(
    await readFile(files['certificate.json']!, 'utf8'),
  ) as Certificate
  const applied = edits.filter(({ status }) => status === 'applied')
  const counts: Record<string, number> = {}
  for (const { kind } of applied) counts[kind] = (counts[kind] ?? 0) + 1
  const sourceSeconds = Number(finished['sourceSeconds'])
  return {
    episodeId: run.episodeId!,
    runId: run.runId,
    status: run.status,
    files,
    durationSeconds: Number(finished['durationSeconds']),
    sourceSeconds,
    removedSeconds: Number(finished['removedSeconds']),
    edits: counts,
    loudness: { integratedLufs, truePeakDbtp },
    steps: stepsOf(run),
    warnings: run.warnings,
  }
}

const stepsOf = ({ steps }: RunProgress): Report['steps'] =>
  steps.map(({ name, parts, seconds, attempts }) => ({
    name,
    parts,
    seconds: Math.round((seconds ?? 0) * 100) / 100,
    attempts,
  }))

/** A run that waits has made nothing that could be heard. */
const nothingYet = (run: RunProgress): Report => ({
  ...{
    episodeId: run.episodeId!,
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
  },
})
