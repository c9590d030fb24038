/**
 * One PostgreSQL for the whole run, with a migrated template that every test's own database is copied from.
 */
import { mkdir, mkdtemp, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import path from 'node:path'
import { choosePorts } from '../../local/host/ports.ts'
import { startPostgres } from '../../local/host/postgres.ts'
import { rows, withDatabase } from '../../shared/db/connect.ts'
import { migrate } from '../../shared/db/migrate.ts'
import { addressOf, schema, schemaVariable, serverVariable, socketVariable, template } from './test-server.ts'
import { keepForTeardown } from './global-teardown.ts'

/** Nothing of a test run needs to survive the machine. */
const forgetful = ['fsync=off', 'full_page_writes=off', 'max_connections=100']

export default async function startServer(): Promise<void> {
  process.env['LOG_LEVEL'] ??= 'silent'
  const dir = await mkdtemp(path.join(tmpdir(), 'spool-test-'))
  const sockets = path.join(dir, 'project:region:instance') // as Cloud Run names the folder of a Cloud SQL
  await mkdir(sockets)
  const settings = [...forgetful, `unix_socket_directories=${sockets}`]
  const server = await startPostgres(path.join(dir, 'postgres'), (await choosePorts(dir)).database, settings)
  await server.ready
  keepForTeardown(async () => {
    await server.stop()
    await rm(dir, { recursive: true, force: true })
  })
  process.env[serverVariable] = server.url
  process.env[socketVariable] = sockets
  await withDatabase(server.url, (db) => db.raw(`CREATE DATABASE ${template}`))
  await migrate(addressOf(template))
  const [made] = await withDatabase(addressOf(template), (db) => rows<{ schema: string }>(db, schema))
  process.env[schemaVariable] = made!.schema
}
