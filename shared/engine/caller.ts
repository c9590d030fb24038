/**
 * Decides who may call a function: only holders of a token for our audience, signed by the configured issuer,
 * for the configured service account.
 */
import { createRemoteJWKSet, decodeJwt, errors, jwtVerify, type JWTPayload } from 'jose'
import type { Config } from '../config.ts'

export type VerifyCaller = (authorization: string | undefined) => Promise<boolean>

/**
 * What Cloud Run puts in a signature's place once it has checked the token itself
 * (https://cloud.google.com/run/docs/troubleshooting#signature-removed). Anybody can write it, so it counts only where
 * the platform lets no call through that it has not checked.
 */
const removedSignature = /\.SIGNATURE_REMOVED_BY_GOOGLE$/

/** The keys are fetched once and again when an unknown one signs. */
export function callerVerifier(caller: Config['caller']): VerifyCaller {
  const { audience, issuer, jwksUrl, email, isChecked } = caller
  const keys = createRemoteJWKSet(new URL(jwksUrl))
  const claimsOf = async (token: string): Promise<JWTPayload> =>
    isChecked && removedSignature.test(token)
      ? checkedClaims(token, caller)
      : (await jwtVerify(token, keys, { audience, issuer })).payload
  return async (authorization) => {
    const token = /^Bearer (.+)$/i.exec(authorization ?? '')?.[1]
    if (token === undefined) return false
    try {
      const claims = await claimsOf(token)
      return claims['email'] === email && claims['email_verified'] === true
    } catch (error) {
      if (isOutage(error)) throw error
      return false
    }
  }
}

/** The platform has looked at the signature and the time; whom the token was made for is looked at again. */
function checkedClaims(token: string, { audience, issuer }: Config['caller']): JWTPayload {
  const claims = decodeJwt(token)
  if (claims.iss !== issuer || claims.aud !== audience || !(claims.exp! * 1000 > Date.now()))
    throw new errors.JWTInvalid('The token is for another service, or of another time.')
  return claims
}

/**
 * Keys that cannot be fetched say nothing about the caller: the queue should try again. The library's plain
 * error is an answer other than 200.
 */
const isOutage = (error: unknown): boolean =>
  !(error instanceof errors.JOSEError) ||
  error instanceof errors.JWKSTimeout ||
  error.code === errors.JOSEError.code
