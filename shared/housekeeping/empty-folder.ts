/** Deletes what lies in a folder of a bucket, however much, with a page of names in memory and a few requests at once. */
import type { ObjectStore, StoredObject } from '../storage.ts'

const atOnce = 16

export interface Emptied {
  readonly objects: number
  readonly bytes: number
  /** Nothing that was to go is left. */
  readonly isEmpty: boolean
}

/** What goes; everything, at once, when nothing is said. */
export interface Going {
  readonly goes?: (object: StoredObject) => boolean
  /** Asked after objects were seen and before they go: whether the folder is still to be emptied. */
  readonly isStill?: () => Promise<boolean>
  /** No further object after this moment. */
  readonly endsAt?: number
}

/** Deletes the objects below `prefix` that go, each in the generation that was seen, and looks again. */
export async function emptyFolder(
  storage: Pick<ObjectStore, 'walk' | 'remove'>,
  { bucket, prefix }: { readonly bucket: string; readonly prefix: string },
  { goes = () => true, isStill, endsAt = Infinity }: Going = {},
): Promise<Emptied> {
  let [objects, bytes] = [0, 0]
  for await (const seen of inBatches(storage.walk(bucket, prefix), goes)) {
    if (Date.now() >= endsAt) return { objects, bytes, isEmpty: false }
    if (isStill && !(await isStill())) return { objects, bytes, isEmpty: false }
    await Promise.all(seen.map(({ name, generation }) => storage.remove({ bucket, name, generation })))
    objects += seen.length
    bytes += seen.reduce((sum, each) => sum + each.bytes, 0)
  }
  return { objects, bytes, isEmpty: objects === 0 || !(await hasAny(storage, { bucket, prefix }, goes)) }
}

async function* inBatches(
  objects: AsyncIterable<StoredObject>,
  goes: (object: StoredObject) => boolean,
): AsyncGenerator<StoredObject[]> {
  let batch: StoredObject[] = []
  for await (const object of objects) {
    if (!goes(object)) continue
    batch.push(object)
    if (batch.length < atOnce) continue
    yield batch
    batch = []
  }
  if (batch.length > 0) yield batch
}

async function hasAny(
  storage: Pick<ObjectStore, 'walk'>,
  { bucket, prefix }: { readonly bucket: string; readonly prefix: string },
  goes: (object: StoredObject) => boolean,
): Promise<boolean> {
  for await (const object of storage.walk(bucket, prefix)) if (goes(object)) return true
  return false
}
