/**
 * Signs URLs and checks their signatures by the V4 signing process. Hides the key pair that replaces a
 * service account's, and what a signature covers.
 * https://cloud.google.com/storage/docs/authentication/canonical-requests
 */
import { createHash, createPublicKey, createVerify, generateKeyPair, type KeyObject } from 'node:crypto'
import { existsSync, readFileSync, renameSync, writeFileSync } from 'node:fs'
import type { IncomingMessage } from 'node:http'
import { promisify } from 'node:util'
import { StorageError } from './answers.ts'

/** The fields of a service account's key file that signing needs. */
export interface SigningCredentials {
  client_email: string
  private_key: string
}

/**
 * Reads the key file, or makes one. It has Google's own form, so a client that finds it through
 * GOOGLE_APPLICATION_CREDENTIALS signs URLs as it would with a real account. The key outlives restarts, and
 * so do the URLs signed with it.
 */
export async function loadSigningCredentials(path: string, clientEmail: string): Promise<SigningCredentials> {
  if (!existsSync(path)) {
    const { privateKey } = await promisify(generateKeyPair)('rsa', { modulusLength: 2048 })
    const private_key = privateKey.export({ type: 'pkcs8', format: 'pem' })
    const file = {
      type: 'service_account',
      project_id: 'spool-local',
      client_email: clientEmail,
      private_key,
    }
    writeFileSync(`${path}.new`, JSON.stringify(file, null, 2), { mode: 0o600 })
    renameSync(`${path}.new`, path)
  }
  return JSON.parse(readFileSync(path, 'utf8')) as SigningCredentials
}

const LONGEST_LIFE_SECONDS = 7 * 24 * 3600
const CLOCK_SKEW_MS = 15 * 60_000

export type UrlVerifier = ReturnType<typeof urlVerifier>

/** The check throws unless the URL was signed for exactly this request and is still good. */
export function urlVerifier({ client_email, private_key }: SigningCredentials, now: () => number) {
  const publicKey = createPublicKey(private_key)
  return (request: IncomingMessage, path: string, query: URLSearchParams): void => {
    const field = (name: string) => query.get(`X-Goog-${name}`) ?? ''
    if (!query.has('X-Goog-Signature'))
      throw new StorageError(
        'forbidden',
        'Anonymous caller does not have access to the Google Cloud Storage object.',
      )
    const signedMs = Date.parse(
      field('Date').replace(/^(\d{4})(\d\d)(\d\d)T(\d\d)(\d\d)(\d\d)Z$/, '$1-$2-$3T$4:$5:$6Z'),
    )
    const lifeSeconds = /^\d+$/.test(field('Expires')) ? Number(field('Expires')) : NaN
    if (Number.isNaN(signedMs) || !(lifeSeconds > 0 && lifeSeconds <= LONGEST_LIFE_SECONDS)) {
      throw new StorageError('invalid', 'X-Goog-Date or X-Goog-Expires is missing or out of bounds.')
    }
    if (
      field('Algorithm') !== 'GOOG4-RSA-SHA256' ||
      !isSigned(request, path, query, client_email, publicKey)
    ) {
      throw new StorageError(
        'signatureDoesNotMatch',
        'Access denied. The request signature we calculated does not match the signature you provided.',
      )
    }
    if (signedMs > now() + CLOCK_SKEW_MS)
      throw new StorageError('forbidden', 'The signed URL is not valid yet.')
    if (now() >= signedMs + lifeSeconds * 1000)
      throw new StorageError('expiredToken', 'Invalid argument: the signed URL has expired.')
  }
}

function isSigned(
  request: IncomingMessage,
  path: string,
  query: URLSearchParams,
  clientEmail: string,
  publicKey: KeyObject,
): boolean {
  const time = query.get('X-Goog-Date') ?? ''
  const scope = `${time.slice(0, 8)}/auto/storage/goog4_request`
  if (query.get('X-Goog-Credential') !== `${clientEmail}/${scope}`) return false
  const names = (query.get('X-Goog-SignedHeaders') ?? '').split(';')
  if (!names.includes('host') || unsignedGoogHeader(request, names)) return false
  const hash = createHash('sha256')
    .update(canonicalRequest(request, path, query, names))
    .digest('hex')
  const toSign = ['GOOG4-RSA-SHA256', time, scope, hash].join('\n')
  return createVerify('RSA-SHA256')
    .update(toSign)
    .verify(publicKey, query.get('X-Goog-Signature') ?? '', 'hex')
}

/** A header that changes what is stored must not be added by whoever holds the URL. */
function unsignedGoogHeader({ headers }: IncomingMessage, signedNames: string[]): boolean {
  return Object.keys(headers).some(
    (name) => /^x-goog-(meta-|if-|resumable)/.test(name) && !signedNames.includes(name),
  )
}

function canonicalRequest(
  request: IncomingMessage,
  path: string,
  query: URLSearchParams,
  names: string[],
): string {
  const canonicalQuery = [...query]
    .filter(([name]) => name !== 'X-Goog-Signature')
    .map(([name, value]) => [encodePart(name), encodePart(value)] as const)
    .sort(([a], [b]) => (a < b ? -1 : 1))
    .map(([name, value]) => `${name}=${value}`)
    .join('&')
  const headerLines = names.map((name) => `${name}:${headerValue(request, name)}\n`).join('')
  const payload = names.includes('x-goog-content-sha256')
    ? headerValue(request, 'x-goog-content-sha256')
    : 'UNSIGNED-PAYLOAD'
  const canonicalPath = decodeURIComponent(path).split('/').map(encodePart).join('/')
  return [request.method, canonicalPath, canonicalQuery, headerLines, names.join(';'), payload].join('\n')
}

function headerValue({ headers }: IncomingMessage, name: string): string {
  const value = String(headers[name] ?? '').trim()
  // The client signs the endpoint's host name without its port, which only a local endpoint has.
  return name === 'host' ? value.replace(/:\d+$/, '') : value.replace(/\s{2,}/g, ' ')
}

const encodePart = (text: string) =>
  encodeURIComponent(text).replace(
    /[!'()*]/g,
    (character) => `%${character.charCodeAt(0).toString(16).toUpperCase()}`,
  )
