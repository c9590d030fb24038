/**
 * Finds objects that no row knows: what a process left behind that ended at the wrong moment, or what a restored
 * database never heard of. Hides how names are read, and that a bucket is looked through a page at a time, with a few
 * hundred folders in memory, however much is in it.
 */
import type { Knex } from 'knex'
import { withDatabase } from '../db/connect.ts'
import { knownDeliverables, knownPublic, knownResults, knownUploads } from '../db/inventory.ts'
import type { BucketName } from '../db/deletions.ts'
import type { Services } from '../engine/services.ts'
import { mailSettingsFile, parseMailName } from '../objects.ts'
import type { StoredObject } from '../storage.ts'

/** A folder, or an upload by itself, that no row knows. */
export interface Orphan {
  readonly bucket: BucketName
  readonly prefix: string
  readonly objects: number
  readonly bytes: number
  /** When the newest of it was written. */
  readonly newestAt: Date
}

type Look = (db: Knex, names: readonly string[]) => Promise<Set<string>>

interface Place {
  /** What a name is known by; undefined of a name that nothing in Spool writes. */
  readonly placeOf: (name: string) => string | undefined
  readonly prefixOf: (place: string) => string
  readonly known: Look
}

const folder = (letter: string, known: Look): Place => ({
  placeOf: (name) => new RegExp(`^${letter}/([^/]+/[^/]+)/`).exec(name)?.[1],
  prefixOf: (place) => `${letter}/${place}/`,
  known,
})

const places: Readonly<Record<BucketName, Place>> = {
  uploads: { placeOf: (name) => name, prefixOf: (name) => name, known: recordedUploads },
  work: folder('w', knownResults),
  episodes: folder('e', knownDeliverables),
  public: {
    placeOf: (name) => /^p\/([^/]+\/(?:feed\.xml$|[^/]+(?=\/)))/.exec(name)?.[1],
    prefixOf: (place) => (place.endsWith('/feed.xml') ? `p/${place}` : `p/${place}/`),
    known: knownPublic,
  },
}

/** Settings beside mailboxes are read where they lie, and recorded nowhere. */
async function recordedUploads(db: Knex, names: readonly string[]): Promise<Set<string>> {
  const settings = names.filter((name) => parseMailName(name)?.file === mailSettingsFile)
  return new Set([...(await knownUploads(db, names)), ...settings])
}

/** Objects are written before or after their rows, but within this. */
const youngMs = 24 * 3600_000
const foldersAtOnce = 500

/** Everything in the four buckets that no row knows and that is older than a day. */
export async function* findOrphans(
  services: Pick<Services, 'config' | 'storage'>,
  now = Date.now(),
): AsyncGenerator<Orphan> {
  for (const bucket of Object.keys(places) as BucketName[]) yield* orphansIn(bucket, services, now - youngMs)
}

async function* orphansIn(
  bucket: BucketName,
  { config, storage }: Pick<Services, 'config' | 'storage'>,
  before: number,
): AsyncGenerator<Orphan> {
  const { placeOf, prefixOf, known } = places[bucket]
  let batch: Gathered[] = []
  const unknown = async (): Promise<Orphan[]> => {
    const named = batch.flatMap(({ place }) => place ?? [])
    const found = await withDatabase(config.databaseUrl, (db) => known(db, named))
    const left = batch.filter(({ place, newestAt }) => !found.has(place ?? '') && newestAt.getTime() < before)
    batch = []
    return left.map(({ place, first, ...rest }) => ({
      bucket,
      prefix: place === undefined ? first : prefixOf(place),
      ...rest,
    }))
  }
  for await (const gathered of inFolders(storage.walk(config.buckets[bucket], ''), placeOf)) {
    batch.push(gathered)
    if (batch.length === foldersAtOnce) yield* await unknown()
  }
  yield* await unknown()
}

interface Gathered {
  readonly place: string | undefined
  /** The name of its first object. */
  readonly first: string
  readonly objects: number
  readonly bytes: number
  readonly newestAt: Date
}

/** Objects of one folder stand together, since they come in the order of their names. */
async function* inFolders(
  objects: AsyncIterable<StoredObject>,
  placeOf: Place['placeOf'],
): AsyncGenerator<Gathered> {
  let current: Gathered | undefined
  for await (const { name, bytes, createdAt } of objects) {
    const place = placeOf(name)
    if (current && place !== undefined && current.place === place) {
      current = {
        ...current,
        objects: current.objects + 1,
        bytes: current.bytes + bytes,
        newestAt: createdAt > current.newestAt ? createdAt : current.newestAt,
      }
      continue
    }
    if (current) yield current
    current = { place, first: name, objects: 1, bytes, newestAt: createdAt }
  }
  if (current) yield current
}
