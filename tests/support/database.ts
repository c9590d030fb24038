/** A database of one's own for a test: a copy of the migrated template, made in some 30 ms. */
import { randomBytes } from 'node:crypto'
import type { Knex } from 'knex'
import { rows, withDatabase } from '../../shared/db/connect.ts'

/** Where global-setup.ts says which server runs. */
export const serverVariable = 'TEST_POSTGRES_URL'
export const template = 'spool_template'

export interface Database {
  readonly url: string
  /** The rows of one statement, over a connection that is closed again. */
  readonly rows: <T>(sql: string, bindings?: Record<string, Knex.RawBinding>) => Promise<T[]>
  /** The rows of one statement, over a connection that is not one of the product's. */
  readonly watch: <T>(sql: string) => Promise<T[]>
  readonly drop: () => Promise<unknown>
}

const serverUrl = (): string => {
  const url = process.env[serverVariable]
  if (url === undefined)
    throw new Error('There is no test server: run the tests through jest, whose global setup starts it.')
  return url
}

export const addressOf = (name: string): string => serverUrl().replace(/\/postgres$/, `/${name}`)

/** A migrated database, or an empty one. */
export async function freshDatabase(from: 'migrated' | 'empty' = 'migrated'): Promise<Database> {
  const name = `test_${randomBytes(8).toString('hex')}`
  await withDatabase(serverUrl(), (db) =>
    db.raw(`CREATE DATABASE ${name} TEMPLATE ${from === 'migrated' ? template : 'template0'}`),
  )
  const url = addressOf(name)
  return {
    url,
    rows: (sql, bindings) => withDatabase(url, (db) => rows(db, sql, bindings)),
    watch: (sql) => withDatabase(serverUrl(), (db) => rows(db, sql, { name })),
    drop: () => withDatabase(serverUrl(), (db) => db.raw(`DROP DATABASE ${name} WITH (FORCE)`)),
  }
}
