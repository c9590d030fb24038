/**
 * Loads what players show besides the text: cover, chapter marks and chapter pictures, from the files beside
 * a recording. Hides where each file is, and what is done to make it fit.
 */
import { Permanent } from '../errors.ts'
import { fileOf } from '../objects.ts'
import { maxDocumentBytes } from '../settings/document.ts'
import { readPinnedFile, type PinnedFile } from '../pinned-file.ts'
import type { Tools } from '../engine/step.ts'
import { readMarks } from './chapter-files.ts'
import { repairMarks, type Mark, type SuppliedMark } from './chapter-marks.ts'
import { guessedEncoding, readText } from '../text-file.ts'
import { fitCover, fitPicture, maxCoverBytes } from './cover.ts'

const picture = { mostBytes: maxCoverBytes, tooLarge: 'bad_cover' } as const

/**
 * The cover as directories want it; undefined when there is none. Throws Permanent `bad_cover`,
 * `upload_replaced`.
 */
export async function coverOf(
  cover: PinnedFile | undefined,
  tools: Pick<Tools, 'storage' | 'config' | 'warn'>,
): Promise<Buffer | undefined> {
  if (!cover) return undefined
  const name = fileOf(cover.object)
  const { jpeg, changes } = await fitCover(await readPinnedFile(cover, picture, tools), name)
  if (changes.length > 0)
    tools.warn({ code: 'cover_fitted', message: `${name} was ${changes.join(' and ')}.` })
  return jpeg
}

/**
 * The show's cover for an episode without one of its own; undefined when there is none, or when it cannot be used: no
 * episode fails for it. What is wrong with a cover is told whoever publishes the show; that another one has taken its place
 * while the episode was made, or waited, is told here.
 */
export async function showCoverOf(
  cover: PinnedFile | undefined,
  tools: Pick<Tools, 'storage' | 'config' | 'warn'>,
): Promise<Buffer | undefined> {
  try {
    return await coverOf(cover, { ...tools, warn: () => undefined })
  } catch (error) {
    if (!(error instanceof Permanent)) throw error
    if (error.code === 'upload_replaced')
      tools.warn({
        code: 'show_cover_left_out',
        message:
          "The show's cover was replaced since this episode was begun, so its MP3 has none. ./spool rebuild makes it anew with that.",
      })
    return undefined
  }
}

/** Chapters' pictures by their files, fitted. `pictures` is the run's list, as JSON. */
export async function picturesOf(
  pictures: readonly PinnedFile[],
  tools: Tools,
): Promise<ReadonlyMap<string, Buffer>> {
  const fitted = new Map<string, Buffer>()
  for (const sidecar of pictures) {
    const name = fileOf(sidecar.object)
    fitted.set(name, await fitPicture(await readPinnedFile(sidecar, picture, tools), name))
  }
  return fitted
}

interface MarksContext {
  readonly chaptersObject: string | null
  readonly chaptersGeneration: string | null
  readonly chaptersHash: string | null
  readonly marksObject: string | null
  readonly sampleRate: number
}

/** The recording's chapter marks: those supplied beside it, else those inside it. */
export async function marksOf(context: MarksContext, totalSamples: number, tools: Tools): Promise<Mark[]> {
  const { chaptersObject, marksObject, sampleRate } = context
  const name = chaptersObject === null ? 'The recording' : fileOf(chaptersObject)
  const { marks, remarks } = repairMarks(await readAll(context, name, marksObject, tools), {
    sampleRate,
    totalSamples,
  })
  if (remarks.length > 0)
    tools.warn({
      code: 'chapters_repaired',
      message: `${name} has chapters that were put right: ${remarks.join('; ')}.`,
    })
  return marks
}

async function readAll(
  { chaptersObject, chaptersGeneration, chaptersHash }: MarksContext,
  name: string,
  marksObject: string | null,
  tools: Tools,
): Promise<SuppliedMark[]> {
  if (chaptersObject === null) {
    return marksObject === null
      ? []
      : await tools.storage.readJson<SuppliedMark[]>({ bucket: tools.config.buckets.work, name: marksObject })
  }
  const limit = { mostBytes: maxDocumentBytes, tooLarge: 'bad_chapters' } as const
  const file = { object: chaptersObject, generation: chaptersGeneration, contentHash: chaptersHash }
  const bytes = await readPinnedFile(file, limit, tools)
  const { text, guessed } = readText(bytes)
  if (guessed) tools.warn({ code: 'text_encoding', message: guessedEncoding(name, guessed) })
  return readMarks(text, name)
}
