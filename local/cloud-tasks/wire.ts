/** Converts the messages of google.cloud.tasks.v2 to rows and back, checked by Google's rules. */
import { randomBytes } from 'node:crypto'
import { validateHeaderName, validateHeaderValue } from 'node:http'
import { status } from '@grpc/grpc-js'
import { burstSize } from './backoff.ts'
import type { Attempt, QueueRow, RateLimits, RetryConfig, Target, TaskRow } from './journal.ts'

/** Seconds and nanoseconds: a Timestamp since 1970, or a Duration. */
type Seconds = { seconds: number; nanos: number }
type RateLimitsMessage = {
  maxDispatchesPerSecond: number
  maxBurstSize: number
  maxConcurrentDispatches: number
}
type RetryConfigMessage = {
  maxAttempts: number
  maxRetryDuration: Seconds | null
  minBackoff: Seconds | null
  maxBackoff: Seconds | null
  maxDoublings: number
}
/** Numbers are 0 and messages null when the caller left them out (proto3); members of a oneof are absent. */
export type QueueMessage = {
  name: string
  rateLimits: RateLimitsMessage | null
  retryConfig: RetryConfigMessage | null
}
type HttpRequestMessage = {
  url: string
  httpMethod: string
  headers: Record<string, string>
  body: Buffer
  oauthToken?: object
  oidcToken?: { serviceAccountEmail: string; audience: string }
}
export type TaskMessage = {
  name: string
  httpRequest?: HttpRequestMessage
  scheduleTime: Seconds | null
  dispatchDeadline: Seconds | null
}
export type View = 'VIEW_UNSPECIFIED' | 'BASIC' | 'FULL'

/** A call refused with a gRPC status. */
export class Refusal extends Error {
  readonly code: status

  constructor(code: status, message: string) {
    super(message)
    this.code = code
  }
}

export const refuse = (code: Exclude<keyof typeof status, number>, message: string): Refusal =>
  new Refusal(status[code], message)

const invalid = (message: string) => refuse('INVALID_ARGUMENT', message)

/** Checks a rule; the message names the limit that was broken. */
function check(holds: boolean, message: string): asserts holds {
  if (!holds) throw invalid(message)
}

const location = 'projects/[A-Za-z0-9:.-]+/locations/[A-Za-z0-9-]+'
const queue = `${location}/queues/[A-Za-z0-9-]{1,100}`
const LOCATION_NAME = new RegExp(`^${location}$`)
const QUEUE_NAME = new RegExp(`^${queue}$`)
const TASK_NAME = new RegExp(`^${queue}/tasks/[A-Za-z0-9_-]{1,500}$`)

export function locationName(name: string): string {
  check(LOCATION_NAME.test(name), `"${name}" is not of the form projects/PROJECT/locations/LOCATION`)
  return name
}

export function queueName(name: string): string {
  check(
    QUEUE_NAME.test(name),
    `"${name}" is not of the form projects/PROJECT/locations/LOCATION/queues/QUEUE, ` +
      'QUEUE being 1 to 100 of [A-Za-z0-9-]',
  )
  return name
}

export function taskName(name: string): string {
  check(
    TASK_NAME.test(name),
    `"${name}" is not of the form projects/PROJECT/locations/LOCATION/queues/QUEUE/tasks/TASK, ` +
      'TASK being 1 to 500 of [A-Za-z0-9_-]',
  )
  return name
}

// What a queue gets when its creator says nothing. From emulators' sources: Google's pages name no defaults.
const DEFAULT_RATE: RateLimits = { maxDispatchesPerSecond: 500, maxConcurrentDispatches: 1000 }
const DEFAULT_RETRY: RetryConfig = {
  maxAttempts: 100,
  maxRetryDurationMs: 0,
  minBackoffMs: 100,
  maxBackoffMs: 3_600_000,
  maxDoublings: 16,
}

/** The settings a caller asks for, the rest defaults. */
export function readQueue(message: QueueMessage): Pick<QueueRow, 'rateLimits' | 'retryConfig'> {
  const rate = message.rateLimits
  const retry = message.retryConfig
  const rateLimits = {
    maxDispatchesPerSecond: rate?.maxDispatchesPerSecond || DEFAULT_RATE.maxDispatchesPerSecond,
    maxConcurrentDispatches: rate?.maxConcurrentDispatches || DEFAULT_RATE.maxConcurrentDispatches,
  }
  const retryConfig = {
    maxAttempts: retry?.maxAttempts || DEFAULT_RETRY.maxAttempts,
    maxRetryDurationMs: toMs(retry?.maxRetryDuration) ?? DEFAULT_RETRY.maxRetryDurationMs,
    // The proto says truncated to the second, the default of 0.1 s says otherwise: kept as given.
    minBackoffMs: toMs(retry?.minBackoff) ?? DEFAULT_RETRY.minBackoffMs,
    maxBackoffMs: toMs(retry?.maxBackoff) ?? DEFAULT_RETRY.maxBackoffMs,
    maxDoublings: retry?.maxDoublings || DEFAULT_RETRY.maxDoublings,
  }
  check(
    rateLimits.maxDispatchesPerSecond > 0 && rateLimits.maxDispatchesPerSecond <= 500,
    'maxDispatchesPerSecond must be above 0 and at most 500',
  )
  check(
    rateLimits.maxConcurrentDispatches > 0 && rateLimits.maxConcurrentDispatches <= 5000,
    'maxConcurrentDispatches must be from 1 to 5000',
  )
  check(retryConfig.maxAttempts >= -1, 'maxAttempts must be −1 (unlimited) or more')
  check(retryConfig.maxRetryDurationMs >= 0, 'maxRetryDuration must not be negative')
  check(retryConfig.maxDoublings >= 0, 'maxDoublings must not be negative')
  check(
    retryConfig.minBackoffMs >= 0 && retryConfig.minBackoffMs <= retryConfig.maxBackoffMs,
    'minBackoff must be from 0 to maxBackoff',
  )
  return { rateLimits, retryConfig }
}

export function writeQueue({ name, state, rateLimits, retryConfig, purgeTime }: QueueRow) {
  return {
    name,
    state,
    rateLimits: { ...rateLimits, maxBurstSize: burstSize(rateLimits.maxDispatchesPerSecond) },
    retryConfig: {
      maxAttempts: retryConfig.maxAttempts,
      maxDoublings: retryConfig.maxDoublings,
      maxRetryDuration: toSeconds(retryConfig.maxRetryDurationMs),
      minBackoff: toSeconds(retryConfig.minBackoffMs),
      maxBackoff: toSeconds(retryConfig.maxBackoffMs),
    },
    purgeTime: purgeTime === undefined ? null : toSeconds(purgeTime),
  }
}

/** The queue's present settings with the masked fields replaced; an empty mask replaces all. */
export function maskedQueue(current: QueueRow, update: QueueMessage, paths: string[]): QueueMessage {
  if (paths.length === 0) return update
  const merged = writeQueue(current)
  const { rateLimits, retryConfig } = merged
  const parts = { rateLimits, retryConfig }
  for (const path of paths) {
    const [part = '', field] = path
      .replace(/_([a-z])/g, (_, letter: string) => letter.toUpperCase())
      .split('.')
    if (part === 'name' || part === 'state') continue
    check(
      part === 'rateLimits' || part === 'retryConfig',
      `updateMask names "${path}", which is no field of a queue that can be set`,
    )
    const given = update[part] ?? {}
    if (field === undefined) Object.assign(parts, { [part]: given })
    else Object.assign(parts[part], { [field]: (given as Record<string, unknown>)[field] })
  }
  return { name: current.name, ...parts }
}

const MAX_TASK_BYTES = 1024 * 1024
const MAX_HEADER_BYTES = 80 * 1024
const MAX_URL_LENGTH = 2083
const MAX_SCHEDULE_AHEAD_MS = 30 * 86_400_000
const DEADLINE_MS = { least: 15_000, most: 30 * 60_000, default: 10 * 60_000 }

/** A task as its creator describes it, unnamed ones named. */
export function readTask(message: TaskMessage | null, queue: string, now: number): Omit<TaskRow, 'seq'> {
  check(message !== null, 'task is missing')
  if (message.name)
    check(
      taskName(message.name).startsWith(`${queue}/tasks/`),
      `the task's name must start with its queue's name, ${queue}/tasks/`,
    )
  const target = readTarget(message.httpRequest)
  const deadlineMs = toMs(message.dispatchDeadline) ?? DEADLINE_MS.default
  check(
    deadlineMs >= DEADLINE_MS.least && deadlineMs <= DEADLINE_MS.most,
    'dispatchDeadline must be from 15 s to 30 min',
  )
  const scheduleTime = Math.max(now, toMs(message.scheduleTime) ?? now)
  check(scheduleTime - now <= MAX_SCHEDULE_AHEAD_MS, 'scheduleTime must be at most 30 days ahead')
  return {
    name: message.name || `${queue}/tasks/${randomBytes(8).readBigUInt64BE()}`,
    queue,
    createTime: now,
    deadlineMs,
    target,
    progress: { scheduleTime, dispatchCount: 0, responseCount: 0, executionCount: 0 },
  }
}

function readTarget(request: HttpRequestMessage | undefined): Target {
  check(request !== undefined, 'httpRequest is missing; App Engine tasks are not dispatched here')
  const { url, headers, body, oidcToken } = request
  check(
    /^https?:\/\//.test(url) && URL.canParse(url),
    `httpRequest.url must be a URL that begins with http:// or https://, not "${url}"`,
  )
  check(url.length <= MAX_URL_LENGTH, `httpRequest.url must be at most ${MAX_URL_LENGTH} characters`)
  const method = request.httpMethod === 'HTTP_METHOD_UNSPECIFIED' ? 'POST' : request.httpMethod
  check(
    body.length === 0 || ['POST', 'PUT', 'PATCH'].includes(method),
    `a ${method} request takes no body; use POST, PUT or PATCH`,
  )
  const headerBytes = checkHeaders(headers)
  check(
    headerBytes + url.length + body.length <= MAX_TASK_BYTES,
    'a task must be at most 1 MiB; put large input into an object and pass its name',
  )
  if (request.oauthToken) throw refuse('UNIMPLEMENTED', 'oauthToken is not issued here; use oidcToken')
  if (oidcToken) check(oidcToken.serviceAccountEmail !== '', 'oidcToken.serviceAccountEmail is missing')
  return {
    url,
    method,
    headers,
    body: body.toString('base64'),
    ...(oidcToken && { oidc: { email: oidcToken.serviceAccountEmail, audience: oidcToken.audience || url } }),
  }
}

function checkHeaders(headers: Record<string, string>): number {
  let bytes = 0
  for (const [name, value] of Object.entries(headers)) {
    try {
      validateHeaderName(name)
      validateHeaderValue(name, value)
    } catch {
      throw invalid(`httpRequest.headers holds "${name}", whose name or value no HTTP request can carry`)
    }
    bytes += Buffer.byteLength(name) + Buffer.byteLength(value)
  }
  check(bytes <= MAX_HEADER_BYTES, 'httpRequest.headers must be at most 80 KB in all')
  return bytes
}

/** The task as callers see it; only the FULL view has the body. */
export function writeTask(task: TaskRow, view: View) {
  const { target, progress } = task
  const full = view === 'FULL'
  return {
    name: task.name,
    httpRequest: {
      url: target.url,
      httpMethod: target.method,
      headers: target.headers,
      ...(full && { body: Buffer.from(target.body, 'base64') }),
      ...(target.oidc && {
        oidcToken: { serviceAccountEmail: target.oidc.email, audience: target.oidc.audience },
      }),
    },
    scheduleTime: toSeconds(progress.scheduleTime),
    createTime: toSeconds(Math.floor(task.createTime / 1000) * 1000),
    dispatchDeadline: toSeconds(task.deadlineMs),
    dispatchCount: progress.dispatchCount,
    responseCount: progress.responseCount,
    firstAttempt:
      progress.firstDispatchTime === undefined
        ? null
        : { dispatchTime: toSeconds(progress.firstDispatchTime) },
    lastAttempt: progress.last ? writeAttempt(progress.last) : null,
    view: full ? 'FULL' : 'BASIC',
  }
}

const writeAttempt = (attempt: Attempt) => ({
  scheduleTime: toSeconds(attempt.scheduleTime),
  dispatchTime: toSeconds(attempt.dispatchTime),
  responseTime: attempt.responseTime === undefined ? null : toSeconds(attempt.responseTime),
  responseStatus: attempt.status ?? null,
})

const toMs = (time: Seconds | null | undefined) => (time ? time.seconds * 1000 + time.nanos / 1e6 : undefined)

function toSeconds(ms: number): Seconds {
  const seconds = Math.floor(ms / 1000)
  return { seconds, nanos: Math.min(999_999_999, Math.round((ms - seconds * 1000) * 1e6)) }
}
