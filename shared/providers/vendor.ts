/**
 * Sends one HTTP request to a vendor of speech or language services, and says what a failure means: can the
 * request never work, was it certainly not accepted, or does nobody know? Hides HTTP and broken connections.
 *
 * Not `fetch`: it gives up when an answer takes five minutes to begin, keeps connections that a frozen
 * instance finds dead at its next request, and does not tell whether a request had left when its connection
 * broke.
 */
import { once } from 'node:events'
import { request as requestHttp, type ClientRequest, type IncomingMessage } from 'node:http'
import { request as requestHttps } from 'node:https'
import { pipeline } from 'node:stream/promises'
import { z } from 'zod'
import { between } from '../boundaries.ts'
import { codeOf } from '../errors.ts'
import { complaintIn, presentable } from './complaints.ts'
import { VendorError, meaningOf, retryAfter, type VendorErrorCode } from './vendor-failure.ts'

/** What a vendor answers: the result, or a reference of its own under which it works on it. */
export type VendorResult<T> =
  { readonly state: 'done'; readonly result: T } | { readonly state: 'waiting'; readonly reference: string }

export interface Vendor {
  /** As a producer knows it; begins every message. */
  readonly title: string
  /** Everything before a call's path, version included where the vendor's own clients have it there. */
  readonly baseUrl: string
  /** Empty for a server that asks for none. */
  readonly apiKey: string
  /** The headers that carry the key; not asked when there is none. */
  readonly keyHeaders: (apiKey: string) => Readonly<Record<string, string>>
}

/** Where a vendor is reached and with whose key; both come from outside. */
export type Access = Pick<Vendor, 'baseUrl' | 'apiKey'>

export interface RequestBody {
  readonly contentType: string
  readonly bytes: number
  /** Text, or bytes that are never whole in memory. */
  readonly content: string | AsyncIterable<Buffer>
}

export interface VendorCall<T> {
  readonly method: 'GET' | 'POST'
  readonly path: string
  readonly query?: Readonly<Record<string, string>>
  readonly body?: RequestBody
  /** Takes from a 2xx answer what was asked for; whatever it throws means that the answer is of no use. */
  readonly read: (answer: Buffer) => T
  /**
   * Whether the vendor charges for it once it is accepted: then a lost answer is `unclear`, else it is only
   * `later`.
   */
  readonly paid: boolean
  readonly timeoutMs: number
  /** Besides the key, what no message may repeat: signed URLs, shared secrets. */
  readonly secrets?: readonly string[]
}

/**
 * The longest time for a vendor that answers in one piece: paid-call.ts considers a call lost after 15
 * minutes.
 */
export const longestAnswerMs = 14 * 60_000

/** A ten-hour transcript has about 12 MiB, ten minutes of speech in base64 about 40. */
const longestAnswer = 64 * 1024 * 1024
/** Complaints are short; what is longer is a page for a browser. */
const longestComplaint = 16 * 1024

/**
 * Sends one request and reads its answer. Follows no redirects: they would carry the key elsewhere.
 * Throws VendorError; the signal's reason when it aborts; and whatever the body's own source throws.
 */
export async function callVendor<T>(vendor: Vendor, call: VendorCall<T>, signal: AbortSignal): Promise<T> {
  signal.throwIfAborted()
  const limit = AbortSignal.timeout(call.timeoutMs)
  const body = follow(call.body)
  const request = open(
    addressOf(vendor, call),
    call.method,
    headersOf(vendor, call),
    AbortSignal.any([signal, limit]),
  )
  let response: IncomingMessage | undefined
  let answer: Buffer
  try {
    response = await between('vendor.call', `${call.method} ${vendor.title}`, () =>
      send(request, body.content),
    )
    answer = await readBounded(response, isFine(response) ? longestAnswer : longestComplaint)
  } catch (error) {
    if (signal.aborted) throw signal.reason
    if (body.failure()) throw body.failure()!.error
    if (response && !isFine(response)) throw refusal(vendor, call, response, '')
    throw lost(vendor, call, error, request.writableFinished, limit.aborted)
  } finally {
    request.destroy()
  }
  if (!isFine(response)) throw refusal(vendor, call, response, answer.toString('utf8'))
  return useAnswer(vendor, call, response, answer)
}

/** A request body of JSON. */
export function jsonBody(value: unknown): RequestBody {
  const content = JSON.stringify(value)
  return { contentType: 'application/json', bytes: Buffer.byteLength(content), content }
}

/** Reads an answer of JSON that fits the schema. */
export const readJson =
  <T>(schema: z.ZodType<T>) =>
  (answer: Buffer): T => {
    const parsed = schema.safeParse(JSON.parse(answer.toString('utf8')))
    if (!parsed.success) throw new Error(z.prettifyError(parsed.error), { cause: parsed.error })
    return parsed.data
  }

/** The error for an answer that came but says no in its own way: a failed job, an empty text, silence. */
export const refuse = (
  vendor: Pick<Vendor, 'title' | 'apiKey'>,
  what: string,
  code: VendorErrorCode = 'provider_rejected',
): VendorError =>
  new VendorError(presentable(`${vendor.title} ${what}`, [vendor.apiKey]), { kind: 'refused', code })

function headersOf<T>(
  { title, apiKey, keyHeaders }: Vendor,
  { body }: VendorCall<T>,
): Record<string, string> {
  if (/[^\x21-\x7e]/.test(apiKey))
    throw new VendorError(
      `The key for ${title} has characters that no key has, such as spaces or line breaks.`,
      {
        kind: 'refused',
        code: 'provider_key_refused',
      },
    )
  return {
    accept: 'application/json, */*',
    ...(apiKey === '' ? {} : keyHeaders(apiKey)),
    ...(body ? { 'content-type': body.contentType, 'content-length': String(body.bytes) } : {}),
  }
}

function addressOf<T>({ baseUrl }: Vendor, { path, query }: VendorCall<T>): URL {
  const parameters = query ? `?${new URLSearchParams(query).toString()}` : ''
  return new URL(`${baseUrl.replace(/\/+$/, '')}${path}${parameters}`)
}

type Content = RequestBody['content'] | undefined

/** The body, and the error of its own source, if it had one: that is no fault of the vendor's. */
function follow(body: RequestBody | undefined): {
  content: Content
  failure: () => { readonly error: unknown } | undefined
} {
  if (body === undefined || typeof body.content === 'string')
    return { content: body?.content, failure: () => undefined }
  let failure: { error: unknown } | undefined
  async function* followed(source: AsyncIterable<Buffer>, announced: number): AsyncGenerator<Buffer> {
    let bytes = 0
    try {
      for await (const part of source) {
        bytes += part.length
        yield part
      }
      if (bytes !== announced)
        throw new Error(`${bytes} bytes were to be sent, and ${announced} had been announced.`)
    } catch (error) {
      failure = { error }
      throw error
    }
  }
  return { content: followed(body.content, body.bytes), failure: () => failure }
}

/** A request on a connection of its own. */
const open = (
  address: URL,
  method: string,
  headers: Record<string, string>,
  signal: AbortSignal,
): ClientRequest =>
  (address.protocol === 'https:' ? requestHttps : requestHttp)(address, {
    method,
    headers,
    signal,
    agent: false,
  })

/** A vendor may answer before it has read everything; then the rest stays unsent. */
async function send(request: ClientRequest, content: Content): Promise<IncomingMessage> {
  request.on('error', () => undefined) // whoever waits sees it: for the response now, for its end later
  const answered = once(request, 'response') as Promise<[IncomingMessage]>
  if (content === undefined || typeof content === 'string') request.end(content)
  const sent = content === undefined || typeof content === 'string' ? undefined : pipeline(content, request)
  const [response] = await Promise.race([answered, sent?.then(() => answered) ?? answered])
  return response
}

const isFine = ({ statusCode = 0 }: IncomingMessage): boolean => statusCode >= 200 && statusCode < 300

class TooLong extends Error {}

async function readBounded(response: IncomingMessage, limit: number): Promise<Buffer> {
  const parts: Buffer[] = []
  let bytes = 0
  for await (const part of response as AsyncIterable<Buffer>) {
    parts.push(part)
    bytes += part.length
    if (bytes <= limit) continue
    if (isFine(response)) throw new TooLong(`more than ${limit} bytes`)
    break
  }
  return Buffer.concat(parts)
}

function useAnswer<T>(
  vendor: Vendor,
  call: VendorCall<T>,
  { statusCode }: IncomingMessage,
  answer: Buffer,
): T {
  try {
    return call.read(answer)
  } catch (error) {
    throw error instanceof VendorError ? error : unusable(vendor, call, statusCode, error)
  }
}

function unusable<T>(
  vendor: Vendor,
  call: VendorCall<T>,
  status: number | undefined,
  cause: unknown,
): VendorError {
  const why = cause instanceof Error ? cause.message : String(cause)
  const message = presentable(
    `${vendor.title} answered ${status ?? ''} with something that cannot be used: ${why}`,
    secretsOf(vendor, call),
  )
  const meaning = call.paid
    ? ({ kind: 'unclear', code: 'provider_unclear' } as const)
    : ({ kind: 'refused', code: 'provider_rejected' } as const)
  return new VendorError(message, { ...meaning, ...(status === undefined ? {} : { status }), cause })
}

/** `sent`: all of the request left this machine; before that no vendor can have accepted it. */
function lost<T>(
  vendor: Vendor,
  call: VendorCall<T>,
  cause: unknown,
  sent: boolean,
  tooLate: boolean,
): VendorError {
  if (cause instanceof TooLong) return unusable(vendor, call, undefined, cause)
  const reason = codeOf(cause) ?? ''
  const what = tooLate
    ? `did not answer within ${Math.round(call.timeoutMs / 1000)} seconds`
    : `could not be reached, or hung up (${reason || 'no reason given'})`
  const doubt = call.paid && sent
  const message = `${vendor.title} ${what}.${doubt ? ' It may have accepted the request.' : ''}`
  return new VendorError(
    message,
    doubt
      ? { kind: 'unclear', code: 'provider_unclear', cause }
      : { kind: 'later', code: 'provider_unavailable', cause },
  )
}

function refusal<T>(
  vendor: Vendor,
  call: VendorCall<T>,
  { statusCode: status = 0, headers }: IncomingMessage,
  text: string,
): VendorError {
  const complaint = complaintIn(text)
  const message = presentable(
    `${vendor.title} answered ${status}${complaint.message && `: ${complaint.message}`}`,
    secretsOf(vendor, call),
  )
  const retryAfterMs = retryAfter(headers) ?? complaint.retryAfterMs
  return new VendorError(message, {
    ...meaningOf(status, complaint, call.paid),
    retryAfterMs,
    status,
    vendorCodes: complaint.codes,
  })
}

const secretsOf = <T>({ apiKey }: Vendor, { secrets }: VendorCall<T>): string[] => [
  apiKey,
  ...(secrets ?? []),
]
