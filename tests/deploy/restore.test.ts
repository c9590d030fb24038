// A backup is worth what is restored from it: rows from pg_dump, objects from a copy of the buckets; what was finished is
// whole, and what was under way goes on. Skipped where PostgreSQL's own programs are not installed (apt-get install postgresql).
import { execFileSync } from 'node:child_process'
import { cpSync, existsSync, readdirSync } from 'node:fs'
import path from 'node:path'
import { expect, test } from '@jest/globals'
import { catalogue } from '../../functions/index.ts'
import { onUpload } from '../../functions/on-upload.ts'
import { sweep } from '../../functions/sweep.ts'
import { choosePorts } from '../../local/host/ports.ts'
import { startPostgres, type Postgres } from '../../local/host/postgres.ts'
import { rows, withDatabase } from '../../shared/db/connect.ts'
import { migrate } from '../../shared/db/migrate.ts'
import { openServices } from '../../shared/engine/serve.ts'
import type { Services } from '../../shared/engine/services.ts'
import { startAgain } from '../../shared/episode/retry.ts'
import { speechLike } from '../support/audio.ts'
import { aFolder, aStorage, cleanups } from '../support/cloud-storage.ts'
import { wav } from '../support/recordings.ts'
import { aWorld, user, type World } from '../support/world.ts'

/** Where Debian and Ubuntu put them, the newest that is whole; pg_dump reads no server that is newer than itself. */
const installed = '/usr/lib/postgresql'
const programs = (existsSync(installed) ? readdirSync(installed) : [])
  .map((version) => path.join(installed, version, 'bin'))
  .filter((folder) =>
    ['initdb', 'postgres', 'pg_dump', 'pg_restore'].every((name) => existsSync(path.join(folder, name))),
  )
  .sort()
  .at(-1)

const program = (name: string): string => path.join(programs!, name)

const buckets = ['uploads', 'work', 'episodes', 'public']
const words = JSON.stringify({ words: [{ text: 'Hello', start: 0.2, end: 0.6 }] })

/** A Spool on this database and these buckets. */
async function spoolOn(databaseUrl: string, folder: string) {
  const storage = await aStorage({ dir: folder, buckets })
  const named = Object.fromEntries(buckets.map((name) => [`${name.toUpperCase()}_BUCKET`, name]))
  const env = {
    ...named,
    DATABASE_URL: databaseUrl,
    STORAGE_ENDPOINT: storage.endpoint,
    PUBLIC_BASE_URL: `${storage.endpoint}/public`,
  }
  return { world: await aWorld({ env }), storage }
}

async function runToEnd(world: World, services: Services): Promise<void> {
  for (let queued = await world.tasks(); queued.length > 0; queued = await world.tasks())
    for (const { payload } of queued)
      expect(await world.handBy(services, payload)).toMatchObject({ status: 200 })
}

async function upload(
  { world, storage }: Awaited<ReturnType<typeof spoolOn>>,
  episode: string,
  seed: number,
) {
  const place = (file: string) => storage.storage.bucket('uploads').file(`u/${user}/show/${episode}/${file}`)
  await place('talk.words.json').save(words, { resumable: false })
  const recording = place('talk.wav')
  await recording.save(wav(speechLike(48_000, 2, seed), 48_000), { resumable: false })
  const object = {
    bucket: 'uploads',
    name: recording.name,
    generation: String(recording.metadata.generation),
  }
  await onUpload(object, world.services)
}

const counts = (url: string) =>
  withDatabase(url, async (db) => {
    const present = await rows<{ name: string }>(
      db,
      `SELECT tablename AS name FROM pg_tables WHERE schemaname = 'public'`,
    )
    const names = present.map(({ name }) => name).sort()
    return await Promise.all(
      names.map(async (name) => [
        name,
        (await rows<{ n: string }>(db, `SELECT count(*) AS n FROM ${name}`))[0]!.n,
      ]),
    )
  })
const runsOf = (url: string) =>
  withDatabase(url, (db) =>
    rows<{ id: string; status: string }>(db, 'SELECT id, status FROM runs ORDER BY created_at'),
  )

/** Of a database: its owner's, and that of the functions' own role. */
type Addresses = Pick<Postgres, 'url' | 'functionsUrl'>

/** A PostgreSQL whose own pg_dump is there. */
async function aServer(dir: string): Promise<Addresses> {
  const { database: port } = await choosePorts(dir)
  const own = { initdb: program('initdb'), postgres: program('postgres') }
  const server = await startPostgres(path.join(dir, 'postgres'), port, ['fsync=off'], own)
  cleanups.push(server.stop)
  await server.ready
  await migrate(server.url, server.functionsUrl)
  return server
}

/** One episode is finished; another has all but its sound. */
async function atWork(databaseUrl: string, folder: string): Promise<World> {
  const spool = await spoolOn(databaseUrl, folder)
  const { world } = spool
  await upload(spool, 'one', 1)
  await world.runToEnd()
  await upload(spool, 'two', 2)
  const next = async () => (await world.tasks()).map(({ payload }) => payload)
  for (let queued = await next(); !queued.some(({ step }) => step === 'render'); queued = await next())
    for (const payload of queued) await world.hand(payload)
  await spool.storage.close()
  return world
}

/** As docs/runbook.md says: rows first, then objects. Returns the new database's addresses. */
async function backedUpAndRestored({ url, functionsUrl }: Addresses, dir: string): Promise<Addresses> {
  const dump = path.join(dir, 'spool.dump')
  execFileSync(program('pg_dump'), [
    '--format=custom',
    '--no-owner',
    '--no-privileges',
    `--file=${dump}`,
    url,
  ])
  cpSync(path.join(dir, 'storage'), path.join(dir, 'copy'), { recursive: true })
  await withDatabase(url, (db) => db.raw('CREATE DATABASE restored TEMPLATE template0'))
  const restored = (address: string) => address.replace(/\/postgres$/, '/restored')
  execFileSync(program('pg_restore'), ['--no-owner', '--exit-on-error', `--dbname=${restored(url)}`, dump])
  return { url: restored(url), functionsUrl: restored(functionsUrl) }
}

const whereThereIs = programs === undefined ? test.skip : test

whereThereIs(
  'From a dump and a copy of the buckets all comes back, and what was under way is finished',
  async () => {
    const dir = aFolder()
    const original = await aServer(dir)
    const world = await atWork(original.functionsUrl, path.join(dir, 'storage'))
    expect(await runsOf(original.url)).toMatchObject([{ status: 'finished' }, { status: 'started' }])
    const { url: restored, functionsUrl } = await backedUpAndRestored(original, dir)

    expect(await counts(restored)).toEqual(await counts(original.url))
    expect(await migrate(restored, functionsUrl)).toEqual([]) // the schema is the newest
    const [finished] = await runsOf(restored)
    const touched = withDatabase(restored, (db) =>
      db.raw(`UPDATE runs SET status = 'started' WHERE id = ?`, [finished!.id]),
    )
    await expect(touched).rejects.toThrow('terminal') // the guards came along

    for (const { payload } of await world.tasks()) await world.lose(payload.step) // the queue is another one
    const { storage, endpoint } = await aStorage({ dir: path.join(dir, 'copy'), buckets })
    const env = {
      ...world.env,
      DATABASE_URL: functionsUrl,
      STORAGE_ENDPOINT: endpoint,
      PUBLIC_BASE_URL: `${endpoint}/public`,
    }
    const services = openServices(env, catalogue)
    cleanups.push(services.tasks.close)
    await withDatabase(restored, (db) =>
      db.raw(`UPDATE steps SET due_at = due_at - interval '1 h' WHERE status <> 'done'`),
    )
    expect((await sweep(services)).revived).toBeGreaterThan(0)
    await runToEnd(world, services)
    await startAgain(services, finished!.id)
    await runToEnd(world, services)
    expect((await runsOf(restored)).map(({ status }) => status)).toEqual(['finished', 'finished', 'finished'])
    const [again] = await withDatabase(restored, (db) =>
      rows<{ reused: string }>(
        db,
        `SELECT count(*) AS reused
       FROM steps
       WHERE reused AND run_id = (SELECT id FROM runs ORDER BY created_at DESC LIMIT 1)`,
      ),
    )
    expect(Number(again!.reused)).toBeGreaterThan(5)
    const [published] = await storage.bucket('public').getFiles({ prefix: 'p/' })
    expect(published.filter(({ name }) => name.endsWith('/episode.mp3'))).toHaveLength(2)
  },
)
