/**
 * Loads what players show besides the text: cover, chapter marks and chapter pictures, from the files beside
 * a recording. Hides where each file is, and what is done to make it fit.
 */
import { Permanent } from '../errors.ts'
import { fileOf } from '../objects.ts'
import { maxDocumentBytes } from '../settings/document.ts'
import { readPinnedFile } from '../pinned-file.ts'
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
  { coverObject, coverGeneration }: { coverObject: string | null; coverGeneration: string | null },
  tools: Pick<Tools, 'storage' | 'config' | 'warn'>,
): Promise<Buffer | undefined> {
  if (coverObject === null) return undefined
  const name = fileOf(coverObject)
  const { jpeg, changes } = await fitCover(
    await readPinnedFile({ object: coverObject, generation: coverGeneration }, picture, tools),
    name,
  )
  if (changes.length > 0)
    tools.warn({ code: 'cover_fitted', message: `${name} was ${changes.join(' and ')}.` })
  return jpeg
}

/**
 * The show's cover for an episode without one of its own; undefined when there is none, or when it cannot be used: no
 * episode fails for it, and whoever publishes the show is told.
 */
export async function showCoverOf(
  cover: { readonly object: string; readonly generation: string } | undefined,
  tools: Pick<Tools, 'storage' | 'config'>,
): Promise<Buffer | undefined> {
  if (!cover) return undefined
  try {
    const given = { coverObject: cover.object, coverGeneration: cover.generation }
    return await coverOf(given, { ...tools, warn: () => undefined })
  } catch (error) {
    if (error instanceof Permanent) return undefined
    throw error
  }
}

/** Chapters' pictures by their files, fitted. `pictures` is the run's list, as JSON. */
export async function picturesOf(
  pictures: readonly { readonly object: string; readonly generation: string }[],
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
  { chaptersObject, chaptersGeneration }: MarksContext,
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
  const bytes = await readPinnedFile({ object: chaptersObject, generation: chaptersGeneration }, limit, tools)
  const { text, guessed } = readText(bytes)
  if (guessed) tools.warn({ code: 'text_encoding', message: guessedEncoding(name, guessed) })
  return readMarks(text, name)
}
