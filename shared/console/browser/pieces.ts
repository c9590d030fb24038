/**
 * Sends something to the bucket in pieces, so that a connection which breaks costs the piece that was under way. Hides what
 * is asked, sent and begun anew, and when. It knows neither browser nor disk: whoever sends says how.
 */

const pieceBytes = 8 * 1024 * 1024
const longestPauseMs = 30_000

/** How many bytes have come, or that the bucket knows nothing of the upload. */
export type Come = number | 'gone'

export interface Way {
  readonly bytes: number
  /** Begins the upload; returns the address that its pieces go to. */
  readonly begin: () => Promise<string>
  /** Sends the bytes from `from` up to `to`; none, to hear how many have come. Throws Refusal when no further try will help. */
  readonly put: (url: string, from: number, to: number) => Promise<Come>
  /** Resolves when another try is worth it. */
  readonly pause: (ms: number) => Promise<void>
  readonly progress: (bytes: number) => void
  readonly waiting: (isWaiting: boolean) => void
  readonly signal: AbortSignal
  /** Whether trying again would end the same way. */
  readonly isFinal: (error: unknown) => boolean
}

/** What the bucket says to a piece, by its status. Throws TypeError where another try may help; undefined for a refusal. */
export function readAnswer(status: number, range: string | null, bytes: number): Come | undefined {
  if (status === 200 || status === 201) return bytes
  if (status === 308) return Number(/-(\d+)$/.exec(range ?? '')?.[1] ?? -1) + 1
  if (status === 404 || status === 410) return 'gone'
  if (status >= 500 || status === 429 || status === 408) throw new TypeError(`The store answers ${status}.`)
  return undefined
}

/** Of the bytes from `from` up to `to`; of none, the question how many have come. */
export const contentRange = (from: number, to: number, bytes: number): string =>
  to === from ? `bytes */${bytes}` : `bytes ${from}-${to - 1}/${bytes}`

/** Goes on at `begunAt`, the address of an earlier upload, if the bucket still knows it. Resolves when all has come. */
export async function sendInPieces(way: Way, begunAt: string | undefined): Promise<void> {
  let url = begunAt ?? (await way.begin())
  let [sent, failures, isKnown] = [0, 0, false]
  for (;;) {
    way.signal.throwIfAborted()
    try {
      const to = isKnown ? Math.min(way.bytes, sent + pieceBytes) : sent
      const answer = await way.put(url, sent, to)
      isKnown = answer !== 'gone'
      if (answer === 'gone') {
        url = await way.begin()
        sent = 0
        continue
      }
      ;[sent, failures] = [answer, 0]
      way.waiting(false)
      way.progress(sent)
      if (sent >= way.bytes) return
    } catch (error) {
      way.signal.throwIfAborted()
      if (way.isFinal(error)) throw error
      way.waiting(true)
      await way.pause(Math.min(longestPauseMs, 1000 * 2 ** failures++))
      isKnown = false // what of the piece had come, the store knows
    }
  }
}
