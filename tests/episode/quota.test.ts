// What a user may use: of many at once only as many pass as fit, the same is charged once, and what failed is
// given back once.
import { beforeAll, describe, expect, test } from '@jest/globals'
import type { Config } from '../../shared/config.ts'
import { withDatabase } from '../../shared/db/connect.ts'
import { failRun } from '../../shared/db/run-changes.ts'
import { chargeUsage, usageOf, type UsageEntry } from '../../shared/db/usage.ts'
import { charge } from '../../shared/episode/quota.ts'
import { startAgain } from '../../shared/episode/retry.ts'
import { openReview, submitDecisions } from '../../shared/review/review.ts'
import { wav } from '../support/recordings.ts'
import { aTone, anOpenaiVoice } from '../support/vendors.ts'
import { aToyShow } from '../support/toys.ts'
import { aWorld, user, type World } from '../support/world.ts'

const sampleRate = 8000
let minute: Buffer
beforeAll(() => {
  minute = wav(sine({ seconds: 60 }), sampleRate)
})
const sine = ({ seconds }: { seconds: number }) =>
  Float32Array.from({ length: seconds * sampleRate }, (_, i) => 0.1 * Math.sin(i / 10))

const database = <T>(world: World, use: Parameters<typeof withDatabase<T>>[1]) =>
  withDatabase(world.services.config.databaseUrl, use)
const used = (world: World, period: 'hour' | 'day' | 'month') =>
  database(world, (db) => usageOf(db, user, period))

/** A user with a live run to charge. */
async function anAccount(most: Partial<Config['quotas']>) {
  const world = await aWorld({ catalogue: aToyShow([{ name: 'cut' }]).catalogue })
  const runId = await world.start()
  const quotas = { ...world.services.config.quotas, ...most }
  const entry = (key: string, amount: number, kind: UsageEntry['kind'] = 'characters'): UsageEntry => ({
    userId: user,
    kind,
    key,
    amount,
    runId,
  })
  const pay = async (...asked: Parameters<typeof entry>): Promise<string> =>
    await database(world, (db) => charge(db, { quotas }, entry(...asked))).then(
      () => 'charged',
      (error: unknown) => (error as { code: string }).code,
    )
  return { world, runId, pay }
}

describe('A charge', () => {
  test('at once with many others passes while it fits', async () => {
    const { world, pay } = await anAccount({
      characters: [
        { period: 'day', most: 1000 },
        { period: 'month', most: 350 },
      ],
    })
    const answers = await Promise.all(Array.from({ length: 12 }, (_, i) => pay(`text ${i}`, 100)))
    expect(answers.filter((answer) => answer === 'charged')).toHaveLength(3)
    expect(answers.filter((answer) => answer === 'monthly_cap')).toHaveLength(9)
    expect([await used(world, 'day'), await used(world, 'month')]).toEqual([
      { characters: 300 },
      { characters: 300 },
    ])
    expect(await world.database.rows('SELECT 1 FROM usage_entries')).toHaveLength(3)
    expect(await pay('a short one', 50)).toBe('charged')
  })

  test('for the same thing is made once, however often and however much at once', async () => {
    const { world, pay } = await anAccount({ characters: [{ period: 'day', most: 100 }] })
    const answers = await Promise.all(Array.from({ length: 8 }, () => pay('the text', 100)))
    expect([new Set(answers), await used(world, 'day')]).toEqual([new Set(['charged']), { characters: 100 }])
  })

  test('that alone is too much is refused at once, and the message says how much there is', async () => {
    const { world } = await anAccount({})
    const entry = { userId: user, kind: 'minutes', key: 'long', amount: 90.5, runId: null } as const
    const refusal = database(world, (db) =>
      charge(
        db,
        { quotas: { ...world.services.config.quotas, minutes: [{ period: 'month', most: 60 }] } },
        entry,
      ),
    )
    await expect(refusal).rejects.toMatchObject({
      code: 'monthly_cap',
      message: expect.stringMatching(
        /60 minutes.*91 more.* again from [\d-]+-01T00:00Z on;.*MINUTES_PER_MONTH/,
      ),
    })
    expect([await used(world, 'month'), await world.database.rows('SELECT 1 FROM usage_entries')]).toEqual([
      {},
      [],
    ])
  })

  test('counts in the hour, day and month it is made in', async () => {
    const { world } = await anAccount({})
    const limits = (['hour', 'day', 'month'] as const).map((period) => ({ period, most: 10 }))
    const at = (time: string, key: string) =>
      database(world, (db) =>
        db.transaction((trx) =>
          chargeUsage(
            trx,
            { userId: user, kind: 'characters', key, amount: 10, runId: null },
            limits,
            new Date(time),
          ),
        ),
      )
    expect(await at('2026-11-30T23:59:59.999Z', 'a')).toBeUndefined()
    expect(await at('2026-12-01T00:00:00Z', 'b')).toBeUndefined()
    expect(
      (
        await world.database.rows<{ period: string }>('SELECT period FROM usage_counters ORDER BY period')
      ).map(({ period }) => period),
    ).toEqual([...['2026-11', '2026-11-30', '2026-11-30T23', '2026-12', '2026-12-01', '2026-12-01T00']])
  })
})

describe('A run that fails', () => {
  test('gets back what it was charged, once, and its starts are counted all the same', async () => {
    const { world, runId, pay } = await anAccount({})
    await pay('a text', 100)
    await pay('a recording', 2.5, 'minutes')
    await pay(runId, 1, 'runs')
    const failures = await Promise.all(
      [1, 2, 3].map(() =>
        database(world, (db) => db.transaction((trx) => failRun(trx, runId, 'not_audio', 'No.'))),
      ),
    )
    expect(failures.filter(Boolean)).toHaveLength(1)
    expect([await used(world, 'month'), await used(world, 'hour')]).toEqual([
      { characters: 0, minutes: 0 },
      { runs: 1 },
    ])
    const { quotas } = world.services.config
    const again = { userId: user, kind: 'characters', key: 'a text', amount: 70, runId: null } as const
    await database(world, (db) => charge(db, { quotas }, again))
    expect(await used(world, 'day')).toEqual({ characters: 70 })
  })

  test('is charged nothing more by an attempt that comes late', async () => {
    const { world, runId, pay } = await anAccount({ characters: [{ period: 'day', most: 100 }] })
    await database(world, (db) => failRun(db, runId, 'internal', 'broken'))
    expect(await pay('the text', 100)).toBe('charged')
    expect(await world.database.rows('SELECT 1 FROM usage_entries')).toEqual([])
    expect(await used(world, 'day')).toEqual({})
  })

  test('while others are charged neither loses nor makes anything', async () => {
    const { world, runId, pay } = await anAccount({})
    await pay('first', 100)
    const failing = database(world, (db) => db.transaction((trx) => failRun(trx, runId, 'not_audio', 'No.')))
    const second = { userId: user, kind: 'characters', runId: null } as const
    const { quotas } = world.services.config
    await Promise.all([
      failing,
      ...Array.from({ length: 6 }, (_, i) =>
        database(world, (db) => charge(db, { quotas }, { ...second, key: `${i}`, amount: 10 })),
      ),
    ])
    expect([await used(world, 'day'), await used(world, 'month')]).toEqual([
      { characters: 60 },
      { characters: 60 },
    ])
  })

  test('because it was cancelled has used what it used', async () => {
    const { world, pay } = await anAccount({})
    await pay('a text', 100)
    await world.cancel()
    expect(await used(world, 'day')).toEqual({ characters: 100 })
  })
})

describe('Uploads', () => {
  const runs = (world: World) =>
    world.database.rows<{ id: string; status: string; stopReason: string | null }>(
      'SELECT id, status, stop_reason AS "stopReason" FROM runs ORDER BY created_at',
    )

  test('beyond the hour’s runs fail at once with the reason, and no step is there', async () => {
    const world = await aWorld({ env: { RUNS_PER_HOUR: '3' } })
    const dropped = await Promise.all(
      Array.from({ length: 6 }, (_, i) =>
        world.upload(
          i % 2 ? `u/${user}/mail/box-${i}` : `u/${user}/show/episode-${i}/talk.wav`,
          `From: a@b.c\n\n${i}`,
        ),
      ),
    )
    await Promise.all(dropped.map((object) => world.arrive(object)))
    const refused = (await runs(world)).filter(({ status }) => status === 'failed')
    expect(refused.map(({ stopReason }) => stopReason)).toEqual([
      'rate_limited',
      'rate_limited',
      'rate_limited',
    ])
    expect(
      await world.database.rows(
        `SELECT 1 FROM steps JOIN runs ON runs.id = run_id WHERE runs.status = 'failed'`,
      ),
    ).toEqual([])
    expect([await used(world, 'hour'), (await world.pending()).length]).toEqual([{ runs: 3 }, 3])
    expect((await world.run(refused[0]!.id)).errorMessage).toMatch(
      /limit is 3 runs an hour.* again from \d{4}-\d\d-\d\dT\d\d:00Z on;.*RUNS_PER_HOUR/,
    )
  })

  test('count again when a finished episode is decided on anew, as a retry does', async () => {
    const world = await aWorld({ env: { RUNS_PER_HOUR: '3' } })
    await world.upload(`u/${user}/show/one/template.json`, '{"cleaning":{"review":{"flubber":"apply"}}}')
    await world.arrive(
      await world.upload(`u/${user}/show/one/talk.wav`, wav(sine({ seconds: 3 }), sampleRate)),
    )
    await world.runToEnd()
    const [{ id, episodeId } = { id: '', episodeId: '' }] = await world.database.rows<{
      id: string
      episodeId: string
    }>('SELECT id, episode_id AS "episodeId" FROM runs')
    const cut = '{"version":1,"decisions":[{"decision":"cut","startSeconds":1,"endSeconds":1.5}]}'
    const decide = async () =>
      await submitDecisions(
        world.services,
        await openReview(world.services, episodeId),
        cut,
        'decisions.json',
      )
    await decide()
    expect(await used(world, 'hour')).toMatchObject({ runs: 2 })
    await world.runToEnd()
    await startAgain(world.services, id)
    expect(await used(world, 'hour')).toMatchObject({ runs: 3 })
    await world.runToEnd()
    await expect(decide()).rejects.toMatchObject({ code: 'rate_limited' })
    expect(await runs(world)).toHaveLength(3)
  })

  test('beyond the month’s minutes fail before decoding; the same recording again is free', async () => {
    const world = await aWorld({ env: { MINUTES_PER_MONTH: '1' } })
    const prepare = async (episode: string, recording: Buffer) => {
      await world.arrive(await world.upload(`u/${user}/show/${episode}/talk.wav`, recording))
      const { id } = (await runs(world)).at(-1)!
      await world.deliver('prepare', 0, id)
      return await world.run(id)
    }
    expect(await prepare('one', minute)).toMatchObject({ status: 'started' })
    expect(await prepare('again', minute)).toMatchObject({ status: 'started' })
    expect((await used(world, 'month'))['minutes']).toBeCloseTo(1, 5)
    const before = await world.results()
    const more = wav(sine({ seconds: 2 }), sampleRate)
    expect(await prepare('two', more)).toMatchObject({ status: 'failed', stopReason: 'monthly_cap' })
    expect(await world.results()).toEqual(before)
    expect((await used(world, 'month'))['minutes']).toBeCloseTo(1, 5)
  })

  test('whose words are too many to be spoken today fail before the provider is asked', async () => {
    const openai = await anOpenaiVoice(aTone(1))
    const world = await aWorld({ env: { OPENAI_URL: `${openai.baseUrl}/v1`, CHARACTERS_PER_DAY: '20' } })
    await world.giveKey('openai', 'o-key')
    const transcription = { provider: 'none' }
    const segments = [
      { type: 'intro', source: { kind: 'spoken', script: 'More words than twenty characters can hold.' } },
      { type: 'content' },
    ]
    await world.upload(
      `u/${user}/show/one/template.json`,
      JSON.stringify({ voice: { provider: 'openai', voice: 'alloy' }, segments, transcription }),
    )
    await world.arrive(
      await world.upload(`u/${user}/show/one/talk.wav`, wav(sine({ seconds: 5 }), sampleRate)),
    )
    await world.runToEnd()
    const [run] = await runs(world)
    expect([run, openai.received.length]).toMatchObject([{ status: 'failed', stopReason: 'monthly_cap' }, 0])
    expect(await used(world, 'day')).toEqual({})
  })
})
