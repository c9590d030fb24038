/**
 * A database of one's own for a test. Hides that it is emptied and lent again: copying the migrated template costs ten times what
 * emptying sixteen small tables does. One whose schema a test has changed is made anew. The tests' own sessions stay open, under a
 * name that is not the product's.
 */
import { randomBytes } from 'node:crypto'
import { afterEachFile } from './every-file.ts'
import knex, { type Knex } from 'knex'
import { rows } from '../../shared/db/connect.ts'
import { addressOf, functionsVariable, schema, schemaVariable, serverUrl, template } from './test-server.ts'

export interface Database {
  /** As the functions use it; of an empty one, as who migrates it does. */
  readonly url: string
  /** Of the user to whom it belongs. */
  readonly ownersUrl: string
  /** The rows of one statement, over a connection that is not one of the product's. */
  readonly rows: <T>(sql: string, bindings?: Record<string, Knex.RawBinding>) => Promise<T[]>
  readonly drop: () => Promise<void>
}

const unknownDatabase = '3D000'
const sessions = new Map<string, Knex>()
/** Of this file's migrated databases, those that no test has. */
const idle: string[] = []
let made = 0

afterEachFile(async () => {
  const last = [...sessions.values()]
  sessions.clear()
  await Promise.all(last.map((session) => session.destroy()))
})

function sessionOf(url: string): Knex {
  const known = sessions.get(url)
  if (known) return known
  const connection = { connectionString: url, application_name: 'spool-test' }
  const log = { warn: () => undefined, error: () => undefined } // it is thrown as well
  const session = knex({ client: 'pg', connection, pool: { min: 0, max: 4 }, log })
  sessions.set(url, session)
  return session
}

/** A migrated database, or an empty one. */
export const freshDatabase = (from: 'migrated' | 'empty' = 'migrated'): Promise<Database> =>
  from === 'migrated' ? migratedDatabase() : emptyDatabase()

/** Two jest workers never have the same one, and one worker has one file at a time. */
async function migratedDatabase(): Promise<Database> {
  const name = idle.pop() ?? `test_${process.env['JEST_WORKER_ID']}_${made++}`
  const url = addressOf(name)
  if (!(await emptied(url))) {
    await dropDatabase(name)
    await onServer(`CREATE DATABASE ${name} TEMPLATE ${template}`)
  }
  return lend(url, () => Promise.resolve(void idle.push(name)), addressOf(name, functionsVariable))
}

/** False when there is none, or none like the template. */
async function emptied(url: string): Promise<boolean> {
  try {
    await sessionOf(url).raw(everythingGoes)
    const [found] = await rows<{ schema: string }>(sessionOf(url), schema)
    return found!.schema === process.env[schemaVariable]
  } catch (error) {
    if ((error as { code?: unknown }).code === unknownDatabase) return false
    throw error
  }
}

async function emptyDatabase(): Promise<Database> {
  const name = `test_${randomBytes(8).toString('hex')}`
  await onServer(`CREATE DATABASE ${name} TEMPLATE template0`)
  return lend(addressOf(name), () => dropDatabase(name))
}

async function dropDatabase(name: string): Promise<void> {
  const url = addressOf(name)
  await sessions.get(url)?.destroy()
  sessions.delete(url)
  await onServer(`DROP DATABASE IF EXISTS ${name} WITH (FORCE)`)
}

const lend = (ownersUrl: string, drop: Database['drop'], url = ownersUrl): Database => ({
  url,
  ownersUrl,
  rows: (sql, bindings) => rows(sessionOf(ownersUrl), sql, bindings),
  drop,
})

const onServer = (statement: string) => sessionOf(serverUrl()).raw(statement)

/** Ends what the test before left connected, however it ended; then neither rows nor counters remember it. */
const everythingGoes = `
  DO $$
  DECLARE
    name text;
  BEGIN
    PERFORM pg_terminate_backend(pid, 600000) FROM pg_stat_activity
      WHERE datname = current_database() AND application_name <> 'spool-test';
    SET LOCAL session_replication_role = replica; -- neither guards nor foreign keys: all of it goes
    FOR name IN SELECT tablename FROM pg_tables WHERE schemaname = 'public' AND tablename NOT LIKE 'migrations%' LOOP
      EXECUTE format('DELETE FROM %I', name);
    END LOOP;
    FOR name IN SELECT sequencename FROM pg_sequences WHERE schemaname = 'public' AND last_value IS NOT NULL
      AND sequencename NOT LIKE 'migrations%' LOOP
      PERFORM setval(format('%I', name), 1, false);
    END LOOP;
  END $$`
