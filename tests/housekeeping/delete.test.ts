// Users have an episode deleted, or everything: out of the feed first, then all that is theirs and nothing else, whatever
// ends in the middle.
import { beforeEach, describe, expect, test } from '@jest/globals'
import { sweep } from '../../functions/sweep.ts'
import { beginUserDeletion } from '../../shared/db/begin-deletion.ts'
import { withDatabase } from '../../shared/db/connect.ts'
import { carryOn, deleteEpisode, deleteEverything, type Deleted } from '../../shared/housekeeping/delete.ts'
import { AlreadyRunning } from '../../shared/errors.ts'
import { audioName, episodeName, feedName, publicName, uploadName, workName } from '../../shared/objects.ts'
import type { Services } from '../../shared/engine/services.ts'
import { aToyShow } from '../support/toys.ts'
import { aWorld, user, type World } from '../support/world.ts'

let world: World
beforeEach(async () => {
  const show = aToyShow([
    { name: 'cut', inputs: ({ take }) => take },
    { name: 'mix', after: ['cut'], inputs: ({ take, gain }) => [take, gain] },
  ])
  world = await aWorld({ catalogue: show.catalogue })
})

const stranger = 'bert'
const buckets = () => world.services.config.buckets
const one = async <T>(sql: string, bindings: Record<string, string> = {}): Promise<T> =>
  (await world.database.rows<T>(sql, bindings))[0]!
const put = (bucket: string, name: string, text = name) =>
  world.services.storage.create({ bucket, name }, text, 'text/plain')

/** Every object but the traces of works, and the feeds' contents. */
async function objects(): Promise<string[]> {
  const names = []
  for (const [kind, bucket] of Object.entries(buckets()))
    for await (const { name } of world.services.storage.walk(bucket, ''))
      if (!name.startsWith('trace/')) names.push(`${kind} ${name}`)
  return names.sort()
}

interface Made {
  readonly episodeId: string
  readonly podcastId: string
}

/** A finished episode that is in the feed, with everything it leaves behind. */
async function published(slug: string, take = slug): Promise<Made> {
  await world.start({ take, gain: slug }, slug)
  await world.runToEnd()
  const { episodeId, podcastId } = await one<Made>(
    `UPDATE episodes
     SET status = 'published', content_hash = slug, duration_seconds = 1, audio_bytes = 1, published_at = now(),
         published = CAST(:published AS jsonb)
     WHERE slug = :slug
     RETURNING id AS "episodeId", podcast_id AS "podcastId"`,
    {
      slug,
      published: JSON.stringify({
        title: slug,
        description: '',
        contentHash: slug,
        durationSeconds: 1,
        audioBytes: 1,
        hasTranscript: false,
        coverFile: null,
        hasOwnAddress: true,
      }),
    },
  )
  const recording = uploadName(user, 'show', slug, 'recording.wav')
  await put(buckets().uploads, recording)
  await put(buckets().episodes, episodeName(episodeId, slug, 'episode.mp3'))
  await put(buckets().public, audioName(podcastId, episodeId))
  await put(buckets().public, publicName(podcastId, episodeId, slug, 'cover.jpg'))
  await put(buckets().work, workName(user, world.runId(), 'effect'))
  await world.database.rows(
    `INSERT INTO media_items (user_id, kind, bucket, object, generation, content_hash, bytes)
     VALUES (:user, 'recording', :bucket, :recording, '1', 'x', 1)`,
    { user, bucket: buckets().uploads, recording },
  )
  await world.database.rows(
    `INSERT INTO usage_entries (user_id, kind, entry_key, run_id, amount, periods)
     VALUES (:user, 'minutes', :slug, :runId, 1, '{}')`,
    { user, slug, runId: world.runId() },
  )
  return { episodeId, podcastId }
}

/** The same in little, without having been made: one result, and one object in each place. */
async function asIfPublished(slug: string): Promise<Made> {
  const made = await one<Made>(
    `WITH u AS (INSERT INTO users (id) VALUES ('${user}') ON CONFLICT DO NOTHING),
     p AS (INSERT INTO podcasts (user_id, slug) VALUES ('${user}', 'show')
           ON CONFLICT (user_id, slug) DO UPDATE SET slug = 'show' RETURNING id),
     e AS (INSERT INTO episodes (user_id, podcast_id, slug, title) SELECT '${user}', id, :slug, :slug FROM p RETURNING id, podcast_id),
     r AS (INSERT INTO runs (user_id, episode_id, status, finished_at) SELECT '${user}', id, 'finished', now() FROM e RETURNING id),
     s AS (INSERT INTO steps (run_id, step, part, status, context, input_key, output) SELECT id, 'cut', 0, 'done', '{}', :slug, '{}' FROM r)
     SELECT id AS "episodeId", podcast_id AS "podcastId" FROM e`,
    { slug },
  )
  await Promise.all([
    put(buckets().uploads, uploadName(user, 'show', slug, 'recording.wav')),
    put(buckets().episodes, episodeName(made.episodeId, slug, 'episode.mp3')),
    put(buckets().public, audioName(made.podcastId, made.episodeId)),
    put(buckets().work, workName(user, slug, 'pcm')),
  ])
  return made
}

/** The podcast's feed, as the last publication left it. */
async function aFeed({ podcastId }: Made, titles: readonly string[]): Promise<void> {
  await put(buckets().public, feedName(podcastId), titles.join(' '))
}
const feed = async ({ podcastId }: Made): Promise<string> =>
  (await world.services.storage.read({ bucket: buckets().public, name: feedName(podcastId) })).toString()

const remove = (episodeId: string, services: Services = world.services, cancel = false): Promise<Deleted> =>
  deleteEpisode(services, { userId: user, episodeId }, { cancel })

const without = (all: readonly string[], gone: RegExp) => all.filter((name) => !gone.test(name))
/** Leases and looks are so much longer ago. */
const later = () =>
  world.database.rows(
    `UPDATE deletions SET asked_at = asked_at - interval '1 hour', settles_at = settles_at - interval '1 hour'`,
  )

describe('A deleted episode', () => {
  test('leaves neither rows nor objects; the other episode, and what both were made of, stay', async () => {
    const kept = await published('kept', 'same')
    const gone = await published('gone', 'same')
    await aFeed(kept, ['kept', 'gone'])
    await put(buckets().uploads, uploadName(user, 'show', 'assets', 'intro.wav'))
    const before = await objects()
    const shared = (await world.steps()).find(({ step }) => step === 'cut')!.inputKey!
    const own = (await world.steps()).find(({ step }) => step === 'mix')!.inputKey!

    expect(await remove(gone.episodeId)).toMatchObject({ isDone: true, folders: 0, removed: { objects: 6 } })
    expect(await objects()).toEqual(
      without(before, new RegExp(`/gone/|${gone.episodeId}|${own}|/${world.runId()}/`)),
    )
    expect((await objects()).some((name) => name.includes(shared))).toBe(true)
    expect(await feed(gone)).toContain('<title>kept</title>')
    expect(await feed(gone)).not.toContain('gone')
    expect(await world.database.rows('SELECT slug FROM episodes')).toEqual([{ slug: 'kept' }])
    expect(await world.database.rows('SELECT 1 FROM runs')).toHaveLength(1)
    expect(await world.database.rows(`SELECT 1 FROM media_items WHERE object LIKE '%gone%'`)).toEqual([])
    expect(await world.database.rows('SELECT entry_key FROM usage_entries ORDER BY 1')).toEqual([
      { entry_key: 'gone' },
      { entry_key: 'kept' },
    ])
    expect(await remove(gone.episodeId)).toMatchObject({ isDone: true }) // asked once more
  })

  test('that was a trial takes its show with it, and any other leaves its show', async () => {
    const shows = async () =>
      (await world.database.rows<{ slug: string }>('SELECT slug FROM podcasts')).map(({ slug }) => slug)
    for (const [slug, left] of [
      ['show', ['show']],
      ['trial.one', []],
    ] as const) {
      const made = await asIfPublished('one')
      await world.database.rows(`UPDATE podcasts SET slug = '${slug}'`)
      await remove(made.episodeId)
      expect(await shows()).toEqual(left)
    }
  })

  test('is nobody else’s to delete', async () => {
    const { episodeId } = await published('mine')
    const before = await objects()
    await expect(
      deleteEpisode(world.services, { userId: stranger, episodeId }, { cancel: true }),
    ).rejects.toMatchObject({ code: 'not_found' })
    await world.start({ take: 'b', gain: 1 }, 'mine')
    await expect(
      deleteEpisode(world.services, { userId: stranger, episodeId }, { cancel: true }),
    ).rejects.toMatchObject({ code: 'not_found' })
    expect(await objects()).toEqual(before)
    expect(await world.run()).toMatchObject({ status: 'queued' })
  })

  test('with a live run is refused with its id, or cancels it; what that may still write goes when it has ended', async () => {
    const { episodeId } = await published('one')
    const runId = await world.start({ take: 'b', gain: 1 }, 'one')
    await expect(remove(episodeId)).rejects.toThrow(new AlreadyRunning(runId))
    await world.deliver('cut')
    await world.database.rows(
      `UPDATE steps SET status = 'running', lease_until = now() + interval '1 hour' WHERE status = 'pending'`,
    )
    const { deletionId, isDone } = await remove(episodeId, world.services, true)
    expect(isDone).toBe(false)
    await put(
      buckets().public,
      audioName('p', episodeId).replace(
        'p/p',
        `p/${(await one<Made>('SELECT podcast_id AS "podcastId" FROM deletions')).podcastId}`,
      ),
      'late',
    )
    await later()
    expect(await carryOn(world.services, deletionId, Infinity)).toMatchObject({ isDone: true })
    expect(await objects()).toEqual([])
  })

  test('that is being published is left alone', async () => {
    const { episodeId } = await published('one')
    const runId = await world.start({ take: 'b', gain: 1 }, 'one')
    await world.database.rows('UPDATE runs SET committed = true WHERE id = :runId', { runId })
    await expect(remove(episodeId, world.services, true)).rejects.toMatchObject({ code: 'not_cancellable' })
    expect(await world.run()).toMatchObject({ status: 'queued' })
  })

  test('may come again under its name, with another id; what was there before the request does not bring it back', async () => {
    const real = await aWorld()
    const name = uploadName(user, 'show', 'one', 'recording.wav')
    const first = await real.upload(name)
    await real.arrive(first)
    const [{ id: episodeId }] = (await real.database.rows<{ id: string }>('SELECT id FROM episodes')) as [
      { id: string },
    ]
    await real.cancel((await real.database.rows<{ id: string }>('SELECT id FROM runs'))[0]!.id)
    const forgetful = { ...real.services.storage, remove: () => Promise.reject(new Error('killed')) }
    await expect(
      deleteEpisode({ ...real.services, storage: forgetful }, { userId: user, episodeId }),
    ).rejects.toThrow('killed')
    await real.arrive(first) // once more, and late
    expect(await real.database.rows('SELECT 1 FROM episodes')).toEqual([])
    const again = await real.upload(name, 'other bytes')
    await real.arrive(again)
    expect(await real.sweep()).toMatchObject({ deleted: 1 })
    const rows = await real.database.rows<{ id: string; object: string }>(
      `SELECT e.id, r.context->>'recordingGeneration' AS object FROM episodes e JOIN runs r ON r.episode_id = e.id`,
    )
    expect(rows).toEqual([{ id: expect.not.stringMatching(episodeId), object: again.generation }])
    expect(await real.services.storage.stat(again)).toBeDefined()
  })

  test('waits with results that another run may be about to name, which then stay', async () => {
    const gone = await published('gone', 'same')
    await world.start({ take: 'same', gain: 'other' }, 'kept')
    await world.database.rows(`UPDATE runs SET status = 'started' WHERE id = :id`, { id: world.runId() })
    const { deletionId, isDone } = await remove(gone.episodeId)
    expect(isDone).toBe(false)
    expect(await world.deliver('cut')).toMatchObject({ outcome: 'deferred' }) // the files of that name are going
    expect(await carryOn(world.services, deletionId, Infinity)).toMatchObject({ isDone: false })
    await later()
    expect(await carryOn(world.services, deletionId, Infinity)).toMatchObject({ isDone: true })
    await world.runToEnd()
    expect(await world.run()).toMatchObject({ status: 'finished' })
  })
})

/** The same services, whose process ends at the nth call of the store; says how many there were. */
function endingAt(nth: number): { services: Services; calls: () => number } {
  let calls = 0
  const { storage } = world.services
  const counting = Object.fromEntries(
    Object.entries(storage).map(([name, method]) => [
      name,
      (...given: unknown[]) => {
        if (++calls >= nth) throw new Error('the process ended here')
        return (method as (...given: unknown[]) => unknown)(...given)
      },
    ]),
  ) as unknown as Services['storage']
  return { services: { ...world.services, storage: counting }, calls: () => calls }
}

test('an episode’s deletion that ends at any call of the store is finished by the sweep, and the feed never names what is gone', async () => {
  const ofAll: number[] = []
  for (let nth = 1; ; nth++) {
    const gone = await asIfPublished(`gone-${nth}`)
    if (nth === 1) await aFeed(gone, ['gone'])
    const { services, calls } = endingAt(nth)
    const ended = await remove(gone.episodeId, services).catch((error: unknown) => error)
    ofAll.push(calls())
    const isThere = async (name: string) => (await objects()).includes(name)
    if (!(await isThere(`public ${audioName(gone.podcastId, gone.episodeId)}`)))
      expect(await feed(gone)).not.toContain(`gone-${nth}`)
    if (ended instanceof Error) expect(await sweep(world.services)).toMatchObject({ deleted: 1 })
    expect(await objects()).toEqual([`public ${feedName(gone.podcastId)}`])
    expect(await feed(gone)).not.toContain('gone-')
    if (!(ended instanceof Error)) break
  }
  expect(ofAll.length).toBeGreaterThan(12)
})

describe('Everything of a user', () => {
  /** Rows of every table that can have some, for two users. */
  async function aLife(): Promise<string[]> {
    await published('one')
    await published('two')
    await world.giveKey('deepgram', 'secret').catch(() => undefined) // no sealing key in some worlds
    await put(buckets().uploads, `u/${user}/mail/box.mbox`)
    await put(buckets().work, workName(user, 'nobody-knows-it', 'pcm'))
    for (const [bucket, name] of [
      ['uploads', `u/${stranger}/show/one/recording.wav`],
      ['uploads', `u/${user}x/show/one/recording.wav`],
      ['work', `w/${stranger}/key/pcm`],
      ['episodes', 'e/other/hash/episode.mp3'],
      ['public', 'p/other/feed.xml'],
    ] as const)
      await put(buckets()[bucket], name)
    await world.database.rows(`INSERT INTO users (id) VALUES (:stranger)`, { stranger })
    await world.database.rows(
      `INSERT INTO api_keys (user_id, name, hash, scopes) VALUES ('${user}', 'k', 'h1', '{}'), ('${stranger}', 'k', 'h2', '{}')`,
    )
    await world.database.rows(
      `INSERT INTO api_callers SELECT 'key:' || id, now(), 1 FROM api_keys UNION SELECT 'user:${user}', now(), 1`,
    )
    return without(await objects(), new RegExp(`/${user}/|e/[0-9a-f]|p/[0-9a-f]`))
  }

  test('goes, and nothing else; then they may begin anew', async () => {
    const others = await aLife()
    await world.start({ take: 'c', gain: 1 }, 'three') // live
    expect(await deleteEverything(world.services, user)).toMatchObject({ isDone: true, rows: 0, folders: 0 })
    expect(await objects()).toEqual(others)
    expect(await world.database.rows('SELECT id FROM users')).toEqual([{ id: stranger }])
    expect(await world.database.rows('SELECT user_id FROM api_keys')).toEqual([{ user_id: stranger }])
    expect(await world.database.rows('SELECT 1 FROM api_callers')).toHaveLength(1)
    await world.start({ take: 'a', gain: 1 }, 'one')
    await world.runToEnd()
    expect(await world.run()).toMatchObject({ status: 'finished' })
  })

  test('goes also where it ends at every other call of the store; meanwhile nothing of theirs begins', async () => {
    for (let nth = 1; ; nth += 2) {
      await asIfPublished('one')
      const { services } = endingAt(nth)
      const ended = await deleteEverything(services, user).catch((error: unknown) => error)
      if (!(ended instanceof Error)) {
        expect(ended).toMatchObject({ isDone: true })
        break
      }
      await expect(world.start({ take: 'b' }, 'two')).rejects.toMatchObject({ code: 'being_deleted' })
      // asked again, it goes on where it was
      if (nth % 4 === 1)
        expect(await deleteEverything(world.services, user)).toMatchObject({ isDone: true, rows: 0 })
      else expect(await sweep(world.services)).toMatchObject({ deleted: 1 })
      expect(await objects()).toEqual([])
    }
    expect(await objects()).toEqual([])
  })

  test.each([
    ['runs', 'episodes', 'users'],
    ['podcasts', 'episodes', 'runs', 'users'],
  ])('waits for whoever locks %s and then %s', async (first, ...then) => {
    await published('one')
    const { databaseUrl } = world.services.config
    const deleting = await withDatabase(databaseUrl, (db) =>
      db.transaction(async (trx) => {
        const lock = (table: string) =>
          trx(table)
            .where(table === 'users' ? { id: user } : { user_id: user })
            .forUpdate()
            .select()
        await lock(first)
        const waiting = withDatabase(databaseUrl, (other) =>
          other.transaction((deletion) => beginUserDeletion(deletion, user, 0)),
        )
        waiting.catch(() => undefined) // whatever it ends with is seen below
        while (!(await somebodyWaits()));
        for (const table of then) await lock(table)
        return { waiting }
      }),
    )
    await deleting.waiting
    expect(await world.database.rows('SELECT 1 FROM users')).toEqual([])
  })

  const somebodyWaits = async (): Promise<boolean> => {
    const waiting = await world.database.rows(
      `SELECT 1 FROM pg_stat_activity
       WHERE datname = current_database() AND cardinality(pg_blocking_pids(pid)) > 0`,
    )
    return waiting.length > 0
  }

  test('that is more than a request can do is begun by it and finished by the sweep', async () => {
    await published('one')
    expect(await deleteEverything(world.services, user, { budgetMs: 0 })).toMatchObject({
      isDone: false,
      rows: 0,
      folders: 4,
    })
    expect(await sweep(world.services)).toMatchObject({ deleted: 1 })
    expect(await objects()).toEqual([])
  })

  test('hangs on their row: every table is forgotten with it, but the records of deletions', async () => {
    const kept = await world.database.rows<{ name: string }>(
      `WITH RECURSIVE goes(name) AS (
         SELECT 'users'::regclass
         UNION
         SELECT c.conrelid::regclass FROM pg_constraint c JOIN goes g ON c.confrelid = g.name
         WHERE c.contype = 'f' AND c.confdeltype = 'c'
       )
       SELECT tablename AS name FROM pg_tables
       WHERE schemaname = 'public' AND tablename NOT LIKE 'migrations%'
         AND to_regclass(quote_ident(tablename)) NOT IN (SELECT name FROM goes) ORDER BY 1`,
    )
    expect(kept.map(({ name }) => name)).toEqual(['api_callers', 'deletion_folders', 'deletions'])
  })
})
