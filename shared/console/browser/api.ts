/**
 * Asks the API, as the session's user. Hides where it is, that a page's first answers came with the page, and how refusals
 * look on the wire.
 */

const { base = '', storage = '', nonce = '' } = document.documentElement.dataset

/** The address of a page of the console. */
export const address = (path: string): string => `${base}/${path}`
export const storageOrigin = storage
/** For style elements that a library makes. */
export const styleNonce = nonce

/** The API has said no; `message` says why, in words for people. */
export class Refused extends Error {
  readonly status: number
  readonly code: string
  constructor(status: number, code: string, detail: string) {
    super(detail)
    this.status = status
    this.code = code
  }
}

const answers = new Map<string, unknown>(
  Object.entries(JSON.parse(document.getElementById('answers')?.textContent ?? '{}') as object),
)

/** What the page came with, once: whoever asks again gets what is new. */
export function begunWith(path: string): unknown {
  const answer = answers.get(path)
  answers.delete(path)
  return answer
}

/** Throws Refused, or TypeError where nothing answers. */
async function ask<T>(method: string, path: string, body?: unknown): Promise<T> {
  const response = await fetch(address(`api${path}`), {
    method,
    headers: {
      ...(body === undefined ? {} : { 'content-type': 'application/json' }),
      ...(method === 'GET' ? {} : { 'idempotency-key': crypto.randomUUID() }),
    },
    ...(body === undefined ? {} : { body: JSON.stringify(body) }),
  })
  const answer = (await response.json().catch(() => ({}))) as { code?: string; detail?: string }
  if (response.ok) return answer as T
  if (response.status === 401 && !path.startsWith('/shared/')) signInAgain()
  throw new Refused(
    response.status,
    answer.code ?? 'internal',
    answer.detail ?? `The answer was ${response.status}.`,
  )
}

/** The session is over: after signing in one is where one was. */
function signInAgain(): void {
  const here = location.pathname.slice(base.length + 1)
  location.assign(`${address('sign-in')}?next=${encodeURIComponent(here)}`)
}

export const get = async <T>(path: string): Promise<T> =>
  (begunWith(path) as T | undefined) ?? (await ask<T>('GET', path))
export const post = <T>(path: string, body?: unknown): Promise<T> => ask('POST', path, body)
export const put = <T>(path: string, body: unknown): Promise<T> => ask('PUT', path, body)
export const patch = <T>(path: string, body: unknown): Promise<T> => ask('PATCH', path, body)
export const remove = <T>(path: string): Promise<T> => ask('DELETE', path)

export interface ListOf<T> {
  readonly items: T[]
  readonly next?: string
}

export interface Progress {
  readonly runId: string
  readonly status: 'queued' | 'started' | 'awaiting_review' | 'finished' | 'cancelled' | 'failed'
  readonly stopReason: string | null
  readonly processed: number
  readonly total: number
  readonly currentStep: string | null
  readonly waitingFor: string | null
  readonly secondsLeft: number | null
  readonly warnings: readonly { readonly code: string; readonly message: string }[]
  readonly steps: readonly {
    readonly name: string
    readonly parts: number
    readonly made: number
    readonly seconds: number | null
  }[]
}

const ends = ['finished', 'cancelled', 'failed']

/**
 * Tells of a run until it ends; returns what stops the telling. A stream that breaks off is taken up by the browser; `lose` is told
 * whether nothing answers any more, so that what was told last may be old.
 */
export function watch(
  runId: string,
  tell: (progress: Progress) => void,
  lose: (isLost: boolean) => void = () => undefined,
): () => void {
  const source = new EventSource(address(`api/runs/${runId}/events`))
  let failures = 0 // since it was open last; the first is the end of the stream alone
  source.addEventListener('open', () => {
    failures = 0
    lose(false)
  })
  source.addEventListener('error', () => lose(++failures > 1 || source.readyState === EventSource.CLOSED))
  source.addEventListener('progress', ({ data }: MessageEvent<string>) => {
    const progress = JSON.parse(data) as Progress
    tell(progress)
    if (ends.includes(progress.status)) source.close()
  })
  return () => source.close()
}
