/** A file of a model, written and summed in one go. */
import { createHash } from 'node:crypto'
import { createWriteStream } from 'node:fs'
import { pipeline } from 'node:stream/promises'

export interface ModelFile {
  readonly name: string
  readonly bytes: number
  /** In hexadecimal. */
  readonly sha256: string
}

/** Rejects where the file is there already. */
export async function writeModelFile(
  name: string,
  source: AsyncIterable<Buffer>,
  to: string,
): Promise<ModelFile> {
  const hash = createHash('sha256')
  let bytes = 0
  await pipeline(
    source,
    async function* (parts: AsyncIterable<Buffer>) {
      for await (const part of parts) {
        hash.update(part)
        bytes += part.length
        yield part
      }
    },
    createWriteStream(to, { flags: 'wx' }),
  )
  return { name, bytes, sha256: hash.digest('hex') }
}
