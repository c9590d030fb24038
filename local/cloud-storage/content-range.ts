/** Which bytes of an object a request brings, by its Content-Range. Hides how what has come already is told from what has not. */
import { StorageError } from './answers.ts'

const CHUNK_UNIT_BYTES = 256 * 1024

interface ContentRange {
  /** Absent in a status query. */
  firstByte?: number
  lastByte?: number
  totalBytes?: number
  /** The end of this body is the end of the object. */
  toTheEnd: boolean
}

// `bytes 0-524287/*`, `bytes 524288-600000/600001`, `bytes 0-*/*`, `bytes */600001`, or the query `bytes
// */*`.
export function contentRange(header: string | undefined): ContentRange {
  if (header === undefined) return { firstByte: 0, toTheEnd: true }
  const match = /^bytes (?:\*|(\d+)-(\d+|\*))\/(\d+|\*)$/.exec(
    header === 'bytes 0--1/0' ? 'bytes */0' : header,
  ) // the client's empty object
  if (!match) throw new StorageError('invalid', `Failed to parse Content-Range header: "${header}".`)
  const [, first, last, total] = match
  return {
    ...(first !== undefined && { firstByte: Number(first) }),
    ...(last !== undefined && last !== '*' && { lastByte: Number(last) }),
    ...(total !== '*' && { totalBytes: Number(total) }),
    toTheEnd: last === '*',
  }
}

/**
 * What of a piece's body has not arrived yet. Of one that is not the last, what goes beyond a multiple of
 * 256 KiB is not taken; the client learns from the answer's range where to go on.
 */
export function missingIn(
  { firstByte = 0, lastByte, totalBytes }: ContentRange,
  persistedBytes: number,
): { start: number; end: number } {
  if (firstByte > persistedBytes) {
    throw new StorageError(
      'unavailable',
      `The piece starts at byte ${firstByte}, but only ${persistedBytes} bytes have arrived; ` +
        'ask for the status.',
    )
  }
  const endByte = lastByte === undefined ? undefined : lastByte + 1
  const start = persistedBytes - firstByte
  if (endByte === undefined || endByte === totalBytes) return { start, end: Infinity }
  const wholeBytes = endByte - (endByte % CHUNK_UNIT_BYTES)
  return { start, end: Math.max(wholeBytes - firstByte, start) }
}
