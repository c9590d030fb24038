/**
 * Puts a job's files into the bucket, as a producer would. Hides that a recording which lies there already, unchanged, is
 * neither read nor sent again.
 */
import { createReadStream } from 'node:fs'
import { stat } from 'node:fs/promises'
import path from 'node:path'
import { pipeline } from 'node:stream/promises'
import type { Bucket, File } from '@google-cloud/storage'
import { codeOf } from '../../shared/errors.ts'
import { contentHash } from '../../shared/hash.ts'
import { assetsFolder, otherCovers, uploadName } from '../../shared/objects.ts'
import { episodeSlug, filesOf, type Job } from './job-files.ts'
import type { Source } from '../client/send.ts'
import { userId } from './user.ts'

/** Returns the first recording's object and generation. */
export async function upload(
  bucket: Bucket,
  podcast: string,
  job: Job,
): Promise<{ object: string; generation: string }> {
  const nameOf = (file: string) => uploadName(userId, podcast, episodeSlug(job), file)
  const assetOf = (file: string) => uploadName(userId, podcast, assetsFolder, file)
  const files = await filesOf(job)
  const placed = await Promise.all(
    files.map(async ({ kind, file, source }) => {
      const object = bucket.file(kind === 'asset' ? assetOf(file) : nameOf(file))
      return { kind, file, source, object, isThere: await isSame(source, object, job) }
    }),
  )
  const recordings = placed.filter(({ kind }) => kind === 'recording')
  // one of several that is to be replaced may not be taken for the one that is to come
  const staying = recordings.length === 1 ? recordings : recordings.filter(({ isThere }) => isThere)
  await forgetOthers(
    bucket,
    nameOf(''),
    staying.map(({ object }) => object.name),
  )
  for (const { kind, file, source, object, isThere } of placed) {
    const former = kind === 'asset' ? await takeAway(bucket, otherCovers(file).map(assetOf)) : 0
    if ('text' in source) await object.save(source.text)
    else if (kind === 'sidecar') await bucket.upload(source.path, { destination: object })
    else if (!isThere) await send(source.path, object)
    else if (kind === 'recording' || former > 0) await object.copy(object) // it arrives once more
  }
  const first = recordings[0]!.object
  const [{ generation }] = await first.getMetadata()
  return { object: first.name, generation: String(generation) }
}

/** What an earlier run of this episode was given, but for the recordings that stay. */
async function forgetOthers(bucket: Bucket, prefix: string, staying: readonly string[]): Promise<void> {
  const [found] = await bucket.getFiles({ prefix })
  for (const file of found) if (!staying.includes(file.name)) await file.delete({ ignoreNotFound: true })
}

/** Returns how many were there. */
async function takeAway(bucket: Bucket, names: readonly string[]): Promise<number> {
  let taken = 0
  for (const object of names.map((name) => bucket.file(name)))
    if ((await object.exists())[0]) {
      await object.delete({ ignoreNotFound: true })
      taken++
    }
  return taken
}

/** Whether the object was made of a file of this place, size and time. */
async function isSame(
  source: Source,
  object: File,
  { rehash = false }: Pick<Job, 'rehash'>,
): Promise<boolean> {
  return 'path' in source && !rehash && (await originOf(object)) === (await originIn(source.path))
}

async function send(from: string, object: File): Promise<void> {
  const metadata = { metadata: { [originKey]: await originIn(from) } }
  await pipeline(createReadStream(from), object.createWriteStream({ resumable: true, metadata }))
}

async function originIn(file: string): Promise<string> {
  const { size, mtimeMs } = await stat(file)
  return contentHash(`${path.resolve(file)} ${size} ${Math.round(mtimeMs)}`)
}

const originKey = 'spool-origin'

/** Undefined where nothing lies there. */
export async function generationOf(bucket: Bucket, object: string): Promise<string | undefined> {
  try {
    const [{ generation }] = await bucket.file(object).getMetadata()
    return String(generation)
  } catch (error) {
    if (codeOf(error) === '404') return undefined
    throw error
  }
}

async function originOf(object: File): Promise<unknown> {
  try {
    const [{ metadata }] = await object.getMetadata()
    return metadata?.[originKey]
  } catch (error) {
    if (codeOf(error) === '404') return undefined
    throw error
  }
}
