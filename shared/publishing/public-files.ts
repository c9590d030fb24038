/**
 * The public files of an episode: copies of its deliverables for listeners. Hides their addresses and how long caches
 * may keep them, and how an attempt that was overtaken is kept from bringing old audio back.
 */
import { withDatabase } from '../db/connect.ts'
import type { Services } from '../engine/services.ts'
import type { Tools } from '../engine/step.ts'
import { deliverables, isDeliverable, type DeliverableName } from '../episode/deliverables.ts'
import { Passing } from '../errors.ts'
import { audioName, episodeName, publicFolder, publicName } from '../objects.ts'
import type { ObjectName } from '../storage.ts'

export const oneYear = 'public, max-age=31536000, immutable'
/**
 * The audio's address stays while its bytes may change: caches keep it, and ask whether it is still the
 * same.
 */
const revalidated = 'public, max-age=300, must-revalidate'

/** Whoever changes what the public sees: the step, or an import. */
export type Publisher = Pick<Tools, 'storage' | 'config' | 'withDatabase' | 'warn'>

/** For whoever does so outside of a step. */
export const publisherOf = (
  { storage, config }: Services,
  warn: Publisher['warn'] = () => undefined,
): Publisher => ({
  storage,
  config,
  withDatabase: (use) => withDatabase(config.databaseUrl, use),
  warn,
})

/** A finished episode, as it is to be published. */
export interface Version {
  readonly episodeId: string
  readonly podcastId: string
  /** Empty for an imported episode whose audio lies elsewhere. */
  readonly contentHash: string
  readonly files: readonly string[]
}

/** Copies everything but the audio to addresses that nobody knows before the feed names them. */
export async function copyFiles(
  version: Version,
  { storage, config }: Pick<Publisher, 'storage' | 'config'>,
): Promise<void> {
  const { episodes, public: bucket } = config.buckets
  for (const { from, to, type } of publicFilesOf(version))
    await storage.copy(
      { bucket: episodes, name: from },
      { bucket, name: to },
      { contentType: type, cacheControl: oneYear },
    )
}

/** The public files beside the audio: what each is a copy of, and its name. */
export const publicFilesOf = ({ episodeId, podcastId, contentHash, files }: Version) =>
  namedByContent({ files }).map((file) => ({
    from: episodeName(episodeId, contentHash, file),
    to: publicName(podcastId, episodeId, contentHash, file),
    type: deliverables[file].type,
  }))

/** Every public file but the audio, whose address listeners' applications keep. */
export const namedByContent = ({ files }: Pick<Version, 'files'>): DeliverableName[] =>
  files.filter(isDeliverable).filter((file) => deliverables[file].isPublic && file !== 'episode.mp3')

/**
 * Puts the audio at the episode's address once `passPointOfNoReturn` has let it. What stands there is looked at first:
 * whoever was overtaken finds another generation. Throws Passing then: the next attempt looks anew.
 */
export async function publishAudio(
  { episodeId, podcastId, contentHash }: Version,
  { storage, config }: Pick<Publisher, 'storage' | 'config'>,
  passPointOfNoReturn: () => Promise<void>,
): Promise<void> {
  if (contentHash === '') {
    await passPointOfNoReturn()
    return
  }
  const from = { bucket: config.buckets.episodes, name: episodeName(episodeId, contentHash, 'episode.mp3') }
  const to = { bucket: config.buckets.public, name: audioName(podcastId, episodeId) }
  const made = (await storage.stat(from))?.contentHash
  const there = await storage.stat(to)
  await passPointOfNoReturn()
  if (there && there.contentHash === made) return
  const metadata = { contentType: deliverables['episode.mp3'].type, cacheControl: revalidated }
  if (!(await storage.copyOver(from, to, there?.generation ?? '0', metadata)))
    throw new Passing(
      'internal',
      'Another attempt replaced the audio while this one was about to publish it.',
    )
}

/** All that is public of an episode at this moment, each by its generation. */
export async function filesBeforeListeners(
  { episodeId, podcastId }: Pick<Version, 'episodeId' | 'podcastId'>,
  { storage, config }: Pick<Publisher, 'storage' | 'config'>,
): Promise<ObjectName[]> {
  const bucket = config.buckets.public
  const found = await storage.list(bucket, publicFolder(podcastId, episodeId))
  return found.map(({ name, generation }) => ({ bucket, name, generation }))
}

/** Takes them away, but for what was replaced since; what caches hold goes when their time is up. */
export async function removeFiles(
  files: readonly ObjectName[],
  { storage }: Pick<Publisher, 'storage'>,
): Promise<void> {
  for (const file of files) await storage.remove(file)
}
