// Callers of the API: keys, an issuer of tokens with its JWKS on loopback, and requests that answer with
// status and body.
import { createServer, type Server } from 'node:http'
import type { AddressInfo } from 'node:net'
import { afterEachFile } from './every-file.ts'
import { SignJWT, exportJWK, generateKeyPair, type JWTPayload } from 'jose'
import { newApiKey } from '../../shared/api/callers.ts'
import { createApi } from '../../shared/api/app.ts'
import { insertApiKey } from '../../shared/db/api-keys.ts'
import { withDatabase } from '../../shared/db/connect.ts'
import { judgeOf, type ApiDocument } from './documented.ts'
import type { World } from './world.ts'

const servers: Server[] = []
afterEachFile(() => {
  for (const server of servers.splice(0)) {
    server.closeAllConnections()
    server.close()
  }
})

/** The server's address; closed after the file's tests. */
export async function listening(server: Server): Promise<string> {
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve))
  servers.push(server)
  return `http://127.0.0.1:${(server.address() as AddressInfo).port}`
}

export interface Issuer {
  readonly issuer: string
  readonly audience: string
  readonly jwksUrl: string
  readonly sign: (claims?: JWTPayload) => Promise<string>
}

export async function anIssuer(
  issuer = 'https://people.test',
  audience = 'https://api.spool.test',
): Promise<Issuer> {
  const { privateKey, publicKey } = await generateKeyPair('RS256')
  const jwk = { ...(await exportJWK(publicKey)), kid: 'one', alg: 'RS256', use: 'sig' }
  const url = await listening(
    createServer((_request, response) => response.writeHead(200).end(JSON.stringify({ keys: [jwk] }))),
  )
  const soon = () => Math.floor(Date.now() / 1000) + 600
  return {
    ...{ issuer, audience, jwksUrl: `${url}/jwks.json` },
    sign: (claims = {}) =>
      new SignJWT({ iss: issuer, aud: audience, sub: 'ada', exp: soon(), ...claims })
        .setProtectedHeader({ alg: 'RS256', kid: 'one' })
        .sign(privateKey),
  }
}

export interface Answered {
  readonly status: number
  readonly type: string | null
  readonly headers: Headers
  readonly body: Record<string, unknown>
}

export interface Asked {
  readonly headers?: Readonly<Record<string, string>>
  readonly body?: string | Uint8Array<ArrayBuffer> | object
}

export type Caller = (method: string, path: string, asked?: Asked) => Promise<Answered>

/** Of this file's worlds: to make the document and its checks takes longer than to ask and to answer. */
let judging: Promise<ReturnType<typeof judgeOf>> | undefined

/**
 * Who asks this world's API with that credential, and takes no answer that is not as the API's document
 * says.
 */
export function callerOf(world: World, authorization?: string, app = createApi(world.services)): Caller {
  const judged = (judging ??= judgeBy(app))
  return async (method, path, { headers = {}, body } = {}) => {
    const text =
      body === undefined || typeof body === 'string' || body instanceof Uint8Array
        ? body
        : JSON.stringify(body)
    const response = await app.request(path, {
      method,
      headers: {
        ...(authorization === undefined ? {} : { authorization }),
        ...(text === undefined ? {} : { 'content-type': 'application/json' }),
        ...headers,
      },
      ...(text === undefined ? {} : { body: text }),
    })
    const answer = await response.text()
    const answered = {
      ...{ status: response.status, type: response.headers.get('content-type'), headers: response.headers },
      body: (answer === '' ? {} : JSON.parse(answer)) as Record<string, unknown>,
    }
    const judge = await judged
    const complaints = judge({ method, path, ...answered, headers: new Headers(headers) })
    if (complaints.length > 0) throw new Error(`${method} ${path}: ${complaints.join('; ')}`)
    return answered
  }
}

const judgeBy = async (app: ReturnType<typeof createApi>): Promise<ReturnType<typeof judgeOf>> =>
  judgeOf((await (await app.request('/openapi.json')).json()) as ApiDocument)

/** A key of that user, as it is shown once. */
export async function aKey(
  world: World,
  userId: string,
  scopes: readonly string[] = ['read', 'write'],
): Promise<{ id: string; key: string }> {
  const { key, hash } = newApiKey()
  const id = await withDatabase(world.services.config.databaseUrl, (db) =>
    insertApiKey(db, { userId, name: 'test', hash, scopes }),
  )
  return { id, key }
}
