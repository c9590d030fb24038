// The local identity provider against a verifier that knows only its JWKS.
import { mkdtempSync, rmSync, statSync } from 'node:fs'
import { tmpdir } from 'node:os'
import path from 'node:path'
import { afterEach, beforeEach, expect, test } from '@jest/globals'
import { createLocalJWKSet, jwtVerify } from 'jose'
import { openIdentityProvider } from '../../../local/host/identity.ts'

let dir: string
beforeEach(() => {
  dir = mkdtempSync(path.join(tmpdir(), 'spool-oidc-'))
})
afterEach(() => {
  rmSync(dir, { recursive: true })
})

const claims = { audience: 'https://steps.example', email: 'queue@spool.local' }

test('a token verifies against the published keys and says who calls whom, for an hour', async () => {
  const identity = await openIdentityProvider(dir)
  const { payload } = await jwtVerify(await identity.sign(claims), createLocalJWKSet(identity.jwks), {
    issuer: 'https://identity.spool.local',
    audience: claims.audience,
  })
  expect(payload).toMatchObject({ email: claims.email, email_verified: true, sub: claims.email })
  expect(payload.exp! - payload.iat!).toBe(3600)
})

test('a token made before a restart verifies after it', async () => {
  const token = await (await openIdentityProvider(dir)).sign(claims)
  const { jwks } = await openIdentityProvider(dir)
  await expect(jwtVerify(token, createLocalJWKSet(jwks))).resolves.toBeDefined()
})

test('two providers opened at once agree on one key', async () => {
  const [a, b] = await Promise.all([openIdentityProvider(dir), openIdentityProvider(dir)])
  expect(a.jwks).toEqual(b.jwks)
})

test('the key is for its owner only, and its private part is not published', async () => {
  const { jwks } = await openIdentityProvider(dir)
  expect(statSync(path.join(dir, 'identity-key.json')).mode & 0o777).toBe(0o600)
  expect(Object.keys(jwks.keys[0]!).sort()).toEqual(['alg', 'e', 'kid', 'kty', 'n', 'use'])
})
