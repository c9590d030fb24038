/**
 * Defines an object of the local Cloud Storage: the record kept on disk, the fields that a client may set,
 * and its form in the JSON API.
 */
import { createHash } from 'node:crypto'
import { z } from 'zod'
import type { BlobRef } from './blobs.ts'

const text = z.string().regex(/^\P{Cc}*$/u, 'holds a control character')
const customValue = z.union([z.string(), z.number(), z.boolean()]).transform(String)

/** What an upload, a copy or a compose may say about the new object. */
export const fieldsSchema = z
  .object({
    contentType: text,
    contentEncoding: text,
    contentDisposition: text,
    contentLanguage: text,
    cacheControl: text,
    customTime: text,
    storageClass: text,
    metadata: z.record(z.string(), customValue),
  })
  .partial()

export type ObjectFields = z.infer<typeof fieldsSchema>

/** An upload's metadata may also carry its name and the checksums its bytes must have. */
export const uploadSchema = fieldsSchema.extend({
  name: text.optional(),
  md5Hash: text.optional(),
  crc32c: text.optional(),
})

/** A patch: null takes a field away. */
export const patchSchema = z
  .object({
    contentType: text.nullable(),
    contentEncoding: text.nullable(),
    contentDisposition: text.nullable(),
    contentLanguage: text.nullable(),
    cacheControl: text.nullable(),
    customTime: text.nullable(),
    metadata: z.record(z.string(), customValue.nullable()).nullable(),
  })
  .partial()

export type ObjectPatch = z.infer<typeof patchSchema>

export interface ObjectRecord {
  bucket: string
  name: string
  generation: string
  metageneration: number
  sizeBytes: number
  crc32c: string
  md5Hash?: string | undefined
  componentCount?: number | undefined
  blobs: BlobRef[]
  fields: ObjectFields
  timeCreated: string
  updated: string
  /**
   * The resumable session it came from: how a session killed after its last commit still knows that it was
   * finished.
   */
  uploadId?: string | undefined
}

export function patched(fields: ObjectFields, patch: ObjectPatch): ObjectFields {
  const { metadata, ...plain } = patch
  const custom =
    metadata === undefined ? {} : { metadata: metadata && withoutNulls({ ...fields.metadata, ...metadata }) }
  return withoutNulls({ ...fields, ...plain, ...custom })
}

function withoutNulls<T extends object>(values: T): { [K in keyof T]: NonNullable<T[K]> } {
  return Object.fromEntries(Object.entries(values).filter(([, value]) => value !== null)) as {
    [K in keyof T]: NonNullable<T[K]>
  }
}

/** Weakly tied to the metadata too, as the JSON API's is. */
const jsonEtag = ({ generation, metageneration }: ObjectRecord) =>
  Buffer.from(`${generation}/${metageneration}`).toString('base64')

/**
 * What GET /bucket/object answers: the MD5 where there is one, else something else that changes with the
 * bytes.
 */
export function contentEtag({ md5Hash, generation, crc32c }: ObjectRecord): string {
  const hex = md5Hash
    ? Buffer.from(md5Hash, 'base64').toString('hex')
    : createHash('md5').update(`${generation}/${crc32c}`).digest('hex')
  return `"${hex}"`
}

/** The object as the JSON API and finalize events show it: 64-bit integers as strings. */
export function objectResource(record: ObjectRecord, origin: string) {
  const { bucket, name, generation, timeCreated, updated, crc32c, md5Hash, componentCount, fields } = record
  const path = `b/${bucket}/o/${encodeURIComponent(name)}`
  return {
    kind: 'storage#object',
    id: `${bucket}/${name}/${generation}`,
    selfLink: `${origin}/storage/v1/${path}`,
    mediaLink: `${origin}/download/storage/v1/${path}?generation=${generation}&alt=media`,
    bucket,
    name,
    generation,
    metageneration: String(record.metageneration),
    size: String(record.sizeBytes),
    crc32c,
    md5Hash,
    componentCount,
    etag: jsonEtag(record),
    storageClass: 'STANDARD',
    ...fields,
    timeCreated,
    updated,
    timeFinalized: timeCreated,
    timeStorageClassUpdated: timeCreated,
  }
}
