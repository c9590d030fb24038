// The database of the local cloud ends without a word, as when its machine runs out of memory.
import { execFileSync } from 'node:child_process'
import { mkdtempSync, readFileSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import path from 'node:path'
import { setTimeout as delay } from 'node:timers/promises'
import { expect, test } from '@jest/globals'
import { choosePorts } from '../../../local/host/ports.ts'
import { isAlive, startPostgres } from '../../../local/host/postgres.ts'
import { rows, withDatabase } from '../../../shared/db/connect.ts'
import { clusterVariable } from '../../support/test-server.ts'

test('A database that ends at once has kept every commit, and is started again', async () => {
  const dir = mkdtempSync(path.join(tmpdir(), 'spool-postgres-'))
  const place = path.join(dir, 'postgres')
  execFileSync('cp', ['-a', process.env[clusterVariable]!, place])
  const { database: port } = await choosePorts(dir)
  const server = await startPostgres(place, port, ['fsync=off']) // it recovers by what was written, not by what was flushed
  await server.ready
  const postmaster = () =>
    Number(readFileSync(path.join(place, 'data/postmaster.pid'), 'utf8').split('\n')[0])
  const first = postmaster()
  await withDatabase(server.url, async (db) => {
    await db.raw('CREATE TABLE kept (number int)')
    for (let number = 0; number < 50; number++) await db.raw('INSERT INTO kept VALUES (?)', [number])
    process.kill(first, 'SIGQUIT') // an immediate shutdown: nothing is written any more
  })
  const count = () =>
    withDatabase(server.url, (db) => rows<{ count: number }>(db, 'SELECT count(*)::int AS count FROM kept'))
  let counted: { count: number }[] | undefined
  while (!counted) {
    await delay(20)
    if (!isAlive(first)) counted = await count().catch(() => undefined)
  }
  expect(counted).toEqual([{ count: 50 }])
  expect(postmaster()).not.toBe(first)
  await server.stop()
  rmSync(dir, { recursive: true, force: true })
})
