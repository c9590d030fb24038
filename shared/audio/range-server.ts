/**
 * Serves one object of the store to ffmpeg, over HTTP range requests on loopback. Hides how a failure of the
 * store is told from a reader that leaves early.
 */
import { createServer, type Server, type ServerResponse } from 'node:http'
import type { AddressInfo } from 'node:net'
import { randomUUID } from 'node:crypto'
import { pipeline } from 'node:stream/promises'
import type { ObjectName, ObjectStore } from '../storage.ts'

/** A server on loopback that answers range reads of one object under a name nobody can guess. */
export async function serveRanges(storage: ObjectStore, object: ObjectName, bytes: number) {
  const path = `/${randomUUID()}`
  let fault: Error | undefined
  const server: Server = createServer((request, response) => {
    if (request.url !== path) response.writeHead(404).end()
    else
      void answerRange(storage, object, bytes, request.headers.range, response).catch(
        (error: unknown) => (fault = error as Error),
      )
  })
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve))
  const { port } = server.address() as AddressInfo
  const close = () => {
    server.close()
    server.closeAllConnections()
  }
  /** ffmpeg takes a connection cut short for the end of the file, and ends well. */
  const assertUnbroken = () => {
    if (fault !== undefined) throw fault
  }
  return { url: `http://127.0.0.1:${port}${path}`, close, assertUnbroken }
}

/** Rejects when the store failed; a reader that leaves early is none of our business. */
async function answerRange(
  storage: ObjectStore,
  object: ObjectName,
  bytes: number,
  range: string | undefined,
  response: ServerResponse,
): Promise<void> {
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
    await pipeline(storage.readStream(object, { start, end }), response)
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code !== 'ERR_STREAM_PREMATURE_CLOSE') throw error
  } finally {
    response.destroy()
  }
}
