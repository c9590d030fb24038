/** How the client of Cloud Storage is made. Hides that it is loaded late, and that its checksums are native. */
import type { Storage } from '@google-cloud/storage'
import { keepUnspoken } from './unspoken.ts'

/** The client itself; besides the object store it is for what only the local default does. */
export async function connect({
  projectId,
  endpoint,
}: {
  projectId: string
  endpoint?: string | undefined
}): Promise<Storage> {
  const [{ Storage }, { crc32c }] = await Promise.all([
    import('@google-cloud/storage'),
    import('@node-rs/crc32'),
  ])
  const secret = endpoint === undefined ? undefined : secretOf(endpoint)
  if (secret !== undefined) keepUnspoken(secret)
  return new Storage({
    projectId,
    crc32cGenerator: () => new NativeCrc32c(crc32c),
    ...(endpoint === undefined ? {} : { apiEndpoint: endpoint }),
  })
}

/** An endpoint of one's own may ask for a secret in its path, which the client quotes with its addresses. */
const secretOf = (endpoint: string): string | undefined => /^\w+:\/\/[^/]+\/([^/]{16,})/.exec(endpoint)?.[1]

/** CRC32C (RFC 3720) in native code; the client's own is JavaScript and a tenth as fast. */
class NativeCrc32c {
  #value = 0
  readonly #add: (data: Buffer, value: number) => number
  constructor(add: (data: Buffer, value: number) => number) {
    this.#add = add
  }
  update(data: Buffer): void {
    this.#value = this.#add(data, this.#value)
  }
  validate(value: string | number | Buffer): boolean {
    return (
      this.toString() ===
      (typeof value === 'string'
        ? value
        : Buffer.isBuffer(value)
          ? value.toString('base64')
          : bigEndian(value))
    )
  }
  toString(): string {
    return bigEndian(this.#value)
  }
}

function bigEndian(value: number): string {
  const bytes = Buffer.alloc(4)
  bytes.writeUInt32BE(value >>> 0)
  return bytes.toString('base64')
}
