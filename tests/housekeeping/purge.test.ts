// Working files go when nobody can need them, and not a day before: by state, age and what else refers to them.
import { beforeEach, describe, expect, test } from '@jest/globals'
import { sweep } from '../../functions/sweep.ts'
import { openReview } from '../../shared/review/review.ts'
import { clearable, clearAway } from '../../shared/housekeeping/purge.ts'
import { episodeName } from '../../shared/objects.ts'
import { aToyShow, type ToyShow } from '../support/toys.ts'
import { aWorld, user, type World } from '../support/world.ts'

let show: ToyShow
let world: World
beforeEach(async () => {
  show = aToyShow([
    { name: 'cut', inputs: ({ take }) => take },
    { name: 'mix', after: ['cut'], inputs: ({ take, gain }) => [take, gain] },
  ])
  world = await aWorld({ catalogue: show.catalogue })
})

/** A finished run of an episode, as long ago as said; its context says what it made. */
async function made(take: string, daysAgo: number, { slug = 'one', gain = 1 } = {}): Promise<string> {
  const runId = await world.start({ take, gain, contentHash: `${take}-${gain}`, proposedObject: 'x' }, slug)
  await world.runToEnd()
  await age(runId, daysAgo)
  return runId
}

/** Terminal runs never change, so their guard looks away. */
async function age(runId: string, daysAgo: number): Promise<void> {
  await world.database.rows('ALTER TABLE runs DISABLE TRIGGER terminal_run_is_immutable')
  await world.database.rows(
    `UPDATE runs SET finished_at = finished_at - CAST(:daysAgo AS integer) * interval '1 day',
                     created_at = created_at - CAST(:daysAgo AS integer) * interval '1 day' WHERE id = :runId`,
    { daysAgo, runId },
  )
  await world.database.rows('ALTER TABLE runs ENABLE TRIGGER terminal_run_is_immutable')
}

/** What the episode is now, and what of it is in the feed. */
const episodeIs = (status: string, contentHash: string, inFeed?: { hash: string; daysAgo: number }) =>
  world.database.rows(
    `UPDATE episodes
     SET status = :status, content_hash = :contentHash, duration_seconds = 1, audio_bytes = 1,
         publish_at = CASE WHEN :status = 'scheduled' THEN now() END,
         published = CAST(:published AS jsonb),
         published_at = clock_timestamp() - CAST(:daysAgo AS integer) * interval '1 day'`,
    {
      status,
      contentHash,
      published: inFeed ? JSON.stringify({ contentHash: inFeed.hash }) : null,
      daysAgo: inFeed?.daysAgo ?? null,
    },
  )

const named = async () => (await clearable(world.services)).map(({ runId, reason }) => [runId, reason])

describe('Of an episode whose one run has ended, working files', () => {
  test.each([
    ['finished', 'published', 31, 31, 'go'],
    ['finished', 'published', 29, 29, 'stay'],
    ['finished', 'published', 400, 29, 'stay'],
    ['finished', 'processed', 400, null, 'stay'],
    ['finished', 'scheduled', 400, null, 'stay'],
    ['failed', 'failed', 400, null, 'stay'],
    ['cancelled', 'cancelled', 400, null, 'stay'],
    ['failed', 'published', 400, 400, 'stay'],
  ] as const)(
    '%s, %s, %i days after it, in the feed for %s days: they %s',
    async (status, episode, daysAgo, publishedDaysAgo, go) => {
      const runId = await world.start({ take: 'a', gain: 1, contentHash: 'a-1' })
      if (status === 'finished') await world.runToEnd()
      else if (status === 'cancelled') await world.cancel()
      else
        await world.database.rows(
          `UPDATE runs SET status = 'failed', stop_reason = 'internal', finished_at = clock_timestamp()`,
        )
      await age(runId, daysAgo)
      const inFeed = publishedDaysAgo === null ? undefined : { hash: 'a-1', daysAgo: publishedDaysAgo }
      await episodeIs(episode, 'a-1', inFeed)
      expect(await named()).toEqual(go === 'go' ? [[runId, 'settled']] : [])
    },
  )

  test('stay while another run of it is live, and while what is in the feed is older than what was made', async () => {
    await made('a', 400)
    await episodeIs('published', 'a-1', { hash: 'older', daysAgo: 400 })
    expect(await named()).toEqual([])
    await episodeIs('published', 'a-1', { hash: 'a-1', daysAgo: 400 })
    await world.start({ take: 'b', gain: 1 })
    expect(await named()).toEqual([])
  })
})

describe('Of an episode that was made again, working files of the earlier run', () => {
  test.each([
    ['finished', 8, 'go'],
    ['finished', 6, 'stay'],
    ['failed', 8, 'stay'],
  ] as const)('with a later run that %s, %i days old: they %s', async (later, daysAgo, go) => {
    const first = await made('a', daysAgo)
    await world.start({ take: 'b', gain: 1, contentHash: 'b-1' })
    if (later === 'finished') await world.runToEnd()
    else
      await world.database.rows(
        `UPDATE runs SET status = 'failed', stop_reason = 'internal', finished_at = clock_timestamp()
         WHERE status = 'queued' OR status = 'started'`,
      )
    await episodeIs('processed', later === 'finished' ? 'b-1' : 'a-1')
    expect(await named()).toEqual(go === 'go' ? [[first, 'superseded']] : [])
  })
})

const aMinute = () => world.database.rows(`UPDATE purges SET moved_at = moved_at - interval '61 seconds'`)
const { episodes } = { episodes: () => world.services.config.buckets.episodes }
async function namesIn(bucket: string): Promise<string[]> {
  const [files] = await world.storage.bucket(bucket).getFiles()
  return files.map(({ name }) => name)
}
/** The toys' results; traces of their works are none. */
const results = async () =>
  (await namesIn(world.services.config.buckets.work)).filter((name) => name.startsWith(`w/${user}/`))
const phases = async () =>
  (await world.database.rows<{ phase: string }>('SELECT phase FROM purges ORDER BY moved_at')).map(
    ({ phase }) => phase,
  )

describe('What is cleared away', () => {
  /** An episode made twice with the same cut; its first mix nobody needs. */
  async function superseded(): Promise<{ first: string; second: string }> {
    const first = await made('a', 9)
    const second = await made('a', 8, { gain: 2 })
    await episodeIs('processed', 'a-2')
    const [{ id }] = (await world.database.rows<{ id: string }>('SELECT id FROM episodes')) as [
      { id: string },
    ]
    for (const hash of ['a-1', 'a-2'])
      await world.services.storage.create(
        { bucket: episodes(), name: episodeName(id, hash, 'episode.mp3') },
        hash,
        'audio/mpeg',
      )
    return { first, second }
  }

  test('goes in three looks a minute apart; what the later run uses too stays', async () => {
    const { first, second } = await superseded()
    expect(await results()).toHaveLength(3)
    for (const [cleared, phase] of [
      [0, 'announced'],
      [0, 'closed'],
      [1, 'cleared'],
    ] as const) {
      expect(await clearAway(world.services)).toBe(cleared)
      expect([cleared, ...(await phases())]).toEqual([cleared, phase])
      expect(await clearAway(world.services)).toBe(0)
      await aMinute()
    }
    expect(await results()).toHaveLength(2)
    expect(await namesIn(episodes())).toEqual([expect.stringContaining('/a-2/')])
    expect(await world.steps(first)).toEqual([])
    expect(await world.steps(second)).toHaveLength(2)
    expect(await world.run(first)).toMatchObject({ status: 'finished' })
  })

  test('is not taken over by a run that begins meanwhile, which waits while files go and then makes it itself', async () => {
    await superseded()
    await clearAway(world.services)
    await made('a', 0, { slug: 'two' })
    expect(await world.worked('mix')).toBe(1)
    await aMinute()
    await clearAway(world.services)
    const late = await world.start({ take: 'a', gain: 1 }, 'three')
    expect(await world.deliver('cut')).toMatchObject({ status: 200, outcome: 'deferred' })
    await aMinute()
    await clearAway(world.services)
    await world.runToEnd()
    expect(await world.run(late)).toMatchObject({ status: 'finished' })
  })

  test('by a process that ends in the middle goes the next time', async () => {
    await superseded()
    for (let looks = 0; looks < 2; looks++) {
      await clearAway(world.services)
      await aMinute()
    }
    const { storage } = world.services
    const breaking = {
      ...world.services,
      storage: { ...storage, remove: () => Promise.reject(new Error('gone')) },
    }
    await expect(clearAway(breaking)).rejects.toThrow('gone')
    expect(await sweep(breaking)).toMatchObject({ cleared: 0 }) // and its other work is done
    expect(await phases()).toEqual(['closed'])
    expect(await clearAway(world.services, 0)).toBe(0)
    expect(await clearAway(world.services)).toBe(1)
    expect(await results()).toHaveLength(2)
  })

  test('by a sweep that another one has overtaken takes nothing that was made anew since', async () => {
    await superseded()
    for (let looks = 0; looks < 2; looks++) {
      await clearAway(world.services)
      await aMinute()
    }
    const { storage } = world.services
    const overtake = async () => {
      expect(await clearAway(world.services)).toBe(1)
      await made('a', 0, { slug: 'two' })
      return await results()
    }
    let anew: ReturnType<typeof overtake> | undefined
    const list: typeof storage.list = async (...where) => {
      await (anew ??= overtake())
      return await storage.list(...where)
    }
    await clearAway({ ...world.services, storage: { ...storage, list } })
    expect(await results()).toEqual(await anew)
    expect(await anew).toHaveLength(3)
  })

  test('can no longer be reviewed, and the reason is said', async () => {
    const runId = await made('a', 400)
    await episodeIs('published', 'a-1', { hash: 'a-1', daysAgo: 400 })
    await clearAway(world.services)
    const { episodeId } = await world.run(runId)
    await expect(openReview(world.services, episodeId!)).rejects.toThrow(/cleared away/)
  })
})
