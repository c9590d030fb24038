/** What was read of objects lately: they never change, and whoever looks at one looks again. */
import type { ObjectName, ObjectStore } from '../storage.ts'

/** Reads an object, or gives what it gave before if it is one of the `most` that were asked for last. */
export function lately<T>(
  most: number,
  read: (object: ObjectName, storage: ObjectStore) => Promise<T>,
): (object: ObjectName, storage: ObjectStore) => Promise<T> {
  const kept = new Map<string, Promise<T>>()
  return (object, storage) => {
    const found = kept.get(object.name) ?? read(object, storage)
    kept.delete(object.name)
    kept.set(object.name, found)
    if (kept.size > most) kept.delete(kept.keys().next().value!)
    found.catch(() => kept.delete(object.name))
    return found
  }
}
