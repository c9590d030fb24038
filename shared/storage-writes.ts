/**
 * How objects come to be and go: created but not overwritten unless a generation is named, so that an attempt delivered twice
 * leaves one object. Hides what a failed precondition means, and that more can be joined than one call accepts.
 */
import { Readable } from 'node:stream'
import { pipeline } from 'node:stream/promises'
import { between } from './boundaries.ts'
import {
  addressOf,
  ignoringExisting,
  orMissing,
  unlessChanged,
  type Handles,
  type ObjectMetadata,
  type ObjectName,
} from './storage-objects.ts'

/** Cloud Storage composes at most this many objects in one call. */
const maxComposeSources = 32

/** Each piece passes a dozen of the client's streams, some of which keep sixteen: a tenth of a second of sound is too little. */
const pieceBytes = 256 * 1024
const piecesAhead = 2

/** The same bytes in pieces of at least so many, the last one shorter. */
async function* inLargePieces(source: AsyncIterable<Buffer>): AsyncGenerator<Buffer> {
  let [gathered, bytes]: [Buffer[], number] = [[], 0]
  for await (const piece of source) {
    gathered.push(piece)
    bytes += piece.length
    if (bytes < pieceBytes) continue
    yield Buffer.concat(gathered)
    ;[gathered, bytes] = [[], 0]
  }
  if (bytes > 0) yield Buffer.concat(gathered)
}

export function writesOf({ bucket, file }: Handles, stat: (object: ObjectName) => Promise<unknown>) {
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
    const rest = inLargePieces(data)
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
        pipeline(
          Readable.from(source, { highWaterMark: piecesAhead }),
          target.createWriteStream({ ...write, resumable: true }),
        ),
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
  return { create, swap, compose, copy, copyOver, remove }
}
