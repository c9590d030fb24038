/**
 * An object store in memory that keeps the promises of Cloud Storage which the product counts on: generations,
 * preconditions, objects that are created and not overwritten, reads that see what was written. Every effect stands
 * between its two points. Hides what the simulation has no use for.
 */
import { createHash } from 'node:crypto'
import { between } from '../../shared/boundaries.ts'
import { Missing } from '../../shared/errors.ts'
import type { ObjectName, ObjectStore, StoredObject } from '../../shared/storage.ts'

export interface StoreInMemory extends ObjectStore {
  /** Somebody uploads: what is there is replaced. */
  readonly put: (object: ObjectName, text: string) => StoredObject
  /** Takes an object away, by its `bucket/name`, and nobody is told. */
  readonly take: (address: string) => void
  /** Every object there is, as `bucket/name`. */
  readonly names: () => string[]
  /** What was ever uploaded, in its order. */
  readonly uploads: readonly StoredObject[]
  readonly isCurrent: (object: ObjectName) => boolean
  /** What was ever swapped in, in its order. */
  readonly swaps: readonly { readonly name: string; readonly text: string }[]
}

interface Kept extends StoredObject {
  readonly text: string
}

const notSimulated = (): never => {
  throw new Error('This is not simulated.')
}

export function storeInMemory(): StoreInMemory {
  const objects = new Map<string, Kept>()
  const uploads: StoredObject[] = []
  const swaps: { name: string; text: string }[] = []
  let generations = 0

  const find = (object: ObjectName): Kept | undefined => {
    const kept = objects.get(addressOf(object))
    return object.generation === undefined || object.generation === kept?.generation ? kept : undefined
  }
  const readText = (object: ObjectName): string => {
    const kept = find(object)
    if (!kept) throw new Missing(object)
    return kept.text
  }
  const keep = (object: ObjectName, text: string, contentType: string): Kept => {
    const kept = {
      name: object.name,
      generation: String(++generations),
      bytes: Buffer.byteLength(text, 'latin1'),
      createdAt: new Date(Date.now()),
      contentType,
      contentHash: createHash('md5').update(text).digest('base64'),
      text,
    }
    objects.set(addressOf(object), kept)
    return kept
  }
  /** False when the object is no longer the one that was seen; '0': there was none. */
  const keepUnder = (object: ObjectName, seen: string, text: string, contentType: string): boolean => {
    if ((find({ bucket: object.bucket, name: object.name })?.generation ?? '0') !== seen) return false
    keep(object, text, contentType)
    return true
  }
  const list = (bucket: string, prefix: string): StoredObject[] =>
    [...objects.entries()]
      .filter(([address]) => address.startsWith(`${bucket}/${prefix}`))
      .map(([, kept]) => kept)
      .sort((a, b) => (a.name < b.name ? -1 : 1))

  return {
    swaps,
    uploads,
    isCurrent: (object) => find(object) !== undefined,
    put: (object, text) => {
      const kept = keep(object, text, 'audio/wav')
      uploads.push(kept)
      return kept
    },
    take: (address) => void objects.delete(address),
    names: () => [...objects.keys()].sort(),
    stat: (object) => Promise.resolve(find(object)),
    read: (object, range) => {
      const bytes = Buffer.from(readText(object), 'latin1')
      return Promise.resolve(range ? bytes.subarray(range.start, range.end) : bytes)
    },
    readJson: <T>(object: ObjectName) => Promise.resolve(JSON.parse(readText(object)) as T),
    create: async (object, data, contentType) => {
      if (typeof data !== 'string') notSimulated()
      await between('object.create', addressOf(object), () =>
        keepUnder(object, '0', data as string, contentType),
      )
    },
    swap: (object, seen, text, contentType) =>
      between('object.swap', addressOf(object), () => {
        const isSwapped = keepUnder(object, seen, text, contentType)
        if (isSwapped) swaps.push({ name: object.name, text })
        return isSwapped
      }),
    copy: async (from, to, metadata) => {
      await between('object.copy', addressOf(to), () =>
        keepUnder(to, '0', readText(from), metadata?.contentType ?? find(from)!.contentType),
      )
    },
    copyOver: (from, to, seen, metadata) =>
      between('object.copy', addressOf(to), () =>
        keepUnder(to, seen, readText(from), metadata?.contentType ?? find(from)!.contentType),
      ),
    remove: (object) =>
      between('object.remove', addressOf(object), () => {
        if (find(object)) objects.delete(addressOf(object))
      }),
    list: (bucket, prefix) => Promise.resolve(list(bucket, prefix)),
    walk: async function* (bucket, prefix) {
      yield* await Promise.resolve(list(bucket, prefix))
    },
    readStream: notSimulated,
    scan: notSimulated,
    compose: notSimulated,
    signedUrl: notSimulated,
    beginUpload: notSimulated,
  }
}

const addressOf = ({ bucket, name }: ObjectName): string => `${bucket}/${name}`
