/** Brings the database to the newest schema. Safe to run at once from several places: Knex takes a lock. */
import type { Knex } from 'knex'
import { migrations } from '../../migrations/index.ts'

type Migration = (typeof migrations)[number]

const source: Knex.MigrationSource<Migration> = {
  getMigrations: () => Promise.resolve(migrations),
  getMigrationName: (migration) => migration.name,
  getMigration: (migration) =>
    Promise.resolve({ up: (db: Knex) => migration.up(db), down: () => Promise.reject(new Error('Migrations go forward only.')) }),
}

/** Returns the names of the migrations it ran; none when the schema was current. */
export async function migrate(db: Knex): Promise<string[]> {
  const [, ran] = (await db.migrate.latest({ migrationSource: source, tableName: 'migrations' })) as [number, string[]]
  return ran
}
