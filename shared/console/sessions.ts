/**
 * Who is signed in to the console: a random cookie that no script can read and no other site can send, known by its hash.
 * Hides the cookie's name and life.
 */
import type { Context } from 'hono'
import { deleteCookie, getCookie, setCookie } from 'hono/cookie'
import type { CookieOptions } from 'hono/utils/cookie'
import { withDatabase } from '../db/connect.ts'
import { deleteSession, findSession, insertSession, insertSignIn } from '../db/sessions.ts'
import { hashOfSecret, newSecret } from '../hash.ts'
import type { Site } from './site.ts'

/** A working day. */
const sessionSeconds = 8 * 3600
/** Long enough to open it, too short to be found in an old log. */
const linkSeconds = 15 * 60

/** Cookies know no ports: two Spools on one machine must not sign each other out. */
export const cookieName = ({ isSecure, origin }: Site, what: string): string =>
  isSecure ? `__Secure-spool-${what}` : `spool-${what}-${new URL(origin).port}`

/** Lax, since whoever comes back from a sign-in elsewhere comes from another site. */
export const cookieOptions = ({ isSecure, base }: Site, seconds: number): CookieOptions => ({
  path: base === '' ? '/' : base,
  httpOnly: true,
  sameSite: 'Lax',
  secure: isSecure,
  maxAge: seconds,
})

export function openSessions({ databaseUrl }: { databaseUrl: string }, site: Site) {
  const name = cookieName(site, 'session')

  const begin = async (context: Context, userId: string): Promise<void> => {
    const secret = newSecret()
    await withDatabase(databaseUrl, (db) =>
      insertSession(db, { hash: hashOfSecret(secret), userId, seconds: sessionSeconds }),
    )
    setCookie(context, name, secret, cookieOptions(site, sessionSeconds))
  }

  /** Whose request it is; undefined for nobody's. */
  const find = async (context: Context): Promise<{ userId: string; session: string } | undefined> => {
    const secret = getCookie(context, name)
    if (secret === undefined) return undefined
    const session = hashOfSecret(secret)
    const userId = await withDatabase(databaseUrl, (db) => findSession(db, session))
    return userId === undefined ? undefined : { userId, session }
  }

  const end = async (context: Context): Promise<void> => {
    const secret = getCookie(context, name)
    if (secret !== undefined) await withDatabase(databaseUrl, (db) => deleteSession(db, hashOfSecret(secret)))
    deleteCookie(context, name, cookieOptions(site, 0))
  }

  return { begin, find, end }
}

export type Sessions = ReturnType<typeof openSessions>

/** An address that signs its user in, once, within a quarter of an hour. */
export async function signInLink(databaseUrl: string, consoleUrl: string, userId: string): Promise<string> {
  const secret = newSecret()
  await withDatabase(databaseUrl, (db) => insertSignIn(db, hashOfSecret(secret), linkSeconds, { userId }))
  return `${consoleUrl.replace(/\/$/, '')}/sign-in?link=${secret}`
}
