/**
 * Opens a database connection for the length of one block of code. Hides the pool, the timeouts and where the
 * driver's own messages go. A session never outlives its block: rows come out as plain values, and nothing in
 * them can reach back.
 */
import knex, { type Knex } from 'knex'
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
  const db = knex({
    client: 'pg',
    connection: {
      connectionString: databaseUrl,
      application_name: 'spool',
      connectionTimeoutMillis: 10_000,
      query_timeout: statementMs,
    },
    pool: { min: 0, max: 1 },
    log: { warn: say, error: say, deprecate: say, debug: say },
  })
  try {
    return await use(db)
  } finally {
    await db.destroy()
  }
}

/** The rows of one statement, as the given plain type. */
export async function rows<T>(
  db: Knex,
  sql: string,
  bindings: Record<string, Knex.RawBinding> = {},
): Promise<T[]> {
  const result = await db.raw<{ rows: T[] }>(sql, bindings)
  return result.rows
}
