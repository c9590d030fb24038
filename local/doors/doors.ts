/**
 * Who may ask what of the servers of one's own machine. They listen on the loopback alone, and yet more can reach them than
 * their owner: any web page that a browser here has open, under a name of its own that leads to 127.0.0.1, and anybody who
 * opens a connection and says nothing. Hides how each of these is told from the owner's programs.
 */
import type { IncomingMessage } from 'node:http'

export interface Door {
  /** As a request names whom it means, with the port. */
  readonly hosts: ReadonlySet<string>
  /** Of pages that may ask. */
  readonly origins: ReadonlySet<string>
}

/** What a server does with a page that is not ours. */
export type ForeignPages =
  /** It has to prove by something else that it may: a signature, a session that was begun for it, a public bucket. */
  'by-other-means' | 'refused'

export interface Refused {
  readonly status: 403 | 421
  readonly message: string
}

/** So much of a request's body is kept until a worker is free for it: a task's and an event's have a megabyte. */
export const mostBodyBytes = 4 * 1024 * 1024
/** A request has said what it wants by then. */
export const headersTimeoutMs = 20_000
/** And sent its body. */
export const requestTimeoutMs = 60_000

/**
 * The door of a server on `port`; it is known by further addresses too, as when a tunnel leads to it. Pages of `friends`,
 * which are addresses, may ask as its own may.
 */
export function doorOf(
  port: number,
  { known = [], friends = [] }: { known?: readonly string[]; friends?: readonly string[] } = {},
): Door {
  const loopback = ['127.0.0.1', 'localhost', '[::1]'].map((name) => `${name}:${port}`)
  const own = [...loopback.map((host) => `http://${host}`), ...known]
  return {
    hosts: new Set(own.map((address) => new URL(address).host)),
    origins: new Set([...own, ...friends].map((address) => new URL(address).origin)),
  }
}

/** Why a request may not enter; undefined when it may. */
export function refusalAt(
  door: Door,
  { headers }: IncomingMessage,
  pages: ForeignPages,
): Refused | undefined {
  const { host = '', origin } = headers
  if (!door.hosts.has(host.toLowerCase()))
    return {
      status: 421,
      message: `Nothing here is called "${host}". This server is for programs of its own machine.`,
    }
  if (pages === 'refused' && origin !== undefined && !door.origins.has(origin))
    return { status: 403, message: `Pages of ${origin} may not ask here.` }
  return undefined
}

export class TooMuch extends Error {}

/** All of a request's body. Throws TooMuch before more than `mostBodyBytes` have been kept. */
export async function bodyWithin(request: IncomingMessage): Promise<Buffer> {
  if (Number(request.headers['content-length'] ?? 0) > mostBodyBytes) throw new TooMuch()
  const pieces: Buffer[] = []
  let bytes = 0
  for await (const piece of request as AsyncIterable<Buffer>) {
    bytes += piece.length
    if (bytes > mostBodyBytes) throw new TooMuch()
    pieces.push(piece)
  }
  return Buffer.concat(pieces)
}
