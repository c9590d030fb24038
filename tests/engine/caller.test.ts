// Who may call a function: it runs under functions-framework here, checked as in the cloud.
import { createServer, type Server } from 'node:http'
import type { AddressInfo } from 'node:net'
import * as framework from '@google-cloud/functions-framework'
import { getTestServer } from '@google-cloud/functions-framework/testing'
import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, test } from '@jest/globals'
import { SignJWT, UnsecuredJWT, exportJWK, generateKeyPair, type CryptoKey, type JWK } from 'jose'
import type { TaskPayload } from '../../shared/context.ts'
import type { FinalizedObject } from '../../shared/engine/bodies.ts'
import { nameOf, registerAll, type CatalogueEntry } from '../../shared/engine/serve.ts'
import { aToyShow } from '../support/toys.ts'
import { aWorld, type World } from '../support/world.ts'

const issuer = 'https://identity.test'
const audience = 'https://spool.test'
const email = 'caller@spool.test'

let key: CryptoKey
let otherKey: CryptoKey
let keys: { url: string; close: () => void }
let world: World
let functionUrl: string
let payload: TaskPayload

const listening = async (server: Server): Promise<string> => {
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve))
  return `http://127.0.0.1:${(server.address() as AddressInfo).port}`
}
const closed = (server: Server) => () => {
  server.closeAllConnections()
  server.close()
}
const cleanups: (() => void)[] = []
afterEach(() => {
  for (const close of cleanups.splice(0)) close()
})

async function publish(jwk: JWK) {
  const server = createServer((_request, response) =>
    response.writeHead(200, { 'content-type': 'application/json' }).end(JSON.stringify({ keys: [jwk] })),
  )
  return { url: await listening(server), close: closed(server) }
}

beforeAll(async () => {
  const [pair, other] = await Promise.all([generateKeyPair('RS256'), generateKeyPair('RS256')])
  key = pair.privateKey
  otherKey = other.privateKey
  keys = await publish({ ...(await exportJWK(pair.publicKey)), kid: 'one', alg: 'RS256', use: 'sig' })
})
afterAll(() => keys.close())

async function serve(jwksUrl: string, more: Record<string, string> = {}, also?: CatalogueEntry) {
  const show = aToyShow([{ name: 'cut' }, { name: 'join', after: ['cut'] }])
  const env = {
    CALLER_ISSUER: issuer,
    CALLER_AUDIENCE: audience,
    CALLER_EMAIL: email,
    CALLER_JWKS_URL: jwksUrl,
    ...more,
  }
  world = await aWorld({ catalogue: show.catalogue, env })
  await world.start()
  payload = (await world.tasks())[0]!.payload
  const catalogue = also === undefined ? show.catalogue : [...show.catalogue, also]
  registerAll(framework, catalogue, { ...world.env, ...env })
  const server = getTestServer(also === undefined ? 'cut' : nameOf(also))
  cleanups.push(closed(server))
  functionUrl = await listening(server)
}
beforeEach(() => serve(keys.url))

interface Claims {
  iss?: string
  aud?: string
  exp?: number
  email?: string
  email_verified?: boolean
}
const now = () => Math.floor(Date.now() / 1000)
const good = (): Claims => ({ iss: issuer, aud: audience, email, email_verified: true, exp: now() + 3600 })
const sign = (claims: Claims, by = key) =>
  new SignJWT({ ...claims }).setProtectedHeader({ alg: 'RS256', kid: 'one' }).setIssuedAt().sign(by)

async function call(token: string | undefined, body: unknown = payload): Promise<number> {
  const headers = {
    'content-type': 'application/json',
    ...(token === undefined ? {} : { authorization: token }),
  }
  return (await fetch(functionUrl, { method: 'POST', headers, body: JSON.stringify(body) })).status
}
const statusOfStep = async () => (await world.steps())[0]!.status

describe('a call', () => {
  test('with the right token is heard', async () => {
    expect(await call(`Bearer ${await sign(good())}`)).toBe(200)
    expect(await statusOfStep()).toBe('done')
  })

  test.each<[string, () => Promise<string | undefined>]>([
    ['no token', () => Promise.resolve(undefined)],
    ['something else than a bearer', async () => `Basic ${await sign(good())}`],
    ['no JWT at all', () => Promise.resolve('Bearer of good news')],
    ['another audience', async () => `Bearer ${await sign({ ...good(), aud: 'https://other.test' })}`],
    [
      'no audience',
      async () => `Bearer ${await sign({ iss: issuer, email, email_verified: true, exp: now() + 3600 })}`,
    ],
    ['another issuer', async () => `Bearer ${await sign({ ...good(), iss: 'https://accounts.google.com' })}`],
    ['an expired token', async () => `Bearer ${await sign({ ...good(), exp: now() - 60 })}`],
    [
      'the e-mail address of somebody else',
      async () => `Bearer ${await sign({ ...good(), email: 'mallory@spool.test' })}`,
    ],
    [
      'an address that nobody verified',
      async () => `Bearer ${await sign({ ...good(), email_verified: false })}`,
    ],
    ['the signature of another key', async () => `Bearer ${await sign(good(), otherKey)}`],
    ['no signature', () => Promise.resolve(`Bearer ${new UnsecuredJWT({ ...good() }).encode()}`)],
    ['a signature cut off', async () => `Bearer ${(await sign(good())).replace(/[^.]+$/, '')}`],
  ])('with %s is refused, and nothing happens', async (_what, authorization) => {
    expect(await call(await authorization())).toBe(401)
    expect(await world.steps()).toMatchObject([{ status: 'pending', attempt: 0 }])
    expect(await world.worked('cut')).toBe(0)
  })

  test('cannot be judged while the keys are out of reach: the queue is told to try again', async () => {
    const broken = createServer((_request, response) => response.writeHead(503).end())
    cleanups.push(closed(broken))
    const brokenUrl = await listening(broken)
    for (const url of ['http://127.0.0.1:9/keys', brokenUrl]) {
      await serve(url)
      expect(await call(`Bearer ${await sign(good())}`)).toBe(500)
      expect(await statusOfStep()).toBe('pending')
    }
  })
})

describe('where the platform has checked the call and taken the signature off', () => {
  const stripped = async (claims: Claims) =>
    `Bearer ${(await sign(claims, otherKey)).replace(/[^.]+$/, 'SIGNATURE_REMOVED_BY_GOOGLE')}`

  test('its claims are looked at', async () => {
    await serve(keys.url, { CALLER_IS_CHECKED: 'true' })
    expect(await call(await stripped({ ...good(), email: 'mallory@spool.test' }))).toBe(401)
    expect(await call(await stripped({ ...good(), aud: 'https://other.test' }))).toBe(401)
    expect(await call(await stripped({ ...good(), iss: 'https://other.test' }))).toBe(401)
    expect(await call(await stripped({ ...good(), exp: now() - 60 }))).toBe(401)
    expect(await call(`Bearer ${await sign(good(), otherKey)}`)).toBe(401)
    expect(await statusOfStep()).toBe('pending')
    expect(await call(await stripped(good()))).toBe(200)
  })

  test('nobody else may say so', async () => {
    expect(await call(await stripped(good()))).toBe(401)
    expect(await statusOfStep()).toBe('pending')
  })
})

test('a task that reached the function of another step is not worked on, and not lost', async () => {
  const server = getTestServer('join')
  cleanups.push(closed(server))
  const url = await listening(server)
  const headers = { 'content-type': 'application/json', authorization: `Bearer ${await sign(good())}` }
  const answer = await fetch(url, { method: 'POST', headers, body: JSON.stringify(payload) })
  expect(answer.status).toBe(500)
  expect(await world.steps()).toMatchObject([{ step: 'cut', status: 'pending', attempt: 0 }])
})

describe('an event', () => {
  const seen: string[] = []
  const send = async (token: string | undefined, data: unknown): Promise<number> => {
    const headers = {
      ...{
        'content-type': 'application/json',
        'ce-specversion': '1.0',
        'ce-id': '1',
        'ce-source': '//storage',
      },
      ...{ 'ce-type': 'google.cloud.storage.object.v1.finalized' },
      ...(token === undefined ? {} : { authorization: `Bearer ${token}` }),
    }
    const bucket = world.env.UPLOADS_BUCKET
    const body =
      typeof data === 'string'
        ? data
        : JSON.stringify({ bucket, name: 'u/a', generation: '1', ...(data as object) })
    return (await fetch(`${functionUrl}/hear`, { method: 'POST', headers, body })).status
  }
  const listen = async (more: Record<string, string> = {}) => {
    await serve(keys.url, more, {
      ...{ trigger: 'upload', name: 'hear', memory: '256Mi', deadlineSeconds: 60 },
      handle: ({ name }: FinalizedObject) => Promise.resolve(void seen.push(name)),
    })
    seen.length = 0
  }
  beforeEach(() => listen())

  test('that is signed is heard; one that is not, or by somebody else, is not', async () => {
    expect(await send(undefined, {})).toBe(401)
    expect(await send(await sign(good(), otherKey), {})).toBe(401)
    expect(await send(await sign({ ...good(), aud: 'https://other.test' }), {})).toBe(401)
    expect(await send(await sign({ ...good(), email: 'mallory@spool.test' }), {})).toBe(401)
    expect(seen).toEqual([])
    expect(await send(await sign(good()), { name: 'u/b' })).toBe(200)
    expect(seen).toEqual(['u/b'])
  })

  test('is the platform’s to check where it has, since its token is for another name', async () => {
    await listen({ CALLER_IS_CHECKED: 'true' })
    expect(await send(undefined, {})).toBe(200)
    expect(seen).toEqual(['u/a'])
  })

  test.each([
    ['another bucket', { bucket: 'elsewhere' }],
    ['no object', { name: undefined }],
    ['no generation', { generation: 'latest' }],
    ['no form', 'not JSON'],
    ['no end', JSON.stringify({ name: 'x'.repeat(3e6) })],
  ])('of %s ends, and nothing happens', async (_what, data) => {
    expect(await send(await sign(good()), data)).toBe(200)
    expect(seen).toEqual([])
  })
})

describe('the body of a call', () => {
  const hear = async (body: unknown) => await call(`Bearer ${await sign(good())}`, body)

  test('of the version before is taken', async () => {
    expect(await hear({ ...payload, v: payload.v - 1 })).toBe(200)
    expect(await statusOfStep()).toBe('done')
  })

  test.each<[string, () => unknown]>([
    ['of no version', () => ({ ...payload, v: undefined })],
    ['with a row in it', () => ({ ...payload, context: { episode: { id: 1 } } })],
    ['without a run', () => ({ ...payload, runId: undefined })],
    ['with half a part', () => ({ ...payload, part: 0.5 })],
    ['of a run that no row could have', () => ({ ...payload, runId: "x' OR true" })],
    ['of a run with a zero byte', () => ({ ...payload, runId: `${payload.runId}\0` })],
    ['of a part that no row could have', () => ({ ...payload, part: 2 ** 31 })],
    ['of a turn that no row could have', () => ({ ...payload, turn: 2 ** 53 })],
  ])('%s ends its task and changes nothing', async (_what, body) => {
    expect(await hear(body())).toBe(200)
    expect(await world.steps()).toMatchObject([{ status: 'pending', attempt: 0 }])
  })

  test('of a version to come is sent back for an instance that can read it, and changes nothing', async () => {
    expect(await hear({ ...payload, v: payload.v + 1 })).toBe(500)
    expect(await world.steps()).toMatchObject([{ status: 'pending', attempt: 0 }])
  })
})
