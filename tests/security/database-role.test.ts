// What the functions' role may do with the database, on a real PostgreSQL. Every other test works with the same role: what
// it needs and lacks shows there.
import { randomBytes } from 'node:crypto'
import { beforeAll, describe, expect, test } from '@jest/globals'
import { rows, withDatabase } from '../../shared/db/connect.ts'
import { migrate } from '../../shared/db/migrate.ts'
import { freshDatabase, type Database } from '../support/database.ts'
import { aWorld } from '../support/world.ts'

const insufficientPrivilege = '42501'

/** The code of what the database answers. */
const answerTo = (url: string, statement: string): Promise<string> =>
  withDatabase(url, (db) => db.raw(statement)).then(
    () => 'done',
    (error: unknown) => (error as { code: string }).code,
  )

describe('The functions’ role', () => {
  let database: Database
  beforeAll(async () => {
    database = await freshDatabase()
  })

  test('is the one with which every test makes its episodes', async () => {
    const who = await withDatabase((await aWorld()).env['DATABASE_URL'], (db) =>
      rows<{ name: string }>(db, 'SELECT current_user AS name'),
    )
    expect(who).toEqual([{ name: 'spool_functions' }])
  })

  const forbidden = [
    'CREATE TABLE loot (a int)',
    'CREATE FUNCTION loot() RETURNS int LANGUAGE sql AS $$ SELECT 1 $$',
    'CREATE SCHEMA loot',
    'CREATE EXTENSION plpython3u',
    'ALTER TABLE runs ADD COLUMN loot int',
    'ALTER TABLE runs DISABLE TRIGGER terminal_run_is_immutable',
    'ALTER TABLE runs DISABLE TRIGGER ALL',
    'ALTER TABLE runs DROP CONSTRAINT runs_pkey',
    'DROP TABLE runs',
    'DROP TRIGGER terminal_run_is_immutable ON runs',
    'TRUNCATE users CASCADE',
    `SET session_replication_role = 'replica'`,
    `CREATE TRIGGER loot BEFORE INSERT ON users FOR EACH ROW EXECUTE FUNCTION refuse_change_of_done_step()`,
    `COPY users TO PROGRAM 'true'`,
    `COPY users FROM PROGRAM 'true'`,
    `COPY users TO '/tmp/spool-loot'`,
    `SELECT pg_read_file('/etc/passwd')`,
    'SELECT * FROM pg_authid',
    'SELECT * FROM migrations',
    `UPDATE migrations SET name = 'x'`,
    'CREATE ROLE loot',
    'CREATE DATABASE loot',
    'ALTER SYSTEM SET fsync = off',
    'SET ROLE spool',
  ]
  test.each(forbidden)('may not: %s', async (statement) => {
    expect(await answerTo(database.url, statement)).toBe(insufficientPrivilege)
  })

  test('is held by guards that only the owner could take away', async () => {
    const disable = 'ALTER TABLE runs DISABLE TRIGGER terminal_run_is_immutable'
    expect(await answerTo(database.ownersUrl, `BEGIN; ${disable}; ROLLBACK`)).toBe('done')
  })

  test('is made by migrating, once, and works on what a later migration adds; its password is nowhere as it is', async () => {
    const empty = await freshDatabase('empty')
    const password = randomBytes(12).toString('hex')
    const name = `functions_${password.slice(0, 8)}`
    const own = new URL(empty.url)
    ;[own.username, own.password] = [name, password]
    expect(await answerTo(own.href, 'SELECT 1')).not.toBe('done')
    await migrate(empty.url, own.href)
    expect(await answerTo(own.href, `INSERT INTO users (id) VALUES ('anna')`)).toBe('done')
    await empty.rows('CREATE TABLE later (a int)')
    expect(await answerTo(own.href, 'SELECT * FROM later')).toBe(insufficientPrivilege)
    expect(await migrate(empty.url, own.href)).toEqual([])
    expect(await answerTo(own.href, 'DELETE FROM later')).toBe('done')
    const [kept] = await empty.rows<{ secret: string }>(
      'SELECT rolpassword AS secret FROM pg_authid WHERE rolname = :name',
      { name },
    )
    expect(kept!.secret).toMatch(/^SCRAM-SHA-256\$/)
    await empty.drop()
    await database.rows(`DROP ROLE ${name}`)
  })

  test.each([
    'postgresql://db/spool',
    'postgresql://functions@db/spool',
    'postgresql://Robert%22;--:x@db/spool',
  ])('is not made of the address %s, and nothing is migrated', async (address) => {
    const empty = await freshDatabase('empty')
    await expect(migrate(empty.url, address)).rejects.toThrow(/names no user and password/)
    expect(await empty.rows(`SELECT 1 FROM pg_tables WHERE schemaname = 'public'`)).toEqual([])
    await empty.drop()
  })
})
