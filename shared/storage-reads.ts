/**
 * How bytes of objects are read. Hides windows, that the next one is on its way while one is worked on, and buffers that are
 * used again.
 */
import { spent } from './spent.ts'
import { orMissing, type ByteRange, type Handles, type ObjectName } from './storage-objects.ts'
import { readRange } from './storage-ranges.ts'

/** One request's worth of a large download: long enough that its round trip does not show. */
const windowBytes = 4 * 1024 * 1024

const idleWindows: Buffer[] = []

export function readsOf({ file }: Handles) {
  const fetchBytes = (object: ObjectName, range?: ByteRange, into?: Buffer): Promise<Buffer> =>
    orMissing(object, fetchAll(object, range, into))

  const fetchAll = async (object: ObjectName, range?: ByteRange, into?: Buffer): Promise<Buffer> => {
    const handle = await file(object)
    if (range) {
      const bytes = into ?? Buffer.allocUnsafeSlow(range.end - range.start)
      const { start, end } = range
      return (
        (await readRange(handle, range, bytes)) ??
        (await gather(handle.createReadStream({ start, end: end - 1, validation: false }), bytes))
      )
    }
    const parts: Buffer[] = []
    for await (const part of handle.createReadStream()) parts.push(part as Buffer)
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
  return { readStream, scan, read, readJson }
}

/** Copies what comes to the front of `bytes`, so that it need not be held twice; returns as much as came. */
async function gather(source: AsyncIterable<Buffer>, bytes: Buffer): Promise<Buffer> {
  let filled = 0
  for await (const part of source) {
    filled += part.copy(bytes, filled)
    spent(part.length)
  }
  return filled < bytes.length ? bytes.subarray(0, filled) : bytes
}
