/**
 * Signing in at an issuer of one's own organisation: OpenID Connect's authorization code with PKCE. Hides the protocol,
 * which is a library's, and that what it begins with waits in a row until it is finished, once.
 */
import type { Config } from '../config.ts'
import { userIdOf } from '../api/callers.ts'
import { withDatabase } from '../db/connect.ts'
import { insertSignIn, takeSignIn } from '../db/sessions.ts'
import { hashOfSecret } from '../hash.ts'

/** To sign in there, with a second device perhaps. */
const signInSeconds = 10 * 60

export interface Begun {
  /** Where the browser goes. */
  readonly url: URL
  /** What the browser must bring back. */
  readonly state: string
}

export interface Finished {
  readonly userId: string
  readonly next: string
}

export type Elsewhere = ReturnType<typeof signingInElsewhere>

/** `callback`: the address that the issuer sends browsers back to. */
export function signingInElsewhere(
  { databaseUrl, console: { issuer } }: Config,
  callback: string,
):
  | {
      begin: (next: string) => Promise<Begun>
      finish: (url: URL, state: string) => Promise<Finished | undefined>
    }
  | undefined {
  if (!issuer) return undefined
  const { url, clientId, clientSecret } = issuer

  const connected = async () => {
    const oidc = await import('openid-client')
    const isLocal = new URL(url).protocol === 'http:'
    const execute = isLocal ? [oidc.allowInsecureRequests] : []
    const secret = clientSecret === undefined ? oidc.None() : oidc.ClientSecretPost(clientSecret)
    return {
      oidc,
      configuration: await oidc.discovery(new URL(url), clientId, undefined, secret, { execute }),
    }
  }

  const begin = async (next: string): Promise<Begun> => {
    const { oidc, configuration } = await connected()
    const [verifier, state, nonce] = [oidc.randomPKCECodeVerifier(), oidc.randomState(), oidc.randomNonce()]
    await withDatabase(databaseUrl, (db) =>
      insertSignIn(db, hashOfSecret(state), signInSeconds, { elsewhere: { verifier, nonce, next } }),
    )
    const parameters = {
      redirect_uri: callback,
      scope: 'openid',
      ...{ state, nonce, code_challenge_method: 'S256' },
      code_challenge: await oidc.calculatePKCECodeChallenge(verifier),
    }
    return { url: oidc.buildAuthorizationUrl(configuration, parameters), state }
  }

  /** Undefined when it did not begin here, was finished before, or the issuer does not vouch for anybody. */
  const finish = async (current: URL, state: string): Promise<Finished | undefined> => {
    const begun = await withDatabase(databaseUrl, (db) => takeSignIn(db, hashOfSecret(state)))
    if (!begun || !('elsewhere' in begun)) return undefined
    const { verifier, nonce, next } = begun.elsewhere
    const { oidc, configuration } = await connected()
    const checks = { pkceCodeVerifier: verifier, expectedState: state, expectedNonce: nonce }
    try {
      const claims = (await oidc.authorizationCodeGrant(configuration, current, checks)).claims()
      return claims && { userId: userIdOf(claims.iss, claims.sub), next }
    } catch (error) {
      if (isRefusal(error)) return undefined
      throw error
    }
  }

  /** What the protocol's own checks refuse, and what the issuer does; not that it cannot be reached. */
  const isRefusal = (error: unknown): boolean =>
    error instanceof Error && /^(AuthorizationResponseError|ResponseBodyError|ClientError)$/.test(error.name)

  return { begin, finish }
}
