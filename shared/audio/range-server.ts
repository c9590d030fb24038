/**
 * Serves one object of the store to ffmpeg, over HTTP range requests on loopback. Hides that the store is read in
 * blocks that are kept for a while and fetched ahead, so that a demuxer which jumps about does not become a request
 * to the store for every jump; how much may be read in all; and how a failure of the store is told from a reader
 * that leaves early.
 */
import { createServer, type Server, type ServerResponse } from 'node:http'
import type { AddressInfo } from 'node:net'
import { randomUUID } from 'node:crypto'
import { pipeline } from 'node:stream/promises'
import { Permanent } from '../errors.ts'
import type { ObjectName, ObjectStore } from '../storage.ts'

const blockBytes = 4 * 1024 * 1024
/** Where a reader jumps between two places, both stay; a third is being fetched. */
const keptBlocks = 4

export interface RangeServer {
  /** Of the object from a byte on. */
  readonly url: (from?: number) => string
  /** Reads what ffmpeg may be about to read; fewer bytes where the object ends. */
  readonly readAt: (at: number, length: number) => Promise<Buffer>
  /** How much may be read from now on: bytes of the store, and ranges asked for. */
  readonly allow: (most: Allowance) => void
  /** ffmpeg takes a connection cut short for the end of the file, and ends well: throws what cut it. */
  readonly assertUnbroken: () => void
  /** The store is being waited for. */
  readonly isReading: () => boolean
  readonly close: () => void
}

export interface Allowance {
  readonly bytes: number
  readonly requests: number
}

/** A server on loopback that answers range reads of one object under a name nobody can guess. */
export async function serveRanges(
  storage: Pick<ObjectStore, 'read'>,
  object: ObjectName,
  bytes: number,
  name: string,
): Promise<RangeServer> {
  const secret = randomUUID()
  let fault: Error | undefined
  let left: Allowance = { bytes: Infinity, requests: Infinity }
  const spend = (spent: Allowance): void => {
    left = { bytes: left.bytes - spent.bytes, requests: left.requests - spent.requests }
    if (left.bytes < 0 || left.requests < 0) throw tooComplex(name)
  }
  let reading = 0
  const fetch = async (start: number, end: number): Promise<Buffer> => {
    reading++
    return await storage.read(object, { start, end }).finally(() => reading--)
  }
  const blocks = blockReader(bytes, (start, end) => {
    spend({ bytes: end - start, requests: 0 })
    return fetch(start, end)
  })
  const server: Server = createServer((request, response) => {
    const [, key, from] = (request.url ?? '').split('/')
    if (key !== secret) response.writeHead(404).end()
    else
      void Promise.resolve()
        .then(() => spend({ bytes: 0, requests: 1 }))
        .then(() => answerRange(blocks, bytes, Number(from), request.headers.range, response))
        .catch((error: unknown) => {
          fault ??= error as Error
          response.destroy()
        })
  })
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve))
  const { port } = server.address() as AddressInfo
  return {
    url: (from = 0) => `http://127.0.0.1:${port}/${secret}/${from}`,
    readAt: async (at, length) => {
      const pieces: Buffer[] = []
      for await (const piece of blocks(at, Math.min(bytes, at + length))) pieces.push(piece)
      return Buffer.concat(pieces)
    },
    allow: (most) => (left = most),
    assertUnbroken: () => {
      if (fault !== undefined) throw fault
    },
    isReading: () => reading > 0,
    close: () => {
      server.close()
      server.closeAllConnections()
    },
  }
}

export const tooComplex = (name: string, options?: ErrorOptions): Permanent =>
  new Permanent(
    'too_complex',
    `${name} is built so that finding its sound takes more reading, memory or time than is allowed. ` +
      'Export the sound alone, as WAV, FLAC, M4A or MP3.',
    options,
  )

/** Yields the bytes from `start` to `end` in pieces, from blocks of which the next is fetched meanwhile. */
function blockReader(bytes: number, fetch: (start: number, end: number) => Promise<Buffer>) {
  const kept = new Map<number, Promise<Buffer>>() // the least recently used first
  const block = (index: number): Promise<Buffer> => {
    const found = kept.get(index)
    kept.delete(index)
    const start = index * blockBytes
    const fetched = found ?? fetch(start, Math.min(bytes, start + blockBytes))
    fetched.catch(() => kept.delete(index)) // whoever needs it is told
    kept.set(index, fetched)
    if (kept.size > keptBlocks) kept.delete(kept.keys().next().value!)
    return fetched
  }
  return async function* (start: number, end: number): AsyncGenerator<Buffer> {
    for (let at = start; at < end;) {
      const index = Math.floor(at / blockBytes)
      const from = index * blockBytes
      const fetched = block(index)
      const isSequential = at > start // a jump fetches nothing ahead
      if (isSequential && from + blockBytes < end) void block(index + 1).catch(() => undefined)
      const piece = (await fetched).subarray(at - from, end - from)
      yield piece
      at += piece.length
    }
  }
}

/** Rejects when the store failed; a reader that leaves early is none of our business. */
async function answerRange(
  blocks: ReturnType<typeof blockReader>,
  allBytes: number,
  offset: number,
  range: string | undefined,
  response: ServerResponse,
): Promise<void> {
  const bytes = allBytes - offset
  const [, from, to] = /^bytes=(\d+)-(\d*)$/.exec(range ?? '') ?? []
  const start = Number(from ?? 0)
  const end = Math.min(to ? Number(to) + 1 : bytes, bytes)
  if (start >= end) {
    response.writeHead(416, { 'content-range': `bytes */${bytes}` }).end()
    return
  }
  const headers = {
    'accept-ranges': 'bytes',
    'content-length': end - start,
    'content-range': `bytes ${start}-${end - 1}/${bytes}`,
  }
  response.writeHead(range === undefined ? 200 : 206, headers)
  try {
    await pipeline(pieces(blocks(offset + start, offset + end)), response)
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code !== 'ERR_STREAM_PREMATURE_CLOSE') throw error
  } finally {
    response.destroy()
  }
}

/** A reader that leaves after a few kilobytes has not been sent a whole block. */
async function* pieces(blocks: AsyncIterable<Buffer>): AsyncGenerator<Buffer> {
  for await (const block of blocks)
    for (let at = 0; at < block.length; at += pieceBytes) yield block.subarray(at, at + pieceBytes)
}
const pieceBytes = 64 * 1024
