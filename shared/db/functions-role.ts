/**
 * The role that the functions work with: it reads and writes rows, and can change nothing else of the database, neither
 * tables nor the guards on them. Hides how it is made and what it is granted.
 */
import { createHash, createHmac, pbkdf2Sync, randomBytes } from 'node:crypto'
import type { Knex } from 'knex'
import { rows } from './connect.ts'

interface Role {
  readonly name: string
  readonly password: string
}

/**
 * Lets the user whom `functionsUrl` names work on everything that has been migrated, and nobody else; makes it where it
 * does not exist. One that does keeps its password. Nothing happens where it is the one that migrates.
 */
export async function letFunctionsWork(trx: Knex, functionsUrl: string): Promise<void> {
  const role = roleOf(functionsUrl)
  const [found] = await rows<{ isOwner: boolean; exists: boolean; rounds: number }>(
    trx,
    `SELECT current_user = :name AS "isOwner",
            EXISTS (SELECT 1 FROM pg_roles WHERE rolname = :name) AS "exists",
            coalesce(current_setting('scram_iterations', true)::integer, ${usualRounds}) AS rounds`,
    { name: role.name },
  )
  if (found!.isOwner) return
  if (!found!.exists) await makeRole(trx, role, found!.rounds)
  const named = { role: role.name }
  await trx.raw('REVOKE CREATE ON SCHEMA public FROM PUBLIC') // as it was before PostgreSQL 15
  await trx.raw('GRANT USAGE ON SCHEMA public TO :role:', named)
  await trx.raw('GRANT SELECT, INSERT, UPDATE, DELETE ON ALL TABLES IN SCHEMA public TO :role:', named)
  await trx.raw('REVOKE ALL ON migrations, migrations_lock FROM :role:', named)
}

/** A name that needs no quotes, so that every tool finds it. */
const plainName = /^[a-z_][a-z0-9_-]{0,62}$/

function roleOf(url: string): Role {
  const [, user, password] = /^\w+:\/\/([^:@/?]+):([^@/?]+)@/.exec(url) ?? []
  const name = decodeURIComponent(user ?? '')
  if (password === undefined || !plainName.test(name))
    throw new Error(
      'The address with which the functions reach the database names no user and password of theirs. ' +
        'It should begin with postgresql://spool_functions:PASSWORD@; a name has small letters, digits, _ and -.',
    )
  return { name, password: decodeURIComponent(password) }
}

/** The server quotes what stands in the statement, which knows no parameters; the password itself is not in it. */
async function makeRole(trx: Knex, { name, password }: Role, rounds: number): Promise<void> {
  const [made] = await rows<{ statement: string }>(
    trx,
    `SELECT format(
       'CREATE ROLE %I LOGIN NOSUPERUSER NOCREATEDB NOCREATEROLE PASSWORD %L', CAST(:name AS text), CAST(:verifier AS text)
     ) AS statement`,
    { name, verifier: verifierOf(password, rounds) },
  )
  // eslint-disable-next-line sql/no-composed-statement -- the server has quoted what is in it
  await trx.raw(made!.statement)
}

/** Of a server that does not say. */
const usualRounds = 4096

/**
 * What the server keeps of a password: who reads it, in a log or a row, cannot sign in with it. RFC 5803; the keys as in
 * RFC 5802, section 3.
 */
function verifierOf(password: string, rounds: number): string {
  const salt = randomBytes(16)
  const salted = pbkdf2Sync(password.normalize('NFKC'), salt, rounds, 32, 'sha256')
  const keyOf = (purpose: string) => createHmac('sha256', salted).update(purpose).digest()
  const stored = createHash('sha256').update(keyOf('Client Key')).digest()
  const [salt64, stored64, server64] = [salt, stored, keyOf('Server Key')].map((bytes) =>
    bytes.toString('base64'),
  )
  return `SCRAM-SHA-256$${rounds}:${salt64}$${stored64}:${server64}`
}
