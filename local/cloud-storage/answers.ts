/**
 * HTTP answers of the local Cloud Storage, refusals above all. Hides how a refusal looks on the wire: one
 * kind of error, in Google's JSON form for the JSON API and in XML for /bucket/object.
 */
import type { IncomingMessage, ServerResponse } from 'node:http'
import { z } from 'zod'

const REFUSALS = {
  invalid: { status: 400, xmlCode: 'InvalidArgument' },
  expiredToken: { status: 400, xmlCode: 'ExpiredToken' },
  unauthorized: { status: 401, xmlCode: 'AuthenticationRequired' },
  forbidden: { status: 403, xmlCode: 'AccessDenied' },
  signatureDoesNotMatch: { status: 403, xmlCode: 'SignatureDoesNotMatch' },
  notFound: { status: 404, xmlCode: 'NoSuchKey' },
  conflict: { status: 409, xmlCode: 'BucketAlreadyExists' },
  conditionNotMet: { status: 412, xmlCode: 'PreconditionFailed' },
  notModified: { status: 304, xmlCode: 'NotModified' },
  requestedRangeNotSatisfiable: { status: 416, xmlCode: 'InvalidRange' },
  clientClosedRequest: { status: 499, xmlCode: 'ClientClosedRequest' },
  backendError: { status: 500, xmlCode: 'InternalError' },
  notImplemented: { status: 501, xmlCode: 'NotImplemented' },
  unavailable: { status: 503, xmlCode: 'ServiceUnavailable' },
  insufficientStorage: { status: 507, xmlCode: 'InsufficientStorage' },
} as const

export type Reason = keyof typeof REFUSALS

export class StorageError extends Error {
  readonly reason: Reason

  constructor(reason: Reason, message: string, options?: ErrorOptions) {
    super(message, options)
    this.reason = reason
  }
}

const DISK_FULL = new Set(['ENOSPC', 'EDQUOT', 'EFBIG'])

function classify(error: unknown): StorageError {
  if (error instanceof StorageError) return error
  if (error instanceof z.ZodError)
    return new StorageError('invalid', z.prettifyError(error), { cause: error })
  const { code, message } = error as NodeJS.ErrnoException
  if (code && DISK_FULL.has(code))
    return new StorageError(
      'insufficientStorage',
      `The disk is full; the object was not stored: ${message}`,
      { cause: error },
    )
  return new StorageError('backendError', `The storage server could not complete the request: ${message}`, {
    cause: error,
  })
}

export function sendJson(
  response: ServerResponse,
  status: number,
  body: unknown,
  headers: Record<string, string> = {},
): void {
  const text = JSON.stringify(body)
  response.writeHead(status, {
    'Content-Type': 'application/json; charset=UTF-8',
    'Content-Length': Buffer.byteLength(text),
    ...headers,
  })
  response.end(text)
}

/**
 * Answers a failed request; once bytes of a download are out, the only honest answer left is to cut the
 * connection.
 */
export function sendRefusal(response: ServerResponse, error: unknown, form: 'json' | 'xml'): void {
  if (response.headersSent) return void response.destroy()
  const { reason, message } = classify(error)
  const { status, xmlCode } = REFUSALS[reason]
  if (status === 304) return void response.writeHead(304).end()
  if (form === 'json') {
    sendJson(response, status, {
      error: { code: status, message, errors: [{ message, domain: 'global', reason }] },
    })
    return
  }
  const text =
    `<?xml version='1.0' encoding='UTF-8'?>` +
    `<Error><Code>${xmlCode}</Code><Message>${escapeXml(message)}</Message></Error>`
  response
    .writeHead(status, {
      'Content-Type': 'application/xml; charset=UTF-8',
      'Content-Length': Buffer.byteLength(text),
    })
    .end(text)
}

const escapeXml = (text: string) =>
  text.replaceAll('&', '&amp;').replaceAll('<', '&lt;').replaceAll('>', '&gt;')

/**
 * The request's bytes; leaving the loop early keeps the socket, so that a refusal can still be answered on
 * it.
 */
export function bytesOf(request: IncomingMessage): AsyncIterableIterator<Buffer> {
  return request.iterator({ destroyOnReturn: false }) as AsyncIterableIterator<Buffer>
}

const JSON_BODY_LIMIT_BYTES = 1 << 20

export async function readJson(request: IncomingMessage): Promise<unknown> {
  const chunks: Buffer[] = []
  let sizeBytes = 0
  for await (const chunk of bytesOf(request)) {
    sizeBytes += chunk.length
    if (sizeBytes > JSON_BODY_LIMIT_BYTES)
      throw new StorageError('invalid', 'A JSON body is limited to 1 MiB.')
    chunks.push(chunk)
  }
  return parseJson(Buffer.concat(chunks).toString())
}

export function parseJson(text: string): unknown {
  try {
    return text.trim() === '' ? {} : JSON.parse(text)
  } catch (cause) {
    throw new StorageError('invalid', 'Parse Error: the body is not JSON.', { cause })
  }
}
