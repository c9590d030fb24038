/**
 * What a job consists of: each file with the name under which Spool looks for it, in the order in which they go, what
 * belongs to a recording before it, since its arrival starts the run. Hides how files are called there.
 */
import { existsSync, readdirSync } from 'node:fs'
import { readFile } from 'node:fs/promises'
import path from 'node:path'
import {
  assetsFolder,
  isRecording,
  isSidecar,
  servesAs,
  showCovers,
  showSlug,
  slugOf,
  trials,
} from '../../shared/objects.ts'
import { readMarks } from '../../shared/feed/chapter-files.ts'
import { picturesIn } from '../../shared/feed/chapter-marks.ts'
import { readText } from '../../shared/text-file.ts'
import { assetsOf, picturesOf } from '../../shared/settings/needs.ts'
import { parseSaid } from '../../shared/settings/episode.ts'
import { Permanent } from '../../shared/errors.ts'
import type { Numbers } from '../../shared/episode/replaced.ts'
import { parsePodcast, type PodcastSettings } from '../../shared/settings/podcast.ts'
import { parseTemplate } from '../../shared/settings/settings.ts'
import type { Source } from '../client/send.ts'

export interface Job {
  /** One after the other, or tracks of one conversation. */
  readonly recordings: readonly string[]
  readonly tracks?: boolean
  readonly words?: string
  readonly template?: string
  /** The template is the show's: it serves every episode that brings none, from now on. */
  readonly isShows?: boolean
  readonly podcast?: string
  /** What the show says of itself is meant, also where it could be another one's. */
  readonly sameShow?: boolean | undefined
  /** An episode in the feed is made anew, also under another number. */
  readonly sameEpisode?: boolean | undefined
  readonly episode?: string
  readonly cover?: string
  readonly chapters?: string
  readonly title?: string
  /** Over the one in its settings; digits. */
  readonly number?: string
  /** What it is called where no title says so; after its first recording when not given. */
  readonly name?: string
  /** There is an episode of its name: what its files are called is no title of that. */
  readonly isThere?: boolean
  readonly out?: string
  /** Reads and sends every file, also one that seems to be there already. */
  readonly rehash?: boolean
}

export interface JobFile {
  readonly kind: 'recording' | 'sidecar' | 'asset'
  /** What it is called there. */
  readonly file: string
  readonly source: Source
}

/** The episode is named after its first file. */
export const episodeSlug = ({ recordings }: Pick<Job, 'recordings'>): string => {
  const name = slugOf(path.parse(recordings[0]!).name)
  return name === assetsFolder ? `${name}-episode` : name
}

/**
 * Its show. A recording that comes without one is a trial, and a show of its own: nothing else joins its feed, and no
 * title makes such a name.
 */
export async function podcastOf(job: Job): Promise<string> {
  if (job.podcast === undefined) return `${trials}${episodeSlug(job)}`
  const { slug, title } = await readPodcast(job.podcast)
  return slug ?? showSlug(title)
}

/** What is said of the episode's number and season; null where nothing is. Throws Permanent `bad_episode_file`. */
export async function numbersOf({ number, episode }: Job): Promise<Numbers> {
  const said = episode === undefined ? undefined : parseSaid(await readDocument(episode), episode)
  return {
    number: number === undefined ? (said?.number ?? null) : Number(number),
    season: said?.season ?? null,
  }
}

/** Throws Permanent `bad_podcast_file`. */
export const readPodcast = async (file: string): Promise<PodcastSettings> =>
  parsePodcast(await readDocument(file), file)

/** Whether it is a folder as `spool init` writes it. */
export const isShow = (name: string): boolean => existsSync(path.join(name, 'podcast.json'))

/** Whether it is a file that somebody names, there or not, and no name of an episode or a show. */
export const namesFile = (text: string): boolean =>
  /[/\\]|\.json$/i.test(text) || whatItIs(text) !== undefined

/** What a file is by its name that says nothing of a show or an episode; undefined where it may. */
export const whatItIs = (file: string): string | undefined =>
  /\.json$/i.test(file) || !file.includes('.')
    ? undefined
    : isRecording(file)
      ? 'a recording'
      : isSidecar(file)
        ? 'a file that belongs to a recording'
        : undefined

/** The show's cover beside its settings, however its name is written; of several the first of `showCovers`. */
export function coverBeside(podcast: string): { file: string; path: string } | undefined {
  const folder = path.dirname(podcast)
  const names = readdirSync(folder)
  for (const file of showCovers) {
    const own = names.find((name) => name.toLowerCase() === file)
    if (own !== undefined) return { file, path: path.join(folder, own) }
  }
  return undefined
}

/** What a folder of `spool init` brings to a job that does not bring it itself. */
export function withShow(job: Job, folder: string): Job {
  const inFolder = (file: string) => {
    const inside = path.join(folder, file)
    return existsSync(inside) ? inside : undefined
  }
  const found = {
    podcast: inFolder('podcast.json'),
    template: job.template ?? inFolder('template.json'),
    episode: job.episode ?? inFolder('episode.json'),
  }
  const { podcast: _folder, ...rest } = job
  const files = Object.fromEntries(Object.entries(found).filter(([, file]) => file !== undefined))
  return { ...rest, ...files, isShows: job.template === undefined && found.template !== undefined }
}

/** Throws Permanent naming what is wrong in a document that names other files. */
export async function filesOf(job: Job): Promise<JobFile[]> {
  const recordings = recordingNames(job.recordings)
  const beside: [path: string | undefined, file: string][] = [
    [job.words, nameAs('words', job.words, '.words.json')],
    [job.isShows ? undefined : job.template, 'template.json'],
    [job.podcast, 'podcast.json'],
    [job.cover, nameAs('cover', job.cover, '.jpg')],
    [job.chapters, chaptersName(job.chapters)],
  ]
  const episode = await episodeOf(job, recordings)
  return [
    ...beside.flatMap(([from, file]) =>
      from === undefined ? [] : [{ kind: 'sidecar' as const, file, source: { path: from } }],
    ),
    ...(episode === undefined
      ? []
      : [{ kind: 'sidecar' as const, file: 'episode.json', source: { text: episode } }]),
    ...(await assetsNamed(job)),
    ...(job.isShows
      ? [{ kind: 'asset' as const, file: 'template.json', source: { path: job.template! } }]
      : []),
    ...recordings.map((file, i) => ({
      kind: 'recording' as const,
      file,
      source: { path: job.recordings[i]! },
    })),
  ]
}

/** A message with the files under their names here, where they are called otherwise there. */
export function inOwnNames(message: string, files: readonly JobFile[]): string {
  return files.reduce((said, { kind, file, source }) => {
    const own = 'path' in source && kind === 'sidecar' ? path.basename(source.path) : file
    return own === file ? said : said.replaceAll(file, own)
  }, message)
}

/** What work throws, in those names. */
export async function toldInOwnNames<T>(files: readonly JobFile[], work: () => Promise<T>): Promise<T> {
  try {
    return await work()
  } catch (error) {
    if (!(error instanceof Permanent)) throw error
    throw new Permanent(error.code, inOwnNames(error.message, files), { cause: error })
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
 * A title or a number of its own stands over the one in the file, and either over a name that its folder cannot have; several
 * recordings are named in the order they were given.
 */
async function episodeOf(
  { episode, title, number, name, recordings, tracks, isThere = false }: Job,
  files: readonly string[],
): Promise<string | undefined> {
  const given = episode === undefined ? {} : parseSaid(await readDocument(episode), episode)
  const several =
    recordings.length > 1
      ? { recordings: files.map((file) => ({ file })), recordingsAre: tracks ? 'tracks' : 'sequence' }
      : {}
  const called = name ?? path.parse(recordings[0] ?? '').name
  const said = {
    ...(isThere || called === '' || slugOf(called) === called ? {} : { title: called }),
    ...given,
    ...several,
  }
  const all = {
    ...said,
    ...(title === undefined ? {} : { title }),
    ...(number === undefined ? {} : { number: Number(number) }),
  }
  return episode === undefined && Object.keys(all).length === 0 ? undefined : JSON.stringify(all)
}

/** Its own name, by which messages call it; where that is not of the kind, with an ending that is. The content decides. */
function nameAs(kind: 'words' | 'cover', file: string | undefined, ending: string): string {
  const own = path.basename(file ?? '')
  return servesAs(kind, own) ? own : `${own.replace(/\.json$/i, '')}${ending}`
}

/** Under a name that says what it is; its content says in which form. */
const chaptersName = (chapters: string | undefined): string =>
  (/\.(json|vtt|psc|xml)$/i.exec(chapters ?? '')?.[0] ?? '.txt').toLowerCase().replace(/^/, 'chapters')

/** The files a template names lie beside it, a chapters file's pictures beside that, the show's cover beside its settings. */
async function assetsNamed({ template, chapters, podcast }: Job): Promise<JobFile[]> {
  const found: JobFile[] = []
  const add = (named: readonly string[], besides: string) => {
    for (const file of named) {
      const source = { path: path.join(path.dirname(besides), file) }
      if (existsSync(source.path)) found.push({ kind: 'asset', file, source })
    }
  }
  if (template !== undefined) {
    const parsed = parseTemplate(await readDocument(template), template)
    add(
      [...assetsOf(parsed), ...picturesOf(parsed)].map(({ file }) => file),
      template,
    )
  }
  const cover = podcast === undefined ? undefined : coverBeside(podcast)
  if (cover) found.push({ kind: 'asset', file: cover.file, source: { path: cover.path } })
  if (chapters !== undefined)
    add(picturesIn(readMarks(await readDocument(chapters), path.basename(chapters))), chapters)
  return found
}

/** What the producer wrote, in whatever encoding. */
const readDocument = async (file: string): Promise<string> => readText(await readFile(file)).text
