/**
 * Turns errors into problem documents (RFC 9457) with the product's error codes. The one place that says
 * which HTTP status a code has.
 */
import { z } from '@hono/zod-openapi'
import { HTTPException } from 'hono/http-exception'
import { errorCodes, type ErrorCode } from '../codes.ts'
import { NotReady } from '../episode/not-ready.ts'
import { AlreadyRunning, classify, Permanent } from '../errors.ts'

export const problemType = 'application/problem+json'

export const problem = z
  .object({
    type: z.string(),
    title: z.string(),
    status: z.number().int(),
    detail: z.string(),
    code: z.string(),
    /** The live run, where one stands in the way. */
    runId: z.string().optional(),
    /** All that stands in the way of an episode, where more than one thing does; `detail` says the first. */
    faults: z
      .array(z.object({ code: z.string(), file: z.string(), message: z.string() }))
      .readonly()
      .optional(),
  })
  .openapi('Problem')

export type Problem = z.infer<typeof problem>

const statuses: Readonly<Partial<Record<ErrorCode, number>>> = {
  unauthenticated: 401,
  monthly_cap: 402,
  forbidden: 403,
  not_found: 404,
  method_not_allowed: 405,
  already_running: 409,
  already_there: 409,
  changed_meanwhile: 409,
  too_many_comments: 409,
  too_many_shares: 409,
  not_publishable: 409,
  in_progress: 409,
  not_cancellable: 409,
  not_reviewable: 409,
  has_episodes: 409,
  asset_in_use: 409,
  request_too_large: 413,
  unsupported_encoding: 415,
  idempotency_mismatch: 422,
  bad_decisions: 422,
  rate_limited: 429,
  too_many_requests: 429,
  internal: 500,
}
const otherwise = 400

const notCalledJson = 'The body is taken as JSON only with "Content-Type: application/json".'

/** The problem document of anything thrown; an unforeseen error tells the caller nothing internal. */
export function problemOf(error: unknown): Problem {
  const kind =
    error instanceof HTTPException && error.status < 500
      ? new Permanent('bad_request', error.status === 415 ? notCalledJson : `${error.message}.`)
      : classify(error)
  const [code, detail] =
    kind instanceof Permanent
      ? [kind.code, kind.message]
      : (['internal', errorCodes.internal.meaning] as const)
  return {
    type: `urn:spool:problem:${code}`,
    title: errorCodes[code].meaning,
    status: statuses[code] ?? otherwise,
    detail,
    code,
    ...(kind instanceof AlreadyRunning ? { runId: kind.runId } : {}),
    ...(kind instanceof NotReady ? { faults: kind.faults } : {}),
  }
}

export const problemHeaders = ({ code }: Problem): Record<string, string> => ({
  'content-type': problemType,
  ...(code === 'unauthenticated' ? { 'www-authenticate': 'Bearer' } : {}),
  ...(code === 'unsupported_encoding' ? { 'accept-encoding': 'identity' } : {}),
  ...(code === 'too_many_requests' ? { 'retry-after': '60' } : {}),
  ...(code === 'rate_limited' ? { 'retry-after': '3600' } : {}),
})
