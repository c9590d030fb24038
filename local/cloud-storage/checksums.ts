/**
 * Computes an object's checksums: CRC32C and MD5 while bytes pass, and the CRC32C of objects joined end to
 * end.
 */
import { createHash } from 'node:crypto'
import { crc32c } from '@node-rs/crc32'
import { StorageError } from './answers.ts'

/** Base64, as the JSON API writes them; CRC32C in big-endian order. */
export interface Checksums {
  crc32c: string
  md5Hash?: string | undefined
}

export interface Digest {
  update(chunk: Buffer): void
  sizeBytes(): number
  checksums(): Checksums
}

/** MD5 takes as long as all else that is done with the bytes. */
export function startDigest({ hasMd5 }: { hasMd5: boolean }): Digest {
  const md5 = hasMd5 ? createHash('md5') : undefined
  let crc = 0
  let sizeBytes = 0
  return {
    update(chunk) {
      crc = crc32c(chunk, crc)
      md5?.update(chunk)
      sizeBytes += chunk.length
    },
    sizeBytes: () => sizeBytes,
    checksums: () => ({ crc32c: toBase64(crc), md5Hash: md5?.copy().digest('base64') }),
  }
}

function toBase64(crc: number): string {
  const bytes = Buffer.alloc(4)
  bytes.writeUInt32BE(crc)
  return bytes.toString('base64')
}

const fromBase64 = (crc: string) => Buffer.from(crc, 'base64').readUInt32BE()

// The Castagnoli polynomial, reflected: bit 31 stands for x^0.
const POLYNOMIAL = 0x82f63b78
const ONE = 0x80000000
const X_TO_THE_8 = 0x00800000

function multiply(a: number, b: number): number {
  let product = 0
  for (let bit = 31; bit >= 0; bit--) {
    if ((a >>> bit) & 1) product ^= b
    b = b & 1 ? (b >>> 1) ^ POLYNOMIAL : b >>> 1
  }
  return product >>> 0
}

function shiftOver(sizeBytes: number): number {
  let power = ONE
  let square = X_TO_THE_8
  for (let left = sizeBytes; left > 0; left = Math.floor(left / 2)) {
    if (left % 2 === 1) power = multiply(power, square)
    square = multiply(square, square)
  }
  return power
}

/**
 * crc(A‖B) = crc(A)·x^(8·|B|) + crc(B) over GF(2) (the identity behind zlib's crc32_combine): no byte is
 * read again.
 */
export function joinCrc32c(parts: readonly { crc32c: string; sizeBytes: number }[]): string {
  return toBase64(
    parts.reduce(
      (crc, part) => (multiply(shiftOver(part.sizeBytes), crc) ^ fromBase64(part.crc32c)) >>> 0,
      0,
    ),
  )
}

/** Refuses bytes that are not what their sender said they were. */
export function verifyChecksums(found: Checksums, ...expectations: Partial<Checksums>[]): void {
  for (const expected of expectations) {
    for (const kind of ['crc32c', 'md5Hash'] as const) {
      if (expected[kind] === undefined || expected[kind] === found[kind]) continue
      throw new StorageError(
        'invalid',
        `Provided ${kind} "${expected[kind]}" doesn't match calculated ${kind} "${String(found[kind])}".`,
      )
    }
  }
}

/** `x-goog-hash: crc32c=…,md5=…` and Content-MD5, as far as a request carries them. */
export function checksumsIn(headers: NodeJS.Dict<string | string[]>): Partial<Checksums> {
  const found: Partial<Checksums> = {}
  for (const pair of String(headers['x-goog-hash'] ?? '').split(',')) {
    const [, kind, value] = /^\s*(crc32c|md5)=(\S+)\s*$/.exec(pair) ?? []
    if (kind) found[kind === 'md5' ? 'md5Hash' : 'crc32c'] = value!
  }
  if (typeof headers['content-md5'] === 'string') found.md5Hash = headers['content-md5']
  return found
}
