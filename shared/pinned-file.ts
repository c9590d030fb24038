/**
 * Finds and reads what a producer uploaded. Hides that its object generation is pinned: a file that was replaced meanwhile is
 * an error that says so, never another file; the same file sent once more, as a show's are with each episode, is the same.
 */
import type { ErrorCode } from './codes.ts'
import { Permanent } from './errors.ts'
import { fileOf } from './objects.ts'
import type { Config } from './config.ts'
import type { ObjectStore } from './storage.ts'
import type { ObjectName, StoredObject } from './storage-objects.ts'

export interface PinnedFile {
  readonly object: string
  /** Null where it is not known; then whatever is there now. */
  readonly generation: string | null
  /** Null where it is not known. */
  readonly contentHash: string | null
}

/** An object of which one generation is meant, or what has the same content. */
export interface PinnedObject extends ObjectName {
  readonly contentHash?: string | null
}

/** Of its generation, or of the one that has taken its place with the same content; undefined where neither is there. */
export async function findPinned(
  storage: Pick<ObjectStore, 'stat'>,
  { contentHash = null, ...object }: PinnedObject,
): Promise<StoredObject | undefined> {
  const stored = await storage.stat(object)
  if (stored || object.generation === undefined || contentHash === null) return stored
  const now = await storage.stat({ bucket: object.bucket, name: object.name })
  return now?.contentHash === contentHash ? now : undefined
}

/** Throws Permanent `upload_replaced`, or `tooLarge` when it has more than `mostBytes`. */
export async function readPinnedFile(
  { object, generation, contentHash }: PinnedFile,
  { mostBytes, tooLarge }: { readonly mostBytes: number; readonly tooLarge: ErrorCode },
  { storage, config }: { readonly storage: ObjectStore; readonly config: Config },
): Promise<Buffer> {
  const name = fileOf(object)
  const at = { bucket: config.buckets.uploads, name: object }
  const stored = await findPinned(storage, {
    ...{ ...at, contentHash },
    ...(generation === null ? {} : { generation }),
  })
  if (!stored)
    throw new Permanent(
      'upload_replaced',
      `${name} was replaced or deleted before it could be read. Upload it again, then the recording.`,
    )
  if (stored.bytes > mostBytes)
    throw new Permanent(
      tooLarge,
      `${name} has ${stored.bytes} bytes; the limit is ${mostBytes}. Save it smaller.`,
    )
  return await storage.read({ ...at, generation: stored.generation })
}
