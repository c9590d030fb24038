/**
 * Streams multipart forms with a file in them (RFC 7578): the length is known beforehand and the file is
 * never whole in memory.
 */
import { randomUUID } from 'node:crypto'
import type { RequestBody } from './vendor.ts'

export interface FormFile {
  readonly name: string
  readonly fileName: string
  readonly contentType: string
  readonly bytes: number
  readonly stream: () => AsyncIterable<Buffer>
}

/** A form of text fields, in order, and at most one file after them. */
export function multipart(
  fields: readonly (readonly [name: string, value: string])[],
  file?: FormFile,
): RequestBody {
  const boundary = `spool-${randomUUID()}`
  const contentType = `multipart/form-data; boundary=${boundary}`
  const opening = fields
    .map(([name, value]) => `--${boundary}\r\n${disposition(name)}\r\n\r\n${value}\r\n`)
    .join('')
  const end = `--${boundary}--\r\n`
  if (!file) return { contentType, bytes: Buffer.byteLength(opening + end), content: opening + end }
  const head = Buffer.from(
    `${opening}--${boundary}\r\n${disposition(file.name)}; filename="${quoted(file.fileName)}"\r\n` +
      `content-type: ${file.contentType}\r\n\r\n`,
  )
  const tail = Buffer.from(`\r\n${end}`)
  return { contentType, bytes: head.length + file.bytes + tail.length, content: joined(head, file, tail) }
}

async function* joined(head: Buffer, { stream }: FormFile, tail: Buffer): AsyncGenerator<Buffer> {
  yield head
  yield* stream()
  yield tail
}

const disposition = (name: string): string => `content-disposition: form-data; name="${quoted(name)}"`

/** As browsers do it (the HTML standard, multipart/form-data encoding algorithm). */
const quoted = (text: string): string =>
  text.replaceAll('\r', '%0D').replaceAll('\n', '%0A').replaceAll('"', '%22')
