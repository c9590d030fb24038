/** Where the console is: its address, taken apart into what its pages, cookies and checks need. */

export interface Site {
  readonly origin: string
  /** The path before every address: empty, or with a slash in front and none behind. */
  readonly base: string
  /** What a request may call the server. */
  readonly hosts: readonly string[]
  readonly isSecure: boolean
}

const loopback = ['127.0.0.1', 'localhost', '[::1]']

export function siteOf(address: string): Site {
  const { origin, host, hostname, port, protocol, pathname } = new URL(address)
  const hosts = loopback.includes(hostname) ? loopback.map((name) => `${name}:${port}`) : [host]
  return { origin, hosts, base: pathname.replace(/\/$/, ''), isSecure: protocol === 'https:' }
}
