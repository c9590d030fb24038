/**
 * The console: the pages with which a producer uses Spool from a browser. Hides who may ask for what: only under its own
 * name, changes only from its own pages, and everything but the way in only for who is signed in. What pages do, they do
 * through the API, which is served here too, for the session's user.
 */
import { Hono, type Context } from 'hono'
import { bodyLimit } from 'hono/body-limit'
import { createApi } from '../api/app.ts'
import { scopes, type Caller } from '../api/callers.ts'
import { withoutSecret } from '../api/guests.ts'
import { problemOf } from '../api/problems.ts'
import type { Services } from '../engine/services.ts'
import { log } from '../log.ts'
import { loadAssets, type Asset } from './assets.ts'
import { documentOf, type Page } from './document.ts'
import { findPage, sharedReview } from './pages.ts'
import { openSessions } from './sessions.ts'
import { addSignIn } from './sign-in.ts'
import { siteOf } from './site.ts'

/** Forms of the way in; files go to the bucket, and the API has a limit of its own. */
const maxFormBytes = 64 * 1024

export function createConsole(services: Services): Hono {
  const { config } = services
  const site = siteOf(config.console.url)
  const storageOrigin = new URL(config.storage.endpoint ?? 'https://storage.googleapis.com').origin
  const sessions = openSessions(config, site)
  const app = new Hono()

  const show = async (
    context: Context,
    page: Page,
    status: 200 | 401 | 403 | 404 | 500 = 200,
  ): Promise<Response> => {
    const { html, policy } = documentOf(page, site, await loadAssets(), storageOrigin)
    context.header('content-security-policy', policy)
    return context.html(html, status)
  }

  const api = createApi(services, async (context) => {
    const found = await sessions.find(context)
    return found && callerOf(found)
  })

  app.use(async (context, next) => {
    context.header('x-content-type-options', 'nosniff')
    context.header('referrer-policy', 'same-origin')
    context.header('cross-origin-opener-policy', 'same-origin')
    context.header('cross-origin-resource-policy', 'same-origin')
    if (site.isSecure) context.header('strict-transport-security', 'max-age=31536000')
    if (!site.hosts.includes(context.req.header('host') ?? ''))
      return context.text('This is not its name.', 421)
    if (!isOwn(context, site.origin, site.hosts)) return context.text('Another site has asked for this.', 403)
    await next()
    if (!context.res.headers.has('cache-control')) context.header('cache-control', 'no-store')
    return undefined
  })
  app.get('/assets/:version/:file{.+}', async (context) => {
    const { version, file } = context.req.param()
    const assets = await loadAssets()
    const asset = version === assets.version ? assets.find(file) : undefined
    return asset ? giveAsset(context, asset) : context.notFound()
  })
  app.use('/sign-in', bodyLimit({ maxSize: maxFormBytes }))
  const signInPage = (context: Context, complaint?: string) => {
    const answers = { ways: { elsewhere: config.console.issuer !== undefined }, complaint: complaint ?? null }
    const page = { name: 'sign-in', title: 'Sign in', isOutside: true, answers }
    return show(context, page, complaint === undefined ? 200 : 401)
  }
  addSignIn(app, { services, site, sessions, show: signInPage })
  app.mount('/api', (request) => api.fetch(request))

  app.get('/shared/:token', (context) => show(context, sharedReview))
  app.get('*', async (context) => {
    const path = context.req.path.slice(1)
    if (!(await sessions.find(context)))
      return context.redirect(`${site.base}/sign-in?next=${encodeURIComponent(path)}`, 303)
    const page = findPage(path)
    if (!page) return await show(context, { name: 'missing', title: 'Not found' }, 404)
    return await show(context, { ...page, answers: await answersFor(page.begins, context) })
  })

  /** What the page would ask the API first. */
  const answersFor = async (paths: readonly string[], context: Context): Promise<Record<string, unknown>> => {
    const cookie = context.req.header('cookie') ?? ''
    const answers = paths.map(async (path) => {
      const answer = await api.request(path, { headers: { cookie } })
      return answer.ok ? [[path, await answer.json()] as const] : []
    })
    return Object.fromEntries((await Promise.all(answers)).flat())
  }

  app.onError(async (error, context) => {
    log.error({ path: withoutSecret(context.req.path), error: error.stack }, 'request failed')
    const { status, detail } = problemOf(error)
    return await show(
      context,
      { name: 'broken', title: 'Something went wrong', answers: { detail } },
      status === 404 ? 404 : 500,
    )
  })
  return app
}

/** Whoever is signed in may do all that a key may. */
const callerOf = ({ userId, session }: { userId: string; session: string }): Caller => ({
  userId,
  countedAs: `session:${session}`,
  scopes,
})

/**
 * Whether a change, or a question to the API, comes from the console's own pages: a browser says so itself, in headers
 * that no page can set.
 */
function isOwn({ req }: Context, origin: string, hosts: readonly string[]): boolean {
  const isChange = !['GET', 'HEAD'].includes(req.method)
  const from = req.header('origin')
  if (from !== undefined && from !== origin && !(URL.canParse(from) && hosts.includes(new URL(from).host)))
    return false
  const site = req.header('sec-fetch-site')
  if (!isChange && !req.path.startsWith('/api/')) return true
  return site === undefined ? from !== undefined || !isChange : site === 'same-origin' || site === 'none'
}

function giveAsset(context: Context, { type, plain, gzip, brotli }: Asset): Response {
  const taken = context.req.header('accept-encoding') ?? ''
  const [encoding, bytes] = /\bbr\b/.test(taken)
    ? (['br', brotli] as const)
    : /\bgzip\b/.test(taken)
      ? (['gzip', gzip] as const)
      : ([undefined, plain] as const)
  context.header('content-type', type)
  context.header('cache-control', 'public, max-age=31536000, immutable')
  context.header('vary', 'accept-encoding')
  if (encoding) context.header('content-encoding', encoding)
  return context.body(new Uint8Array(bytes))
}
