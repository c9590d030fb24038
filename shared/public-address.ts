/**
 * Asks an address that somebody else has named, on the open internet and nowhere else: nobody reads through Spool what
 * only its network can reach. Hides how names are resolved: a connection goes to the very address that was checked, and
 * every redirect is checked as the first address was.
 */
import { lookup } from 'node:dns/promises'
import type { LookupAddress } from 'node:dns'
import { once } from 'node:events'
import { request as requestHttp, type IncomingHttpHeaders, type IncomingMessage } from 'node:http'
import { request as requestHttps } from 'node:https'
import { BlockList, isIPv4 } from 'node:net'
import { Permanent, Retryable, codeOf } from './errors.ts'

/** What is reserved of IPv4 (IANA, Special-Purpose Address Registry), and the address of Azure's own services. */
const reserved4 = new BlockList()
for (const [network, prefix] of [
  ['0.0.0.0', 8],
  ['10.0.0.0', 8],
  ['100.64.0.0', 10],
  ['127.0.0.0', 8],
  ['169.254.0.0', 16],
  ['172.16.0.0', 12],
  ['192.0.0.0', 24],
  ['192.0.2.0', 24],
  ['192.88.99.0', 24],
  ['192.168.0.0', 16],
  ['198.18.0.0', 15],
  ['198.51.100.0', 24],
  ['203.0.113.0', 24],
  ['224.0.0.0', 4],
  ['240.0.0.0', 4],
  ['168.63.129.16', 32],
] as const)
  reserved4.addSubnet(network, prefix, 'ipv4')

/** Of IPv6 only this is given out to anybody (RFC 4291); what stands for an address of IPv4 is outside of it. */
const global6 = new BlockList()
global6.addSubnet('2000::', 3, 'ipv6')
/** Protocols, examples, and tunnels that lead to an address of IPv4. */
const reserved6 = new BlockList()
for (const [network, prefix] of [
  ['2001::', 23],
  ['2001:db8::', 32],
  ['2002::', 16],
  ['3fff::', 20],
] as const)
  reserved6.addSubnet(network, prefix, 'ipv6')

/** Whether an IP address is one that anybody may be given on the internet. */
export const isPublicAddress = (address: string): boolean =>
  isIPv4(address)
    ? !reserved4.check(address, 'ipv4')
    : global6.check(address, 'ipv6') && !reserved6.check(address, 'ipv6')

export interface PublicRequest {
  /** GET when not given. Redirects are followed for GET and HEAD only. */
  readonly method?: 'GET' | 'HEAD' | 'POST'
  /** They go to the address that was named, and not to where it redirects outside of its origin. */
  readonly headers?: Readonly<Record<string, string>>
  readonly body?: string | Buffer
  /** The most bytes of an answer. */
  readonly maxBytes: number
  /** For everything: the name, every redirect, the last byte. */
  readonly timeoutMs: number
  /** Lets private addresses through too, all or those listed: for tests, and for networks that want it. */
  readonly allowPrivate?: boolean | readonly string[]
}

export interface PublicAnswer {
  /** Where it came from in the end. */
  readonly url: string
  readonly status: number
  readonly headers: IncomingHttpHeaders
  readonly body: Buffer
}

const mostRedirects = 5
const redirects = [301, 302, 303, 307, 308]
const ownHeaders = { 'user-agent': 'Spool', accept: '*/*', 'accept-encoding': 'identity' }

/**
 * The whole answer, whatever its status. Throws Permanent `address_refused` for an address that may not be asked or
 * redirects without end, `answer_too_large`; Retryable `address_unreachable` for what did not answer in time.
 */
export async function fetchPublic(url: string, request: PublicRequest): Promise<PublicAnswer> {
  const { body, discard: _read, ...answer } = await openPublic(url, request)
  const parts: Buffer[] = []
  for await (const part of body) parts.push(part)
  return { ...answer, body: Buffer.concat(parts) }
}

export interface OpenAnswer extends Omit<PublicAnswer, 'body'> {
  /** Its bytes as they arrive; throws as `fetchPublic` does. Reading ends the connection, however early it is left. */
  readonly body: AsyncGenerator<Buffer>
  /** For an answer that is not read at all. */
  readonly discard: () => void
}

/** The same for an answer that is not to be whole in memory. */
export async function openPublic(url: string, request: PublicRequest): Promise<OpenAnswer> {
  const signal = AbortSignal.timeout(request.timeoutMs)
  const method = request.method ?? 'GET'
  let address = webAddress(url)
  const { origin } = address
  for (let redirected = 0; ; redirected++) {
    const headers = address.origin === origin ? { ...ownHeaders, ...request.headers } : ownHeaders
    const response = await ask(address, { ...request, method, headers }, signal)
    const { statusCode: status = 0, headers: given } = response
    if (method === 'POST' || !redirects.includes(status) || given.location === undefined)
      return {
        url: address.href,
        status,
        headers: given,
        body: bounded(response, address, request, signal),
        discard: () => void response.destroy(),
      }
    response.destroy()
    if (redirected === mostRedirects)
      throw new Permanent('address_refused', `${shown(url)} redirects more than ${mostRedirects} times.`)
    address = webAddress(given.location, address.href)
  }
}

function webAddress(text: string, base?: string): URL {
  const url = URL.canParse(text, base) ? new URL(text, base) : undefined
  if (url && /^https?:$/.test(url.protocol)) return url
  throw new Permanent('address_refused', `"${shown(text)}" is no address of http or https.`)
}

/** Without what may be a secret: name and password, and the query. */
function shown(text: string | URL): string {
  if (!URL.canParse(String(text))) return String(text).slice(0, 200)
  const { protocol, host, pathname } = new URL(text)
  return `${protocol}//${host}${pathname}`
}

async function ask(
  url: URL,
  { method, headers, body, allowPrivate }: PublicRequest,
  signal: AbortSignal,
): Promise<IncomingMessage> {
  const addresses = await checkedAddresses(url, allowPrivate ?? false, signal)
  const request = (url.protocol === 'https:' ? requestHttps : requestHttp)(url, {
    method,
    headers: {
      ...headers,
      ...(body === undefined ? {} : { 'content-length': String(Buffer.byteLength(body)) }),
    },
    signal,
    agent: false,
    // the addresses are those that were checked: a second look-up might find others
    lookup: (_host, { all }, found) =>
      all ? found(null, addresses) : found(null, addresses[0]!.address, addresses[0]!.family),
  })
  request.on('error', () => undefined) // whoever waits sees it
  request.end(body)
  try {
    const [response] = (await once(request, 'response')) as [IncomingMessage]
    return response
  } catch (error) {
    throw unreachable(url, error, signal)
  }
}

/** Every address of the host, all of which may be asked. */
async function checkedAddresses(
  url: URL,
  allowPrivate: boolean | readonly string[],
  signal: AbortSignal,
): Promise<LookupAddress[]> {
  const host = url.hostname.replace(/^\[(.*)\]$/, '$1')
  const late = once(signal, 'abort').then(() => Promise.reject(new Error('too late')))
  late.catch(() => undefined)
  let addresses: LookupAddress[]
  try {
    addresses = await Promise.race([lookup(host, { all: true }), late])
  } catch (error) {
    throw unreachable(url, error, signal)
  }
  const isAllowed = ({ address }: LookupAddress): boolean =>
    isPublicAddress(address) ||
    (Array.isArray(allowPrivate) ? allowPrivate.includes(address) : !!allowPrivate)
  if (addresses.every(isAllowed)) return addresses
  throw new Permanent(
    'address_refused',
    `${shown(url)} leads into a private network, which is not asked. Name an address on the internet.`,
  )
}

async function* bounded(
  response: IncomingMessage,
  url: URL,
  { maxBytes }: PublicRequest,
  signal: AbortSignal,
): AsyncGenerator<Buffer> {
  const tooLarge = () =>
    new Permanent('answer_too_large', `${shown(url)} gives more than ${maxBytes} bytes, which is the limit.`)
  let bytes = 0
  try {
    if (Number(response.headers['content-length'] ?? 0) > maxBytes) throw tooLarge()
    for await (const part of response as AsyncIterable<Buffer>) {
      bytes += part.length
      if (bytes > maxBytes) throw tooLarge()
      yield part
    }
  } catch (error) {
    throw error instanceof Permanent ? error : unreachable(url, error, signal)
  } finally {
    response.destroy()
  }
}

function unreachable(url: URL, cause: unknown, signal: AbortSignal): Retryable {
  const why = signal.aborted ? 'it took too long' : (codeOf(cause) ?? String(cause))
  return new Retryable('address_unreachable', `${shown(url)} does not answer: ${why}.`, { cause })
}
