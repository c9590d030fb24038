/**
 * The object store: with its parts beside it, the only file that talks to Cloud Storage. Hides the client, its lazy start,
 * pages, and addresses that are signed.
 */
import type { File, Storage } from '@google-cloud/storage'
import { between } from './boundaries.ts'
import { codeOf } from './errors.ts'
import { connect } from './storage-client.ts'
import { addressOf, describe, handlesOf, type ObjectName, type StoredObject } from './storage-objects.ts'
import { readsOf } from './storage-reads.ts'
import { writesOf } from './storage-writes.ts'

export type { ByteRange, ObjectMetadata, ObjectName, StoredObject } from './storage-objects.ts'

export type ObjectStore = ReturnType<typeof openStorage>

export function openStorage(options: { projectId: string; endpoint?: string | undefined }) {
  let client: Promise<Storage> | undefined
  const handles = handlesOf(() => (client ??= connect(options)))
  const { bucket, file } = handles

  /** Undefined when there is no such object (or no longer that generation). */
  const stat = async (object: ObjectName): Promise<StoredObject | undefined> => {
    try {
      const [metadata] = await (await file(object)).getMetadata()
      return describe(metadata)
    } catch (error) {
      if (codeOf(error) === '404') return undefined
      throw error
    }
  }

  const list = async (bucketName: string, prefix: string): Promise<StoredObject[]> => {
    const [files] = await (await bucket(bucketName)).getFiles({ prefix })
    return files.map((found) => describe(found.metadata))
  }

  /** All objects below a prefix, in the order of their names (UTF-8), a page held at a time. */
  async function* walk(bucketName: string, prefix: string): AsyncGenerator<StoredObject> {
    const handle = await bucket(bucketName)
    for (let pageToken: string | undefined; ;) {
      const query = { prefix, autoPaginate: false, ...(pageToken === undefined ? {} : { pageToken }) }
      const [files, , answer] = (await handle.getFiles(query)) as [
        File[],
        unknown,
        { nextPageToken?: string },
      ]
      for (const found of files) yield describe(found.metadata)
      pageToken = answer.nextPageToken
      if (pageToken === undefined) return
    }
  }

  /**
   * An address anybody may read the object from for so long, at most a week. A browser saves it as `saveAs`; without, it
   * shows what it can.
   */
  const signedUrl = async (object: ObjectName, seconds: number, saveAs?: string): Promise<string> => {
    const [url] = await (
      await file(object)
    ).getSignedUrl({
      version: 'v4',
      action: 'read',
      expires: Date.now() + 1000 * seconds,
      ...(saveAs === undefined ? {} : { responseDisposition: asAttachment(saveAs) }),
    })
    return url
  }

  /**
   * An address to which anybody may upload that object in pieces, for a week: whoever has it needs no other right. A page
   * of `origin` may; an object that is there is replaced.
   */
  const beginUpload = async (
    object: ObjectName,
    {
      contentType,
      bytes,
      origin,
    }: { contentType: string; bytes?: number | undefined; origin?: string | undefined },
  ): Promise<string> => {
    const target = await file(object)
    const [url] = await between('object.upload', addressOf(object), () =>
      target.createResumableUpload({
        metadata: { contentType, ...(bytes === undefined ? {} : { contentLength: bytes }) },
        ...(origin === undefined ? {} : { origin }),
      }),
    )
    return url
  }

  return {
    stat,
    ...readsOf(handles),
    ...writesOf(handles, stat),
    list,
    walk,
    signedUrl,
    beginUpload,
  }
}

/** RFC 6266: the name as it is, and for old programs in ASCII. */
const asAttachment = (file: string): string =>
  `attachment; filename="${file.replaceAll(/[^\w. -]/g, '_')}"; filename*=UTF-8''${encodeURIComponent(file)}`
