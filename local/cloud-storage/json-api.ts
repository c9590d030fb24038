/**
 * The JSON API of the local Cloud Storage: what each method takes from the path, the query and the body, and
 * what it answers. https://cloud.google.com/storage/docs/json_api/v1
 */
import { z } from 'zod'
import { bytesOf, readJson, sendJson, StorageError } from './answers.ts'
import { checksumsIn } from './checksums.ts'
import { sendObject } from './download.ts'
import {
  fieldsSchema,
  objectResource,
  patchSchema,
  uploadSchema,
  type ObjectRecord,
} from './object-resource.ts'
import { checkPreconditions, generationNumber, preconditionsIn } from './preconditions.ts'
import type { Call, Route } from './routes.ts'
import { refuse, refuseBucketFields } from './unsupported.ts'
import { insertObject, type Insertion } from './uploads.ts'
import { readMultipart } from './multipart.ts'

const OBJECT = String.raw`/b/([^/]+)/o/([^/]+)`

export const jsonRoutes: Route[] = [
  ['POST', /^\/upload\/storage\/v1\/b\/([^/]+)\/o$/, startUpload],
  ['PUT', /^\/upload\/storage\/v1\/b\/([^/]+)\/o$/, continueUpload],
  ['DELETE', /^\/upload\/storage\/v1\/b\/([^/]+)\/o$/, cancelUpload],
  ['OPTIONS', /^\/upload\/storage\/v1\/b\/([^/]+)\/o$/, mayPagesUpload],
  ['GET', /^\/storage\/v1\/b$/, listBuckets],
  ['POST', /^\/storage\/v1\/b$/, createBucket],
  ['GET', /^\/storage\/v1\/b\/([^/]+)$/, getBucket],
  ['DELETE', /^\/storage\/v1\/b\/([^/]+)$/, deleteBucket],
  ['GET', /^\/storage\/v1\/b\/([^/]+)\/o$/, listObjects],
  ['GET|HEAD', RegExp(`^(?:/download)?/storage/v1${OBJECT}$`), getObject],
  ['PATCH', RegExp(`^/storage/v1${OBJECT}$`), patchObject],
  ['DELETE', RegExp(`^/storage/v1${OBJECT}$`), deleteObject],
  ['POST', RegExp(`^/storage/v1${OBJECT}/compose$`), composeObject],
  ['POST', RegExp(`^/storage/v1${OBJECT}/copyTo${OBJECT}$`), copyObject],
  ['POST', RegExp(`^/storage/v1${OBJECT}/rewriteTo${OBJECT}$`), rewriteObject],
  ['POST', RegExp(`^/storage/v1${OBJECT}/moveTo/o/([^/]+)$`), moveObject],
]

function objectName([bucket, name]: readonly string[]) {
  return { bucket: bucket!, name: name! }
}

function pinned(query: URLSearchParams, name = 'generation'): string | undefined {
  const value = query.get(name)
  return value === null ? undefined : generationNumber(value)
}

const answerObject = ({ response, origin }: Call, record: ObjectRecord) =>
  sendJson(response, 200, objectResource(record, origin))

async function startUpload(call: Call): Promise<void> {
  const { request, query, objects, blobs } = call
  const kind = query.get('uploadType') ?? ''
  const upload = Object.hasOwn(UPLOADS, kind) ? UPLOADS[kind] : undefined
  if (!upload) throw new StorageError('invalid', 'uploadType must be media, multipart or resumable.')
  await upload(call, async (metadata, contentType, body) => {
    const insertion = insertionOf(call, metadata, contentType)
    insertion.expected = { ...insertion.expected, ...checksumsIn(request.headers) }
    answerObject(call, await insertObject(objects, blobs, insertion, body))
  })
}

type UploadMetadata = z.infer<typeof uploadSchema>
type Insert = (
  metadata: UploadMetadata,
  contentType: string | undefined,
  body: AsyncIterable<Buffer>,
) => Promise<void>

const UPLOADS: Record<string, (call: Call, insert: Insert) => Promise<void>> = {
  media: ({ request }, insert) => insert({}, request.headers['content-type'], bytesOf(request)),

  async multipart({ request }, insert) {
    const { metadata, mediaType, media } = await readMultipart(request)
    await insert(metadata, mediaType, media)
  },

  async resumable(call) {
    const { request, response, parameters, origin, uploads } = call
    const metadata = uploadSchema.parse(await readJson(request))
    const [contentType, length] = ['type', 'length'].map(
      (field) => request.headers[`x-upload-content-${field}`],
    )
    const insertion = insertionOf(call, metadata, contentType === undefined ? undefined : String(contentType))
    const declared = length === undefined ? undefined : Number(length)
    const id = uploads.start(insertion, declared, request.headers.origin)
    const address = new URLSearchParams({
      uploadType: 'resumable',
      name: insertion.where.name,
      upload_id: id,
    })
    response.setHeader('X-GUploader-UploadID', id)
    response.setHeader('Location', `${origin}/upload/storage/v1/b/${parameters[0]}/o?${address.toString()}`)
    response.writeHead(200, { 'Content-Length': '0' }).end()
  },
}

function insertionOf({ parameters, query }: Call, metadata: UploadMetadata, contentType?: string): Insertion {
  const { name: ownName, md5Hash, crc32c, ...fields } = metadata
  const name = query.get('name') ?? ownName ?? ''
  return {
    where: objectName([parameters[0]!, name]),
    fields: {
      ...(contentType && { contentType }),
      ...fields,
      ...(query.has('contentEncoding') && { contentEncoding: query.get('contentEncoding')! }),
    },
    conditions: preconditionsIn(query),
    expected: { ...(crc32c !== undefined && { crc32c }), ...(md5Hash !== undefined && { md5Hash }) },
  }
}

/**
 * A page may send an upload that was begun for its origin, and read how far it is.
 * https://cloud.google.com/storage/docs/performing-resumable-uploads#initiate-session (CORS)
 */
function letPages({ response, query, uploads }: Call): void {
  const origin = uploads.originOf(query.get('upload_id') ?? '')
  if (origin === undefined) return
  response.setHeader('Access-Control-Allow-Origin', origin)
  response.setHeader('Access-Control-Expose-Headers', 'Range, X-GUploader-UploadID')
}

function mayPagesUpload(call: Call): void {
  letPages(call)
  const allowed = {
    'Access-Control-Allow-Methods': 'PUT, DELETE',
    'Access-Control-Allow-Headers': 'Content-Type, Content-Range',
    'Access-Control-Max-Age': '3600',
  }
  call.response.writeHead(200, allowed).end()
}

async function continueUpload(call: Call): Promise<void> {
  const { request, response, query, uploads } = call
  letPages(call)
  const progress = await uploads.put(query.get('upload_id') ?? '', request)
  if ('finished' in progress) {
    answerObject(call, progress.finished)
    return
  }
  const range = progress.persistedBytes > 0 && { Range: `bytes=0-${progress.persistedBytes - 1}` }
  response.writeHead(308, { ...range, 'Content-Length': '0' }).end()
}

async function cancelUpload({ request, query, uploads }: Call): Promise<void> {
  await uploads.cancel(query.get('upload_id') ?? '', request)
  throw new StorageError('clientClosedRequest', 'The upload was cancelled, as asked.')
}

const bucketResource = ({ objects, origin }: Call, name: string) => ({
  kind: 'storage#bucket',
  id: name,
  name,
  selfLink: `${origin}/storage/v1/b/${name}`,
  projectNumber: '0',
  metageneration: '1',
  location: 'LOCAL',
  storageClass: 'STANDARD',
  etag: 'CAE=',
  timeCreated: objects.bucketCreated(name),
  updated: objects.bucketCreated(name),
})

function listBuckets(call: Call): void {
  const prefix = call.query.get('prefix') ?? ''
  const names = call.objects.bucketNames().filter((name) => name.startsWith(prefix))
  sendJson(call.response, 200, {
    kind: 'storage#buckets',
    items: names.map((name) => bucketResource(call, name)),
  })
}

async function createBucket(call: Call): Promise<void> {
  const { name, ...fields } = z.looseObject({ name: z.string() }).parse(await readJson(call.request))
  refuseBucketFields(fields)
  call.objects.createBucket(name)
  sendJson(call.response, 200, bucketResource(call, name))
}

function getBucket(call: Call): void {
  sendJson(call.response, 200, bucketResource(call, call.parameters[0]!))
}

function deleteBucket({ response, objects, parameters }: Call): void {
  objects.removeBucket(parameters[0]!)
  response.writeHead(204).end()
}

function listObjects({ response, objects, parameters, query, origin }: Call): void {
  const maxResults = z.coerce
    .number()
    .int()
    .positive()
    .optional()
    .parse(query.get('maxResults') ?? undefined)
  const { items, prefixes, nextPageToken } = objects.list(parameters[0]!, {
    prefix: query.get('prefix') ?? '',
    delimiter: query.get('delimiter') ?? '',
    pageToken: query.get('pageToken') ?? undefined,
    maxResults,
    startOffset: query.get('startOffset') ?? '',
    endOffset: query.get('endOffset') ?? undefined,
  })
  const resources = items.map((record) => objectResource(record, origin))
  sendJson(response, 200, {
    kind: 'storage#objects',
    items: resources,
    ...(prefixes.length > 0 && { prefixes }),
    nextPageToken,
  })
}

async function getObject(call: Call): Promise<void> {
  const { request, response, objects, blobs, parameters, query } = call
  const record = objects.find(objectName(parameters), pinned(query))
  checkPreconditions(record, preconditionsIn(query), true)
  if (query.get('alt') === 'media') return sendObject(request, response, blobs, record)
  answerObject(call, record)
}

async function patchObject(call: Call): Promise<void> {
  const { request, objects, parameters, query } = call
  const change = patchSchema.parse(await readJson(request))
  answerObject(call, objects.patch(objectName(parameters), change, preconditionsIn(query), pinned(query)))
}

function deleteObject({ response, objects, parameters, query }: Call): void {
  objects.remove(objectName(parameters), preconditionsIn(query), pinned(query))
  response.writeHead(204).end()
}

const number64 = z.union([z.string(), z.number()]).transform((value) => generationNumber(String(value)))

const composeSchema = z.object({
  deleteSourceObjects: z.boolean().default(false),
  destination: fieldsSchema.default({}),
  sourceObjects: z.array(
    z.object({
      name: z.string(),
      generation: number64.optional(),
      objectPreconditions: z.object({ ifGenerationMatch: number64.optional() }).default({}),
    }),
  ),
})

async function composeObject(call: Call): Promise<void> {
  const { request, objects, parameters, query } = call
  const { destination, sourceObjects, deleteSourceObjects } = composeSchema.parse(await readJson(request))
  if (deleteSourceObjects) refuse('deleteSourceObjects')
  const sources = sourceObjects.map(({ name, generation, objectPreconditions: { ifGenerationMatch } }) => ({
    name,
    generation,
    conditions: ifGenerationMatch === undefined ? {} : { GenerationMatch: ifGenerationMatch },
  }))
  answerObject(call, objects.compose(objectName(parameters), sources, destination, preconditionsIn(query)))
}

async function copied({ request, objects, parameters, query }: Call): Promise<ObjectRecord> {
  const fields = fieldsSchema.parse(await readJson(request))
  const source = objects.find(objectName(parameters), pinned(query, 'sourceGeneration'))
  checkPreconditions(source, preconditionsIn(query, 'Source'))
  return objects.copy(source, objectName(parameters.slice(2)), fields, preconditionsIn(query))
}

async function copyObject(call: Call): Promise<void> {
  answerObject(call, await copied(call))
}

async function rewriteObject(call: Call): Promise<void> {
  const resource = objectResource(await copied(call), call.origin)
  const { size } = resource
  sendJson(call.response, 200, {
    kind: 'storage#rewriteResponse',
    totalBytesRewritten: size,
    objectSize: size,
    done: true,
    resource,
  })
}

async function moveObject(call: Call): Promise<void> {
  const { request, objects, parameters, query } = call
  await readJson(request)
  const from = objectName(parameters)
  const source = objects.find(from)
  checkPreconditions(source, preconditionsIn(query, 'Source'))
  const record = objects.copy(source, { ...from, name: parameters[2]! }, {}, preconditionsIn(query))
  if (record.name !== from.name) objects.remove(from, {})
  answerObject(call, record)
}
