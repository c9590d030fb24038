// Publishing: once it has begun it is done, whoever comes between; the feed shows what was published and
// nothing else.
import { beforeEach, describe, expect, test } from '@jest/globals'
import { parseRssFeed } from 'feedsmith'
import type { Services } from '../../shared/engine/services.ts'
import { deliver } from '../../shared/engine/delivery.ts'
import { withDatabase } from '../../shared/db/connect.ts'
import { listRuns } from '../../shared/db/runs.ts'
import type { Scalars } from '../../shared/context.ts'
import { listEpisodes } from '../../shared/db/listed-episodes.ts'
import { schedulePublication, startPublication } from '../../shared/episode/publication.ts'
import { startAgain } from '../../shared/episode/retry.ts'
import { AlreadyRunning, Permanent } from '../../shared/errors.ts'
import { aWorldThatPublishes, mp3Header } from '../support/publishing.ts'
import type { ToyShow } from '../support/toys.ts'
import { user, type World } from '../support/world.ts'

let show: ToyShow
let world: World

beforeEach(async () => {
  ;({ show, world } = await aWorldThatPublishes())
})

const bucketOf = () => world.storage.bucket(world.services.config.buckets.public)
async function theFeed() {
  const [files] = await bucketOf().getFiles()
  const feed = files.find(({ name }) => name.endsWith('/feed.xml'))
  return feed && parseRssFeed((await feed.download())[0].toString())
}
const titles = async () => (await theFeed())?.items?.map(({ title }) => title).toSorted()
const publicFiles = async () =>
  (await bucketOf().getFiles())[0].map(({ name }) => name.split('/').slice(3).join('/')).toSorted()
const episodes = () => world.database.rows('SELECT slug, status FROM episodes ORDER BY slug')

/** A run of the episode, up to its publication. */
async function aFinishedRun(slug: string, take = 'take-1'): Promise<string> {
  const runId = await world.start({ take }, slug)
  await world.deliver('finish', 0, runId)
  return runId
}
const deliverPublish = (runId: string, services: Services = world.services) =>
  deliver(services, services.pipeline.stage('publish')!, {
    v: 1,
    runId,
    step: 'publish',
    part: 0,
    turn: 0,
    context: { contentHash: 'take-1', files: 'episode.mp3 manifest.json' },
  })

/** The world's services, with one storage method done differently. */
const withStorage = (change: Partial<Services['storage']>): Services => ({
  ...world.services,
  storage: { ...world.services.storage, ...change },
})

test('an episode gets its public files, its item in the feed and its status', async () => {
  await aFinishedRun('one')
  await world.runToEnd()
  expect(await world.run()).toMatchObject({ status: 'finished' })
  expect(await episodes()).toEqual([{ slug: 'one', status: 'published' }])
  expect(await publicFiles()).toEqual(['', 'episode.mp3'])
  expect(await titles()).toEqual(['one'])
})

test('what is only processed, cancelled or still at work is never in the feed', async () => {
  await aFinishedRun('published')
  await world.runToEnd()
  await aFinishedRun('processed')
  await aFinishedRun('cancelled')
  await world.cancel()
  await world.start({ take: 'take-1' }, 'processing')
  await aFinishedRun('another')
  await world.deliver('publish')
  expect(await titles()).toEqual(['another', 'published'])
})

test('ten episodes of one podcast published at the same moment are all in the feed', async () => {
  const slugs = Array.from({ length: 10 }, (_, i) => `episode-${i}`)
  for (const slug of slugs) await aFinishedRun(slug)
  await world.runToEnd()
  expect(await titles()).toEqual(slugs)
})

test('a feed that changed while it was written is written again, with what was published meanwhile', async () => {
  const [first, second] = [await aFinishedRun('first'), await aFinishedRun('second')]
  let overtaken = false
  const services = withStorage({
    swap: async (...swap) => {
      if (!overtaken) {
        overtaken = true
        expect(await deliverPublish(second)).toMatchObject({ outcome: 'done' })
      }
      return await world.services.storage.swap(...swap)
    },
  })
  expect(await deliverPublish(first, services)).toEqual({ status: 200, outcome: 'done' })
  expect(await titles()).toEqual(['first', 'second'])
})

test('the generation is read before the rows: whoever publishes between any two looks at the feed stays in it', async () => {
  const first = await aFinishedRun('first')
  const others = [await aFinishedRun('second'), await aFinishedRun('third')]
  const services = withStorage({
    stat: async (object) => {
      const other = object.name.endsWith('/feed.xml') ? others.shift() : undefined
      if (other !== undefined) await deliverPublish(other)
      return await world.services.storage.stat(object)
    },
  })
  await deliverPublish(first, services)
  for (const other of others) await deliverPublish(other)
  expect(await titles()).toEqual(['first', 'second', 'third'])
})

describe('An episode', () => {
  const row = async () =>
    (
      await world.database.rows<Record<string, unknown>>(
        'SELECT id, status, hold_reason, publish_at, published_at FROM episodes',
      )
    )[0]!
  const idOf = async () => String((await row())['id'])
  const tomorrow = new Date(Date.now() + 86_400_000)
  const timePasses = () =>
    world.database.rows(`UPDATE episodes SET publish_at = publish_at - interval '2 days'`)

  /** A run of the episode, up to where it is decided whether it is published. */
  async function made(context: Scalars, take = 'take-1'): Promise<string> {
    const runId = await world.start({ take, ...context })
    await world.runToEnd()
    expect(await world.run(runId)).toMatchObject({ status: 'finished' })
    return runId
  }

  test('that is to be published by hand waits, whole, until somebody says so', async () => {
    await made({ publish: 'manual' })
    expect(await row()).toMatchObject({ status: 'processed', hold_reason: 'manual' })
    expect([await theFeed(), await publicFiles()]).toEqual([undefined, []])
    await startPublication(world.services, await idOf(), 'publish')
    await world.runToEnd()
    expect(await row()).toMatchObject({ status: 'published', hold_reason: null })
    expect(await titles()).toEqual(['one'])
  })

  test('that misses its certificate waits with the reason, even one that is in the feed already', async () => {
    await made({})
    const address = await enclosure()
    await made({ isCertified: false }, 'take-2')
    expect(await row()).toMatchObject({ hold_reason: 'certificate_failed' })
    expect((await fetched(address))[0]).toBe('take-1 of episode.mp3')
    await startPublication(world.services, await idOf(), 'publish')
    await world.runToEnd()
    expect((await fetched(address))[0]).toBe('take-2 of episode.mp3')
  })

  const listed = () =>
    withDatabase(world.services.config.databaseUrl, (db) =>
      listEpisodes(db, { userId: user, limit: 9, after: undefined }),
    )

  /** A run of the episode that ends before it has made anything. */
  async function attempted(how: 'fails' | 'is called off'): Promise<void> {
    const runId = await world.start({ take: 'never' })
    if (how === 'is called off') await world.cancel(runId)
    else
      show.next('finish', () => {
        throw new Permanent('bad_words_file', 'They are of another recording.')
      })
    await world.runToEnd()
  }

  test('is again what it was where an attempt to make it anew fails, and that it failed is said', async () => {
    await made({})
    await attempted('fails')
    expect(await row()).toMatchObject({ status: 'published' })
    await made({ publish: 'manual' }, 'take-2')
    await attempted('fails')
    expect(await listed()).toMatchObject([
      { status: 'processed', holdReason: 'manual', lastFailure: 'bad_words_file' },
    ])
    expect((await fetched(await enclosure()))[0]).toBe('take-1 of episode.mp3')
    await startPublication(world.services, await idOf(), 'publish')
    await world.runToEnd()
    expect((await fetched(await enclosure()))[0]).toBe('take-2 of episode.mp3')
    expect(await listed()).toMatchObject([{ status: 'published', lastFailure: 'bad_words_file' }])
  })

  test('that is to come out comes out where a new version is called off, and is held where that failed', async () => {
    await made({ publish: tomorrow.toISOString() })
    await attempted('is called off')
    expect(await row()).toMatchObject({ status: 'scheduled', publish_at: tomorrow })
    await attempted('fails')
    await attempted('is called off')
    expect(await row()).toMatchObject({ status: 'processed', hold_reason: 'attempt_failed' })
  })

  test('for tomorrow is scheduled, and published by the call that its queue was given', async () => {
    await made({ publish: tomorrow.toISOString() })
    expect(await row()).toMatchObject({ status: 'scheduled', publish_at: tomorrow, published_at: null })
    expect([await theFeed(), await world.sweep()]).toEqual([
      undefined,
      {
        overdue: 0,
        revived: 0,
        published: 0,
        remade: 0,
        deleted: 0,
        cleared: 0,
        abandoned: 0,
        reappeared: 0,
      },
    ])
    await timePasses()
    expect(await world.sweep()).toMatchObject({ published: 1 })
    expect(await world.sweep()).toMatchObject({ published: 0 })
    await world.runToEnd()
    expect(await row()).toMatchObject({ status: 'published', publish_at: null })
    expect(await titles()).toEqual(['one'])
  })

  test('whose time has passed when it is finished is published at once', async () => {
    await made({ publish: '2020-01-01T00:00:00Z' })
    expect(await row()).toMatchObject({ status: 'published' })
  })

  test('is given another time while it is made, and keeps it', async () => {
    const runId = await aFinishedRun('one')
    await schedulePublication(world.services, await idOf(), tomorrow)
    await world.deliver('publish', 0, runId)
    expect(await row()).toMatchObject({ status: 'scheduled', publish_at: tomorrow })
  })

  test('in the feed is given no other time before it is taken back', async () => {
    await made({})
    await expect(schedulePublication(world.services, await idOf(), tomorrow)).rejects.toMatchObject({
      code: 'not_publishable',
    })
    await startPublication(world.services, await idOf(), 'withdraw')
    await world.runToEnd()
    await schedulePublication(world.services, await idOf(), tomorrow)
    expect(await row()).toMatchObject({ status: 'scheduled' })
  })

  test('that was taken back is nowhere, and comes again under its guid and date', async () => {
    await made({})
    await made({ take: 'take-2' }, 'take-2')
    const [before] = (await theFeed())!.items!
    for (let twice = 0; twice < 2; twice++) {
      await startPublication(world.services, await idOf(), 'withdraw')
      await world.runToEnd()
      expect(await row()).toMatchObject({
        status: 'processed',
        hold_reason: 'unpublished',
        published_at: null,
      })
      expect([await titles(), await publicFiles()]).toEqual([undefined, ['']])
    }
    for (let twice = 0; twice < 2; twice++) {
      await startPublication(world.services, await idOf(), 'publish')
      await world.runToEnd()
      expect((await theFeed())!.items).toMatchObject([{ guid: before!.guid, pubDate: before!.pubDate }])
    }
  })

  test('that is being made can be neither published nor taken back, and one that never was finished is not', async () => {
    await made({})
    const live = await world.start({ take: 'take-2' })
    await expect(startPublication(world.services, await idOf(), 'withdraw')).rejects.toThrow(
      new AlreadyRunning(live),
    )
    await world.cancel(live)
    await world.database.rows('UPDATE episodes SET content_hash = :other', { other: 'never' })
    await expect(startPublication(world.services, await idOf(), 'publish')).rejects.toMatchObject({
      code: 'not_publishable',
    })
  })

  test('in the feed stays published when a later run of it fails or is cancelled', async () => {
    await made({})
    const failing = await world.start({ take: 'take-2' })
    show.next('finish', () => Promise.reject(new Permanent('disk_full')))
    await world.deliver('finish', 0, failing)
    expect(await world.run(failing)).toMatchObject({ status: 'failed' })
    expect(await row()).toMatchObject({ status: 'published' })
    await world.cancel(await world.start({ take: 'take-3' }))
    expect(await row()).toMatchObject({ status: 'published' })
    expect(await titles()).toEqual(['one'])
  })

  test('whose publication fails is as it was, and can be tried again', async () => {
    await made({ publish: 'manual' })
    const runId = await startPublication(world.services, await idOf(), 'publish')
    await world.database.rows(
      `UPDATE steps SET attempt = 99, started_at = now() - interval '1 day' WHERE run_id = :runId`,
      { runId },
    )
    await world.deliver('publish', 0, runId)
    expect(await world.run(runId)).toMatchObject({ status: 'failed', stopReason: 'attempts_exhausted' })
    expect(await row()).toMatchObject({ status: 'processed' })
    await startAgain(world.services, runId)
    await world.runToEnd()
    expect(await row()).toMatchObject({ status: 'published' })
  })
})

describe('a process that ends in the middle of publishing', () => {
  test('before the point of no return leaves nothing in the feed, and the run can be cancelled; what was finished stays so', async () => {
    const runId = await aFinishedRun('one')
    const services = withStorage({ stat: () => Promise.reject(new Error('the process ended here')) })
    expect(await deliverPublish(runId, services)).toMatchObject({ status: 500 })
    expect(await theFeed()).toBeUndefined()
    expect(await world.cancel(runId)).toBe(true)
    expect(await world.deliver('publish')).toEqual({ status: 200, outcome: 'over' })
    expect(await episodes()).toEqual([{ slug: 'one', status: 'processed' }])
  })

  test('after it refuses a cancel, and the next attempt publishes once', async () => {
    const runId = await aFinishedRun('one')
    const services = withStorage({
      swap: async (...swap) => {
        await world.services.storage.swap(...swap)
        throw new Error('the process ended here')
      },
    })
    expect(await deliverPublish(runId, services)).toMatchObject({ status: 500 })
    expect(await episodes()).toEqual([{ slug: 'one', status: 'publishing' }])
    expect(await world.cancel(runId)).toBe(false)
    expect(await world.deliver('publish')).toEqual({ status: 200, outcome: 'done' })
    expect(await titles()).toEqual(['one'])
    expect(await world.run(runId)).toMatchObject({ status: 'finished' })
  })
})

/** What a listener's application gets from an address, and how long it may keep it. */
async function fetched(url: string) {
  const file = bucketOf().file(url.slice(world.services.config.publicBaseUrl.length + 1))
  const [{ cacheControl, contentType }] = await file.getMetadata()
  return [(await file.download())[0].toString('latin1').slice(mp3Header.length), cacheControl, contentType]
}
const enclosure = async () => (await theFeed())!.items![0]!.enclosures![0]!.url!

test('an episode made again keeps its identifier, date and address, which leads to the new audio', async () => {
  await aFinishedRun('one')
  await world.runToEnd()
  const [before] = (await theFeed())!.items!
  const address = await enclosure()
  const kept = 'public, max-age=300, must-revalidate'
  expect(await fetched(address)).toEqual(['take-1 of episode.mp3', kept, 'audio/mpeg'])
  await aFinishedRun('one', 'take-2')
  expect((await theFeed())!.items).toEqual([before])
  expect(await fetched(address)).toEqual(['take-1 of episode.mp3', kept, 'audio/mpeg'])
  await world.runToEnd()
  expect((await theFeed())!.items).toMatchObject([{ guid: before!.guid, pubDate: before!.pubDate }])
  expect(await enclosure()).toBe(address)
  expect(await fetched(address)).toEqual(['take-2 of episode.mp3', kept, 'audio/mpeg'])
  expect(await publicFiles()).toEqual(['', 'episode.mp3'])
})

test('an attempt that was overtaken does not bring the old audio back', async () => {
  const old = await aFinishedRun('one')
  let overtaken = false
  let overtaker: unknown
  const services = withStorage({
    copyOver: async (...copy) => {
      if (!overtaken) {
        overtaken = true
        await world.timePasses(700_000)
        overtaker = await deliverPublish(old)
        await aFinishedRun('one', 'take-2')
        await world.runToEnd()
      }
      return await world.services.storage.copyOver(...copy)
    },
  })
  await deliverPublish(old, services)
  expect(overtaker).toMatchObject({ outcome: 'done' })
  expect((await fetched(await enclosure()))[0]).toBe('take-2 of episode.mp3')
})

test('an attempt that slept through its lease takes back nothing that its successor has finished, though the run goes on', async () => {
  const runId = await aFinishedRun('one')
  await world.database.rows(
    `INSERT INTO steps (run_id, step, part, context) VALUES (:runId, 'page', 0, '{}')`, // the run is not over yet
    { runId },
  )
  let successor: unknown
  const sleeping = withStorage({
    stat: async (object) => {
      const found = await world.services.storage.stat(object)
      if (successor === undefined && object.bucket === bucketOf().name) {
        await world.timePasses(700_000)
        successor = await deliverPublish(runId)
      }
      return found
    },
  })
  expect(await deliverPublish(runId, sleeping)).toMatchObject({ outcome: 'busy' })
  expect(successor).toMatchObject({ outcome: 'done' })
  expect(await world.run(runId)).toMatchObject({ status: 'started' })
  expect(await episodes()).toEqual([{ slug: 'one', status: 'published' }])
})

test('an attempt that wakes when the episode is public again deletes none of its files', async () => {
  await aFinishedRun('one')
  await world.runToEnd()
  const [{ id } = { id: '' }] = await world.database.rows<{ id: string }>('SELECT id FROM episodes')
  const withdrawal = await startPublication(world.services, id, 'withdraw')
  const [task] = await world.tasks()
  let isAsleep = false
  const sleeping = withStorage({
    swap: async (...given) => {
      if (!isAsleep) {
        isAsleep = true
        await world.timePasses(700_000)
        await world.runToEnd()
        await startPublication(world.services, id, 'publish')
        await world.runToEnd()
      }
      return await world.services.storage.swap(...given)
    },
  })
  await deliver(sleeping, sleeping.pipeline.stage('publish')!, task!.payload)
  expect(await world.run(withdrawal)).toMatchObject({ status: 'finished' })
  expect(await episodes()).toEqual([{ slug: 'one', status: 'published' }])
  expect(await publicFiles()).toEqual(['', 'episode.mp3'])
})

describe('an attempt that sleeps until the episode has been published and taken back', () => {
  /** What it had seen before still holds: nothing stands at the audio's address. */
  async function theSleeperWakes(): Promise<void> {
    const runId = await aFinishedRun('one')
    let isAsleep = false
    const sleeping = withStorage({
      copyOver: async (...copy) => {
        if (!isAsleep) {
          isAsleep = true
          await world.timePasses(700_000)
          await deliverPublish(runId)
          await startPublication(world.services, await theEpisode(), 'withdraw')
          await world.runToEnd()
        }
        return await world.services.storage.copyOver(...copy)
      },
    })
    await deliverPublish(runId, sleeping)
    expect(await publicFiles()).toEqual(['', 'episode.mp3'])
  }
  const theEpisode = async () => (await world.database.rows<{ id: string }>('SELECT id FROM episodes'))[0]!.id
  const aQuarterPasses = () =>
    world.database.rows(`UPDATE episodes SET withdrawn_at = withdrawn_at - interval '16 minutes'`)
  const isInDoubt = async () =>
    (await world.database.rows('SELECT 1 FROM episodes WHERE withdrawn_at IS NOT NULL')).length > 0

  test('puts its audio before listeners, and a sweep has it taken away, whatever the episode is by then', async () => {
    await theSleeperWakes()
    expect(await world.sweep()).toMatchObject({ reappeared: 0 })
    await world.database.rows(`UPDATE episodes SET status = 'failed'`)
    await aQuarterPasses()
    expect(await world.sweep()).toMatchObject({ reappeared: 1 })
    await world.runToEnd()
    expect([await publicFiles(), await episodes()]).toEqual([[''], [{ slug: 'one', status: 'failed' }]])
    await aQuarterPasses()
    expect([await isInDoubt(), await world.sweep(), await isInDoubt()]).toMatchObject([
      true,
      { reappeared: 0 },
      false,
    ])
  })

  test('is cleared away by a run that is nobody else’s business: it is not listed, and its end moves no episode', async () => {
    await theSleeperWakes()
    await schedulePublication(world.services, await theEpisode(), new Date(Date.now() + 86_400_000))
    await aQuarterPasses()
    expect(await world.sweep()).toMatchObject({ reappeared: 1 })
    const [live] = await world.database.rows<{ id: string }>(`SELECT id FROM runs WHERE status <> 'finished'`)
    const listed = await withDatabase(world.services.config.databaseUrl, (db) =>
      listRuns(db, { userId: user, limit: 10, after: undefined }, { episodeId: undefined }),
    )
    expect(listed.map(({ id }) => id)).not.toContain(live!.id)
    await world.cancel(live!.id)
    expect([await episodes(), await world.sweep()]).toMatchObject([
      [{ status: 'scheduled' }],
      { reappeared: 0 },
    ])
    await aQuarterPasses()
    expect(await world.sweep()).toMatchObject({ reappeared: 1 })
  })

  test('harms nobody where the episode is published again before a sweep comes', async () => {
    await theSleeperWakes()
    await startPublication(world.services, await theEpisode(), 'publish')
    await world.runToEnd()
    await startPublication(world.services, await theEpisode(), 'clear')
    await world.runToEnd()
    expect([await titles(), await publicFiles()]).toEqual([['one'], ['', 'episode.mp3']])
    expect([await isInDoubt(), await world.sweep()]).toMatchObject([false, { reappeared: 0 }])
  })
})

test('audio that stands there already is left alone: caches that ask find it unchanged', async () => {
  const runId = await aFinishedRun('one')
  const breaking = withStorage({ swap: () => Promise.reject(new Error('the process ended here')) })
  expect(await deliverPublish(runId, breaking)).toMatchObject({ status: 500 })
  const generation = async () =>
    (await bucketOf().getFiles())[0].find(({ name }) => name.endsWith('.mp3'))!.metadata.generation
  const first = await generation()
  expect(await world.deliver('publish')).toMatchObject({ outcome: 'done' })
  expect(await generation()).toBe(first)
})

test('what was published before audio had an address of its own keeps the one it has', async () => {
  await aFinishedRun('one')
  await world.runToEnd()
  await world.database.rows("UPDATE episodes SET published = published - 'hasOwnAddress'")
  await aFinishedRun('two')
  await world.runToEnd()
  const urls = (await theFeed())!.items!.map(({ enclosures }) => enclosures![0]!.url!.split('/').slice(-2))
  expect(urls).toEqual([
    [expect.any(String), 'episode.mp3'],
    ['take-1', 'episode.mp3'],
  ])
})

test('the same recording in two episodes has two identifiers and two addresses', async () => {
  for (const slug of ['one', 'two']) await aFinishedRun(slug)
  await world.runToEnd()
  const items = (await theFeed())!.items!
  expect(new Set(items.map(({ guid }) => guid!.value)).size).toBe(2)
  expect(new Set(items.map(({ enclosures }) => enclosures![0]!.url)).size).toBe(2)
})

test('an episode deleted and made again under its name is another one', async () => {
  await aFinishedRun('one')
  await world.runToEnd()
  const [{ guid }, address] = [(await theFeed())!.items![0]!, await enclosure()]
  await world.database.rows('DELETE FROM runs')
  await world.database.rows("DELETE FROM episodes WHERE slug = 'one'")
  await aFinishedRun('one')
  await world.runToEnd()
  const items = (await theFeed())!.items!
  expect(items.length).toBe(1)
  expect([items[0]!.guid!.value === guid!.value, (await enclosure()) === address]).toEqual([false, false])
})

test('a show of which only some episodes are numbered says so', async () => {
  await aFinishedRun('one')
  await world.runToEnd()
  await world.database.rows(`UPDATE episodes SET published = jsonb_set(published, '{episodeNumber}', '1')`)
  const runId = await aFinishedRun('two')
  await world.runToEnd()
  expect((await world.run(runId)).warnings).toMatchObject([
    { code: 'half_numbered', message: '1 of 2 episodes have a number.' },
  ])
})

test('a category in other letters is put right, and said', async () => {
  const runId = await aFinishedRun('one')
  await world.database.rows(`UPDATE podcasts SET settings = '{"category":"technology"}'`)
  await world.runToEnd()
  expect((await world.run(runId)).warnings).toMatchObject([{ code: 'category_corrected' }])
  expect((await theFeed())!.itunes!.categories).toEqual([{ text: 'Technology' }])
})
