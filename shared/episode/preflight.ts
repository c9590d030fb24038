/**
 * What stands in the way of an episode, looked for before anything is sent or started, all of it at once. Hides how each
 * kind of file is judged by a look that costs little, and what must agree between them. What only the work itself can
 * find out (damage in the middle of a recording, words of another one) is not looked for here.
 */
import { headBytes, plainlyNoSound } from '../audio/no-sound.ts'
import type { ErrorCode } from '../codes.ts'
import { Permanent } from '../errors.ts'
import { readMarks } from '../feed/chapter-files.ts'
import { picturesIn } from '../feed/chapter-marks.ts'
import { checkCover, maxCoverBytes } from '../feed/cover.ts'
import { maxDocumentBytes } from '../settings/document.ts'
import { parseSaid, pastTime, standing, type SaidOfEpisode } from '../settings/episode.ts'
import { assetsOf, lettersWanted, picturesOf } from '../settings/needs.ts'
import { parsePodcast, podcastSettings, type PodcastSettings } from '../settings/podcast.ts'
import { parseTemplate, type Template } from '../settings/settings.ts'
import { scripts } from '../show/spoken.ts'
import { readText } from '../text-file.ts'
import { parseWords } from '../words/supplied.ts'
import type { Fault } from './not-ready.ts'
import { variablesOf } from './given.ts'

/** A file as its owner knows it. */
export interface BroughtFile {
  readonly name: string
  readonly bytes: number
  /** Its first `length` bytes, or all there are. */
  readonly head: (length: number) => Promise<Buffer>
}

export interface Brought {
  readonly recordings: readonly BroughtFile[]
  readonly words?: BroughtFile | undefined
  readonly template?: BroughtFile | undefined
  readonly podcast?: BroughtFile | undefined
  readonly episode?: BroughtFile | undefined
  readonly cover?: BroughtFile | undefined
  readonly chapters?: BroughtFile | undefined
  /** The show's own. */
  readonly showCover?: BroughtFile | undefined
  readonly title?: string | undefined
  /** Over that of `episode`, as the title. */
  readonly number?: number | undefined
  /** What was said of it before, which stands; `unknown` to whoever has not asked: then scripts are not judged. */
  readonly before?: SaidOfEpisode | 'unknown' | undefined
  /** When it was to come out, as its newest finished version was told. */
  readonly publishTold?: string | null | undefined
  /** A file that the template, or the chapters, name; undefined when it is not there. */
  readonly asset: (file: string, namedBy: 'template' | 'chapters') => Promise<BroughtFile | undefined>
  /** The largest recording, in bytes. */
  readonly mostBytes: number
}

/** A recording has no more words than fit into it, and a file of them is read whole. */
const mostWordsBytes = 64 * 1024 * 1024
/** Longer than any recording: whether words fit theirs is found out when that is decoded. */
const endless = { sampleRate: 1, totalSamples: Number.MAX_SAFE_INTEGER }

export async function faultsOf(brought: Brought): Promise<Fault[]> {
  const faults: Fault[] = []
  /** Runs one look; what it throws is a fault of that file. */
  const look = async <T>(file: string, judge: () => T | Promise<T>): Promise<T | undefined> => {
    try {
      return await judge()
    } catch (error) {
      if (!(error instanceof Permanent)) throw error
      faults.push({ code: error.code, file, message: error.message })
      return undefined
    }
  }
  const document = async <T>(
    file: BroughtFile | undefined,
    code: ErrorCode,
    parse: (text: string, name: string) => T,
  ) => file && (await look(file.name, async () => parse(await textOf(file, code), file.name)))

  for (const recording of brought.recordings)
    await look(recording.name, () => judgeRecording(recording, brought))
  const { words, chapters } = brought
  if (words) await look(words.name, async () => judgeWords(words))
  for (const cover of [brought.cover, brought.showCover])
    if (cover) await look(cover.name, () => judgeCover(cover))
  const podcast = await document(brought.podcast, 'bad_podcast_file', parsePodcast)
  const episode = await document(brought.episode, 'bad_episode_file', parseSaid)
  const template = await document(brought.template, 'bad_template', parseTemplate)
  const marks = await document(chapters, 'bad_chapters', readMarks)

  const named = brought.template?.name ?? ''
  const judgeAsset = async (
    namedBy: 'template' | 'chapters',
    { file, by }: { file: string; by: string },
    judge: (asset: BroughtFile, where: string) => Promise<void>,
  ) => {
    const document = brought[namedBy]!.name
    const asset = await brought.asset(file, namedBy)
    if (asset) await look(asset.name, () => judge(asset, `${document}: ${by}`))
    else faults.push(missing(document, file, by))
  }
  for (const { file, neededBy } of template ? assetsOf(template) : [])
    await judgeAsset('template', { file, by: `${neededBy} needs` }, judgeSound)
  for (const { file, neededBy } of template ? picturesOf(template) : [])
    await judgeAsset('template', { file, by: `${neededBy} needs` }, judgePicture)
  for (const file of marks ? picturesIn(marks) : [])
    await judgeAsset('chapters', { file, by: 'a chapter shows' }, judgePicture)
  const { before = {}, episode: said } = brought
  const past = said && before !== 'unknown' && pastTime(said.name, episode?.publish, brought.publishTold)
  if (past) faults.push({ code: past.code, file: said.name, message: past.message })
  // a show's own documents have no episode's number, guest and so on
  const isKnown = brought.recordings.length > 0 && before !== 'unknown'
  if (isKnown && template && !isBroken(brought.podcast, podcast) && !isBroken(brought.episode, episode))
    await look(named, () =>
      scriptsAgree(template, podcast, { ...episode, ...numberOf(brought) }, before, brought),
    )
  return faults
}

const isBroken = (file: BroughtFile | undefined, parsed: unknown): boolean =>
  file !== undefined && parsed === undefined

async function judgeRecording(file: BroughtFile, { mostBytes }: Brought): Promise<void> {
  const { name, bytes } = file
  if (bytes === 0) throw new Permanent('empty_file', `${name} is empty. Record or export it again.`)
  if (bytes > mostBytes)
    throw new Permanent(
      'file_too_large',
      `${name} has ${bytes} bytes; the limit is ${mostBytes}. Export it as FLAC or MP3.`,
    )
  const other = plainlyNoSound(await file.head(headBytes))
  if (other !== undefined)
    throw new Permanent('not_audio', `${name} is ${other}, not a recording. Name the file with the sound.`)
}

/** A file that is played. `where` says in which document, and what needs it. */
async function judgeSound({ name, bytes, head }: BroughtFile, where: string): Promise<void> {
  const what = bytes === 0 ? 'empty' : plainlyNoSound(await head(headBytes))
  if (what === undefined) return
  const is = what === 'empty' || what === 'text' ? what : `${what}, no sound`
  throw new Permanent('not_audio', `${where} ${name}, which is ${is}. Name a file with sound.`)
}

/** A file that is shown. Where it is too large to be looked into here, the work says so. */
async function judgePicture({ name, bytes, head }: BroughtFile, where: string): Promise<void> {
  if (bytes <= maxCoverBytes) await checkCover(await head(bytes), `${where} ${name}, which`)
}

async function judgeCover({ name, bytes, head }: BroughtFile): Promise<void> {
  if (bytes === 0) throw new Permanent('bad_cover', `${name} is empty. Save it as JPEG or PNG.`)
  await checkCover(await head(Math.min(bytes, maxCoverBytes + 1)), name)
}

async function judgeWords(file: BroughtFile): Promise<void> {
  if (file.bytes > mostWordsBytes)
    throw new Permanent(
      'bad_words_file',
      `${file.name} has ${file.bytes} bytes; words may have ${mostWordsBytes}.`,
    )
  parseWords(await file.head(file.bytes), file.name, endless)
}

async function textOf({ name, bytes, head }: BroughtFile, code: ErrorCode): Promise<string> {
  if (bytes > maxDocumentBytes)
    throw new Permanent(
      code,
      `${name} has ${bytes} bytes; a document of settings may have ${maxDocumentBytes}.`,
    )
  return readText(await head(bytes)).text
}

const missing = (namedIn: string, file: string, by: string): Fault => ({
  code: 'missing_asset',
  file: namedIn,
  message: `${namedIn}: ${by} ${file}, which is not beside it. Put it there, or take its name out.`,
})

const numberOf = ({ number }: Pick<Brought, 'number'>): SaidOfEpisode =>
  number === undefined ? {} : { number }

/** Every value that a script says is there. Throws Permanent `missing_variable`. */
function scriptsAgree(
  template: Template,
  podcast: PodcastSettings | undefined,
  said: SaidOfEpisode,
  before: SaidOfEpisode,
  { title }: Pick<Brought, 'title'>,
): void {
  const settings = podcast ?? podcastSettings({})
  const values = variablesOf(settings, standing(said, before), title ?? said.title ?? 'title')
  const anyLetter = { id: '', sender: 'Ann', subject: 'Any', text: 'Any' }
  scripts(template.segments, values, Array(lettersWanted(template)).fill(anyLetter), template.voice)
}
