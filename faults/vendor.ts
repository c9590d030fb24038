/**
 * A vendor of speech, on the wire, that charges for what it does: says the words that it was told a recording holds,
 * speaks a tone for any text, and counts whose requests it took. Users are told apart by their keys.
 */
import { once } from 'node:events'
import { createServer, type IncomingMessage } from 'node:http'
import type { AddressInfo } from 'node:net'
import { buffer } from 'node:stream/consumers'
import { host } from '../local/host/ports.ts'

export interface Vendor {
  readonly url: string
  /** How often the key's owner was charged, by what for. */
  readonly charged: (apiKey: string) => Readonly<Record<string, number>>
  /** Events that were told to the webhook of that name, by their ids. */
  readonly told: (name: string) => ReadonlyMap<string, number>
  /** From now on so many requests of a hundred are refused for the moment. */
  failing: number
  readonly close: () => void
}

interface Word {
  readonly word: string
  readonly start: number
  readonly end: number
}

const speechRate = 24_000

export async function openVendor(
  words: readonly Word[],
  chance: () => number = Math.random,
): Promise<Vendor> {
  const charges = new Map<string, Record<string, number>>()
  const events = new Map<string, Map<string, number>>()
  const charge = (key: string, what: string): void => {
    const own = charges.get(key) ?? {}
    charges.set(key, { ...own, [what]: (own[what] ?? 0) + 1 })
  }
  const tell = (name: string, { headers }: IncomingMessage): void => {
    const id = String(headers['webhook-id'])
    const own = events.get(name) ?? new Map<string, number>()
    events.set(name, own.set(id, (own.get(id) ?? 0) + 1))
  }
  const vendor = { failing: 0 }
  const answer = (request: IncomingMessage): { status?: number; type: string; body: string | Buffer } => {
    const path = request.url ?? ''
    if (chance() * 100 < vendor.failing) return { status: 503, type: 'text/plain', body: 'later' }
    if (path.startsWith('/hooks/')) {
      tell(path.slice('/hooks/'.length), request)
      return { type: 'text/plain', body: '' }
    }
    const key = request.headers.authorization?.replace(/^Bearer /, '') ?? ''
    charge(key, path)
    if (path.endsWith('/audio/speech')) return { type: 'audio/pcm', body: tone() }
    const text = words.map(({ word }) => word).join(' ')
    return { type: 'application/json', body: JSON.stringify({ language: 'english', text, words }) }
  }
  const server = createServer((request, response) => {
    void buffer(request).then(
      () => {
        const { status = 200, type, body } = answer(request)
        response.writeHead(status, { 'content-type': type }).end(body)
      },
      () => undefined, // a caller that was killed
    )
  })
  await once(server.listen(0, host), 'listening')
  return Object.assign(vendor, {
    url: `http://${host}:${(server.address() as AddressInfo).port}`,
    charged: (key: string) => charges.get(key) ?? {},
    told: (name: string) => events.get(name) ?? new Map<string, number>(),
    close: () => {
      server.closeAllConnections()
      server.close()
    },
  })
}

/** Half a second, as 16-bit samples. */
function tone(): Buffer {
  const samples = new Int16Array(speechRate / 2)
  for (let i = 0; i < samples.length; i++)
    samples[i] = 6000 * Math.sin((2 * Math.PI * 300 * i) / speechRate) * Math.min(1, i / 500)
  return Buffer.from(samples.buffer)
}
