/**
 * What the object store says of its objects, in the product's words. Hides the client's handles and its metadata, and what
 * its refusals mean: no such object, or one that is no longer as it was seen.
 */
import type { Bucket, File, Storage } from '@google-cloud/storage'
import { between, type Effect } from './boundaries.ts'
import { Missing, codeOf } from './errors.ts'

export interface ObjectName {
  readonly bucket: string
  readonly name: string
  /** Pins the read to one generation; a replaced one is not found. */
  readonly generation?: string
}

export interface StoredObject {
  readonly name: string
  readonly generation: string
  readonly bytes: number
  readonly createdAt: Date
  readonly contentType: string
  /** Tells the bytes apart: the MD5 where the store has one, else CRC32C and length. */
  readonly contentHash: string
}

export interface ByteRange {
  readonly start: number
  /** One past the last byte. */
  readonly end: number
}

export type ObjectMetadata = {
  readonly cacheControl?: string
  readonly contentDisposition?: string
}

interface ReportedMetadata {
  name?: string | undefined
  generation?: string | number | undefined
  size?: string | number | undefined
  timeCreated?: string | undefined
  contentType?: string | undefined
  md5Hash?: string | undefined
  crc32c?: string | undefined
}

export const describe = (metadata: ReportedMetadata): StoredObject => ({
  name: metadata.name ?? '',
  generation: String(metadata.generation),
  bytes: Number(metadata.size),
  createdAt: new Date(metadata.timeCreated ?? 0),
  contentType: metadata.contentType ?? 'application/octet-stream',
  contentHash: metadata.md5Hash ?? `${metadata.crc32c}-${metadata.size}`,
})

/** The client's handles; it is asked for with the first. */
export interface Handles {
  readonly bucket: (name: string) => Promise<Bucket>
  readonly file: (object: ObjectName) => Promise<File>
}

export const handlesOf = (storage: () => Promise<Storage>): Handles => {
  const bucket = async (name: string): Promise<Bucket> => (await storage()).bucket(name)
  return {
    bucket,
    file: async ({ bucket: b, name, generation }) =>
      (await bucket(b)).file(name, generation === undefined ? {} : { generation }),
  }
}

/** Throws Missing where the store says that there is no such object. */
export async function orMissing<T>(object: ObjectName, asked: Promise<T>): Promise<T> {
  try {
    return await asked
  } catch (error) {
    throw codeOf(error) === '404' ? new Missing(object, error) : error
  }
}

/**
 * Ignores that the object of a create-only write exists already: names carry their inputs' hash, so
 * the bytes are the same.
 */
export async function ignoringExisting(
  effect: Effect,
  target: ObjectName,
  write: () => Promise<unknown>,
): Promise<void> {
  await unlessChanged(effect, target, write)
}

/** False when the store says that the object is no longer as it was seen, and so leaves it. */
export async function unlessChanged(
  effect: Effect,
  target: ObjectName,
  write: () => Promise<unknown>,
): Promise<boolean> {
  return await between(effect, addressOf(target), async () => {
    try {
      await write()
      return true
    } catch (error) {
      if (codeOf(error) === '412') return false
      throw error
    }
  })
}

export const addressOf = ({ bucket, name }: ObjectName): string => `${bucket}/${name}`
