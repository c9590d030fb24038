/**
 * Finds the handler for a request: the table that json-api.ts and xml-api.ts fill, and what a handler is
 * given.
 */
import type { IncomingMessage, ServerResponse } from 'node:http'
import type { Blobs } from './blobs.ts'
import type { Objects } from './objects.ts'
import type { UrlVerifier } from './signed-urls.ts'
import type { ResumableUploads } from './uploads.ts'

/** What a handler gets: one request, its path taken apart, and the stores it may use. */
export interface Call {
  request: IncomingMessage
  response: ServerResponse
  path: string
  parameters: readonly string[]
  query: URLSearchParams
  origin: string
  objects: Objects
  blobs: Blobs
  uploads: ResumableUploads
  verifyUrl: UrlVerifier
}

export type Route = [methods: string, path: RegExp, handle: (call: Call) => void | Promise<void>]
