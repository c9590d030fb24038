/**
 * What Cloud Storage does and its stand-in does not: asked for, it is refused with 501. A parameter that is
 * passed over in silence looks as if it had been obeyed.
 */
import type { IncomingHttpHeaders } from 'node:http'
import { StorageError } from './answers.ts'

/** Query parameters of the JSON API, whatever their value; `false` is what happens anyway. */
const parameters = [
  'fields',
  'matchGlob',
  'versions',
  'softDeleted',
  'includeTrailingDelimiter',
  'includeFoldersAsPrefixes',
  'deleteSourceObjects',
  'kmsKeyName',
  'destinationKmsKeyName',
]

/** Fields of a bucket that would change what becomes of its objects. */
const bucketFields = [
  'versioning',
  'retentionPolicy',
  'softDeletePolicy',
  'lifecycle',
  'encryption',
  'autoclass',
]

/** Throws `notImplemented`. */
export const refuse = (what: string): never => {
  throw new StorageError('notImplemented', `The local Cloud Storage does not know ${what}.`)
}

/** Keys that a client brings for its own objects. */
export function refuseUnknownHeaders(headers: IncomingHttpHeaders): void {
  for (const name of Object.keys(headers))
    if (/^x-goog-(copy-source-)?encryption-/.test(name)) refuse(`the header ${name}`)
}

export function refuseUnknownParameters(query: URLSearchParams): void {
  for (const name of parameters)
    if (query.has(name) && query.get(name) !== 'false') refuse(`the parameter ${name}`)
}

export function refuseBucketFields(bucket: Readonly<Record<string, unknown>>): void {
  for (const name of bucketFields) if (isSet(bucket[name])) refuse(`${name} of a bucket`)
}

/** `{"enabled": false}` is what happens anyway. */
const isSet = (value: unknown): boolean =>
  value !== undefined && value !== null && (value as { enabled?: unknown }).enabled !== false
