/**
 * A local identity provider that signs the tokens of the local cloud. Hides the signing key, kept in one file
 * so that tokens outlive a restart as Google's do.
 */
import { linkSync, mkdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import path from 'node:path'
import { SignJWT, calculateJwkThumbprint, exportJWK, generateKeyPair, importJWK, type JWK } from 'jose'

export type IdentityProvider = {
  issuer: string
  /** The public keys, as a JWKS document. */
  jwks: { keys: JWK[] }
  /** An ID token for `audience` that says its bearer is the service account `email`; valid for one hour. */
  sign(claims: { audience: string; email: string }): Promise<string>
}

const issuer = 'https://identity.spool.local'

/** Opens the provider whose key lives in `dir`, making the key (RSA 2048, file mode 0600) the first time. */
export async function openIdentityProvider(dir: string): Promise<IdentityProvider> {
  const file = path.join(dir, 'identity-key.json')
  const secret = readKey(file) ?? (await makeKey(file))
  const kid = await calculateJwkThumbprint(secret)
  const key = await importJWK(secret, 'RS256')
  const { kty, n, e } = secret
  return {
    issuer,
    jwks: { keys: [{ kty, n, e, kid, alg: 'RS256', use: 'sig' } as JWK] },
    sign: ({ audience, email }) =>
      new SignJWT({ email, email_verified: true })
        .setProtectedHeader({ alg: 'RS256', kid, typ: 'JWT' })
        .setIssuer(issuer)
        .setSubject(email)
        .setAudience(audience)
        .setIssuedAt()
        .setExpirationTime('1h')
        .sign(key),
  }
}

function readKey(file: string): JWK | undefined {
  try {
    return JSON.parse(readFileSync(file, 'utf8')) as JWK
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === 'ENOENT') return undefined
    throw new Error(`The identity key ${file} cannot be read; delete it to make a new one`, { cause: error })
  }
}

async function makeKey(file: string): Promise<JWK> {
  const { privateKey } = await generateKeyPair('RS256', { extractable: true })
  mkdirSync(path.dirname(file), { recursive: true })
  const draft = `${file}.${process.pid}`
  writeFileSync(draft, JSON.stringify(await exportJWK(privateKey)), { mode: 0o600 })
  try {
    linkSync(draft, file) // whole or not at all, and the first of two processes wins
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code !== 'EEXIST') throw error
  } finally {
    rmSync(draft)
  }
  return JSON.parse(readFileSync(file, 'utf8')) as JWK
}
