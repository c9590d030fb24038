/**
 * Counts what a task asks of its servers, on the wire: statements of PostgreSQL, and requests of Cloud Storage by the
 * class they are charged in. Hides both protocols; what is asked is passed on as it is.
 */
import { once } from 'node:events'
import http, { type Server as HttpServer } from 'node:http'
import net, { type AddressInfo, type Server } from 'node:net'

export interface Asked {
  readonly connections: number
  /** BEGIN and COMMIT among them. */
  readonly statements: number
  readonly transactions: number
  /** Class A: uploads begun, compositions, copies, lists. */
  readonly writes: number
  /** Class B: metadata and bytes. */
  readonly reads: number
}

type Counters = { -readonly [kind in keyof Asked]: Asked[kind] }

const none: Asked = { connections: 0, statements: 0, transactions: 0, writes: 0, reads: 0 }

export interface Counting {
  readonly databaseUrl: string
  readonly storageEndpoint: string
  /** What was asked since the last time. */
  readonly take: () => Asked
  /** Statements that a session would have to remember, which a pooler that lends sessions cannot. */
  readonly pinned: readonly string[]
  readonly close: () => Promise<void>
}

export async function startCounting(databaseUrl: string, storageEndpoint: string): Promise<Counting> {
  let counters: Counters = { ...none }
  const count = (kind: keyof Asked) => counters[kind]++
  const pinned: string[] = []
  const target = new URL(databaseUrl)
  const database = await listening(countStatements(Number(target.port), target.hostname, count, pinned))
  const storage = await listening(countRequests(storageEndpoint, count))
  target.hostname = '127.0.0.1'
  target.port = String(portOf(database))
  return {
    databaseUrl: target.href,
    storageEndpoint: `http://127.0.0.1:${portOf(storage)}`,
    pinned,
    take: () => {
      const taken = counters
      counters = { ...none }
      return taken
    },
    close: async () => {
      storage.closeAllConnections()
      await Promise.all([closed(database), closed(storage)])
    },
  }
}

const portOf = (server: Server): number => (server.address() as AddressInfo).port

async function listening<S extends Server>(server: S): Promise<S> {
  await once(server.listen(0, '127.0.0.1'), 'listening')
  return server
}

const closed = (server: Server): Promise<void> => new Promise((resolve) => server.close(() => resolve()))

const needsSession = /^\s*(SET(?! LOCAL)|RESET|LISTEN|PREPARE|DECLARE|LOAD|CREATE TEMP)|pg_advisory_lock/i

/**
 * The frontend's messages, after the start-up one which alone has no type: Q is a statement, P one with parameters
 * (https://www.postgresql.org/docs/current/protocol-message-formats.html).
 */
function countStatements(
  port: number,
  host: string,
  count: (kind: keyof Asked) => number,
  pinned: string[],
): Server {
  return net.createServer((client) => {
    count('connections')
    const server = net.connect(port, host)
    let rest: Buffer = Buffer.alloc(0)
    let hasStarted = false
    client.on('data', (data: Buffer) => {
      rest = Buffer.concat([rest, data])
      for (;;) {
        const typed = hasStarted ? 1 : 0
        if (rest.length < typed + 4) break
        const length = typed + rest.readUInt32BE(typed)
        if (rest.length < length) break
        const type = hasStarted ? String.fromCharCode(rest[0]!) : ''
        const [first = '', second = ''] = rest.toString('utf8', typed + 4, length).split('\0')
        if (type === 'Q' || type === 'P') count('statements')
        if (type === 'Q' && first.startsWith('BEGIN')) count('transactions')
        if (type === 'P' && first !== '') pinned.push(`${first}: ${second}`) // it has a name
        if (needsSession.test(type === 'Q' ? first : type === 'P' ? second : '')) pinned.push(first + second)
        hasStarted = true
        rest = rest.subarray(length)
      }
    })
    client.pipe(server).pipe(client)
    client.on('error', () => server.destroy())
    server.on('error', () => client.destroy())
  })
}

/** Continued uploads go to the address the server gave, past this; they are not charged. */
function countRequests(endpoint: string, count: (kind: keyof Asked) => number): HttpServer {
  return http.createServer((request, response) => {
    const kind = chargedAs(request.method!, request.url!)
    if (kind) count(kind)
    const { method, headers } = request
    const target = new URL(request.url!, endpoint)
    const call = http.request(
      target,
      { method, headers: { ...headers, host: target.host }, agent: false },
      (answer) => {
        response.writeHead(answer.statusCode!, answer.headers)
        answer.pipe(response)
      },
    )
    call.on('error', () => response.destroy())
    response.on('close', () => call.destroy())
    request.pipe(call)
  })
}

/** https://cloud.google.com/storage/pricing#operations-by-class */
function chargedAs(method: string, url: string): 'writes' | 'reads' | undefined {
  const isList = /\/o(\?|$)/.test(url)
  if (method === 'GET') return isList ? 'writes' : 'reads'
  return method === 'POST' || method === 'PATCH' ? 'writes' : undefined
}
