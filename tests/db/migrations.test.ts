// The schema: how it comes about, and the guards in it that no code path can go round.
import { afterEach, beforeEach, describe, expect, test } from '@jest/globals'
import type { Knex } from 'knex'
import { rows, withDatabase } from '../../shared/db/connect.ts'
import { migrate, migrationLock } from '../../shared/db/migrate.ts'
import { migrations } from '../../migrations/index.ts'
import { freshDatabase, type Database } from '../support/database.ts'

let database: Database
afterEach(async () => {
  await database.drop()
})

const names = migrations.map(({ name }) => name)
const checkViolation = '23514'
const uniqueViolation = '23505'
const foreignKeyViolation = '23503'
const restrictViolation = '23001'
const queryCanceled = '57014'

describe('an empty database', () => {
  beforeEach(async () => {
    database = await freshDatabase('empty')
  })
  const migrated = () => migrate(database.url)

  test('is brought to the newest schema, and a second time nothing is left to do', async () => {
    expect(await migrated()).toEqual(names)
    expect(await migrated()).toEqual([])
    expect(await database.rows('SELECT count(*)::int AS count FROM runs')).toEqual([{ count: 0 }])
  })

  test('ends a session that stands still within a transaction, so that it holds nobody up', async () => {
    await migrated()
    const [limit] = await withDatabase(database.url, (db) =>
      rows(db, 'SHOW idle_in_transaction_session_timeout'),
    )
    expect(limit).toEqual({ idle_in_transaction_session_timeout: '20s' })
  })

  test('is migrated once by many that start at the same moment', async () => {
    const ran = await Promise.all(Array.from({ length: 5 }, migrated))
    expect(ran.flat()).toEqual(names)
  })

  test('is migrated by one that waits for another longer than a statement may take', async () => {
    const impatientUrl = `${database.url}?statement_timeout=200`
    const lock = (db: Knex) => db.raw('SELECT pg_advisory_lock(:migrationLock)', { migrationLock })
    const { waiting } = await withDatabase(database.url, async (holder) => {
      await lock(holder)
      await expect(withDatabase(impatientUrl, lock)).rejects.toMatchObject({ code: queryCanceled })
      const over = new AbortController()
      const migrating = migrate(impatientUrl).finally(() => over.abort())
      migrating.catch(() => undefined) // whatever it ends with is seen below
      while (!over.signal.aborted && !(await someoneWaitsLongerThan(200)));
      return { waiting: migrating } // the lock ends with its session
    })
    expect(await waiting).toEqual(names)
  })

  const someoneWaitsLongerThan = async (ms: number): Promise<boolean> => {
    const waiting = await database.rows(
      `SELECT 1 FROM pg_stat_activity WHERE datname = current_database() AND wait_event = 'advisory'
         AND clock_timestamp() - query_start > ${ms} * interval '1 ms'`,
    )
    return waiting.length > 0
  }

  test('is left as it was by a migration that is cut short, and migrated by the next', async () => {
    const cutShort = withDatabase(database.url, async (db) => {
      await db.transaction(async (trx) => {
        await migrations[0]!.up(trx)
        throw new Error('the process ended here')
      })
    })
    await expect(cutShort).rejects.toThrow('the process ended here')
    expect(await migrated()).toEqual(names)
  })
})

describe('the guards', () => {
  const ids = {
    podcast: '00000000-0000-4000-8000-000000000001',
    episode: '00000000-0000-4000-8000-000000000002',
    run: '00000000-0000-4000-8000-000000000003',
  }

  beforeEach(async () => {
    database = await freshDatabase()
    await database.rows(`INSERT INTO users (id) VALUES ('anna')`)
    await database.rows(`INSERT INTO podcasts (id, user_id, slug) VALUES ('${ids.podcast}', 'anna', 'show')`)
    await database.rows(
      `INSERT INTO episodes (id, user_id, podcast_id, slug, title) VALUES ('${ids.episode}', 'anna', ` +
        `'${ids.podcast}', 'one', 'One')`,
    )
    await database.rows(
      `INSERT INTO runs (id, user_id, episode_id, status, total) VALUES ('${ids.run}', 'anna', ` +
        `'${ids.episode}', 'started', 10)`,
    )
    await database.rows(
      `INSERT INTO steps (run_id, step, part, context) VALUES ('${ids.run}', 'cut', 0, '{}')`,
    )
  })

  test.each([
    ['finished', `status = 'finished', processed = total`],
    ['cancelled', `status = 'cancelled', stop_reason = 'user_cancelled'`],
    ['failed', `status = 'failed', stop_reason = 'internal'`],
  ])('a %s run never changes', async (status, end) => {
    await database.rows(`UPDATE runs SET ${end}, finished_at = clock_timestamp()`)
    for (const change of [
      `status = 'started', finished_at = NULL, stop_reason = NULL`,
      'processed = 0',
      `context = '{"a":1}'`,
      'heartbeat_at = now()',
    ]) {
      await expect(database.rows(`UPDATE runs SET ${change}`)).rejects.toMatchObject({
        code: restrictViolation,
        message: expect.stringContaining(`is ${status}`),
      })
    }
  })

  test('a done step keeps its status, attempt and output', async () => {
    await database.rows(`UPDATE steps SET status = 'done', output = '{"made":"it"}', attempt = 2`)
    for (const change of [
      `status = 'pending', output = NULL`,
      `output = '{"made":"other"}'`,
      'attempt = 3',
    ]) {
      await expect(database.rows(`UPDATE steps SET ${change}`)).rejects.toMatchObject({
        code: restrictViolation,
      })
    }
    expect(await database.rows('SELECT status, attempt, output FROM steps')).toEqual([
      { status: 'done', attempt: 2, output: { made: 'it' } },
    ])
  })

  test('an episode has at most one live run, and another once that has ended', async () => {
    const another = (status: string) =>
      database.rows(
        `INSERT INTO runs (user_id, episode_id, status) VALUES ('anna', '${ids.episode}', '${status}')`,
      )
    for (const status of ['queued', 'started', 'awaiting_review'])
      await expect(another(status)).rejects.toMatchObject({ code: uniqueViolation })
    await database.rows(
      `UPDATE runs SET status = 'cancelled', stop_reason = 'user_cancelled', finished_at = clock_timestamp()`,
    )
    await another('queued')
    await expect(another('queued')).rejects.toMatchObject({ code: uniqueViolation })
  })

  test.each([
    ['progress below nothing', 'UPDATE runs SET processed = -1'],
    ['progress past the total', 'UPDATE runs SET processed = 11'],
    ['a total below the progress', 'UPDATE runs SET processed = 5, total = 4'],
    [
      'a finished run that is not complete',
      `UPDATE runs SET status = 'finished', processed = 9, finished_at = now()`,
    ],
    ['an end without a time', `UPDATE runs SET status = 'finished', processed = 10`],
    ['a failure without a reason', `UPDATE runs SET status = 'failed', finished_at = now()`],
    ['a reason to stop in a live run', `UPDATE runs SET stop_reason = 'internal'`],
    ['an unknown status of a run', `UPDATE runs SET status = 'done'`],
    ['a running step without a lease', `UPDATE steps SET status = 'running'`],
    ['a lease on a waiting step', 'UPDATE steps SET lease_until = now()'],
    ['a done step without an output', `UPDATE steps SET status = 'done'`],
    ['an output before the end', `UPDATE steps SET output = '{}'`],
    ['a negative part', 'UPDATE steps SET part = -1'],
    ['a negative attempt', 'UPDATE steps SET attempt = -1'],
    ['a step more than complete', 'UPDATE steps SET progress = 1.5'],
    ['a processed episode without audio', `UPDATE episodes SET status = 'processed'`],
    [
      'a published episode that is not in the feed',
      `UPDATE episodes SET status = 'published', content_hash = 'h', duration_seconds = 1, audio_bytes = 1`,
    ],
    ['a date without what was published', 'UPDATE episodes SET published_at = now()'],
    ['an empty guid', `UPDATE episodes SET guid = ''`],
    ['an episode of no length', 'UPDATE episodes SET duration_seconds = 0'],
    ['a user whose id would not fit a path', `INSERT INTO users (id) VALUES ('../anna')`],
  ])('refuse %s', async (_what, statement) => {
    await expect(database.rows(statement)).rejects.toMatchObject({ code: checkViolation })
  })

  test('take an imported episode without audio of its own, and each guid of a podcast once', async () => {
    await database.rows(`UPDATE episodes SET status = 'processed', imported = '{}', guid = 'urn:a'`)
    const again = database.rows(
      `INSERT INTO episodes (user_id, podcast_id, slug, title, guid)
       SELECT user_id, podcast_id, 'again', 'Again', guid FROM episodes LIMIT 1`,
    )
    await expect(again).rejects.toMatchObject({ code: uniqueViolation })
  })

  test('refuse rows of nobody', async () => {
    await expect(
      database.rows(`INSERT INTO podcasts (user_id, slug) VALUES ('nobody', 'show')`),
    ).rejects.toMatchObject({ code: foreignKeyViolation })
  })

  test('let a user go with everything that is theirs', async () => {
    await database.rows(
      `UPDATE runs SET status = 'cancelled', stop_reason = 'user_cancelled', finished_at = clock_timestamp()`,
    )
    await database.rows('DELETE FROM users')
    expect(
      await database.rows(
        'SELECT 1 FROM podcasts UNION ALL SELECT 1 FROM episodes UNION ALL SELECT 1 FROM runs UNION ALL ' +
          'SELECT 1 FROM steps',
      ),
    ).toEqual([])
  })
})
