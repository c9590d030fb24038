/** Reads an upload of type multipart/related: the metadata first, then the object's bytes, streamed. */
import type { IncomingMessage } from 'node:http'
import { bytesOf, parseJson, StorageError } from './answers.ts'
import { uploadSchema } from './object-resource.ts'

const PART_HEAD_LIMIT_BYTES = 1 << 20

/** RFC 2387, two parts: the metadata, then the media as a stream that ends before the closing boundary. */
export async function readMultipart(request: IncomingMessage) {
  const [, quoted, plain] =
    /boundary=(?:"([^"]+)"|([^;\s]+))/i.exec(request.headers['content-type'] ?? '') ?? []
  const boundary = quoted ?? plain
  if (boundary === undefined) throw new StorageError('invalid', 'A multipart upload must name its boundary.')
  const reader = delimitedReader(bytesOf(request))
  const delimiter = `\r\n--${boundary}`
  await reader.readUntil(`--${boundary}`)
  await reader.readUntil('\r\n\r\n')
  const metadata = uploadSchema.parse(parseJson((await reader.readUntil(delimiter)).toString()))
  const mediaHead = (await reader.readUntil('\r\n\r\n')).toString()
  const [, mediaType] = /^content-type:\s*(.+?)\s*$/im.exec(mediaHead) ?? []
  return { metadata, mediaType, media: reader.streamUntil(delimiter) }
}

function delimitedReader(chunks: AsyncIterator<Buffer>) {
  let rest: Buffer = Buffer.alloc(0)

  async function more(): Promise<void> {
    const next = await chunks.next()
    if (next.done) throw new StorageError('invalid', 'The multipart body ended before its closing boundary.')
    rest = rest.length > 0 ? Buffer.concat([rest, next.value]) : next.value
  }

  async function readUntil(delimiter: string): Promise<Buffer> {
    let at: number
    while ((at = rest.indexOf(delimiter)) < 0) {
      if (rest.length > PART_HEAD_LIMIT_BYTES)
        throw new StorageError('invalid', 'The multipart metadata is limited to 1 MiB.')
      await more()
    }
    const head = rest.subarray(0, at)
    rest = rest.subarray(at + delimiter.length)
    return head
  }

  /** Holds back only as many bytes as could be the beginning of the delimiter. */
  async function* streamUntil(delimiter: string): AsyncGenerator<Buffer> {
    let at: number
    while ((at = rest.indexOf(delimiter)) < 0) {
      const safeBytes = rest.length - delimiter.length + 1
      if (safeBytes > 0) {
        yield rest.subarray(0, safeBytes)
        rest = rest.subarray(safeBytes)
      }
      await more()
    }
    if (at > 0) yield rest.subarray(0, at)
  }

  return { readUntil, streamUntil }
}
