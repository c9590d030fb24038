/**
 * The error of a failed call to a vendor, and what an HTTP status means: can the request never work, was it
 * certainly not accepted, or does nobody know? Hides the codes with which vendors refuse a key or a payment.
 */
import type { IncomingMessage } from 'node:http'
import type { ErrorCode } from '../codes.ts'
import type { Complaint } from './complaints.ts'

/**
 * - `refused`: it can never work as sent;
 * - `later`: certainly not accepted, nothing was charged, try again later;
 * - `unclear`: it may have been accepted and charged.
 */
export type FailureKind = 'refused' | 'later' | 'unclear'

export type VendorErrorCode = Extract<
  ErrorCode,
  | 'provider_key_refused'
  | 'provider_unpaid'
  | 'provider_rejected'
  | 'provider_unavailable'
  | 'provider_unclear'
  | 'unknown_voice'
>

interface Failure {
  readonly kind: FailureKind
  readonly code: VendorErrorCode
  readonly retryAfterMs?: number | undefined
  readonly status?: number
  readonly vendorCodes?: readonly string[]
  readonly cause?: unknown
}

/**
 * A vendor did not do what it was asked to. The message is for the producer: the vendor's name, its status,
 * its own words.
 */
export class VendorError extends Error {
  override readonly name = 'VendorError'
  readonly kind: FailureKind
  readonly code: VendorErrorCode
  /** When the vendor wants to be asked again, if it said so. */
  readonly retryAfterMs: number | undefined
  /** The HTTP status; undefined when there was no answer. */
  readonly status: number | undefined
  /** The vendor's own codes, types and parameter names, as far as its answer had any. */
  readonly vendorCodes: readonly string[]
  constructor(message: string, { kind, code, retryAfterMs, status, vendorCodes, cause }: Failure) {
    super(message, { cause })
    this.kind = kind
    this.code = code
    this.retryAfterMs = retryAfterMs
    this.status = status
    this.vendorCodes = vendorCodes ?? []
  }
}

/** Out of credit, in the words of each: some say it with 400, 401, 403 or 429. */
const unpaidCodes = new Set([
  'insufficient_quota', // OpenAI, with 429
  'billing_not_active',
  'billing_hard_limit_reached',
  'quota_exceeded', // ElevenLabs, with 401
  'insufficient_credits',
  'payment_required',
  'subscription_required',
  'feature_not_available',
  'ASR_PAYMENT_REQUIRED', // Deepgram
])

const unpaidWords = /account balance is negative/i

// AssemblyAI, with 400 and no code
const keyCodes = new Set(['API_KEY_INVALID'])

// Gemini, with 400
/** A gateway that gave up waiting: what stands behind it may have finished. */
const gaveUpWaiting = new Set([504, 524])

export function meaningOf(
  status: number,
  { codes, message }: Complaint,
  paid: boolean,
): Pick<Failure, 'kind' | 'code'> {
  const unpaid = status === 402 || codes.some((code) => unpaidCodes.has(code)) || unpaidWords.test(message)
  if (unpaid && status < 500) return { kind: 'refused', code: 'provider_unpaid' }
  if (status === 401 || status === 403 || codes.some((code) => keyCodes.has(code)))
    return { kind: 'refused', code: 'provider_key_refused' }
  if (paid && gaveUpWaiting.has(status)) return { kind: 'unclear', code: 'provider_unclear' }
  if (status >= 500 || status === 429 || status === 408)
    return { kind: 'later', code: 'provider_unavailable' }
  return { kind: 'refused', code: 'provider_rejected' }
}

/** RFC 9110, 10.2.3: seconds or a date, here against the vendor's own clock. */
export function retryAfter(headers: IncomingMessage['headers']): number | undefined {
  const value = headers['retry-after']
  if (value === undefined) return undefined
  const seconds = Number(value)
  if (Number.isFinite(seconds)) return Math.max(0, seconds * 1000)
  const then = Date.parse(value)
  const now = Date.parse(headers.date ?? '')
  return Number.isNaN(then) ? undefined : Math.max(0, then - (Number.isNaN(now) ? Date.now() : now))
}
