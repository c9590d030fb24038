/**
 * Gathers what is needed to make an episode: the recording and the files beside it in the bucket. Hides which
 * files belong to it, and where a podcast keeps what its episodes share.
 */
import type { ErrorCode, Warning } from '../codes.ts'
import { Permanent, codeOf } from '../errors.ts'
import { readMarks } from '../feed/chapter-files.ts'
import { cleanNotes, notesAsText } from '../feed/show-notes.ts'
import { picturesIn } from '../feed/chapter-marks.ts'
import { readText } from '../text-file.ts'
import {
  asSeen,
  assetsFolder,
  findSidecars,
  showCovers,
  spellings,
  templateFile,
  uploadName,
  type Sidecars,
  type UploadPath,
} from '../objects.ts'
import { assetsOf, picturesOf } from '../settings/needs.ts'
import { maxDocumentBytes } from '../settings/document.ts'
import { mostDescriptionCharacters, parseSaid, type SaidOfEpisode } from '../settings/episode.ts'
import { parsePodcast, type PodcastSettings } from '../settings/podcast.ts'
import { defaultTemplate, parseTemplate, type Template } from '../settings/settings.ts'
import { namesContent } from '../settings/segments.ts'
import type { Services } from '../engine/services.ts'
import { podcastTemplate } from './podcast-template.ts'
import type { StoredObject } from '../storage.ts'

export interface RecordingPart {
  readonly object: string
  readonly generation: string
  readonly contentHash: string
  readonly gainDb: number
  readonly offsetSeconds: number
}

/** Names one upload and its generation for good. */
export const pinned = ({ name, generation, contentHash }: StoredObject) => ({
  object: name,
  generation,
  contentHash,
})

/** Everything the run is told, gathered from the recording's folder before the database is opened. */
export interface EpisodePlan {
  readonly podcast: PodcastSettings | undefined
  readonly said: SaidOfEpisode
  readonly template: Template
  readonly words: StoredObject | undefined
  readonly cover: StoredObject | undefined
  /** The show's, for players that know the audio file alone; looked for where the episode has none. */
  readonly showCover: StoredObject | undefined
  readonly chapters: StoredObject | undefined
  readonly assets: readonly StoredObject[]
  /** What is shown with chapters. */
  readonly pictures: readonly StoredObject[]
  /**
   * The files of a recording that has several, in their order; undefined while one of them is not there yet.
   */
  readonly recordings: readonly RecordingPart[] | undefined
  /** What was done about what was given. */
  readonly warnings: readonly Warning[]
  /** Why the run cannot start well: it is recorded as failed, so that its producer learns of it. */
  readonly problem: Permanent | undefined
}

/**
 * Reads what lies beside a recording that has arrived. What is wrong with it is in the plan: the run is told,
 * and fails.
 */
export async function planEpisode(
  path: UploadPath,
  services: Pick<Services, 'storage' | 'config'>,
): Promise<EpisodePlan> {
  const { beside, sidecars, find, read } = await openFolder(path, services)
  const assets = await listFolder(
    uploadName(path.userId, path.podcast, assetsFolder, ''),
    services.config.buckets.uploads,
    services.storage,
  )
  const nothing = {
    podcast: undefined,
    said: {},
    template: defaultTemplate(),
    words: find(sidecars.words),
    cover: find(sidecars.cover),
    showCover:
      sidecars.cover === undefined
        ? showCovers.map((file) => findIn(assets, file)).find((found) => found !== undefined)
        : undefined,
    chapters: find(sidecars.chapters),
    assets: [],
    pictures: [],
    recordings: [],
    warnings: [],
  }
  try {
    const { said, warnings } = await withNotes(
      sidecars.episode === undefined
        ? nothing.said
        : parseSaid(await read(sidecars.episode, 'bad_episode_file'), sidecars.episode),
    )
    const marks =
      sidecars.chapters === undefined
        ? []
        : // told now, not when the work is done
          readMarks(await read(sidecars.chapters, 'bad_chapters'), sidecars.chapters)
    const template =
      sidecars.template === undefined
        ? parseTemplate((await podcastTemplate(path, services)).text, `the podcast's ${templateFile}`)
        : parseTemplate(await read(sidecars.template, 'bad_template'), sidecars.template)
    return {
      ...nothing,
      podcast:
        sidecars.podcast === undefined
          ? undefined
          : parsePodcast(await read(sidecars.podcast, 'bad_podcast_file'), sidecars.podcast),
      said,
      warnings: [...warnings, ...remarksOn(template)],
      template,
      assets: findAssets(assets, assetsOf(template)),
      pictures: findAssets(assets, [
        ...picturesOf(template),
        ...picturesIn(marks).map((file) => ({ file, neededBy: 'A chapter' })),
      ]),
      recordings: findRecordings(said, beside),
      problem: undefined,
    }
  } catch (error) {
    if (!(error instanceof Permanent)) throw error
    return { ...nothing, problem: error }
  }
}

/** What is to be known of a template that is good. */
export const remarksOn = ({ segments }: Template): Warning[] =>
  namesContent(segments)
    ? []
    : [
        {
          code: 'content_added',
          message: `The template names no content: the recording stands ${segments.some(({ type }) => type === 'outro') ? 'before the outro' : 'behind its segments'}.`,
        },
      ]

/** The episode with its notes as applications show them, and with a description made of them when it has none. */
async function withNotes(
  given: SaidOfEpisode,
): Promise<{ said: SaidOfEpisode; warnings: readonly Warning[] }> {
  const { content: notes, ...said } = given
  if (notes === undefined || notes === null) return { said: given, warnings: [] }
  const { html, isCut } = await cleanNotes(notes)
  return {
    said: {
      ...said,
      description: said.description ?? (await notesAsText(html, mostDescriptionCharacters)),
      content: html === '' ? null : html,
    },
    warnings: isCut
      ? [{ code: 'notes_cleaned', message: 'The show notes hold HTML that is not in the feed.' }]
      : [],
  }
}

/** An upload with its name in its folder, as it is seen. */
export interface NamedObject {
  readonly file: string
  readonly stored: StoredObject
}

interface RecordingFolder {
  readonly beside: readonly NamedObject[]
  readonly sidecars: Sidecars
  readonly find: (file: string | undefined) => StoredObject | undefined
  readonly read: (file: string, code: ErrorCode) => Promise<string>
}

/**
 * The files in a recording's folder; `read` returns one of its documents, of the generation that was listed.
 */
async function openFolder(
  path: UploadPath,
  { storage, config }: Pick<Services, 'storage' | 'config'>,
): Promise<RecordingFolder> {
  const bucket = config.buckets.uploads
  const beside = await listFolder(uploadName(path.userId, path.podcast, path.episode, ''), bucket, storage)
  const find = (file: string | undefined) => findIn(beside, file)
  const read = async (file: string, code: ErrorCode): Promise<string> => {
    const { name, generation, bytes } = find(file)!
    if (bytes > maxDocumentBytes)
      throw new Permanent(
        code,
        `${file} has ${bytes} bytes; a document of settings may have ${maxDocumentBytes}.`,
      )
    const stored = { bucket, name, generation }
    return readText(await storage.read(stored).catch((error: unknown) => throwReplaced(file, error))).text
  }
  return {
    beside,
    sidecars: findSidecars(beside.map(({ file }) => file)),
    find,
    read,
  }
}

/**
 * The files in a folder, whichever way each part of its name is written; those in folders of its own left
 * out.
 */
export async function listFolder(
  folder: string,
  bucket: string,
  storage: Services['storage'],
): Promise<NamedObject[]> {
  const lists = spellings(folder).map(async (prefix) =>
    (await storage.list(bucket, prefix)).map((stored) => ({
      file: asSeen(stored.name.slice(prefix.length)),
      stored,
    })),
  )
  return (await Promise.all(lists)).flat().filter(({ file }) => !file.includes('/'))
}

const findIn = (folder: readonly NamedObject[], file: string | undefined): StoredObject | undefined =>
  file === undefined ? undefined : folder.find((found) => found.file === asSeen(file))?.stored

/** None when the recording is one file; undefined while one of several is missing. */
function findRecordings(
  { recordings }: SaidOfEpisode,
  beside: readonly NamedObject[],
): RecordingPart[] | undefined {
  const found = (recordings ?? []).map(({ file, gainDb, offsetSeconds }) => {
    const stored = findIn(beside, file)
    return stored && { ...pinned(stored), gainDb, offsetSeconds }
  })
  return found.every((part) => part !== undefined) ? found : undefined
}

/** Throws that the generation that was listed is gone. */
function throwReplaced(file: string, error: unknown): never {
  if (codeOf(error) !== 'not_found') throw error
  throw new Permanent(
    'upload_replaced',
    `${file} was replaced or deleted before it could be read. Upload the recording again.`,
    { cause: error },
  )
}

/** The files that are needed, each once, in its order. Throws `missing_asset` naming who needs it. */
function findAssets(
  assets: readonly NamedObject[],
  needed: readonly { file: string; neededBy: string }[],
): StoredObject[] {
  const found = new Map<string, StoredObject>()
  for (const { file, neededBy } of needed) {
    if (found.has(file)) continue
    const asset = findIn(assets, file)
    if (!asset)
      throw new Permanent(
        'missing_asset',
        `${neededBy} needs ${file}, which is not among the podcast's assets. ` +
          'Upload it there, or take its name out; then make the episode again.',
      )
    found.set(file, asset)
  }
  return [...found.values()]
}
