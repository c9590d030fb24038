/**
 * Reads a file that a producer uploaded beside a recording. Hides that its object generation is pinned: a
 * file that was replaced meanwhile is an error that says so, never another file.
 */
import type { ErrorCode } from './codes.ts'
import { Permanent } from './errors.ts'
import { fileOf } from './objects.ts'
import type { Config } from './config.ts'
import type { ObjectStore } from './storage.ts'

export interface PinnedFile {
  readonly object: string
  /** Null where it is not known; then whatever is there now. */
  readonly generation: string | null
}

/** Throws Permanent `upload_replaced`, or `tooLarge` when it has more than `mostBytes`. */
export async function readPinnedFile(
  { object, generation }: PinnedFile,
  { mostBytes, tooLarge }: { readonly mostBytes: number; readonly tooLarge: ErrorCode },
  { storage, config }: { readonly storage: ObjectStore; readonly config: Config },
): Promise<Buffer> {
  const name = fileOf(object)
  const pinned = {
    bucket: config.buckets.uploads,
    name: object,
    ...(generation === null ? {} : { generation }),
  }
  const stored = await storage.stat(pinned)
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
  return await storage.read(pinned)
}
