/**
 * Stores bytes on disk as immutable files that objects share. An object is a list of them, so composing and
 * copying move no byte; a file is deleted when the last object, upload session or reader that names it lets
 * go.
 */
import { randomUUID } from 'node:crypto'
import { createReadStream, mkdirSync, readdirSync, rmSync } from 'node:fs'
import { open, stat } from 'node:fs/promises'
import { join } from 'node:path'
import { spent } from '../../shared/spent.ts'
import { startDigest, type Digest } from './checksums.ts'

export interface BlobRef {
  id: string
  sizeBytes: number
}

export type Blobs = ReturnType<typeof openBlobs>

// Sixteen times what a stream reads: every read is a trip to the thread pool.
const READ_BYTES = 1 << 20

/** Fresh blocks would be gigabytes in an hour, for which the collector looks through the whole heap again and again. */
const idleBlocks: Buffer[] = []

export function openBlobs(dir: string) {
  mkdirSync(dir, { recursive: true })
  const references = new Map<string, number>()
  const pathOf = (id: string) => join(dir, id)

  function retain(ids: readonly string[]): void {
    for (const id of ids) references.set(id, (references.get(id) ?? 0) + 1)
  }

  function release(ids: readonly string[]): void {
    for (const id of ids) {
      const left = (references.get(id) ?? 0) - 1
      if (left > 0) references.set(id, left)
      else {
        references.delete(id)
        rmSync(pathOf(id), { force: true })
      }
    }
  }

  return {
    retain,
    release,

    /** A new blob, held by the caller until it releases it; the file appears with the first `append`. */
    create(): string {
      const id = randomUUID()
      retain([id])
      return id
    },

    /** Adds bytes to the end of a blob as they come. What was written before an error stays. */
    async append(id: string, source: AsyncIterable<Buffer>, digest: Digest): Promise<void> {
      const file = await open(pathOf(id), 'a')
      let writing: Promise<void> = Promise.resolve()
      try {
        for await (const chunk of source) {
          digest.update(chunk) // while the chunk before is still on its way to the disk
          await writing
          writing = file.appendFile(chunk)
          writing.catch(() => undefined) // a failure is met at the next await
          spent(chunk.length)
        }
      } finally {
        await writing.finally(() => file.close())
      }
    },

    async sizeBytes(id: string): Promise<number> {
      return (await stat(pathOf(id)).catch(() => ({ size: 0 }))).size
    },

    async digest(id: string): Promise<Digest> {
      const digest = startDigest({ hasMd5: true })
      for await (const chunk of createReadStream(pathOf(id), { highWaterMark: READ_BYTES }))
        digest.update(chunk as Buffer)
      return digest
    },

    /**
     * Bytes `first` to `last`, inclusive, of the joined blobs; a delete meanwhile does not cut the reader
     * off. Each block lasts until the next is asked for.
     */
    async *read(blobs: readonly BlobRef[], first: number, last: number): AsyncGenerator<Buffer> {
      const ids = blobs.map(({ id }) => id)
      const block = idleBlocks.pop() ?? Buffer.allocUnsafeSlow(READ_BYTES)
      retain(ids)
      try {
        let blobStart = 0
        for (const { id, sizeBytes } of blobs) {
          const [start, end] = [Math.max(first - blobStart, 0), Math.min(last - blobStart, sizeBytes - 1)]
          if (start <= end) yield* blocksOf(pathOf(id), start, end, block)
          blobStart += sizeBytes
        }
      } finally {
        release(ids)
        idleBlocks.push(block)
      }
    },

    /** Once everything on disk has retained its blobs: removes what a killed process left behind. */
    sweep(): void {
      for (const id of readdirSync(dir)) if (!references.has(id)) rmSync(pathOf(id))
    },
  }
}

/** Bytes `start` to `end`, inclusive, of a file, each part of them in the same block. */
async function* blocksOf(path: string, start: number, end: number, block: Buffer): AsyncGenerator<Buffer> {
  const file = await open(path)
  try {
    for (let at = start; at <= end;) {
      const { bytesRead } = await file.read(block, 0, Math.min(block.length, end + 1 - at), at)
      if (bytesRead === 0) throw new Error(`${path} ends before byte ${end}.`)
      yield block.subarray(0, bytesRead)
      at += bytesRead
    }
  } finally {
    await file.close()
  }
}
