// Ten episodes of one show come out at the same moment, and their processes end or stand still wherever chance has it.
// Whoever reads the feed meanwhile always finds one that is whole, and in the end every episode is in it once.
import { expect, test } from '@jest/globals'
import { parseRssFeed } from 'feedsmith'
import type { Services } from '../../shared/engine/services.ts'
import { feedName } from '../../shared/objects.ts'
import { aWorldThatPublishes } from '../support/publishing.ts'
import type { World } from '../support/world.ts'

const publishers = 10
/** A publication asks the store about so often. */
const calls = 8
const longLeaseMs = 700_000

/** Numbers from 0 to below 1, the same for the same seed (Park and Miller). */
function chances(seed: number): () => number {
  let state = seed
  return () => (state = (state * 48_271) % 2_147_483_647) / 2_147_483_647
}

interface Trouble {
  readonly services: Services
  /** It has come to the call at which it stands still. */
  readonly standsStill: Promise<'stands still'>
}

/** A process that ends at its nth call of the store, or stands still there until it is woken. */
function inTrouble({ services }: World, nth: number, woken: Promise<undefined> | undefined): Trouble {
  const stopped = Promise.withResolvers<'stands still'>()
  let count = 0
  const meet = async () => {
    if (count++ !== nth) return
    if (!woken) throw new Error('the process ended')
    stopped.resolve('stands still')
    await woken
  }
  const troubled = Object.entries(services.storage).map(([name, method]) => [
    name,
    async (...given: never[]) => {
      await meet()
      return await (method as (...all: never[]) => unknown)(...given)
    },
  ])
  return {
    services: { ...services, storage: Object.fromEntries(troubled) as never },
    standsStill: stopped.promise,
  }
}

test.each([1, 2])('Ten publishers at once, with troubles of seed %i', async (seed) => {
  const { world } = await aWorldThatPublishes()
  const next = chances(seed)
  const wake = Promise.withResolvers<undefined>()
  const sleepers: Promise<unknown>[] = []
  const runIds: string[] = []
  for (let i = 0; i < publishers; i++) {
    runIds.push(await world.start({ take: `take-${i}` }, `episode-${i}`))
    await world.deliver('finish', 0, runIds[i])
  }

  /** One process in trouble after the other, until one comes through. */
  const publish = async (runId: string) => {
    const { payload } = (await world.tasks()).find((task) => task.payload.runId === runId)!
    for (let attempt = 1; ; attempt++) {
      const nth = attempt > 3 ? Infinity : Math.floor(next() * calls)
      const trouble = inTrouble(world, nth, next() < 0.5 ? wake.promise : undefined)
      const delivery = world.handBy(trouble.services, payload)
      const outcome = await Promise.race([delivery, trouble.standsStill])
      if (outcome !== 'stands still') {
        if (outcome.status === 200) return
        continue
      }
      sleepers.push(delivery)
      await world.database.rows(
        `UPDATE steps SET lease_until = lease_until - :ms * interval '1 ms' WHERE run_id = :runId AND status = 'running'`,
        { ms: longLeaseMs, runId },
      )
    }
  }

  const [row] = await world.database.rows<{ id: string }>('SELECT id FROM podcasts')
  const feedUrl = `${world.services.config.publicBaseUrl}/${feedName(row!.id)}`
  const titlesNow = async (): Promise<string[]> => {
    const response = await fetch(feedUrl)
    const text = await response.text()
    return response.ok ? (parseRssFeed(text).items ?? []).map(({ title }) => title!) : []
  }
  let isOver = false
  const read = async () => {
    const counts: number[] = []
    while (!isOver) {
      const titles = await titlesNow()
      expect(new Set(titles).size).toBe(titles.length)
      counts.push(titles.length)
    }
    return counts
  }
  const reader = read()
  await Promise.all(runIds.map(publish))
  wake.resolve(undefined)
  await Promise.all(sleepers)
  isOver = true
  const counts = await reader
  expect(counts).toEqual(counts.toSorted((a, b) => a - b))
  expect((await titlesNow()).toSorted()).toEqual(runIds.map((_, i) => `episode-${i}`))
  expect(
    await world.database.rows(
      'SELECT DISTINCT r.status AS run, e.status FROM runs r JOIN episodes e ON e.id = episode_id',
    ),
  ).toEqual([{ run: 'finished', status: 'published' }])
  expect(sleepers.length).toBeGreaterThan(0)
})
