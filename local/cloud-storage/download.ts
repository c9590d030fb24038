/** Sends an object's bytes: headers, ranges, HEAD, and streams that keep one read ahead of the socket. */
import type { IncomingMessage, ServerResponse } from 'node:http'
import { pipeline } from 'node:stream/promises'
import { createGunzip } from 'node:zlib'
import { StorageError } from './answers.ts'
import type { Blobs } from './blobs.ts'
import { contentEtag, type ObjectRecord } from './object-resource.ts'

/** `overrides` are headers that this one answer carries instead of the object's own, or besides. */
export async function sendObject(
  request: IncomingMessage,
  response: ServerResponse,
  blobs: Blobs,
  record: ObjectRecord,
  overrides: Record<string, string> = {},
): Promise<void> {
  const headers = asHeaders({ ...objectHeaders(record), ...overrides })
  if (isToBeUnpacked(request, record)) {
    await sendUnpacked(request, response, blobs, record, headers)
    return
  }
  const range = requestedRange(request, record)
  if (range === 'unsatisfiable') {
    response.setHeader('Content-Range', `bytes */${record.sizeBytes}`)
    throw new StorageError('requestedRangeNotSatisfiable', 'The requested range cannot be satisfied.')
  }
  const { first, last } = range ?? { first: 0, last: record.sizeBytes - 1 }
  const partial = range && { 'Content-Range': `bytes ${first}-${last}/${record.sizeBytes}` }
  response.writeHead(range ? 206 : 200, {
    ...headers,
    ...partial,
    'Content-Length': String(last - first + 1),
  })
  if (request.method === 'HEAD') response.end()
  else await send(blobs.read(record.blobs, first, last), response)
}

/**
 * An object stored as gzip is unpacked for whoever does not take gzip: whole, whatever range was asked for,
 * and with no length. https://cloud.google.com/storage/docs/transcoding
 */
async function sendUnpacked(
  { method }: IncomingMessage,
  response: ServerResponse,
  blobs: Blobs,
  record: ObjectRecord,
  headers: Record<string, string>,
): Promise<void> {
  const { 'Content-Encoding': _gzip, 'Accept-Ranges': _none, ...kept } = headers
  response.writeHead(200, {
    ...kept,
    ETag: `W/${headers['ETag']!}`,
    Vary: 'Accept-Encoding',
    Warning: '214 UploadServer gunzipped',
  })
  if (method === 'HEAD') response.end()
  else await pipeline(copied(blobs.read(record.blobs, 0, record.sizeBytes - 1)), createGunzip(), response)
}

/** Asks for a block when the one before is with the system. Rejects when the client goes away. */
async function send(blocks: AsyncIterable<Buffer>, response: ServerResponse): Promise<void> {
  for await (const block of blocks)
    await new Promise<void>((resolve, reject) =>
      response.write(block, (error) => (error ? reject(error) : resolve())),
    )
  response.end()
}

/** Blocks that last. */
async function* copied(blocks: AsyncIterable<Buffer>): AsyncGenerator<Buffer> {
  for await (const block of blocks) yield Buffer.from(block)
}

const isToBeUnpacked = ({ headers }: IncomingMessage, { fields }: ObjectRecord): boolean =>
  fields.contentEncoding === 'gzip' &&
  !/\bno-transform\b/.test(fields.cacheControl ?? '') &&
  !/(?:^|[\s,])(?:gzip|\*)(?!\s*;\s*q=0(?:\.0*)?(?:[\s,]|$))/i.test(headers['accept-encoding'] ?? '')

function objectHeaders(record: ObjectRecord): Record<string, string | undefined> {
  const { fields, crc32c, md5Hash, generation, metageneration, componentCount } = record
  const headers: Record<string, string | undefined> = {
    'Content-Type': fields.contentType,
    'Content-Encoding': fields.contentEncoding,
    'Content-Disposition': fields.contentDisposition,
    'Content-Language': fields.contentLanguage,
    'Cache-Control': fields.cacheControl,
    ETag: contentEtag(record),
    'Last-Modified': new Date(record.updated).toUTCString(),
    'Accept-Ranges': 'bytes',
    'x-goog-generation': generation,
    'x-goog-metageneration': String(metageneration),
    'x-goog-stored-content-encoding': fields.contentEncoding ?? 'identity',
    'x-goog-stored-content-length': String(record.sizeBytes),
    'x-goog-component-count': componentCount === undefined ? undefined : String(componentCount),
    // One header without a space after the comma: the client splits it at commas and compares the names as
    // they are.
    'x-goog-hash': [`crc32c=${crc32c}`, ...(md5Hash ? [`md5=${md5Hash}`] : [])].join(','),
  }
  for (const [name, value] of Object.entries(fields.metadata ?? {})) {
    if (/^[\w.-]+$/.test(name)) headers[`x-goog-meta-${name}`] = encodeURI(value)
  }
  return headers
}

/** A header's characters are bytes: text beyond ASCII goes as UTF-8. */
function asHeaders(values: Record<string, string | undefined>): Record<string, string> {
  return Object.fromEntries(
    Object.entries(values).flatMap(([name, value]) =>
      value === undefined ? [] : [[name, Buffer.from(value).toString('latin1')]],
    ),
  )
}

/**
 * RFC 9110 §14: one range is served; several, a malformed one, or one for other bytes (If-Range) get the
 * whole object.
 */
function requestedRange(
  { headers }: IncomingMessage,
  record: ObjectRecord,
): { first: number; last: number } | 'unsatisfiable' | undefined {
  const [matched, start, end] = /^bytes=(\d*)-(\d*)$/.exec(headers.range ?? '') ?? []
  if (matched === undefined || (start === '' && end === '')) return undefined
  if (headers['if-range'] !== undefined && headers['if-range'] !== contentEtag(record)) return undefined
  const size = record.sizeBytes
  const first = start === '' ? Math.max(size - Number(end), 0) : Number(start)
  const last = start === '' || end === '' ? size - 1 : Math.min(Number(end), size - 1)
  if (start !== '' && end !== '' && Number(end) < first) return undefined
  return first > last ? 'unsatisfiable' : { first, last }
}

/** RFC 9110 §13.2.2: If-None-Match decides when it is there, else If-Modified-Since, to the second. */
export function isUnchanged({ headers }: IncomingMessage, record: ObjectRecord): boolean {
  const tags = headers['if-none-match']
  if (tags !== undefined)
    return (
      tags === '*' || tags.split(',').some((tag) => tag.trim().replace(/^W\//, '') === contentEtag(record))
    )
  const since = Date.parse(headers['if-modified-since'] ?? '')
  return Math.floor(Date.parse(record.updated) / 1000) * 1000 <= since
}
