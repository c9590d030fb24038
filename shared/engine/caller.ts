/**
 * Decides who may call a function: only holders of a token for our audience, signed by the configured issuer,
 * for the configured service account.
 */
import { createRemoteJWKSet, errors, jwtVerify } from 'jose'
import type { Config } from '../config.ts'

export type VerifyCaller = (authorization: string | undefined) => Promise<boolean>

/** The keys are fetched once and again when an unknown one signs. */
export function callerVerifier({ audience, issuer, jwksUrl, email }: Config['caller']): VerifyCaller {
  const keys = createRemoteJWKSet(new URL(jwksUrl))
  return async (authorization) => {
    const token = /^Bearer (.+)$/i.exec(authorization ?? '')?.[1]
    if (token === undefined) return false
    try {
      const { payload } = await jwtVerify(token, keys, { audience, issuer })
      return payload['email'] === email && payload['email_verified'] === true
    } catch (error) {
      if (isOutage(error)) throw error
      return false
    }
  }
}

/**
 * Keys that cannot be fetched say nothing about the caller: the queue should try again. The library's plain
 * error is an answer other than 200.
 */
const isOutage = (error: unknown): boolean =>
  !(error instanceof errors.JOSEError) ||
  error instanceof errors.JWKSTimeout ||
  error.code === errors.JOSEError.code
