// The product behind a real PgBouncer in transaction mode, where no two statements outside a transaction need have the
// same session; and on a PostgreSQL that has no connection left.
import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import path from 'node:path'
import { afterAll, beforeAll, describe, expect, test } from '@jest/globals'
import { freePort } from '../../local/host/ports.ts'
import { startPostgres, type Postgres } from '../../local/host/postgres.ts'
import { openSession, withDatabase } from '../../shared/db/connect.ts'
import { migrate } from '../../shared/db/migrate.ts'
import { classify, codeOf, Retryable } from '../../shared/errors.ts'
import { speechLike } from '../support/audio.ts'
import { hasPgBouncer, startPgBouncer, type PgBouncer } from '../support/pgbouncer.ts'
import { freshDatabase } from '../support/database.ts'
import { wav } from '../support/recordings.ts'
import { aWorld, user } from '../support/world.ts'

const aRecording = (): Buffer => wav(speechLike(48_000, 4, 1), 48_000)
/** CI installs it as it does ffmpeg; where it is not there, these say that they did not run. */
const withPooler = hasPgBouncer() ? describe : describe.skip

withPooler('Behind PgBouncer in transaction mode', () => {
  let pooler: PgBouncer
  beforeAll(async () => void (pooler = await startPgBouncer()))
  afterAll(() => pooler.stop())

  test('an episode goes from its upload to the feed, many parts at once over two sessions', async () => {
    const world = await aWorld({ through: pooler.through })
    await world.arrive(await world.upload(`u/${user}/show/one/talk.wav`, aRecording()))
    await world.runToEnd()
    const [run] = await world.database.rows<{ id: string }>('SELECT id FROM runs')
    expect(await world.run(run!.id)).toMatchObject({ status: 'finished', stopReason: null })
    await world.sweep()
  })

  test('an empty database is migrated, once by several at a time', async () => {
    const database = await freshDatabase('empty')
    const url = pooler.through(database.url)
    const ran = await Promise.all([migrate(url), migrate(url)])
    expect(ran.map((names) => names.length > 0).sort()).toEqual([false, true])
    expect(await database.rows(`SELECT 1 FROM pg_locks WHERE locktype = 'advisory'`)).toEqual([])
    await database.drop()
  })
})

describe('On a PostgreSQL without a connection left', () => {
  const dir = mkdtempSync(path.join(tmpdir(), 'spool-full-'))
  const connections = 3
  let postgres: Postgres
  beforeAll(async () => {
    const few = [`max_connections=${connections}`, 'superuser_reserved_connections=0', 'max_wal_senders=0']
    postgres = await startPostgres(path.join(dir, 'postgres'), await freePort(), [...few, 'fsync=off'])
    await postgres.ready
  })
  afterAll(async () => {
    await postgres.stop()
    rmSync(dir, { recursive: true })
  })

  test('a step is sent back, unharmed, and done when there is one again', async () => {
    const sessions = Array.from({ length: connections }, () => openSession(postgres.url))
    await Promise.all(sessions.map(({ use }) => use((db) => db.raw('SELECT 1'))))
    const refused: unknown = await withDatabase(postgres.url, (db) => db.raw('SELECT 1')).catch(
      (error: unknown) => error,
    )
    expect(codeOf(refused)).toBe('53300')
    expect(classify(refused)).toBeInstanceOf(Retryable)

    const world = await aWorld()
    await world.arrive(await world.upload(`u/${user}/show/one/talk.wav`, aRecording()))
    const [task] = await world.tasks()
    const full = { ...world.services, config: { ...world.services.config, databaseUrl: postgres.url } }
    expect(await world.handBy(full, task!.payload)).toEqual({ status: 500, outcome: 'to be retried' })
    await Promise.all(sessions.map(({ release }) => release()))
    expect(await world.hand(task!.payload)).toMatchObject({ status: 200, outcome: 'done' })
  })
})
