/**
 * Makes one attempt at a task: sends the HTTP request as Cloud Tasks does, and interprets its outcome. Hides
 * headers, tokens and sockets.
 */
import http from 'node:http'
import https from 'node:https'
import { status as grpcStatus } from '@grpc/grpc-js'
import type { Clock } from './clock.ts'
import type { Progress, TaskRow } from './journal.ts'

/** How an attempt ended. Code 0 is success; without `httpStatus` no response came. */
export type Outcome = { status: { code: number; message: string }; httpStatus?: number; retryAfter?: string }

export type Courier = { deliver(task: TaskRow, before: Progress): Promise<Outcome>; close(): void }

/**
 * Headers that Cloud Tasks sets itself or keeps for Google (target.proto, HttpRequest.headers), and those
 * that would break the framing.
 */
const RESERVED_HEADER =
  /^(host|content-length|user-agent|connection|transfer-encoding|x-(google|appengine|cloudtasks)-.*)$/i

const CODE_OF_HTTP_STATUS: Partial<Record<number, grpcStatus>> = {
  400: grpcStatus.INVALID_ARGUMENT,
  401: grpcStatus.UNAUTHENTICATED,
  403: grpcStatus.PERMISSION_DENIED,
  404: grpcStatus.NOT_FOUND,
  409: grpcStatus.ABORTED,
  429: grpcStatus.RESOURCE_EXHAUSTED,
  499: grpcStatus.CANCELLED,
  500: grpcStatus.INTERNAL,
  501: grpcStatus.UNIMPLEMENTED,
  503: grpcStatus.UNAVAILABLE,
  504: grpcStatus.DEADLINE_EXCEEDED,
}

/** Makes the ID tokens that tasks carry: for an audience, as a service account. */
export interface TokenSigner {
  sign(claims: { audience: string; email: string }): Promise<string>
}

/**
 * Opens the sending side. `close` cuts every connection, those of abandoned attempts included. Every task calls what lies below
 * `target`, where that is given: also one that was made when it was on another port.
 */
export function openCourier(identity: TokenSigner, clock: Clock, target?: string): Courier {
  // A connection per attempt: none is reused after its worker died, and an abandoned one bothers nobody.
  const agents = { 'http:': new http.Agent(), 'https:': new https.Agent() }
  let closed = false
  return {
    async deliver(task, before) {
      const { oidc } = task.target
      const token = oidc && (await identity.sign(oidc))
      if (closed) return failure(grpcStatus.CANCELLED, 'the queue server is closing')
      const url = addressNow(task.target.url, target)
      return send(task, url, requestHeaders(task, before, token), agents, clock)
    },
    close() {
      closed = true
      agents['http:'].destroy()
      agents['https:'].destroy()
    },
  }
}

/** The request's headers; `before` is the task's progress before this attempt. */
function requestHeaders(
  task: TaskRow,
  before: Progress,
  token: string | undefined,
): Record<string, string | number> {
  const { last } = before
  const own = Object.entries(task.target.headers).filter(
    ([name]) =>
      !RESERVED_HEADER.test(name) && !(token !== undefined && name.toLowerCase() === 'authorization'),
  )
  return {
    ...Object.fromEntries(own),
    'User-Agent': 'Google-Cloud-Tasks',
    'X-CloudTasks-QueueName': lastSegment(task.queue),
    'X-CloudTasks-TaskName': lastSegment(task.name),
    'X-CloudTasks-TaskRetryCount': before.dispatchCount,
    'X-CloudTasks-TaskExecutionCount': before.executionCount,
    'X-CloudTasks-TaskETA': (before.scheduleTime / 1000).toFixed(6),
    ...(last?.httpStatus !== undefined && { 'X-CloudTasks-TaskPreviousResponse': last.httpStatus }),
    ...(last && {
      'X-CloudTasks-TaskRetryReason':
        last.status?.message ?? describe(grpcStatus.UNKNOWN, 'no response is known'),
    }),
    ...(token !== undefined && { Authorization: `Bearer ${token}` }),
  }
}

const addressNow = (url: string, target = url): URL => {
  const { pathname, search } = new URL(url)
  return new URL(`${pathname}${search}`, target)
}

type Agents = { 'http:': http.Agent; 'https:': https.Agent }

// node:http and not fetch, which gives up on its own after 300 s without response headers: a deadline may be
// 30 minutes.
function send(
  task: TaskRow,
  url: URL,
  headers: Record<string, string | number>,
  agents: Agents,
  clock: Clock,
): Promise<Outcome> {
  return new Promise((resolve) => {
    const body = Buffer.from(task.target.body, 'base64')
    const secure = url.protocol === 'https:'
    const hasBody = ['POST', 'PUT', 'PATCH'].includes(task.target.method)
    const request = (secure ? https : http).request(url, {
      method: task.target.method,
      headers: hasBody ? { ...headers, 'Content-Length': body.length } : headers,
      agent: agents[secure ? 'https:' : 'http:'],
    })
    // Past the deadline nobody listens, but the request is left alone: the handler runs on, as it does behind
    // Google's queue.
    const cancelDeadline = clock.after(task.deadlineMs, () =>
      resolve(failure(grpcStatus.DEADLINE_EXCEEDED, `no response within ${task.deadlineMs / 1000} s`)),
    )
    const settle = (outcome: Outcome) => {
      cancelDeadline()
      resolve(outcome)
    }
    const broken = (error: NodeJS.ErrnoException) =>
      settle(failure(grpcStatus.UNAVAILABLE, error.code ?? 'connection failed'))
    request.on('error', broken)
    request.on('response', (response) => {
      response.on('error', broken)
      response.on('end', () => settle(answered(response)))
      response.resume()
    })
    request.end(body)
  })
}

function answered(response: http.IncomingMessage): Outcome {
  const httpStatus = response.statusCode ?? 0
  if (httpStatus >= 200 && httpStatus <= 299)
    return { httpStatus, status: { code: grpcStatus.OK, message: 'OK' } }
  const code = CODE_OF_HTTP_STATUS[httpStatus] ?? grpcStatus.UNKNOWN
  const retryAfter = response.headers['retry-after']
  return {
    ...failure(code, `HTTP status code ${httpStatus}`),
    httpStatus,
    ...(retryAfter !== undefined && { retryAfter }),
  }
}

const failure = (code: grpcStatus, why: string): Outcome => ({
  status: { code, message: describe(code, why) },
})

const describe = (code: grpcStatus, why: string) => `${grpcStatus[code]}(${code}): ${why}`

const lastSegment = (name: string) => name.slice(name.lastIndexOf('/') + 1)
