// Publishing: once it has begun it is done, whoever comes between; the feed shows what was published and
// nothing else.
import { beforeEach, describe, expect, test } from '@jest/globals'
import { parseRssFeed } from 'feedsmith'
import { publish } from '../../functions/publish.ts'
import { saveFinishedAudio } from '../../shared/db/episodes.ts'
import { episodeName } from '../../shared/objects.ts'
import type { Services } from '../../shared/engine/services.ts'
import { deliver } from '../../shared/engine/delivery.ts'
import { aToyShow, type ToyShow } from '../support/toys.ts'
import { aWorld, type World } from '../support/world.ts'

let show: ToyShow
let world: World

/** A finish that leaves a few bytes of audio, and the real publish after it. */
beforeEach(async () => {
  show = aToyShow([
    {
      name: 'finish',
      act: async ({ episodeId, take }, { storage, config, withDatabase }) => {
        const contentHash = String(take)
        for (const file of ['episode.mp3', 'manifest.json'])
          await storage.create(
            { bucket: config.buckets.episodes, name: episodeName(episodeId, contentHash, file) },
            `${contentHash} of ${file}`,
            'audio/mpeg',
          )
        const audio = {
          contentHash,
          durationSeconds: 60,
          audioBytes: 1000,
          hasTranscript: false,
          coverFile: null,
        }
        await withDatabase((db) => saveFinishedAudio(db, episodeId, audio))
        return { contentHash, files: 'episode.mp3 manifest.json' }
      },
    },
  ])
  const stage = {
    trigger: 'task',
    step: publish,
    after: ['finish'],
    share: 1,
    queue: 'toys',
    memory: '512Mi',
    deadlineSeconds: 60,
  } as const
  world = await aWorld({ catalogue: [...show.catalogue, stage] })
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
  expect(await publicFiles()).toEqual(['', 'take-1/episode.mp3'])
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

describe('a process that ends in the middle of publishing', () => {
  test('before the point of no return leaves nothing in the feed, and the run can be cancelled', async () => {
    const runId = await aFinishedRun('one')
    const services = withStorage({ copy: () => Promise.reject(new Error('the process ended here')) })
    expect(await deliverPublish(runId, services)).toMatchObject({ status: 500 })
    expect(await theFeed()).toBeUndefined()
    expect(await world.cancel(runId)).toBe(true)
    expect(await world.deliver('publish')).toEqual({ status: 200, outcome: 'over' })
    expect(await episodes()).toEqual([{ slug: 'one', status: 'cancelled' }])
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

test('an episode made again keeps its identifier and date, and the listeners of the old take keep their file', async () => {
  await aFinishedRun('one')
  await world.runToEnd()
  const [before] = (await theFeed())!.items!
  await aFinishedRun('one', 'take-2')
  expect((await theFeed())!.items).toEqual([before])
  await world.runToEnd()
  const items = (await theFeed())!.items!
  expect(items).toMatchObject([{ guid: before!.guid, pubDate: before!.pubDate }])
  expect(items[0]!.enclosures![0]!.url).toMatch(/take-2\/episode\.mp3$/)
  expect(await publicFiles()).toEqual(['', 'take-1/episode.mp3', 'take-2/episode.mp3'])
})
