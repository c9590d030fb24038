/** Deletes what lies in a folder of a bucket, however much, with a page of names in memory and a few requests at once. */
import type { ObjectStore, StoredObject } from '../storage.ts'

const atOnce = 16

export interface Emptied {
  readonly objects: number
  readonly bytes: number
  /** Nothing that was to go is left. */
  readonly isEmpty: boolean
}

/**
 * Deletes the objects below `prefix` that `goes` names, each in the generation that was seen, and looks again. Begins
 * with no further object after `endsAt`.
 */
export async function emptyFolder(
  storage: Pick<ObjectStore, 'walk' | 'remove'>,
  { bucket, prefix }: { readonly bucket: string; readonly prefix: string },
  goes: (object: StoredObject) => boolean = () => true,
  endsAt = Infinity,
): Promise<Emptied> {
  let [objects, bytes] = [0, 0]
  const removeAll = async (found: readonly StoredObject[]): Promise<void> => {
    await Promise.all(found.map(({ name, generation }) => storage.remove({ bucket, name, generation })))
    objects += found.length
    bytes += found.reduce((sum, each) => sum + each.bytes, 0)
  }
  let batch: StoredObject[] = []
  for await (const object of storage.walk(bucket, prefix)) {
    if (!goes(object)) continue
    if (Date.now() >= endsAt) return { objects, bytes, isEmpty: false }
    batch.push(object)
    if (batch.length < atOnce) continue
    await removeAll(batch)
    batch = []
  }
  await removeAll(batch)
  return { objects, bytes, isEmpty: objects === 0 || !(await hasAny(storage, { bucket, prefix }, goes)) }
}

async function hasAny(
  storage: Pick<ObjectStore, 'walk'>,
  { bucket, prefix }: { readonly bucket: string; readonly prefix: string },
  goes: (object: StoredObject) => boolean,
): Promise<boolean> {
  for await (const object of storage.walk(bucket, prefix)) if (goes(object)) return true
  return false
}
