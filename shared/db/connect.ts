/**
 * Opens a database connection for the length of one block of code, or of a few. Hides the pool, the timeouts and where the
 * driver's own messages go. A session never outlives its block: rows come out as plain values, and nothing in
 * them can reach back.
 */
import type { Knex } from 'knex'
import { between, isWatched, type Effect } from '../boundaries.ts'
import { log } from '../log.ts'

/**
 * Knex would print to the console. Its messages are thrown as errors as well, so a line of the log is enough.
 */
const say = (message: unknown): void => log.warn({ error: String(message) }, 'database')

/**
 * No statement of the product's takes longer. It is counted here and not by the server: a setting of the
 * session cannot be asked for where a pooler lends its sessions (PgBouncer refuses the connection).
 */
const longestStatementMs = 30_000

/**
 * Opens one connection, runs `use`, closes it whatever happened. Never nest work on audio inside. With 0 for
 * `statementMs` a statement may take as long as it likes.
 */
export async function withDatabase<T>(
  databaseUrl: string,
  use: (db: Knex) => Promise<T>,
  statementMs = longestStatementMs,
): Promise<T> {
  const session = openSession(databaseUrl, statementMs)
  try {
    return await session.use(use)
  } finally {
    await session.release()
  }
}

/** One connection for several blocks, one after the other. */
export interface Session {
  /** The first block opens the connection, and so does the first after a release. */
  readonly use: <T>(block: (db: Knex) => Promise<T>) => Promise<T>
  /** Closes the connection, if there is one. */
  readonly release: () => Promise<void>
}

/** Connections that this process may open besides those it has, and who waits for one. */
let free = Infinity
const waiting: (() => void)[] = []

/**
 * From now on this process has at most so many connections at once, however many calls it serves; who comes later waits.
 * For processes in which no block opens another.
 */
export const limitConnections = (most: number): void => {
  free = most
}

async function takePlace(): Promise<void> {
  if (free > 0) free--
  else await new Promise<void>((resolve) => waiting.push(resolve))
}

function leavePlace(): void {
  const next = waiting.shift()
  if (next) next()
  else free++
}

/** Nothing is opened before it is used. Whoever opens a session releases it, whatever happened. */
export function openSession(databaseUrl: string, statementMs = longestStatementMs): Session {
  let db: Promise<Knex> | undefined
  const open = async (): Promise<Knex> => {
    await takePlace()
    try {
      return await connect(databaseUrl, statementMs)
    } catch (error) {
      leavePlace()
      throw error
    }
  }
  return {
    use: async (block) => await block(await (db ??= open())),
    release: async () => {
      const opened = await db?.catch(() => undefined)
      db = undefined
      if (!opened) return
      await opened.destroy().finally(leavePlace)
    },
  }
}

/** Of PostgreSQL. */
const leastVersion = '15'

/** Loading the client costs 20 ms, so it waits for the first connection. */
async function connect(databaseUrl: string, statementMs: number): Promise<Knex> {
  const { default: knex } = await import('knex')
  return knex({
    client: 'pg',
    version: leastVersion, // else knex asks the server, on every connection
    connection: {
      connectionString: databaseUrl,
      application_name: 'spool',
      connectionTimeoutMillis: 10_000,
      query_timeout: statementMs,
    },
    pool: { min: 0, max: 1, ...(isWatched() ? { afterCreate: watch } : {}) },
    log: { warn: say, error: say, deprecate: say, debug: say },
  })
}

/** The driver's connection, as knex uses it. */
interface DriverConnection {
  query: (
    statement: { readonly text: string } | string,
    done: (error: unknown, result?: unknown) => void,
  ) => void
}

/** Puts every statement of a connection between its two points. */
function watch(connection: DriverConnection, done: (error: unknown, connection: unknown) => void): void {
  const send = connection.query.bind(connection)
  connection.query = (statement, answer) => {
    const text = typeof statement === 'string' ? statement : statement.text
    const asked = (): Promise<unknown> =>
      new Promise((resolve, reject) =>
        send(statement, (error, result) => (error ? reject(error) : resolve(result))),
      )
    between(effectOf(text), text, asked).then((result) => answer(null, result), answer)
  }
  done(null, connection)
}

const effectOf = (statement: string): Effect =>
  /^\s*COMMIT/.test(statement)
    ? 'database.commit'
    : /^\s*(BEGIN|ROLLBACK|(SELECT|WITH)(?!.*\b(INSERT|UPDATE|DELETE)\b))/s.test(statement)
      ? 'database.read'
      : 'database.write'

/** The rows of one statement, as the given plain type. */
export async function rows<T>(
  db: Knex,
  sql: string,
  bindings: Record<string, Knex.RawBinding> = {},
): Promise<T[]> {
  // eslint-disable-next-line sql/no-composed-statement -- whoever calls this is looked at instead
  const result = await db.raw<{ rows: T[] }>(sql, bindings)
  return result.rows
}
