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
  const recordings = files.filter(({ kind }) => kind === 'recording').map(({ file }) => nameOf(file))
  await forgetOthers(bucket, nameOf(''), recordings)
  for (const { kind, file, source } of files) {
    const object = bucket.file(kind === 'asset' ? assetOf(file) : nameOf(file))
    const former = kind === 'asset' ? await takeAway(bucket, otherCovers(file).map(assetOf)) : 0
    if ('text' in source) await object.save(source.text)
    else if (kind === 'sidecar') await bucket.upload(source.path, { destination: object })
    else if (!(await send(source.path, object, job)) && (kind === 'recording' || former > 0))
      await object.copy(object) // it arrives once more
  }
  const first = bucket.file(recordings[0]!)
  const [{ generation }] = await first.getMetadata()
  return { object: first.name, generation: String(generation) }
}

/** What an earlier run of this episode was given, but for recordings, which may be the same. */
async function forgetOthers(bucket: Bucket, prefix: string, recordings: readonly string[]): Promise<void> {
  const [found] = await bucket.getFiles({ prefix })
  for (const file of found) if (!recordings.includes(file.name)) await file.delete({ ignoreNotFound: true })
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
