/**
 * Sends a file to the bucket, straight from the browser, in pieces: a connection that breaks, a pause or a reload costs the
 * piece that was under way. Hides the address that the pieces go to, which is remembered until all have come.
 */
import { post, Refused } from './api.ts'
import { contentRange, readAnswer, sendInPieces, type Come, type Way } from './pieces.ts'

/** Where in the uploads a file belongs: to an episode, among a show's assets, or a mailbox. */
export type Place = { readonly podcast: string; readonly episode?: string } | { readonly mailbox: true }

export interface Sending {
  readonly signal: AbortSignal
  /** Bytes that have come. */
  readonly progress: (bytes: number) => void
  /** There is no connection; it goes on by itself as soon as there is one. */
  readonly waiting?: (isWaiting: boolean) => void
}

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
  const { signal, progress, waiting = () => undefined } = sending
  const way: Way = {
    bytes: file.size,
    begin: async () => (await begin(place, name, file)).url,
    put: (url, from, to) => put(url, file, from, to, sending),
    pause: (ms) => connection(ms, signal),
    ...{ progress, waiting, signal },
    isFinal: (error) => error instanceof Refused,
  }
  await sendInPieces(way, remembered(key, file)?.url)
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

/** `fetch` does not tell how far a body has gone. */
const put = (
  url: string,
  file: File,
  from: number,
  to: number,
  { signal, progress }: Sending,
): Promise<Come> =>
  new Promise((resolve, reject) => {
    const request = new XMLHttpRequest()
    request.open('PUT', url)
    request.setRequestHeader('content-range', contentRange(from, to, file.size))
    if (to > from) request.upload.onprogress = ({ loaded }) => progress(from + loaded)
    request.onerror = () => reject(new TypeError('The connection broke.'))
    request.onabort = () => reject(new DOMException('paused', 'AbortError'))
    request.onload = () => {
      const { status } = request
      try {
        const come = readAnswer(status, request.getResponseHeader('range'), file.size)
        if (come === undefined)
          throw new Refused(status, 'bad_upload', `The store takes it not: it answers ${status}.`)
        resolve(come)
      } catch (error) {
        reject(error)
      }
    }
    signal.addEventListener('abort', () => request.abort())
    request.send(file.slice(from, to))
  })
