/**
 * Keeps functions-framework's hands off a request until its function has seen who calls. The framework
 * parses every body and decodes every path first, and answers what it cannot read by itself: with a page of
 * HTML, before anybody was asked for a key, and with the body in the log. Hides how it is made to leave a
 * request alone.
 */
import { subscribe } from 'node:diagnostics_channel'
import type { IncomingMessage } from 'node:http'

/**
 * Requests to a function that `isOwn` knows are left as they came. Node announces each request before any
 * handler has it; without a type, the framework's parsers find nothing to parse. Headers as they were sent
 * are in `rawHeaders`, which web requests are made from. `target` is the one function of this process,
 * where there is but one; else the path begins with its name.
 */
export function leaveUntouched(isOwn: (functionName: string) => boolean, target: string | undefined): void {
  subscribe('http.server.request.start', (message) => {
    const { request } = message as { readonly request: IncomingMessage }
    if (!isOwn(target ?? request.url!.slice(1).split(/[/?]/)[0]!)) return
    delete request.headers['content-type']
    if (!isDecodable(request.url!)) request.url = request.url!.replaceAll('%', '%25')
  })
}

function isDecodable(url: string): boolean {
  try {
    decodeURIComponent(url.split('?')[0]!)
    return true
  } catch {
    return false
  }
}
