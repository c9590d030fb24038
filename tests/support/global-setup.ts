/**
 * One PostgreSQL for the whole run, with a migrated template that every test's own database is copied from.
 */
import './quiet.ts' // before the product
import { execFileSync } from 'node:child_process'
import { mkdir, mkdtemp, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import path from 'node:path'
import { choosePorts } from '../../local/host/ports.ts'
import { startPostgres } from '../../local/host/postgres.ts'
import { rows, withDatabase } from '../../shared/db/connect.ts'
import { migrate } from '../../shared/db/migrate.ts'
import {
  addressOf,
  clusterVariable,
  functionsVariable,
  schema,
  schemaVariable,
  serverVariable,
  socketVariable,
  template,
} from './test-server.ts'
import { makeKeys } from './keys.ts'
import { keepForTeardown } from './global-teardown.ts'

/** Nothing of a test run needs to survive the machine. */
const forgetful = ['fsync=off', 'full_page_writes=off', 'max_connections=100']

export default async function startServer(): Promise<void> {
  const dir = await mkdtemp(path.join(tmpdir(), 'spool-test-'))
  await makeKeys(path.join(dir, 'keys'))
  const sockets = path.join(dir, 'project:region:instance') // as Cloud Run names the folder of a Cloud SQL
  await mkdir(sockets)
  const settings = [...forgetful, `unix_socket_directories=${sockets}`]
  const { database: port } = await choosePorts(dir)
  const place = path.join(dir, 'postgres')
  process.env[clusterVariable] = await keepEmptyCluster(dir, place, port)
  const server = await startPostgres(place, port, settings)
  await server.ready
  keepForTeardown(async () => {
    await server.stop()
    await rm(dir, { recursive: true, force: true })
  })
  process.env[serverVariable] = server.url
  process.env[functionsVariable] = server.functionsUrl
  process.env[socketVariable] = sockets
  await withDatabase(server.url, (db) => db.raw(`CREATE DATABASE ${template}`))
  await migrate(addressOf(template), server.functionsUrl)
  const [made] = await withDatabase(addressOf(template), (db) => rows<{ schema: string }>(db, schema))
  process.env[schemaVariable] = made!.schema
}

/** Makes the cluster, and a copy of it that the local clouds of tests begin with. */
async function keepEmptyCluster(dir: string, place: string, port: number): Promise<string> {
  const making = await startPostgres(place, port, forgetful)
  await making.ready
  await making.stop()
  const copy = path.join(dir, 'empty-cluster')
  execFileSync('cp', ['-a', place, copy])
  return copy
}
