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

/** Opens one connection, runs `use`, closes it whatever happened. Never nest work on audio inside. */
export async function withDatabase<T>(databaseUrl: string, use: (db: Knex) => Promise<T>): Promise<T> {
  const db = knex({
    client: 'pg',
    connection: {
      connectionString: databaseUrl,
      application_name: 'spool',
      connectionTimeoutMillis: 10_000,
      statement_timeout: 30_000,
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
