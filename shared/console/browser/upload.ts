/**
 * Sends a file to the bucket, straight from the browser, in pieces: a connection that breaks, a pause or a reload costs the
 * piece that was under way. Hides the address that the pieces go to, which is remembered until all have come.
 */
import { post, Refused } from './api.ts'

/** Where in the uploads a file belongs: to an episode, among a show's assets, or a mailbox. */
export type Place = { readonly podcast: string; readonly episode?: string } | { readonly mailbox: true }

export interface Sending {
  readonly signal: AbortSignal
  /** Bytes that have come. */
  readonly progress: (bytes: number) => void
  /** There is no connection; it goes on by itself as soon as there is one. */
  readonly waiting?: (isWaiting: boolean) => void
}

const pieceBytes = 8 * 1024 * 1024
const longestPauseMs = 30_000

interface Session {
  readonly url: string
  readonly expiresAt: string
  readonly bytes: number
  readonly lastModified: number
}

const keyOf = (place: Place, name: string): string =>
  `spool.upload.${'mailbox' in place ? 'mail' : `${place.podcast}/${place.episode ?? ''}`}/${name}`

function remembered(key: string, file: File): Session | undefined {
  const session = JSON.parse(localStorage.getItem(key) ?? 'null') as Session | null
  const isSame =
    session?.bytes === file.size &&
    session.lastModified === file.lastModified &&
    new Date(session.expiresAt) > new Date()
  return isSame ? session : undefined
}

async function begin(place: Place, name: string, file: File): Promise<Session> {
  const asked = { ...place, file: name, bytes: file.size, type: file.type || 'application/octet-stream' }
  const { url, expiresAt } = await post<{ url: string; expiresAt: string }>('/uploads', asked)
  const session = { url, expiresAt, bytes: file.size, lastModified: file.lastModified }
  localStorage.setItem(keyOf(place, name), JSON.stringify(session))
  return session
}

/** How far an upload of this file had come before; undefined when there was none. */
export const wasBegun = (place: Place, name: string, file: File): boolean =>
  remembered(keyOf(place, name), file) !== undefined

/** Resolves when all of the file has come. Throws Refused, and the signal's reason when it is aborted. */
export async function upload(place: Place, name: string, file: File, sending: Sending): Promise<void> {
  const key = keyOf(place, name)
  let session = remembered(key, file) ?? (await begin(place, name, file))
  let [sent, failures, isKnown] = [0, 0, false]
  for (;;) {
    sending.signal.throwIfAborted()
    try {
      const answer = isKnown
        ? await sendPiece(session.url, file, sent, sending)
        : await askHowFar(session.url, file, sending.signal)
      isKnown = true
      if (answer === 'gone') {
        session = await begin(place, name, file)
        sent = 0
        continue
      }
      ;[sent, failures] = [answer, 0]
      sending.waiting?.(false)
      sending.progress(sent)
      if (sent >= file.size) break
    } catch (error) {
      sending.signal.throwIfAborted()
      if (error instanceof Refused) throw error
      sending.waiting?.(true)
      await connection(Math.min(longestPauseMs, 1000 * 2 ** failures++), sending.signal)
      isKnown = false // what of the piece had come, the store knows
    }
  }
  localStorage.removeItem(key)
}

/** After a pause, or as soon as the browser says that there is a connection again. */
const connection = (pauseMs: number, signal: AbortSignal): Promise<void> =>
  new Promise((resolve) => {
    const go = () => {
      clearTimeout(timer)
      removeEventListener('online', go)
      resolve()
    }
    const timer = setTimeout(go, pauseMs)
    addEventListener('online', go)
    signal.addEventListener('abort', go)
  })

type Come = number | 'gone'

const askHowFar = (url: string, file: File, signal: AbortSignal): Promise<Come> =>
  put(url, new Blob(), `bytes */${file.size}`, file.size, signal, () => undefined)

function sendPiece(url: string, file: File, from: number, { signal, progress }: Sending): Promise<Come> {
  const to = Math.min(file.size, from + pieceBytes)
  return put(url, file.slice(from, to), `bytes ${from}-${to - 1}/${file.size}`, file.size, signal, (bytes) =>
    progress(from + bytes),
  )
}

/** `fetch` does not tell how far a body has gone. */
const put = (
  url: string,
  body: Blob,
  range: string,
  all: number,
  signal: AbortSignal,
  told: (bytes: number) => void,
): Promise<Come> =>
  new Promise((resolve, reject) => {
    const request = new XMLHttpRequest()
    request.open('PUT', url)
    request.setRequestHeader('content-range', range)
    request.upload.onprogress = ({ loaded }) => told(loaded)
    request.onerror = () => reject(new TypeError('The connection broke.'))
    request.onabort = () => reject(new DOMException('paused', 'AbortError'))
    request.onload = () => {
      const { status } = request
      if (status === 200 || status === 201) resolve(all)
      else if (status === 308)
        resolve(Number(/-(\d+)$/.exec(request.getResponseHeader('range') ?? '')?.[1] ?? -1) + 1)
      else if (status === 404 || status === 410) resolve('gone')
      else if (status >= 500) reject(new TypeError(`The store answers ${status}.`))
      else reject(new Refused(status, 'bad_upload', `The store takes it not: it answers ${status}.`))
    }
    signal.addEventListener('abort', () => request.abort())
    request.send(body)
  })
