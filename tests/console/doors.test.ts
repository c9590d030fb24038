// The console's doors: who is signed in, how, and what no other site, host or person gets.
import { createServer } from 'node:http'
import { text } from 'node:stream/consumers'
import { beforeEach, describe, expect, test } from '@jest/globals'
import { SignJWT, exportJWK, generateKeyPair } from 'jose'
import { createConsole } from '../../shared/console/app.ts'
import { loadAssets } from '../../shared/console/assets.ts'
import { signInLink } from '../../shared/console/sessions.ts'
import { aKey, listening } from '../support/callers.ts'
import { pageWeight } from '../support/page-weight.ts'
import { aToyShow } from '../support/toys.ts'
import { aWorld, user, type World } from '../support/world.ts'

type Asked = Omit<RequestInit, 'headers'> & { readonly headers?: Readonly<Record<string, string>> }

const address = 'https://console.test'
let world: World
let ask: (path: string, asked?: Asked) => Promise<Response>

const asking = (of: World) => {
  const app = createConsole(of.services)
  return async (path: string, { headers = {}, ...asked }: Asked = {}) =>
    await app.request(`${address}${path}`, { ...asked, headers: { host: 'console.test', ...headers } })
}
const aConsole = async (env: Record<string, string> = {}) =>
  await aWorld({ catalogue: aToyShow([{ name: 'cut' }]).catalogue, env: { CONSOLE_URL: address, ...env } })

beforeEach(async () => {
  world = await aConsole()
  ask = asking(world)
})

const own = { origin: address, 'sec-fetch-site': 'same-origin' }
const form = (fields: Record<string, string>) => ({
  method: 'POST',
  body: new URLSearchParams(fields).toString(),
  headers: { ...own, 'content-type': 'application/x-www-form-urlencoded' },
})
const secretOf = (link: string) => new URL(link).searchParams.get('link')!
const aLink = async (userId = user) =>
  secretOf(await signInLink(world.services.config.databaseUrl, address, userId))
const cookieOf = (answer: Response) => answer.headers.getSetCookie()[0]!.split(';')[0]!
const signedIn = async (userId = user) => cookieOf(await ask('/sign-in', form({ link: await aLink(userId) })))

describe('A link', () => {
  test('signs its user in once, by a click and not by being opened', async () => {
    const link = await aLink()
    for (let i = 0; i < 2; i++)
      expect((await ask(`/sign-in?link=${link}`)).headers.getSetCookie()).toEqual([])
    const answers = await Promise.all([1, 2, 3].map(() => ask('/sign-in', form({ link }))))
    expect(answers.map(({ status }) => status).sort()).toEqual([303, 401, 401])
    const cookie = answers.find(({ status }) => status === 303)!.headers.getSetCookie()[0]!
    expect(cookie).toMatch(/^__Secure-spool-session=[\w-]{43};/)
    for (const flag of ['HttpOnly', 'Secure', 'SameSite=Lax', 'Max-Age=28800']) expect(cookie).toContain(flag)
  })

  test('is good for a quarter of an hour, and what it opens for a day of work', async () => {
    const link = await aLink()
    await world.database.rows(`UPDATE sign_ins SET expires_at = clock_timestamp()`)
    const refused = await ask('/sign-in', form({ link }))
    expect([refused.status, await refused.text()]).toEqual([
      401,
      expect.stringContaining('Ask for a new one'),
    ])
    const cookie = await signedIn()
    expect((await ask('/', { headers: { cookie } })).status).toBe(200)
    await world.database.rows(`UPDATE sessions SET expires_at = clock_timestamp()`)
    expect((await ask('/', { headers: { cookie } })).headers.get('location')).toBe('/sign-in?next=')
    await world.sweep()
    expect(await world.database.rows('SELECT 1 FROM sessions')).toEqual([])
  })

  test('and its session are in no row as they are', async () => {
    const link = await aLink()
    const cookie = await signedIn()
    const rows = await world.database.rows('SELECT * FROM sessions, sign_ins')
    expect(rows).toHaveLength(1)
    for (const secret of [link, cookie.split('=')[1]!]) expect(JSON.stringify(rows)).not.toContain(secret)
  })

  test.each(['https://evil.test/', '//evil.test', '/evil.test', 'javascript:alert(1)', '../x'])(
    'leads nowhere else afterwards: %s',
    async (next) => {
      const answer = await ask('/sign-in', form({ link: await aLink(), next }))
      expect(answer.headers.get('location')).toBe('/')
    },
  )
})

describe('A key of the API', () => {
  test('signs its user in; a wrong one does not, however often it is tried', async () => {
    const { key } = await aKey(world, 'berta')
    const cookie = cookieOf(await ask('/sign-in', form({ key })))
    expect((await ask('/api/podcasts', { headers: { cookie, ...own } })).status).toBe(200)
    const wrong = Array.from({ length: 70 }, (_, i) => ask('/sign-in', form({ key: `spool_wrong${i}` })))
    const said = await Promise.all((await Promise.all(wrong)).map(async (answer) => await answer.text()))
    expect(said.filter((page) => page.includes('Too many credentials')).length).toBeGreaterThan(5)
  })
})

describe('Who is not signed in', () => {
  test.each(['', 'spool-session=x', '__Secure-spool-session=', `__Secure-spool-session=${'x'.repeat(43)}`])(
    'gets no page and nothing of the API: %s',
    async (cookie) => {
      const page = await ask('/settings', { headers: { cookie } })
      expect([page.status, page.headers.get('location')]).toEqual([303, '/sign-in?next=settings'])
      expect((await ask('/api/podcasts', { headers: { cookie, ...own } })).status).toBe(401)
    },
  )

  test('any more gets nothing either', async () => {
    const cookie = await signedIn()
    const out = await ask('/sign-out', { method: 'POST', headers: { ...own, cookie } })
    expect([out.status, out.headers.get('location')]).toEqual([303, '/sign-in'])
    expect((await ask('/api/podcasts', { headers: { cookie, ...own } })).status).toBe(401)
  })
})

describe('With a session in its browser', () => {
  let cookie: string
  beforeEach(async () => {
    cookie = await signedIn()
  })
  const change = { method: 'POST', body: '{"slug":"planted"}' }
  const json = { 'content-type': 'application/json' }

  const foreign: readonly [string, Record<string, string>, number][] = [
    ['another site', { origin: 'https://evil.test', 'sec-fetch-site': 'cross-site' }, 403],
    ['another site of an old browser', { origin: 'https://evil.test' }, 403],
    ['a sandboxed frame', { origin: 'null' }, 403],
    [
      'a neighbour under the same name',
      { origin: 'https://other.console.test', 'sec-fetch-site': 'same-site' },
      403,
    ],
    ['whoever names no origin', {}, 403],
    ['its own pages', own, 201],
  ]
  test.each(foreign)('%s changes as much as it may', async (_who, headers, status) => {
    expect((await ask('/api/podcasts', { ...change, headers: { ...json, ...headers, cookie } })).status).toBe(
      status,
    )
  })

  test('another site reads nothing through it, and frames nothing', async () => {
    const asked = { headers: { cookie, 'sec-fetch-site': 'cross-site' } }
    expect((await ask('/api/podcasts', asked)).status).toBe(403)
    const page = await ask('/', asked)
    expect(page.headers.get('content-security-policy')).toContain("frame-ancestors 'none'")
    expect(page.headers.get('cross-origin-resource-policy')).toBe('same-origin')
  })

  test.each(['evil.test', 'console.test.evil.test', 'console.test:81', '127.0.0.1'])(
    'the host %s is nobody here',
    async (host) => {
      expect((await ask('/', { headers: { host, cookie } })).status).toBe(421)
    },
  )

  test('nobody sees what is another’s', async () => {
    await world.start({}, 'secret-talk')
    const [{ id }] = (await world.database.rows<{ id: string }>('SELECT id FROM episodes')) as [
      { id: string },
    ]
    expect(await (await ask(`/episodes/${id}`, { headers: { cookie } })).text()).toContain('secret-talk')
    const other = await signedIn('berta')
    expect(await (await ask(`/episodes/${id}`, { headers: { cookie: other } })).text()).not.toContain(
      'secret-talk',
    )
    expect((await ask(`/api/episodes/${id}`, { headers: { cookie: other, ...own } })).status).toBe(404)
  })

  test('a title that is markup stays text in the data of a page', async () => {
    await world.start({}, '</script><script>alert(1)</script>')
    const page = await (await ask('/', { headers: { cookie } })).text()
    expect(page).not.toContain('<script>alert')
    expect(page).toContain('\\u003c/script>')
  })
})

describe('A page', () => {
  const documentOf = async () => {
    const page = await ask('/', { headers: { cookie: await signedIn() } })
    return { policy: page.headers.get('content-security-policy')!, html: await page.text() }
  }

  test('runs no script and no style but its own', async () => {
    const { policy, html } = await documentOf()
    expect(policy).not.toMatch(/unsafe|\*|https:(?!\/\/)|data:.*script/)
    expect(policy).toContain("default-src 'none'")
    const inline = [...html.matchAll(/<script(?![^>]* src=)([^>]*)>/g)].map(([, attributes]) => attributes!)
    expect(inline).toEqual([' type="importmap"', ' type="application/json" id="answers"'])
    expect(html).not.toMatch(/ style=| on[a-z]+=/)
  })

  test('and all that it loads are less than 60 kB over the wire', async () => {
    const { html } = await documentOf()
    const assets = await loadAssets()
    const { files, bytes } = await pageWeight(html)
    expect([...files]).toContain('lib/preact.js')
    expect(bytes).toBeLessThan(60_000)
    const asset = await ask(`/assets/${assets.version}/pages/episodes.ts`, {
      headers: { 'accept-encoding': 'gzip, br' },
    })
    expect(asset.headers.get('content-type')).toBe('text/javascript; charset=utf-8')
    expect([asset.headers.get('content-encoding'), asset.headers.get('cache-control')]).toEqual([
      'br',
      'public, max-age=31536000, immutable',
    ])
    expect((await ask(`/assets/${assets.version}/..%2fapp.ts`)).status).not.toBe(200)
  })
})

describe('An issuer of one’s own', () => {
  /** Speaks enough of OpenID Connect to be trusted, or to be caught. */
  async function anIssuer(
    spoil: (claims: Record<string, unknown>) => Record<string, unknown> = (claims) => claims,
  ) {
    const { privateKey, publicKey } = await generateKeyPair('RS256')
    const jwk = { ...(await exportJWK(publicKey)), kid: 'one', alg: 'RS256', use: 'sig' }
    const codes = new Map<string, { nonce: string; challenge: string }>()
    const url: string = await listening(
      createServer((request, response) => {
        const answer = (body: object, status = 200) =>
          response.writeHead(status, { 'content-type': 'application/json' }).end(JSON.stringify(body))
        const { pathname } = new URL(request.url!, 'http://issuer')
        if (pathname === '/.well-known/openid-configuration')
          answer({
            issuer: url,
            authorization_endpoint: `${url}/authorize`,
            token_endpoint: `${url}/token`,
            jwks_uri: `${url}/jwks`,
            response_types_supported: ['code'],
            subject_types_supported: ['public'],
            id_token_signing_alg_values_supported: ['RS256'],
          })
        else if (pathname === '/jwks') answer({ keys: [jwk] })
        else
          void text(request).then(async (body) => {
            const asked = new URLSearchParams(body)
            const { nonce, challenge } = codes.get(asked.get('code')!)!
            const digest = await crypto.subtle.digest(
              'SHA-256',
              Buffer.from(asked.get('code_verifier') ?? ''),
            )
            if (Buffer.from(digest).toString('base64url') !== challenge)
              return answer({ error: 'invalid_grant' }, 400)
            const claims = spoil({ iss: url, aud: 'spool', sub: 'ada', nonce })
            const idToken = await new SignJWT(claims)
              .setProtectedHeader({ alg: 'RS256', kid: 'one' })
              .setIssuedAt()
              .setExpirationTime('5 min')
              .sign(privateKey)
            return answer({ access_token: 'x', token_type: 'Bearer', expires_in: 300, id_token: idToken })
          })
      }),
    )
    /** The user agrees; returns the code. */
    const agree = (authorize: URL): string => {
      codes.set('a-code', {
        nonce: authorize.searchParams.get('nonce')!,
        challenge: authorize.searchParams.get('code_challenge')!,
      })
      return 'a-code'
    }
    return { url, agree }
  }

  async function begun(issuer: Awaited<ReturnType<typeof anIssuer>>) {
    world = await aConsole({ CONSOLE_ISSUER: issuer.url, CONSOLE_CLIENT_ID: 'spool' })
    ask = asking(world)
    const there = await ask('/sign-in/elsewhere?next=settings')
    const authorize = new URL(there.headers.get('location')!)
    const state = authorize.searchParams.get('state')!
    return { authorize, state, cookie: cookieOf(there), code: issuer.agree(authorize) }
  }

  test('signs in whom it vouches for, by a code with PKCE', async () => {
    const { authorize, state, cookie, code } = await begun(await anIssuer())
    expect(Object.fromEntries(authorize.searchParams)).toMatchObject({
      redirect_uri: `${address}/sign-in/back`,
      response_type: 'code',
      code_challenge_method: 'S256',
    })
    const back = await ask(`/sign-in/back?code=${code}&state=${state}`, { headers: { cookie } })
    expect([back.status, back.headers.get('location')]).toEqual([303, '/settings'])
    const session = back.headers
      .getSetCookie()
      .find((each) => each.includes('session'))!
      .split(';')[0]!
    expect((await ask('/', { headers: { cookie: session } })).status).toBe(200)
    const [row] = await world.database.rows<{ userId: string }>('SELECT user_id AS "userId" FROM sessions')
    expect(row!.userId).toMatch(/^oidc_/)
    const again = await ask(`/sign-in/back?code=${code}&state=${state}`, { headers: { cookie } })
    expect(again.status).toBe(401)
  })

  const refused: readonly [string, Parameters<typeof anIssuer>[0], (state: string) => string, boolean][] = [
    ['another’s nonce', (claims) => ({ ...claims, nonce: 'another' }), (state) => state, true],
    ['a token for another', (claims) => ({ ...claims, aud: 'another' }), (state) => state, true],
    ['another issuer', (claims) => ({ ...claims, iss: 'https://evil.test' }), (state) => state, true],
    ['a state that was not begun', undefined, () => 'made-up', true],
    ['a browser that did not begin it', undefined, (state) => state, false],
  ]
  test.each(refused)('signs nobody in with %s', async (_what, spoil, stateOf, hasCookie) => {
    const { state, cookie, code } = await begun(await anIssuer(spoil))
    const back = await ask(`/sign-in/back?code=${code}&state=${stateOf(state)}`, {
      headers: hasCookie ? { cookie } : {},
    })
    expect([back.status, await world.database.rows('SELECT 1 FROM sessions')]).toEqual([401, []])
  })
})
