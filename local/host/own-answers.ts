/** What the host of the functions answers itself: the keys by which its callers are known, and where to go from its root. */

interface Answer {
  readonly status: number
  readonly headers: Readonly<Record<string, string>>
  readonly body: string
}

const way = `Spool is here.
  /console/          its pages; ./spool console prints a link that signs you in
  /api/              its API, described at /api/openapi.json; ./spool api-key makes a key
`

/** Undefined where a function answers. */
export function ownAnswer(url: string, jwks: string): Answer | undefined {
  const plain = { 'content-type': 'text/plain; charset=utf-8' }
  switch (url.split('?')[0]) {
    case '/jwks.json':
      return { status: 200, headers: { 'content-type': 'application/json' }, body: jwks }
    case '/':
      return { status: 200, headers: plain, body: way }
    case '/openapi.json': // not sent there: clients know by the document where the API is
      return { status: 404, headers: plain, body: 'The document of the API is at /api/openapi.json.\n' }
    default:
      return undefined
  }
}
