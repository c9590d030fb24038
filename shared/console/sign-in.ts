/**
 * The ways into the console: a link for one use, as `spool up` prints it; a key of the API; an issuer of one's own. Hides
 * what each is checked against. A link is used by a click, not by being opened: what looks ahead at links uses none up.
 */
import type { Hono } from 'hono'
import { getCookie, setCookie } from 'hono/cookie'
import type { Services } from '../engine/services.ts'
import { callerIdentifier } from '../api/callers.ts'
import { withDatabase } from '../db/connect.ts'
import { takeSignIn } from '../db/sessions.ts'
import { Permanent } from '../errors.ts'
import { hashOfSecret } from '../hash.ts'
import { signingInElsewhere } from './elsewhere.ts'
import { cookieName, cookieOptions, type Sessions } from './sessions.ts'
import type { Site } from './site.ts'

export type ShowSignIn = (
  context: Parameters<Sessions['begin']>[0],
  complaint?: string,
) => Response | Promise<Response>

export function addSignIn(
  app: Hono,
  {
    services,
    site,
    sessions,
    show,
  }: { services: Services; site: Site; sessions: Sessions; show: ShowSignIn },
): void {
  const { config } = services
  const identify = callerIdentifier(config)
  const elsewhere = signingInElsewhere(config, `${config.console.url}/sign-in/back`)
  const stateCookie = cookieName(site, 'state')
  const home = (next = '') => `${site.base}/${isWithin(next) ? next : ''}`

  /** Throws Permanent `unauthenticated` or `too_many_requests`. */
  const userOf = async (form: Readonly<Record<string, unknown>>, address: string): Promise<string> => {
    const { link, key } = form
    if (typeof key === 'string') return (await identify(`Bearer ${key.trim()}`, address)).userId
    const signIn =
      typeof link === 'string'
        ? await withDatabase(config.databaseUrl, (db) => takeSignIn(db, hashOfSecret(link)))
        : undefined
    if (!signIn || !('userId' in signIn))
      throw new Permanent(
        'unauthenticated',
        'This link was used before, or is older than a quarter of an hour. Ask for a new one: ./spool console.',
      )
    return signIn.userId
  }

  app.get('/sign-in', (context) => show(context))
  app.post('/sign-in', async (context) => {
    const form = await context.req.parseBody()
    const address = context.req.header('x-forwarded-for')?.split(',').at(-1)?.trim() ?? 'direct'
    try {
      await sessions.begin(context, await userOf(form, address))
    } catch (error) {
      if (!(error instanceof Permanent)) throw error
      return await show(context, error.message)
    }
    return context.redirect(home(typeof form['next'] === 'string' ? form['next'] : ''), 303)
  })
  app.post('/sign-out', async (context) => {
    await sessions.end(context)
    return context.redirect(`${site.base}/sign-in`, 303)
  })
  app.get('/sign-in/elsewhere', async (context) => {
    if (!elsewhere) return context.notFound()
    const { url, state } = await elsewhere.begin(context.req.query('next') ?? '')
    setCookie(context, stateCookie, state, cookieOptions(site, 600))
    return context.redirect(url.href, 303)
  })
  app.get('/sign-in/back', async (context) => {
    const state = getCookie(context, stateCookie)
    const url = new URL(`${config.console.url}/sign-in/back`)
    url.search = new URL(context.req.url).search
    const finished = state === undefined ? undefined : await elsewhere?.finish(url, state)
    if (!finished) return await show(context, 'That sign-in was not finished. Try again.')
    await sessions.begin(context, finished.userId)
    return context.redirect(home(finished.next), 303)
  })
}

/** A path within the console: nobody is sent to another site from here. */
const isWithin = (next: string): boolean => /^[\w-][\w/-]*$/.test(next)
