/**
 * Stores objects and changes them: one record per object on disk, generations, preconditions, atomic
 * replacement. A change is one synchronous run of the event loop, so two writers never pass the same
 * precondition; on disk it is one rename, so a killed server finds either the old object or the new one,
 * bytes included.
 */
import { createHash } from 'node:crypto'
import {
  mkdirSync,
  readdirSync,
  readFileSync,
  renameSync,
  rmdirSync,
  rmSync,
  statSync,
  writeFileSync,
} from 'node:fs'
import { join } from 'node:path'
import { StorageError } from './answers.ts'
import type { BlobRef, Blobs } from './blobs.ts'
import { joinCrc32c, type Checksums } from './checksums.ts'
import type { Outbox } from './events.ts'
import { page, type ListQuery } from './listing.ts'
import { patched, type ObjectFields, type ObjectPatch, type ObjectRecord } from './object-resource.ts'
import { checkPreconditions, type Preconditions } from './preconditions.ts'

export interface ObjectName {
  bucket: string
  name: string
}

export interface Content extends Checksums {
  sizeBytes: number
  blobs: BlobRef[]
  componentCount?: number | undefined
}

export interface ComposeSource {
  name: string
  generation?: string | undefined
  conditions: Preconditions
}

export interface Listing {
  items: ObjectRecord[]
  prefixes: string[]
  nextPageToken?: string
}

interface Bucket {
  objects: Map<string, ObjectRecord>
  sortedNames?: string[] | undefined
}

export type Objects = ReturnType<typeof openObjects>

const COMPOSE_LIMIT = 32

export function openObjects({
  dir,
  blobs,
  outbox,
  now,
}: {
  dir: string
  blobs: Blobs
  outbox: Outbox
  now: () => number
}) {
  const bucketsDir = join(dir, 'objects')
  const stagingDir = join(dir, 'staging')
  const buckets = new Map<string, Bucket>()
  let lastGeneration = 0

  const pathOf = ({ bucket, name }: ObjectName) =>
    join(bucketsDir, bucket, `${createHash('sha256').update(name).digest('hex')}.json`)
  const timestamp = () => new Date(now()).toISOString()

  function load(): void {
    for (const path of [bucketsDir, stagingDir]) mkdirSync(path, { recursive: true })
    for (const unfinished of readdirSync(stagingDir)) {
      outbox.discard(unfinished.replace('.json', ''))
      rmSync(join(stagingDir, unfinished))
    }
    for (const bucket of readdirSync(bucketsDir)) {
      const objects = new Map<string, ObjectRecord>()
      buckets.set(bucket, { objects })
      for (const file of readdirSync(join(bucketsDir, bucket))) {
        const record = JSON.parse(readFileSync(join(bucketsDir, bucket, file), 'utf8')) as ObjectRecord
        objects.set(record.name, record)
        blobs.retain(idsOf(record))
        lastGeneration = Math.max(lastGeneration, Number(record.generation))
      }
    }
  }

  function bucketOf(name: string): Bucket {
    const bucket = buckets.get(name)
    if (!bucket) throw new StorageError('notFound', 'The specified bucket does not exist.')
    return bucket
  }

  const current = ({ bucket, name }: ObjectName) => bucketOf(bucket).objects.get(name)

  /** The live object; a pinned generation that was replaced is gone, for buckets here keep no versions. */
  function find(where: ObjectName, generation?: string): ObjectRecord {
    const record = current(where)
    if (!record || (generation !== undefined && generation !== record.generation)) {
      throw new StorageError(
        'notFound',
        `No such object: ${where.bucket}/${where.name}${generation === undefined ? '' : `#${generation}`}`,
      )
    }
    return record
  }

  /** Microseconds since 1970, as Google's are, and strictly increasing even when the clock is not. */
  function nextGeneration(): string {
    lastGeneration = Math.max(lastGeneration + 1, Math.floor(now() * 1000))
    return String(lastGeneration)
  }

  /**
   * The staged record names its generation: found at the next start, it tells which stored event belongs to
   * no object.
   */
  function commitNew(record: ObjectRecord): void {
    const staged = join(stagingDir, `${record.generation}.json`)
    try {
      writeFileSync(staged, JSON.stringify(record))
      outbox.store(record)
      renameSync(staged, pathOf(record))
    } catch (error) {
      outbox.discard(record.generation)
      rmSync(staged, { force: true })
      throw error
    }
    const { objects } = bucketOf(record.bucket)
    const replaced = objects.get(record.name)
    if (!replaced) bucketOf(record.bucket).sortedNames = undefined
    objects.set(record.name, record)
    blobs.retain(idsOf(record))
    if (replaced) blobs.release(idsOf(replaced))
    outbox.send(record)
  }

  /** Makes the object exist. The caller still holds the blobs; from here on the object does too. */
  function finalize(
    where: ObjectName,
    content: Content,
    fields: ObjectFields,
    conditions: Preconditions,
    uploadId?: string,
  ): ObjectRecord {
    checkWritable(where, conditions)
    const time = timestamp()
    const record: ObjectRecord = {
      ...where,
      generation: nextGeneration(),
      metageneration: 1,
      ...content,
      fields: { contentType: 'application/octet-stream', ...fields },
      timeCreated: time,
      updated: time,
      uploadId,
    }
    commitNew(record)
    return record
  }

  /** Worth asking before any byte of an upload is read; `finalize` asks again. */
  function checkWritable(where: ObjectName, conditions: Preconditions): void {
    const sizeBytes = Buffer.byteLength(where.name)
    if (sizeBytes < 1 || sizeBytes > 1024 || /[\r\n]|^\.{1,2}$/.test(where.name))
      throw new StorageError('invalid', `Invalid object name: "${where.name}"`)
    checkPreconditions(current(where), conditions)
  }

  function remove(where: ObjectName, conditions: Preconditions, generation?: string): void {
    const record = find(where, generation)
    checkPreconditions(record, conditions)
    rmSync(pathOf(where))
    bucketOf(where.bucket).objects.delete(where.name)
    bucketOf(where.bucket).sortedNames = undefined
    blobs.release(idsOf(record))
  }

  function patch(
    where: ObjectName,
    change: ObjectPatch,
    conditions: Preconditions,
    generation?: string,
  ): ObjectRecord {
    const record = find(where, generation)
    checkPreconditions(record, conditions)
    const next = {
      ...record,
      fields: patched(record.fields, change),
      metageneration: record.metageneration + 1,
      updated: timestamp(),
    }
    const staged = join(stagingDir, 'patch.json')
    writeFileSync(staged, JSON.stringify(next))
    renameSync(staged, pathOf(where))
    bucketOf(where.bucket).objects.set(where.name, next)
    return next
  }

  function compose(
    where: ObjectName,
    sources: readonly ComposeSource[],
    fields: ObjectFields,
    conditions: Preconditions,
  ): ObjectRecord {
    if (sources.length < 1)
      throw new StorageError('invalid', 'You must provide at least one source component.')
    if (sources.length > COMPOSE_LIMIT) {
      throw new StorageError(
        'invalid',
        `The number of source components provided (${sources.length}) exceeds the maximum (${COMPOSE_LIMIT})`,
      )
    }
    const parts = sources.map(({ name, generation, conditions: own }) => {
      const record = find({ bucket: where.bucket, name }, generation)
      checkPreconditions(record, own)
      return record
    })
    const content = {
      sizeBytes: parts.reduce((sum, { sizeBytes }) => sum + sizeBytes, 0),
      crc32c: joinCrc32c(parts),
      blobs: parts.flatMap((part) => part.blobs),
      componentCount: parts.reduce((sum, { componentCount }) => sum + (componentCount ?? 1), 0),
    }
    return finalize(where, content, fields, conditions)
  }

  /** Fields given replace the source's as a whole; none given, they are copied. */
  function copy(
    source: ObjectRecord,
    where: ObjectName,
    fields: ObjectFields,
    conditions: Preconditions,
  ): ObjectRecord {
    const { sizeBytes, crc32c, md5Hash, componentCount } = source
    const content = { sizeBytes, crc32c, md5Hash, componentCount, blobs: source.blobs }
    const ownFields =
      Object.keys(fields).length > 0 ? { contentType: source.fields.contentType, ...fields } : source.fields
    return finalize(where, content, ownFields, conditions)
  }

  function createBucket(name: string): void {
    if (!/^[a-z0-9][a-z0-9._-]{1,220}[a-z0-9]$/.test(name))
      throw new StorageError('invalid', `Invalid bucket name: '${name}'`)
    if (buckets.has(name))
      throw new StorageError(
        'conflict',
        'Your previous request to create the named bucket succeeded and you already own it.',
      )
    mkdirSync(join(bucketsDir, name), { recursive: true })
    buckets.set(name, { objects: new Map() })
  }

  function removeBucket(name: string): void {
    if (bucketOf(name).objects.size > 0)
      throw new StorageError('conflict', 'The bucket you tried to delete is not empty.')
    rmdirSync(join(bucketsDir, name))
    buckets.delete(name)
  }

  function bucketCreated(name: string): string {
    bucketOf(name)
    return statSync(join(bucketsDir, name)).birthtime.toISOString()
  }

  function list(name: string, query: ListQuery): Listing {
    const bucket = bucketOf(name)
    bucket.sortedNames ??= [...bucket.objects.keys()].sort()
    const { entries, nextPageToken } = page(bucket.sortedNames, query)
    return {
      items: entries.flatMap((entry) => (entry.isPrefix ? [] : [bucket.objects.get(entry.name)!])),
      prefixes: entries.flatMap((entry) => (entry.isPrefix ? [entry.name] : [])),
      ...(nextPageToken && { nextPageToken }),
    }
  }

  load()
  return {
    current,
    find,
    checkWritable,
    finalize,
    remove,
    patch,
    compose,
    copy,
    list,
    createBucket,
    removeBucket,
    bucketCreated,
    hasBucket: (name: string) => buckets.has(name),
    bucketNames: () => [...buckets.keys()].sort(),
  }
}

const idsOf = (record: ObjectRecord) => record.blobs.map(({ id }) => id)
