/**
 * Receives uploads in the three ways Cloud Storage allows: in one piece, as multipart/related with the
 * metadata first, or resumably over many requests, connections and restarts of this server.
 */
import { randomUUID } from 'node:crypto'
import { mkdirSync, readdirSync, readFileSync, renameSync, rmSync, writeFileSync } from 'node:fs'
import type { IncomingMessage } from 'node:http'
import { join } from 'node:path'
import { bytesOf, StorageError } from './answers.ts'
import type { Blobs } from './blobs.ts'
import { contentRange, missingIn } from './content-range.ts'
import { checksumsIn, startDigest, verifyChecksums, type Checksums, type Digest } from './checksums.ts'
import type { ObjectFields, ObjectRecord } from './object-resource.ts'
import type { ObjectName, Objects } from './objects.ts'
import type { Preconditions } from './preconditions.ts'

export interface Insertion {
  where: ObjectName
  fields: ObjectFields
  conditions: Preconditions
  expected: Partial<Checksums>
}

/** Stores a body that comes in one request. Whatever fails, nothing stays. */
export async function insertObject(
  objects: Objects,
  blobs: Blobs,
  insertion: Insertion,
  body: AsyncIterable<Buffer>,
): Promise<ObjectRecord> {
  const { where, fields, conditions, expected } = insertion
  objects.checkWritable(where, conditions)
  const blob = blobs.create()
  try {
    const digest = startDigest({ hasMd5: true })
    await blobs.append(blob, body, digest)
    const checksums = digest.checksums()
    verifyChecksums(checksums, expected)
    const sizeBytes = digest.sizeBytes()
    return objects.finalize(
      where,
      { sizeBytes, blobs: [{ id: blob, sizeBytes }], ...checksums },
      fields,
      conditions,
    )
  } finally {
    blobs.release([blob])
  }
}

interface Session extends Insertion {
  id: string
  blob: string
  declaredBytes?: number | undefined
  /** Whose pages may send it, when a page began it. */
  origin?: string | undefined
  startedMs: number
  finished?: ObjectRecord
}

export type UploadProgress = { persistedBytes: number } | { finished: ObjectRecord }

export type ResumableUploads = ReturnType<typeof openResumableUploads>

const SESSION_LIFE_MS = 7 * 24 * 3_600_000

export function openResumableUploads({
  dir,
  objects,
  blobs,
  withoutMd5,
  now,
}: {
  dir: string
  objects: Objects
  blobs: Blobs
  withoutMd5: readonly string[]
  now: () => number
}) {
  const sessions = new Map<string, Session>()
  const digests = new Map<string, Digest>()
  const active = new Map<string, { request: IncomingMessage; done: Promise<unknown> }>()
  const pathOf = (id: string) => join(dir, `${id}.json`)

  function load(): void {
    mkdirSync(dir, { recursive: true })
    for (const file of readdirSync(dir)) {
      if (!file.endsWith('.json')) {
        rmSync(join(dir, file)) // a session that was being written when the server was killed
        continue
      }
      const session = JSON.parse(readFileSync(join(dir, file), 'utf8')) as Session
      sessions.set(session.id, session)
      if (!session.finished) blobs.retain([session.blob])
      const object = objects.hasBucket(session.where.bucket) ? objects.current(session.where) : undefined
      if (!session.finished && object?.uploadId === session.id) finish(session, object)
      if (now() - session.startedMs > SESSION_LIFE_MS) end(find(session.id))
    }
  }

  function save(session: Session): void {
    writeFileSync(`${pathOf(session.id)}.new`, JSON.stringify(session))
    renameSync(`${pathOf(session.id)}.new`, pathOf(session.id))
    sessions.set(session.id, session)
  }

  function finish(session: Session, finished: ObjectRecord): void {
    save({ ...session, finished })
    digests.delete(session.id)
    blobs.release([session.blob])
  }

  function end(session: Session): void {
    rmSync(pathOf(session.id), { force: true })
    sessions.delete(session.id)
    digests.delete(session.id)
    if (!session.finished) blobs.release([session.blob])
  }

  function find(id: string): Session {
    const session = sessions.get(id)
    if (!session) throw new StorageError('notFound', 'No such upload session: it has ended or never was.')
    return session
  }

  /** Bytes are taken by one request at a time. A newer one wins: its client has given the older up. */
  async function exclusively<T>(
    id: string,
    request: IncomingMessage,
    work: (session: Session) => Promise<T>,
  ): Promise<T> {
    for (let other = active.get(id); other; other = active.get(id)) {
      other.request.destroy()
      await other.done
    }
    const running = work(find(id))
    active.set(id, { request, done: running.catch(() => undefined) })
    try {
      return await running
    } finally {
      active.delete(id)
    }
  }

  async function digestSoFar({ id, blob, where }: Session): Promise<Digest> {
    const known = digests.get(id)
    const sizeBytes = await blobs.sizeBytes(blob)
    if (known?.sizeBytes() === sizeBytes) return known
    return sizeBytes === 0 ? startDigest({ hasMd5: !withoutMd5.includes(where.bucket) }) : blobs.digest(blob) // after a restart or a failed write
  }

  async function receive(session: Session, request: IncomingMessage): Promise<UploadProgress> {
    const range = contentRange(request.headers['content-range'])
    if (session.finished) return { finished: session.finished }
    const digest = await digestSoFar(session)
    if (range.firstByte !== undefined) {
      const missing = missingIn(range, digest.sizeBytes())
      digests.delete(session.id)
      await blobs.append(session.blob, slice(bytesOf(request), missing), digest)
    }
    digests.set(session.id, digest)
    const persistedBytes = digest.sizeBytes()
    const totalBytes =
      range.totalBytes ?? (range.toTheEnd ? (session.declaredBytes ?? persistedBytes) : undefined)
    const { declaredBytes = totalBytes } = session
    if (totalBytes !== undefined && (persistedBytes > totalBytes || totalBytes !== declaredBytes)) {
      end(session)
      throw new StorageError(
        'invalid',
        `The upload has ${Math.max(persistedBytes, totalBytes)} bytes, but was declared to have ${declaredBytes}.`,
      )
    }
    if (persistedBytes !== totalBytes) return { persistedBytes }
    return { finished: await finalize(session, digest, checksumsOfWhole(request)) }
  }

  /** A refusal here is final: the client has to begin anew, so nothing is kept. */
  async function finalize(
    session: Session,
    digest: Digest,
    expected: Partial<Checksums>,
  ): Promise<ObjectRecord> {
    if (digest.sizeBytes() === 0) await blobs.append(session.blob, emptyBody(), digest)
    const isAsked = (session.expected.md5Hash ?? expected.md5Hash) !== undefined
    const known = digest.checksums()
    const checksums = isAsked && !known.md5Hash ? (await blobs.digest(session.blob)).checksums() : known
    const sizeBytes = digest.sizeBytes()
    try {
      verifyChecksums(checksums, session.expected, expected)
      const content = { sizeBytes, blobs: [{ id: session.blob, sizeBytes }], ...checksums }
      const record = objects.finalize(session.where, content, session.fields, session.conditions, session.id)
      finish(session, record)
      return record
    } catch (error) {
      if (error instanceof StorageError) end(session)
      throw error
    }
  }

  /** As the bucket's rule for unfinished uploads has it (deploy/buckets/unfinished.json). */
  function endOld(): void {
    for (const session of sessions.values())
      if (!active.has(session.id) && now() - session.startedMs > SESSION_LIFE_MS) end(session)
  }

  load()
  return {
    start(insertion: Insertion, declaredBytes?: number, origin?: string): string {
      endOld()
      objects.checkWritable(insertion.where, insertion.conditions)
      const session = {
        ...insertion,
        id: randomUUID(),
        blob: blobs.create(),
        declaredBytes,
        ...(origin === undefined ? {} : { origin }),
        startedMs: now(),
      }
      save(session)
      return session.id
    },

    /** Whose pages may send it; undefined when none may, or there is no such upload. */
    originOf: (id: string): string | undefined => sessions.get(id)?.origin,

    put: (id: string, request: IncomingMessage) =>
      exclusively(id, request, (session) => receive(session, request)),

    cancel: (id: string, request: IncomingMessage) =>
      exclusively(id, request, (session) => {
        end(session)
        return Promise.resolve()
      }),
  }
}

/** Content-MD5 would speak of this piece only. */
function checksumsOfWhole({ headers }: IncomingMessage): Partial<Checksums> {
  return checksumsIn({ 'x-goog-hash': headers['x-goog-hash'] })
}

async function* emptyBody(): AsyncGenerator<Buffer> {}

/** The bytes from `start` on, and before `end`; what else comes is read and dropped. */
async function* slice(
  chunks: AsyncIterable<Buffer>,
  { start, end }: { start: number; end: number },
): AsyncGenerator<Buffer> {
  let at = 0
  for await (const chunk of chunks) {
    const wanted = chunk.subarray(Math.max(start - at, 0), Math.max(end - at, 0))
    if (wanted.length > 0) yield wanted
    at += chunk.length
  }
}
