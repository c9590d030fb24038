/**
 * The template of a podcast, for episodes that bring none: a file among its assets. Hides under which spelling of its
 * name it lies, and that there may be none.
 */
import type { Services } from '../engine/services.ts'
import { Missing, Permanent } from '../errors.ts'
import { assetsFolder, spellings, templateFile, uploadName, type UploadPath } from '../objects.ts'
import { maxDocumentBytes } from '../settings/document.ts'
import type { ObjectName } from '../storage.ts'
import { readText } from '../text-file.ts'

export interface PodcastTemplate {
  /** Where it lies, or would. */
  readonly where: ObjectName
  /** The object's generation; "0" when there is none. */
  readonly revision: string
  /** JSON; that of an empty document when there is none. */
  readonly text: string
}

type Place = Pick<UploadPath, 'userId' | 'podcast'>
type Reading = Pick<Services, 'storage' | 'config'>

/** It may be replaced between the look and the reading; so often by nobody. */
const tries = 5

/** Throws Permanent `bad_template` for one that is too long to be read. */
export async function podcastTemplate(place: Place, services: Reading): Promise<PodcastTemplate> {
  for (let left = tries - 1; ; left--)
    try {
      return await presentTemplate(place, services)
    } catch (error) {
      if (!(error instanceof Missing) || left === 0) throw error
    }
}

async function presentTemplate(
  { userId, podcast }: Place,
  { storage, config }: Reading,
): Promise<PodcastTemplate> {
  const bucket = config.buckets.uploads
  const names = spellings(uploadName(userId, podcast, assetsFolder, templateFile))
  const found = await Promise.all(names.map((name) => storage.stat({ bucket, name })))
  const stored = found.find((each) => each !== undefined)
  if (!stored) return { where: { bucket, name: names[0]! }, revision: '0', text: '{}' }
  const { name, generation, bytes } = stored
  if (bytes > maxDocumentBytes)
    throw new Permanent(
      'bad_template',
      `The podcast's ${templateFile} has ${bytes} bytes; a document of settings may have ${maxDocumentBytes}.`,
    )
  const { text } = readText(await storage.read({ bucket, name, generation }))
  return { where: { bucket, name }, revision: generation, text }
}
