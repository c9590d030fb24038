/**
 * The object store: the only file that talks to Cloud Storage. Hides the client, its lazy start, pages and what a failed
 * precondition means. Objects are created but not overwritten unless a generation is
 * named, so that an attempt delivered twice leaves one object.
 */
import { Readable } from 'node:stream'
import { pipeline } from 'node:stream/promises'
import type { Bucket, File, Storage } from '@google-cloud/storage'
import { between, type Effect } from './boundaries.ts'
import { Missing, codeOf } from './errors.ts'
import { spent } from './spent.ts'
import { connect } from './storage-client.ts'

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

export type ObjectStore = ReturnType<typeof openStorage>

/** One request's worth of a large download: long enough that its round trip does not show. */
const windowBytes = 4 * 1024 * 1024

const idleWindows: Buffer[] = []

/** Cloud Storage composes at most this many objects in one call. */
const maxComposeSources = 32

export function openStorage(options: { projectId: string; endpoint?: string | undefined }) {
  let client: Promise<Storage> | undefined
  const storage = () => (client ??= connect(options))
  const bucket = async (name: string): Promise<Bucket> => (await storage()).bucket(name)
  const file = async ({ bucket: b, name, generation }: ObjectName): Promise<File> =>
    (await bucket(b)).file(name, generation === undefined ? {} : { generation })

  /** Undefined when there is no such object (or no longer that generation). */
  const stat = async (object: ObjectName): Promise<StoredObject | undefined> => {
    try {
      const [metadata] = await (await file(object)).getMetadata()
      return describe(metadata)
    } catch (error) {
      if (codeOf(error) === '404') return undefined
      throw error
    }
  }

  const fetchBytes = (object: ObjectName, range?: ByteRange, into?: Buffer): Promise<Buffer> =>
    orMissing(object, fetchAll(object, range, into))

  const fetchAll = async (object: ObjectName, range?: ByteRange, into?: Buffer): Promise<Buffer> => {
    const source = (await file(object)).createReadStream(
      range ? { start: range.start, end: range.end - 1, validation: false } : {},
    )
    if (range) return await gather(source, into ?? Buffer.allocUnsafeSlow(range.end - range.start))
    const parts: Buffer[] = []
    for await (const part of source) parts.push(part as Buffer)
    return parts.length === 1 ? parts[0]! : Buffer.concat(parts)
  }

  /**
   * The bytes of a large object, a window at a time with the next one on its way. Every request is read to
   * its end, however early the reader leaves: the client closes all its connections when a download is
   * abandoned, and other downloads fail with it.
   */
  const readStream = (object: ObjectName, range: ByteRange): AsyncGenerator<Buffer> =>
    inWindows(object, range, () => undefined)

  /**
   * As `readStream`, but in buffers that are used again: a window holds until the next one is asked for. Fresh ones
   * pile up to 60 MB before they are collected where little else is done with them.
   */
  async function* scan(object: ObjectName, range: ByteRange): AsyncGenerator<Buffer> {
    const buffers = [0, 1].map(() => idleWindows.pop() ?? Buffer.allocUnsafeSlow(windowBytes))
    yield* inWindows(object, range, (window) => buffers[window % 2])
    idleWindows.push(...buffers) // a reader that left early may have left a window on its way into one
  }

  async function* inWindows(
    object: ObjectName,
    { start, end }: ByteRange,
    bufferOf: (window: number) => Buffer | undefined,
  ): AsyncGenerator<Buffer> {
    const fetchWindow = (from: number): Promise<Buffer> => {
      const range = { start: from, end: Math.min(end, from + windowBytes) }
      const window = fetchBytes(object, range, bufferOf((from - start) / windowBytes))
      window.catch(() => undefined) // seen when its turn comes, or never if the reader left
      return window
    }
    let next = fetchWindow(start)
    for (let from = start; from < end; from += windowBytes) {
      const current = next
      if (from + windowBytes < end) next = fetchWindow(from + windowBytes)
      yield await current
    }
  }

  /**
   * The bytes of a small object, or of a bounded range of a large one; those of a range at the front of `into`, when it
   * is given. Throws Missing.
   */
  const read = (object: ObjectName, range?: ByteRange, into?: Buffer): Promise<Buffer> =>
    fetchBytes(object, range, into)

  const readJson = async <T>(object: ObjectName): Promise<T> =>
    JSON.parse((await read(object)).toString('utf8')) as T

  /**
   * Creates an object from bytes or a stream; one that is already there is left as it is and the rest of the
   * stream is drained.
   */
  const create = async (
    object: ObjectName,
    data: Buffer | string | AsyncIterable<Buffer>,
    contentType: string,
    metadata: ObjectMetadata = {},
  ): Promise<void> => {
    const target = await file(object)
    const write = { contentType, metadata, preconditionOpts: { ifGenerationMatch: 0 } }
    if (typeof data === 'string' || Buffer.isBuffer(data)) {
      await ignoringExisting('object.create', object, () => target.save(data, { ...write, resumable: false }))
      return
    }
    const rest = data[Symbol.asyncIterator]()
    let failure: unknown
    const next = () =>
      rest.next().catch((error: unknown) => {
        failure = error
        throw error
      })
    // no `return`: a refused upload must not end the producer
    const source = { [Symbol.asyncIterator]: () => ({ next }) }
    try {
      await ignoringExisting('object.create', object, () =>
        pipeline(Readable.from(source), target.createWriteStream({ ...write, resumable: true })),
      )
    } catch (error) {
      // the client cannot make out an upload whose last answer was lost; the object tells
      if (error === failure || !(await stat(object))) throw error
    }
    while (!(await rest.next()).done) continue
  }

  /**
   * Replaces an object under the generation last seen ('0': there was none). False when somebody was faster.
   */
  const swap = async (
    object: ObjectName,
    seenGeneration: string,
    data: string,
    contentType: string,
    metadata: ObjectMetadata = {},
  ): Promise<boolean> => {
    const target = await file(object)
    const preconditionOpts = { ifGenerationMatch: seenGeneration }
    return await unlessChanged('object.swap', object, () =>
      target.save(data, { contentType, metadata, resumable: false, preconditionOpts }),
    )
  }

  /**
   * Joins objects of one bucket in order, without their bytes passing through here; a tree when there are
   * more than one call accepts.
   */
  const compose = async (
    bucketName: string,
    sources: readonly string[],
    target: string,
    contentType: string,
  ): Promise<void> => {
    let level = sources
    for (let depth = 0; level.length > maxComposeSources; depth++) {
      const groups = Array.from({ length: Math.ceil(level.length / maxComposeSources) }, (_, i) =>
        level.slice(i * maxComposeSources, (i + 1) * maxComposeSources),
      )
      const names = groups.map((_, i) => `${target}.join-${depth}-${String(i).padStart(4, '0')}`)
      await Promise.all(groups.map((group, i) => composeOnce(bucketName, group, names[i]!, contentType)))
      level = names
    }
    await composeOnce(bucketName, level, target, contentType)
  }

  const composeOnce = async (
    bucketName: string,
    sources: readonly string[],
    target: string,
    contentType: string,
  ): Promise<void> => {
    const handle = await bucket(bucketName)
    const files = await Promise.all(
      sources.map(async (name) => {
        const source = handle.file(name)
        // the client sends each source's generation from here
        await orMissing({ bucket: bucketName, name }, source.getMetadata())
        return source
      }),
    )
    const joined = handle.file(target)
    joined.metadata.contentType = contentType
    await ignoringExisting('object.compose', { bucket: bucketName, name: target }, () =>
      handle.combine(files, joined, { ifGenerationMatch: 0 }),
    )
  }

  /** Deletes an object; one that is gone already is no fault. */
  const remove = async (object: ObjectName): Promise<void> => {
    const target = await file(object)
    await between('object.remove', addressOf(object), () => target.delete({ ignoreNotFound: true }))
  }

  /** Copies server-side; a copy that is already there is left as it is. Throws Missing. */
  const copy = async (
    from: ObjectName,
    to: ObjectName,
    metadata: ObjectMetadata & { contentType?: string } = {},
  ): Promise<void> => {
    const target = await file(to)
    const source = await file(from)
    const options = { ...metadata, preconditionOpts: { ifGenerationMatch: 0 } }
    await ignoringExisting('object.copy', to, () => orMissing(from, source.copy(target, options)))
  }

  /**
   * Copies server-side over the generation last seen ('0': there was none). False when somebody was faster.
   */
  const copyOver = async (
    from: ObjectName,
    to: ObjectName,
    seenGeneration: string,
    metadata: ObjectMetadata & { contentType?: string } = {},
  ): Promise<boolean> => {
    const target = await file(to)
    const source = await file(from)
    const preconditionOpts = { ifGenerationMatch: seenGeneration }
    return await unlessChanged('object.copy', to, () =>
      orMissing(from, source.copy(target, { ...metadata, preconditionOpts })),
    )
  }

  const list = async (bucketName: string, prefix: string): Promise<StoredObject[]> => {
    const [files] = await (await bucket(bucketName)).getFiles({ prefix })
    return files.map((found) => describe(found.metadata))
  }

  /** All objects below a prefix, in the order of their names (UTF-8), a page held at a time. */
  async function* walk(bucketName: string, prefix: string): AsyncGenerator<StoredObject> {
    const handle = await bucket(bucketName)
    for (let pageToken: string | undefined; ;) {
      const query = { prefix, autoPaginate: false, ...(pageToken === undefined ? {} : { pageToken }) }
      const [files, , answer] = (await handle.getFiles(query)) as [
        File[],
        unknown,
        { nextPageToken?: string },
      ]
      for (const found of files) yield describe(found.metadata)
      pageToken = answer.nextPageToken
      if (pageToken === undefined) return
    }
  }

  /**
   * An address anybody may read the object from for so long, at most a week. A browser saves it as `saveAs`; without, it
   * shows what it can.
   */
  const signedUrl = async (object: ObjectName, seconds: number, saveAs?: string): Promise<string> => {
    const [url] = await (
      await file(object)
    ).getSignedUrl({
      version: 'v4',
      action: 'read',
      expires: Date.now() + 1000 * seconds,
      ...(saveAs === undefined ? {} : { responseDisposition: asAttachment(saveAs) }),
    })
    return url
  }

  /**
   * An address to which anybody may upload that object in pieces, for a week: whoever has it needs no other right. A page
   * of `origin` may; an object that is there is replaced.
   */
  const beginUpload = async (
    object: ObjectName,
    {
      contentType,
      bytes,
      origin,
    }: { contentType: string; bytes?: number | undefined; origin?: string | undefined },
  ): Promise<string> => {
    const target = await file(object)
    const [url] = await between('object.upload', addressOf(object), () =>
      target.createResumableUpload({
        metadata: { contentType, ...(bytes === undefined ? {} : { contentLength: bytes }) },
        ...(origin === undefined ? {} : { origin }),
      }),
    )
    return url
  }

  return {
    stat,
    readStream,
    scan,
    read,
    readJson,
    create,
    swap,
    compose,
    copy,
    copyOver,
    remove,
    list,
    walk,
    signedUrl,
    beginUpload,
  }
}

/** RFC 6266: the name as it is, and for old programs in ASCII. */
const asAttachment = (file: string): string =>
  `attachment; filename="${file.replaceAll(/[^\w. -]/g, '_')}"; filename*=UTF-8''${encodeURIComponent(file)}`

/** Copies what comes to the front of `bytes`, so that it need not be held twice; returns as much as came. */
async function gather(source: AsyncIterable<Buffer>, bytes: Buffer): Promise<Buffer> {
  let filled = 0
  for await (const part of source) {
    filled += part.copy(bytes, filled)
    spent(part.length)
  }
  return filled < bytes.length ? bytes.subarray(0, filled) : bytes
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

const describe = (metadata: ReportedMetadata): StoredObject => ({
  name: metadata.name ?? '',
  generation: String(metadata.generation),
  bytes: Number(metadata.size),
  createdAt: new Date(metadata.timeCreated ?? 0),
  contentType: metadata.contentType ?? 'application/octet-stream',
  contentHash: metadata.md5Hash ?? `${metadata.crc32c}-${metadata.size}`,
})

/** Throws Missing where the store says that there is no such object. */
async function orMissing<T>(object: ObjectName, asked: Promise<T>): Promise<T> {
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
async function ignoringExisting(
  effect: Effect,
  target: ObjectName,
  write: () => Promise<unknown>,
): Promise<void> {
  await unlessChanged(effect, target, write)
}

/** False when the store says that the object is no longer as it was seen, and so leaves it. */
async function unlessChanged(
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

const addressOf = ({ bucket, name }: ObjectName): string => `${bucket}/${name}`
