/**
 * Puts a job's files into the bucket, as a producer would: what belongs to a recording first, the recording last, since
 * its arrival starts the run. Hides how files are called there, and that a recording which lies there already, unchanged,
 * is neither read nor sent again.
 */
import { createReadStream, existsSync } from 'node:fs'
import { readFile, stat } from 'node:fs/promises'
import path from 'node:path'
import { pipeline } from 'node:stream/promises'
import type { Bucket, File } from '@google-cloud/storage'
import { codeOf } from '../../shared/errors.ts'
import { contentHash } from '../../shared/hash.ts'
import { assetsFolder, isRecording, showCovers, slugOf, uploadName } from '../../shared/objects.ts'
import { readMarks } from '../../shared/feed/chapter-files.ts'
import { picturesIn } from '../../shared/feed/chapter-marks.ts'
import { readText } from '../../shared/text-file.ts'
import { assetsOf, picturesOf } from '../../shared/settings/needs.ts'
import { parseEpisode } from '../../shared/settings/episode.ts'
import { parsePodcast } from '../../shared/settings/podcast.ts'
import { parseTemplate } from '../../shared/settings/settings.ts'
import { userId } from './user.ts'

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
  /** Reads and sends every file, also one that seems to be there already. */
  readonly rehash?: boolean
}

/** The episode is named after its first file. */
export const episodeSlug = ({ recordings }: Job): string => {
  const name = slugOf(path.parse(recordings[0]!).name)
  return name === assetsFolder ? `${name}-episode` : name
}

export const podcastOf = async ({ podcast }: Job): Promise<string> =>
  podcast === undefined
    ? 'podcast'
    : slugOf(parsePodcast(await readDocument(podcast), path.basename(podcast)).title)

/**
 * Sidecars first, the recording last: its arrival starts the run. Returns the recording's object and
 * generation.
 */
export async function upload(
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
  const files = recordingNames(job.recordings)
  await forgetOthers(bucket, nameOf(''), files.map(nameOf))
  for (const [file, name] of beside)
    if (file !== undefined) await bucket.upload(file, { destination: nameOf(name) })
  const episode = await episodeOf(job, files)
  if (episode !== undefined) await bucket.file(nameOf('episode.json')).save(episode)
  await uploadAssets(bucket, job, podcast)
  for (const [i, file] of files.entries()) {
    const object = bucket.file(nameOf(file))
    if (!(await send(job.recordings[i]!, object, job))) await object.copy(object) // it arrives once more
  }
  const first = bucket.file(nameOf(files[0]!))
  const [{ generation }] = await first.getMetadata()
  return { object: first.name, generation: String(generation) }
}

/** What an earlier run of this episode was given, but for recordings, which may be the same. */
async function forgetOthers(bucket: Bucket, prefix: string, recordings: readonly string[]): Promise<void> {
  const [found] = await bucket.getFiles({ prefix })
  for (const file of found) if (!recordings.includes(file.name)) await file.delete({ ignoreNotFound: true })
}

/** Sends a file to its object. False when the object has it already: made of a file of this place, size and time. */
async function send(from: string, object: File, { rehash = false }: Pick<Job, 'rehash'>): Promise<boolean> {
  const { size, mtimeMs } = await stat(from)
  const origin = contentHash(`${path.resolve(from)} ${size} ${Math.round(mtimeMs)}`)
  if (!rehash && (await originOf(object)) === origin) return false
  const metadata = { metadata: { [originKey]: origin } }
  await pipeline(createReadStream(from), object.createWriteStream({ resumable: true, metadata }))
  return true
}

const originKey = 'spool-origin'

async function originOf(object: File): Promise<unknown> {
  try {
    const [{ metadata }] = await object.getMetadata()
    return metadata?.[originKey]
  } catch (error) {
    if (codeOf(error) === '404') return undefined
    throw error
  }
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
  { template, chapters, podcast, ...job }: Job,
  podcastSlug: string,
): Promise<void> {
  const sendAll = async (named: readonly string[], besides: string) => {
    for (const file of named) {
      const beside = path.join(path.dirname(besides), file)
      const object = bucket.file(uploadName(userId, podcastSlug, assetsFolder, file))
      if (existsSync(beside)) await send(beside, object, job)
    }
  }
  if (template !== undefined) {
    const parsed = parseTemplate(await readDocument(template), path.basename(template))
    await sendAll(
      [...assetsOf(parsed), ...picturesOf(parsed)].map(({ file }) => file),
      template,
    )
  }
  if (podcast !== undefined) await sendAll(showCovers, podcast)
  if (chapters !== undefined)
    await sendAll(picturesIn(readMarks(await readDocument(chapters), path.basename(chapters))), chapters)
}

/** What the producer wrote, in whatever encoding. */
const readDocument = async (file: string): Promise<string> => readText(await readFile(file)).text
