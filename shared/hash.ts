/** The content hash for texts and values that the product itself writes. */
import { createHash } from 'node:crypto'

/** SHA-256, the first 32 hex digits: enough to never meet by chance, short enough for a name. */
export const contentHash = (data: string | Buffer): string =>
  createHash('sha256').update(data).digest('hex').slice(0, 32)
