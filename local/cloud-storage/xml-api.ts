/**
 * The addresses /bucket/object of the local Cloud Storage: what anybody may read from the public bucket, and
 * what the holder of a V4 signed URL may do.
 */
import { bytesOf, StorageError } from './answers.ts'
import { checksumsIn } from './checksums.ts'
import { isUnchanged, sendObject } from './download.ts'
import { contentEtag } from './object-resource.ts'
import { generationNumber, type Preconditions } from './preconditions.ts'
import type { Call, Route } from './routes.ts'
import { insertObject, type Insertion } from './uploads.ts'

const PUBLIC_BUCKET = /^public(-|$)/
const OBJECT = /^\/([^/]+)\/(.+)$/

export const xmlRoutes: Route[] = [
  ['OPTIONS', OBJECT, preflight],
  ['GET|HEAD', OBJECT, read],
  ['PUT', OBJECT, write],
  ['POST', OBJECT, startResumable],
  ['DELETE', OBJECT, remove],
]

// Every bucket here has the CORS rule that a web page needs to play, to upload and to see how far it got.
const CORS = {
  'Access-Control-Allow-Origin': '*',
  'Access-Control-Expose-Headers': 'Accept-Ranges, Content-Range, ETag, Location, x-goog-generation',
}

function preflight({ response }: Call): void {
  const allowed = {
    'Access-Control-Allow-Methods': 'GET, HEAD, PUT, POST, DELETE',
    'Access-Control-Allow-Headers': '*',
    'Access-Control-Max-Age': '3600',
  }
  response.writeHead(204, { ...CORS, ...allowed }).end()
}

function authorize({ request, path, query, verifyUrl }: Call): void {
  verifyUrl(request, path, query)
}

async function read(call: Call): Promise<void> {
  const { request, response, objects, blobs, parameters, query } = call
  const [bucket, name] = parameters as [string, string]
  response.setHeaders(new Map(Object.entries(CORS)))
  if (!PUBLIC_BUCKET.test(bucket)) authorize(call)
  const generation = query.get('generation')
  const record = objects.find(
    { bucket, name },
    generation === null ? undefined : generationNumber(generation),
  )
  if (isUnchanged(request, record)) {
    response
      .writeHead(304, { ETag: contentEtag(record), 'Last-Modified': new Date(record.updated).toUTCString() })
      .end()
    return
  }
  const overrides: Record<string, string> = {}
  for (const header of ['content-type', 'content-disposition', 'cache-control']) {
    const value = query.get(`response-${header}`)
    if (value === null) continue
    // https://cloud.google.com/storage/docs/xml-api/get-object-download: an anonymous reader chooses no headers
    if (!query.has('X-Goog-Signature') || !/^[\t\x20-\x7e]*$/.test(value))
      throw new StorageError('invalid', `response-${header} takes a header's value, in a signed URL.`)
    overrides[header] = value
  }
  await sendObject(request, response, blobs, record, overrides)
}

/** A write's metadata and preconditions come as headers, all of which the signature has to cover. */
function insertionOf({ request: { headers }, parameters }: Call): Insertion {
  const [bucket, name] = parameters as [string, string]
  const metadata: Record<string, string> = {}
  const conditions: Preconditions = {}
  for (const [header, value] of Object.entries(headers)) {
    if (header.startsWith('x-goog-meta-')) metadata[header.slice('x-goog-meta-'.length)] = String(value)
    if (header === 'x-goog-if-generation-match') conditions.GenerationMatch = generationNumber(String(value))
    if (header === 'x-goog-if-metageneration-match')
      conditions.MetagenerationMatch = generationNumber(String(value))
  }
  const fields = {
    contentType: headers['content-type'],
    contentEncoding: headers['content-encoding'],
    contentDisposition: headers['content-disposition'],
    cacheControl: headers['cache-control'],
  }
  const given = Object.fromEntries(Object.entries(fields).filter(([, value]) => value !== undefined))
  return {
    where: { bucket, name },
    fields: { ...given, ...(Object.keys(metadata).length > 0 && { metadata }) },
    conditions,
    expected: checksumsIn(headers),
  }
}

async function write(call: Call): Promise<void> {
  const { request, response, objects, blobs } = call
  response.setHeaders(new Map(Object.entries(CORS)))
  authorize(call)
  const record = await insertObject(objects, blobs, insertionOf(call), bytesOf(request))
  const headers = {
    ETag: contentEtag(record),
    'x-goog-generation': record.generation,
    'x-goog-hash': `crc32c=${record.crc32c},md5=${record.md5Hash ?? ''}`,
  }
  response.writeHead(200, { ...headers, 'Content-Length': '0' }).end()
}

function remove(call: Call): void {
  const { response, objects, query } = call
  response.setHeaders(new Map(Object.entries(CORS)))
  authorize(call)
  const { where, conditions } = insertionOf(call)
  const generation = query.get('generation')
  objects.remove(where, conditions, generation === null ? undefined : generationNumber(generation))
  response.writeHead(204).end()
}

/** A URL signed for `resumable`: the session's address it answers with is itself the permission to upload. */
function startResumable(call: Call): void {
  const { request, response, uploads, origin } = call
  response.setHeaders(new Map(Object.entries(CORS)))
  authorize(call)
  if (request.headers['x-goog-resumable'] !== 'start')
    throw new StorageError('invalid', 'Only the start of a resumable upload may be posted here.')
  const insertion = insertionOf(call)
  const id = uploads.start(insertion)
  const { bucket } = insertion.where
  const location = `${origin}/upload/storage/v1/b/${bucket}/o?uploadType=resumable&upload_id=${id}`
  response.writeHead(201, { Location: location, 'Content-Length': '0' }).end()
}
