/**
 * A local Cloud Storage server: answers what `@google-cloud/storage` asks for from a folder on disk, and
 * sends finalize events as Eventarc does. Objects, upload sessions and undelivered events survive a restart
 * and SIGKILL.
 */
import { timingSafeEqual } from 'node:crypto'
import { mkdirSync } from 'node:fs'
import { createServer, type IncomingMessage, type ServerResponse } from 'node:http'
import type { AddressInfo } from 'node:net'
import { join } from 'node:path'
import { contentHash } from '../../shared/hash.ts'
import { doorOf, refusalAt, type Door } from '../doors/doors.ts'
import { sendRefusal, StorageError } from './answers.ts'
import { openBlobs } from './blobs.ts'
import { openOutbox, type Notification } from './events.ts'
import { jsonRoutes } from './json-api.ts'
import { openObjects } from './objects.ts'
import { loadSigningCredentials, urlVerifier } from './signed-urls.ts'
import { refuseUnknownHeaders, refuseUnknownParameters } from './unsupported.ts'
import { openResumableUploads } from './uploads.ts'
import type { Call, Route } from './routes.ts'
import { xmlRoutes } from './xml-api.ts'

export interface CloudStorageOptions {
  /** Everything is kept here; one server at a time. */
  dir: string
  /** A free one when not given. */
  port?: number
  /** Made when they are missing. Those named `public` or `public-…` are readable by the world. */
  buckets: readonly string[]
  /** Those of which nobody asks for an MD5: what is uploaded resumably there has none, as composites have none. */
  withoutMd5?: readonly string[]
  notifications?: readonly Notification[]
  /** Makes the OIDC token that an event carries. */
  sign?: (claims: { audience: string; email: string }) => Promise<string>
  serviceAccountEmail?: string
  /** Addresses whose pages may ask as programs may. */
  friends?: readonly string[]
  /** Other addresses by which it is known. */
  known?: readonly string[]
  /**
   * Whoever asks the JSON API says it first in the path, as in `http://host:port/SECRET/storage/v1/…`: the Google client sends
   * no credentials to an endpoint of one's own. Not asked for when there is none.
   */
  secret?: string
  /** Milliseconds since 1970. */
  now?: () => number
}

export interface CloudStorage {
  port: number
  /**
   * A service account's key file, for GOOGLE_APPLICATION_CREDENTIALS: only URLs signed with its key are
   * honoured here.
   */
  credentialsFile: string
  close(): Promise<void>
}

const HOST = '127.0.0.1'
const IDLE_CONNECTION_MS = 120_000

export async function startCloudStorage(options: CloudStorageOptions): Promise<CloudStorage> {
  const { dir, now = Date.now, serviceAccountEmail = 'storage@spool-local.iam.gserviceaccount.com' } = options
  mkdirSync(dir, { recursive: true })
  const credentialsFile = join(dir, 'credentials.json')
  const signing = await loadSigningCredentials(credentialsFile, serviceAccountEmail)
  let origin = ''
  let door = doorOf(0)
  const { notifications = [], withoutMd5 = [], sign } = options
  const outbox = openOutbox({
    dir: join(dir, 'events'),
    notifications,
    sign,
    serviceAccountEmail,
    origin: () => origin,
    now,
  })
  const blobs = openBlobs(join(dir, 'blobs'))
  const objects = openObjects({ dir, blobs, outbox, now })
  const uploads = openResumableUploads({ dir: join(dir, 'uploads'), objects, blobs, withoutMd5, now })
  blobs.sweep()
  for (const bucket of options.buckets) if (!objects.hasBucket(bucket)) objects.createBucket(bucket)

  const stores = { objects, blobs, uploads, verifyUrl: urlVerifier(signing, now) }
  const working = new Set<Promise<void>>()
  const server = createServer(
    { highWaterMark: 1 << 20, keepAliveTimeout: IDLE_CONNECTION_MS, requestTimeout: 0 },
    (request, response) => {
      const work = answer(request, response, { door, secret: options.secret }, (parsed) => ({
        request,
        response,
        origin,
        ...parsed,
        ...stores,
      }))
      working.add(work)
      void work.finally(() => working.delete(work))
    },
  )
  await new Promise<void>((resolve, reject) =>
    server.once('error', reject).listen(options.port ?? 0, HOST, resolve),
  )
  const { port } = server.address() as AddressInfo
  origin = `http://${HOST}:${port}`
  door = doorOf(port, options)
  outbox.start()

  return {
    port,
    credentialsFile,
    async close() {
      const closed = new Promise((resolve) => server.close(resolve))
      server.closeAllConnections()
      await Promise.all([closed, outbox.close(), ...working])
    },
  }
}

/**
 * A program begins an upload for a page by naming the page's origin as its own. A page itself cannot ask so: for JSON its
 * browser asks first whether it may, and is told no.
 */
const beginsForPage = ({ method, headers }: IncomingMessage, query: URLSearchParams): boolean =>
  method === 'POST' &&
  query.get('uploadType') === 'resumable' &&
  /^application\/json\b/.test(headers['content-type'] ?? '')

/** What is asked for, and whether by somebody who knows the secret. */
function withoutSecret(path: string, secret: string | undefined): { path: string; isKnown: boolean } {
  if (secret === undefined) return { path, isKnown: true }
  const [, said = '', rest = ''] = /^\/([^/]*)(\/.*)$/s.exec(path) ?? []
  const isKnown = timingSafeEqual(Buffer.from(contentHash(said)), Buffer.from(contentHash(secret)))
  return { path: isKnown ? rest : path, isKnown }
}

type ParsedUrl = Pick<Call, 'path' | 'parameters' | 'query'>

/** Never rejects: whatever a handler throws is answered, in the form its API uses. */
async function answer(
  request: IncomingMessage,
  response: ServerResponse,
  { door, secret }: { door: Door; secret: string | undefined },
  call: (parsed: ParsedUrl) => Call,
): Promise<void> {
  const [asked = '/', search = ''] = (request.url ?? '/').split(/\?(.*)/s)
  const { path, isKnown } = withoutSecret(asked, secret)
  const isJson = /^\/(storage|upload|download)\//.test(path)
  try {
    const query = new URLSearchParams(search)
    // objects by their address ask for a signature, what goes on with an upload for the session that was begun
    const isUpload = path.startsWith('/upload/') && request.method !== 'POST' && query.has('upload_id')
    const isForPages = !isJson || isUpload || beginsForPage(request, query)
    const refused = refusalAt(door, request, isForPages ? 'by-other-means' : 'refused')
    if (refused) throw new StorageError('forbidden', refused.message)
    if (isJson && !isUpload && !isKnown)
      throw new StorageError(
        'unauthorized',
        'The buckets are for programs that the owner of this machine runs.',
      )
    refuseUnknownHeaders(request.headers)
    if (isJson) refuseUnknownParameters(query)
    const { handle, parameters } = routeTo(request.method ?? 'GET', path, isJson ? jsonRoutes : xmlRoutes)
    await handle(call({ path, parameters, query }))
  } catch (error) {
    sendRefusal(response, error, isJson ? 'json' : 'xml')
  }
}

function routeTo(method: string, path: string, routes: readonly Route[]) {
  for (const [methods, pattern, handle] of routes) {
    const match = methods.split('|').includes(method) ? pattern.exec(path) : null
    if (match) return { handle, parameters: match.slice(1).map(decodePart) }
  }
  throw new StorageError('notImplemented', `The local Cloud Storage does not answer ${method} ${path}.`)
}

function decodePart(part: string): string {
  try {
    return decodeURIComponent(part)
  } catch (cause) {
    throw new StorageError('invalid', `The path is not valid percent-encoded UTF-8: ${part}`, { cause })
  }
}
