/**
 * Ties the lines of the log to the request they were written for: the platform shows them under it. Hides where a
 * request's trace is found.
 */
import { subscribe } from 'node:diagnostics_channel'
import type { IncomingMessage } from 'node:http'
import { enterTrace } from '../log.ts'

/** From now on each request of this process has the trace that Google's front end gave it, if it gave one. */
export function traceRequests(projectId: string | undefined): void {
  // announced before any handler has the request, and in the context its handlers run in
  subscribe('http.server.request.start', (message) => {
    const { request } = message as { readonly request: IncomingMessage }
    const trace = traceOf(request.headers['x-cloud-trace-context'])
    if (projectId !== undefined && trace !== undefined) enterTrace(`projects/${projectId}/traces/${trace}`)
  })
}

/** `TRACE_ID/SPAN_ID;o=OPTIONS`: https://cloud.google.com/trace/docs/trace-context#legacy-http-header */
const traceOf = (header: string | string[] | undefined): string | undefined =>
  typeof header === 'string' ? /^[0-9a-f]{32}(?=$|[/;])/i.exec(header)?.[0] : undefined
