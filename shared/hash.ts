/** Hashes: of texts and values that the product itself writes, and of secrets, which are kept nowhere else. */
import { createHash, randomBytes } from 'node:crypto'

/** SHA-256, the first 32 hex digits: enough to never meet by chance, short enough for a name. */
export const contentHash = (data: string | Buffer): string =>
  createHash('sha256').update(data).digest('hex').slice(0, 32)

/** 256 random bits, as a part of an address or a cookie can hold them. */
export const newSecret = (): string => randomBytes(32).toString('base64url')

/** What is kept of such a secret, in hex: random bits need no salt and no slow hash. */
export const hashOfSecret = (secret: string): string => createHash('sha256').update(secret).digest('hex')
