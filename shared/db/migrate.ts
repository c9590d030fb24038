/**
 * Brings the database to the newest schema. Safe to run at once from several places: one goes first, the
 * others wait.
 */
import type { Knex } from 'knex'
import { migrations } from '../../migrations/index.ts'

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
 * Returns the names of the migrations it ran; none when the schema was current.
 * Needs a connection of its own, as `withDatabase` gives: it changes the session.
 */
export async function migrate(db: Knex): Promise<string[]> {
  // To migrate a large table, or to wait for somebody else's migration, may take longer than the product's
  // own statements should.
  await db.raw('SET statement_timeout = 0')
  // Knex's own lock is a row of a table that two first starts would both create.
  // This one is the session's and ends with it.
  await db.raw('SELECT pg_advisory_lock(:lock)', { lock: migrationLock })
  const [, ran] = (await db.migrate.latest({ migrationSource: source, tableName: 'migrations' })) as [
    number,
    string[],
  ]
  return ran
}
