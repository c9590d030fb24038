/**
 * A Spool anywhere, by its public API alone: the one that is up on this machine, or a deployed one. Hides addresses, the key,
 * how refusals look on the wire, and what is worth another try.
 */
import { setTimeout as delay } from 'node:timers/promises'
import { errorCodes, type ErrorCode } from '../../shared/codes.ts'
import { NotReady, type Fault } from '../../shared/episode/not-ready.ts'
import { Permanent } from '../../shared/errors.ts'

export interface Client {
  get<T>(path: string, query?: Query): Promise<T>
  post<T>(path: string, body?: unknown): Promise<T>
  put<T>(path: string, body: unknown): Promise<T>
  patch<T>(path: string, body: unknown): Promise<T>
  delete<T>(path: string, query?: Query): Promise<T>
  /** Everything on all pages of a list. */
  items<T>(path: string, query?: Query): AsyncGenerator<T>
}
type Query = Readonly<Record<string, string>>

export interface Access {
  /** Of the API, or of the functions it is one of. */
  readonly url: string
  readonly key: string
  /** Makes another one where this is refused. */
  readonly renew?: () => Promise<string>
}

const tries = 5
const slowestAnswerMs = 60_000
const mostPerPage = '100'

/** Finds the API first. Throws an Error naming the address where there is none. */
export const openClient = async (access: Access, signal: AbortSignal): Promise<Client> =>
  clientAt({ ...access, url: await findApi(access.url, signal) }, signal)

/** Throws Permanent with the API's own code and reason where it refuses, and an Error naming the address where nothing answers. */
export function clientAt({ url: base, ...access }: Access, signal: AbortSignal): Client {
  let { key, renew } = access
  const ask = async <T>(method: string, path: string, { query, body }: Asked): Promise<T> => {
    const address = `${base}${path}${query === undefined ? '' : `?${new URLSearchParams(query).toString()}`}`
    const headers = {
      ...(method === 'GET' ? {} : { 'idempotency-key': crypto.randomUUID() }), // of all tries: it has one effect
      ...(body === undefined ? {} : { 'content-type': 'application/json' }),
    }
    const request = { method, ...(body === undefined ? {} : { body: JSON.stringify(body) }) }
    for (let left = tries - 1; ; left--) {
      const authorized = { ...headers, authorization: `Bearer ${key}` }
      const response = await fetch(address, {
        ...request,
        headers: authorized,
        signal: within(signal),
      }).catch((error: unknown) => {
        if (signal.aborted || left === 0) throw signal.aborted ? error : unreachable(base, error)
        return undefined
      })
      if (response?.ok) return (await response.json()) as T
      if (response?.status === 401 && renew) {
        const another = renew
        renew = undefined
        key = await another()
        continue
      }
      if (response && (left === 0 || !isPassing(response.status))) throw await refusalOf(response)
      await delay(secondsUntilRetry(response) * 1000, undefined, { signal })
    }
  }

  return {
    get: (path, query) => ask('GET', path, { query }),
    post: (path, body) => ask('POST', path, { body }),
    put: (path, body) => ask('PUT', path, { body }),
    patch: (path, body) => ask('PATCH', path, { body }),
    delete: (path, query) => ask('DELETE', path, { query }),
    async *items<T>(path: string, query: Query = {}) {
      let cursor: string | undefined
      do {
        const page: { items: T[]; next?: string } = await ask('GET', path, {
          query: { ...query, limit: mostPerPage, ...(cursor === undefined ? {} : { cursor }) },
        })
        yield* page.items
        cursor = page.next
      } while (cursor !== undefined)
    },
  }
}

interface Asked {
  readonly query?: Query | undefined
  readonly body?: unknown
}

const within = (signal: AbortSignal): AbortSignal =>
  AbortSignal.any([signal, AbortSignal.timeout(slowestAnswerMs)])

/** The API's document lies at its address, and at no other. */
async function findApi(url: string, signal: AbortSignal): Promise<string> {
  const given = url.replace(/\/+$/, '')
  for (const base of [given, `${given}/api`]) {
    const response = await fetch(`${base}/openapi.json`, { signal: within(signal) }).catch(
      (error: unknown) => {
        throw unreachable(base, error)
      },
    )
    const document = response.ok ? await response.json().catch(() => undefined) : undefined
    if ((document as { info?: { title?: string } } | undefined)?.info?.title === 'Spool') return base
  }
  throw new Error(`There is no Spool at ${url}: its API would have an openapi.json there. Look at SPOOL_URL.`)
}

/** Nobody answers. */
export class Unreachable extends Error {}

const unreachable = (url: string, cause: unknown): Unreachable =>
  new Unreachable(`Nothing answers at ${url}. Is Spool up, and is the address right?`, { cause })

const isPassing = (status: number): boolean => status === 429 || status >= 500

/** As the server says, within what somebody at a terminal waits for. */
function secondsUntilRetry(response: Response | undefined): number {
  const said = Number(response?.headers.get('retry-after'))
  return Number.isFinite(said) && said > 0 ? Math.min(said, 60) : 1
}

async function refusalOf(response: Response): Promise<Permanent> {
  const problem = (await response.json().catch(() => ({}))) as {
    code?: string
    detail?: string
    faults?: readonly Fault[]
  }
  if (problem.faults !== undefined && problem.faults.length > 0) return new NotReady(problem.faults)
  const isKnown = problem.code !== undefined && Object.hasOwn(errorCodes, problem.code)
  return new Permanent(
    isKnown ? (problem.code as ErrorCode) : 'internal',
    problem.detail ?? `${new URL(response.url).origin} answers ${response.status}.`,
  )
}
