// Ways to a database: over a socket in the file system, and through a pooler that lends its sessions.
import { connect, createServer, type Server, type Socket } from 'node:net'
import { afterEach, beforeEach, describe, expect, test } from '@jest/globals'
import { parseConfig } from '../../shared/config.ts'
import { rows, withDatabase } from '../../shared/db/connect.ts'
import { migrate } from '../../shared/db/migrate.ts'
import { classify, Retryable } from '../../shared/errors.ts'
import { freshDatabase, type Database } from '../support/database.ts'
import { socketVariable } from '../support/test-server.ts'

let database: Database
const servers: Server[] = []
beforeEach(async () => {
  database = await freshDatabase('empty')
})
afterEach(async () => {
  for (const server of servers.splice(0)) server.close()
  await database.drop()
})

/**
 * Listens where it is told, and hands each connection on to the database once `welcome` has seen its first
 * bytes.
 */
async function inFront(
  where: { port: 0; host: string },
  welcome: (first: Buffer) => Buffer | undefined,
): Promise<Server> {
  const { hostname, port } = new URL(database.url)
  const server = createServer((client: Socket) => {
    client.on('error', () => undefined)
    client.once('data', (first) => {
      const refusal = welcome(first)
      if (refusal) {
        client.end(refusal)
        return
      }
      const backend = connect(Number(port), hostname).on('error', () => client.destroy())
      backend.write(first)
      client.pipe(backend).pipe(client)
    })
  })
  await new Promise<void>((resolve) => server.listen(where, resolve))
  servers.push(server)
  return server
}

const one = (url: string) => withDatabase(url, (db) => rows<{ one: number }>(db, 'SELECT 1 AS one'))

test('A database is reached over its socket, as on Cloud Run', async () => {
  const { username, password, pathname, port } = new URL(database.url)
  const folder = process.env[socketVariable]!
  const url = `postgresql://${username}:${password}@${pathname}?host=${folder}&port=${port}`
  expect(parseConfig({ ...settings, DATABASE_URL: url }).databaseUrl).toBe(url)
  const [reached] = await withDatabase(url, (db) =>
    rows<{ over: string | null }>(db, 'SELECT inet_client_addr()::text AS over'),
  )
  expect(reached).toEqual({ over: null }) // no network's address: a socket
  expect((await migrate(url)).length).toBeGreaterThan(0)
})

/** What a configuration has besides. */
const settings = {
  PROJECT_ID: 'project',
  FUNCTIONS_URL: 'https://functions.example',
  CALLER_AUDIENCE: 'https://spool.example',
  CALLER_EMAIL: 'caller@project.iam.gserviceaccount.com',
  PUBLIC_BASE_URL: 'https://media.example',
}

/** What PgBouncer takes in a start-up packet; of anything else it says so and hangs up. */
const pooled = [
  'user',
  'database',
  'client_encoding',
  'datestyle',
  'timezone',
  'standard_conforming_strings',
  'application_name',
]

function asPgBouncer(first: Buffer): Buffer | undefined {
  const parts = first.subarray(8).toString().split('\0')
  const names = parts.filter((name, i) => i % 2 === 0 && name !== '').map((name) => name.toLowerCase())
  const strange = names.find((name) => !pooled.includes(name))
  if (strange === undefined) return undefined
  const fields = `SFATAL\0C08P01\0Munsupported startup parameter: ${strange}\0\0`
  const head = Buffer.alloc(5)
  head.write('E')
  head.writeInt32BE(4 + fields.length, 1)
  return Buffer.concat([head, Buffer.from(fields)])
}

describe('Behind a pooler that lends its sessions', () => {
  const through = async () => {
    const server = await inFront({ port: 0, host: '127.0.0.1' }, asPgBouncer)
    const url = new URL(database.url)
    url.port = String((server.address() as { port: number }).port)
    return url.href
  }

  test('a connection asks for nothing that the pooler refuses', async () => {
    expect(await one(await through())).toEqual([{ one: 1 }])
  })

  test('a setting of the session is refused by this pooler, as by the real one', async () => {
    await expect(one(`${await through()}?statement_timeout=1000`)).rejects.toMatchObject({ code: '08P01' })
  })

  test('the schema is migrated, and no lock and no setting stays with the session', async () => {
    const url = await through()
    const left = await withDatabase(url, async (db) => {
      expect((await migrate(url)).length).toBeGreaterThan(0)
      return await rows(db, `SELECT 1 FROM pg_locks WHERE locktype = 'advisory'`)
    })
    expect(left).toEqual([])
  })

  test('a statement that takes too long is given up, and may be tried again', async () => {
    const patience = 100
    const asked = withDatabase(await through(), (db) => db.raw('SELECT pg_sleep(600)'), patience)
    expect(classify(await asked.catch((error: unknown) => error))).toBeInstanceOf(Retryable)
  })
})
