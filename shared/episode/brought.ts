/**
 * What lies among the uploads for an episode, as the preflight looks at it: so that what stands in its way is said before
 * its recording is sent. Hides where a podcast's template and files are, and that large files are left to the run.
 */
import { withDatabase } from '../db/connect.ts'
import type { Services } from '../engine/services.ts'
import { Permanent } from '../errors.ts'
import { assetsFolder, asSeen, findSidecars, templateFile, uploadName } from '../objects.ts'
import { parseTemplate, defaultTemplate, type Template } from '../settings/settings.ts'
import { listFolder, type NamedObject } from './plan.ts'
import { podcastTemplate } from './podcast-template.ts'
import { NotReady } from './not-ready.ts'
import { toldBefore } from './said-before.ts'
import { faultsOf, type Brought, type BroughtFile } from './preflight.ts'

/** More is not read while somebody waits for an answer. */
const mostLookedAtBytes = 8 * 1024 * 1024

/** `head` is unset for a file of which only its name and its size are told. */
export type AnnouncedFile = Omit<BroughtFile, 'head'> & Partial<Pick<BroughtFile, 'head'>>

export interface Announced {
  readonly podcast: string
  readonly episode: string
  readonly recordings: readonly BroughtFile[]
  /** What will lie beside them, in place of what does; undefined: what lies there. */
  readonly beside?: readonly AnnouncedFile[] | undefined
  /** What the podcast's template will be; undefined: what it is. */
  readonly podcastTemplate?: string | undefined
}

type Reading = Pick<Services, 'storage' | 'config'>

/** An upload, as the preflight looks at it. */
export const lyingFile = (
  { file, stored: { name, generation, bytes } }: NamedObject,
  { storage, config }: Reading,
): BroughtFile => ({
  name: file,
  bytes,
  head: (length) =>
    bytes === 0
      ? Promise.resolve(Buffer.alloc(0))
      : storage.read(
          { bucket: config.buckets.uploads, name, generation },
          { start: 0, end: Math.min(length, bytes) },
        ),
})

export async function broughtTo(
  userId: string,
  { podcast, episode, recordings, beside: told, podcastTemplate: coming }: Announced,
  services: Reading,
): Promise<Brought> {
  const { storage, config } = services
  const bucket = config.buckets.uploads
  const place = { userId, podcast: asSeen(podcast) }
  const beside = await listFolder(uploadName(userId, place.podcast, asSeen(episode), ''), bucket, storage)
  const sidecars = findSidecars(told?.map(({ name }) => asSeen(name)) ?? beside.map(({ file }) => file))
  const fileOf = (object: NamedObject) => lyingFile(object, services)
  const lying = (file: string | undefined): BroughtFile | undefined => {
    const ahead = told?.find(({ name }) => asSeen(name) === file)
    if (ahead?.head) return { ...ahead, head: ahead.head }
    const found = beside.find((each) => each.file === file)
    const hasCome = !ahead || ahead.bytes === found?.stored.bytes
    return found && hasCome && found.stored.bytes <= mostLookedAtBytes ? fileOf(found) : undefined
  }
  let assets: Promise<NamedObject[]> | undefined
  const listAssets = () => listFolder(uploadName(userId, place.podcast, assetsFolder, ''), bucket, storage)
  return {
    recordings,
    words: lying(sidecars.words),
    template:
      lying(sidecars.template) ??
      templateNamed(`the podcast's ${templateFile}`, coming ?? (await podcastTemplate(place, services)).text),
    podcast: lying(sidecars.podcast),
    episode: lying(sidecars.episode),
    cover: lying(sidecars.cover),
    chapters: lying(sidecars.chapters),
    asset: async (file) => {
      const found = (await (assets ??= listAssets())).find((each) => each.file === asSeen(file))
      return found && fileOf(found)
    },
    ...(await withDatabase(config.databaseUrl, (db) => toldBefore(db, { userId, podcast, episode }))),
    mostBytes: config.limits.recordingBytes,
  }
}

/** Throws NotReady with everything that stands in the way. */
export async function mustBeReady(userId: string, announced: Announced, services: Reading): Promise<void> {
  const faults = await faultsOf(await broughtTo(userId, announced, services))
  if (faults.length > 0) throw new NotReady(faults)
}

/** The template that an episode would be made by; the default where that one is broken, which is a fault. */
export async function templateOf({ template }: Brought): Promise<Template> {
  if (!template) return defaultTemplate()
  try {
    return parseTemplate((await template.head(template.bytes)).toString('utf8'), template.name)
  } catch (error) {
    if (error instanceof Permanent) return defaultTemplate()
    throw error
  }
}

function templateNamed(name: string, text: string): BroughtFile {
  const bytes = Buffer.from(text)
  return { name, bytes: bytes.length, head: (length) => Promise.resolve(bytes.subarray(0, length)) }
}
