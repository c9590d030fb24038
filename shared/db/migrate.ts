/**
 * Brings the database to the newest schema. Safe to run at once from several places: one goes first, the
 * others wait.
 */
import type { Knex } from 'knex'
import { migrations } from '../../migrations/index.ts'
import { withDatabase } from './connect.ts'
import { letFunctionsWork } from './functions-role.ts'

type Migration = (typeof migrations)[number]

const source: Knex.MigrationSource<Migration> = {
  getMigrations: () => Promise.resolve(migrations),
  getMigrationName: (migration) => migration.name,
  getMigration: (migration) =>
    Promise.resolve({
      up: (db: Knex) => migration.up(db),
      down: () => Promise.reject(new Error('Migrations go forward only.')),
    }),
}

/** The number of the advisory lock: any that nothing else locks. */
export const migrationLock = 20260101

/**
 * Returns the names of the migrations it ran; none when the schema was current. All of them, and the lock
 * that others wait for, are one transaction: behind a pooler nothing else of a session is one's own. Whom
 * `functionsUrl` names may work on what there is then; without it only who migrates may.
 */
export async function migrate(databaseUrl: string, functionsUrl?: string): Promise<string[]> {
  return await withDatabase(databaseUrl, (db) => db.transaction((trx) => migrateIn(trx, functionsUrl)), 0)
}

async function migrateIn(trx: Knex, functionsUrl: string | undefined): Promise<string[]> {
  // To migrate a large table, or to wait for somebody else's migration, may take longer than the database
  // lets other statements.
  await trx.raw('SET LOCAL statement_timeout = 0')
  // Knex's own lock is a row of a table that two first starts would both create.
  await trx.raw('SELECT pg_advisory_xact_lock(:lock)', { lock: migrationLock })
  const [, ran] = (await trx.migrate.latest({
    migrationSource: source,
    tableName: 'migrations',
    disableTransactions: true, // they are in this one
  })) as [number, string[]]
  if (functionsUrl !== undefined) await letFunctionsWork(trx, functionsUrl)
  return ran
}
