/**
 * Who calls the API: the holder of one of its keys, or of a token from an issuer that the configuration
 * trusts.
 * Hides that a key is known by its hash alone, and how a stranger's subject becomes one of our users.
 */
import { createHash, timingSafeEqual } from 'node:crypto'
import { createRemoteJWKSet, decodeJwt, errors, jwtVerify, type JWTVerifyGetKey } from 'jose'
import type { Config } from '../config.ts'
import { findApiKey } from '../db/api-keys.ts'
import { withDatabase } from '../db/connect.ts'
import { ensureUser } from '../db/users.ts'
import { Permanent } from '../errors.ts'
import { hashOfSecret, newSecret } from '../hash.ts'
import { limitFailures } from './failure-limit.ts'

export const scopes = ['read', 'write'] as const
export type Scope = (typeof scopes)[number]

export interface Caller {
  readonly userId: string
  /** What its requests are counted under. */
  readonly countedAs: string
  readonly scopes: readonly string[]
}

const keyPrefix = 'spool_'
/** Whose key the configuration may bring along, so that a new deployment has a producer at all. */
const firstUser = 'owner'

/** A new key, to be shown once, and what is kept of it. */
export function newApiKey(): { key: string; hash: string } {
  const key = keyPrefix + newSecret()
  return { key, hash: hashOfSecret(key) }
}

/** `address` is where the request comes from, as the platform says. */
export type IdentifyCaller = (authorization: string | undefined, address: string) => Promise<Caller>

/** Throws Permanent `unauthenticated`, or `too_many_requests` after too many failures from one address. */
export function callerIdentifier({ api, databaseUrl }: Pick<Config, 'api' | 'databaseUrl'>): IdentifyCaller {
  const keySets = new Map<string, JWTVerifyGetKey>(
    api.issuers.map(({ issuer, jwksUrl }) => [issuer, createRemoteJWKSet(new URL(jwksUrl))]),
  )

  const firstHash = api.firstKey === undefined ? undefined : hashOfSecret(api.firstKey)

  const byKey = async (hash: string): Promise<Caller | undefined> => {
    if (firstHash !== undefined && timingSafeEqual(Buffer.from(hash), Buffer.from(firstHash))) {
      await withDatabase(databaseUrl, (db) => ensureUser(db, firstUser))
      return { userId: firstUser, countedAs: 'key:first', scopes }
    }
    const owner = await withDatabase(databaseUrl, (db) => findApiKey(db, hash))
    return owner && { userId: owner.userId, countedAs: `key:${owner.id}`, scopes: owner.scopes }
  }

  const byToken = async (token: string): Promise<Caller | undefined> => {
    const claimed = issuerOf(token)
    const trusted = api.issuers.find(({ issuer }) => issuer === claimed)
    if (!trusted) return undefined
    try {
      const { payload } = await jwtVerify(token, keySets.get(trusted.issuer)!, {
        issuer: trusted.issuer,
        audience: trusted.audience,
      })
      if (payload.sub === undefined || payload.exp === undefined) return undefined
      const userId = userIdOf(trusted.issuer, payload.sub)
      await withDatabase(databaseUrl, (db) => ensureUser(db, userId))
      return { userId, countedAs: `user:${userId}`, scopes }
    } catch (error) {
      if (
        error instanceof errors.JOSEError &&
        !(error instanceof errors.JWKSTimeout) &&
        error.code !== errors.JOSEError.code
      )
        return undefined
      throw error // keys that cannot be fetched say nothing about the caller
    }
  }

  const failures = limitFailures(api.failuresPerMinute)

  return async (authorization, address) => {
    const credential = /^Bearer (\S+)$/i.exec(authorization ?? '')?.[1]
    if (credential === undefined) throw unauthenticated()
    const hash = hashOfSecret(credential)
    if (!failures.mayTry(address, hash))
      throw new Permanent(
        'too_many_requests',
        'Too many credentials that are not valid came from here. Try again in a minute.',
      )
    const caller = credential.startsWith(keyPrefix) ? await byKey(hash) : await byToken(credential)
    if (!caller) throw unauthenticated()
    failures.succeed(address, hash)
    return caller
  }
}

const unauthenticated = (): Permanent =>
  new Permanent(
    'unauthenticated',
    'Send a key of the API, or a token of an issuer it trusts: Authorization: Bearer …',
  )

function issuerOf(token: string): string | undefined {
  try {
    return decodeJwt(token).iss
  } catch {
    return undefined
  }
}

/** The same subject of the same issuer is the same user, and no two are one. */
export const userIdOf = (issuer: string, subject: string): string =>
  `oidc_${createHash('sha256')
    .update(JSON.stringify([issuer, subject]))
    .digest('base64url')
    .slice(0, 40)}`
