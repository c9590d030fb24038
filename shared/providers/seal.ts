/**
 * Encrypts secrets for storage and for transport in tasks: AES-256-GCM, bound to owner and purpose, so that a
 * sealed text copied into another user's row cannot be opened. Hides the format: v1.<nonce, tag and
 * ciphertext in base64url>.
 */
import { createCipheriv, createDecipheriv, createHmac, randomBytes, timingSafeEqual } from 'node:crypto'
import { Permanent } from '../errors.ts'

const algorithm = 'aes-256-gcm'
const nonceBytes = 12
const tagBytes = 16

export type Sealer = ReturnType<typeof openSealer>

/**
 * `key` has 32 bytes; without one nothing can be sealed or opened, and whoever tries is told
 * `no_sealing_key`.
 */
export function openSealer(key: Buffer | undefined) {
  const secret = (): Buffer => {
    if (!key) throw new Permanent('no_sealing_key')
    return key
  }

  const seal = (text: string, purpose: string): string => {
    const nonce = randomBytes(nonceBytes)
    const cipher = createCipheriv(algorithm, secret(), nonce).setAAD(Buffer.from(purpose))
    const body = Buffer.concat([cipher.update(text, 'utf8'), cipher.final()])
    return `v1.${Buffer.concat([nonce, cipher.getAuthTag(), body]).toString('base64url')}`
  }

  /** Throws Permanent `bad_seal` when the text was changed, sealed by another key, or for another purpose. */
  const open = (sealed: string, purpose: string): string => {
    const bytes = Buffer.from(sealed.replace(/^v1\./, ''), 'base64url')
    try {
      const decipher = createDecipheriv(algorithm, secret(), bytes.subarray(0, nonceBytes), {
        authTagLength: tagBytes,
      })
      decipher.setAAD(Buffer.from(purpose)).setAuthTag(bytes.subarray(nonceBytes, nonceBytes + tagBytes))
      return (
        decipher.update(bytes.subarray(nonceBytes + tagBytes), undefined, 'utf8') + decipher.final('utf8')
      )
    } catch (error) {
      if (error instanceof Permanent) throw error
      throw new Permanent('bad_seal', undefined, { cause: error })
    }
  }

  /** Proves that an address was made here. */
  const sign = (text: string): string => createHmac('sha256', secret()).update(text).digest('base64url')

  const isSigned = (text: string, signature: string): boolean => {
    const [expected, given] = [Buffer.from(sign(text)), Buffer.from(signature)]
    return expected.length === given.length && timingSafeEqual(expected, given)
  }

  return { seal, open, sign, isSigned }
}

/** What a provider's key is sealed for. */
export const keyPurpose = (userId: string, provider: string): string => `provider key/${userId}/${provider}`
