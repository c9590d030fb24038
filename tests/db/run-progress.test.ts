// Progress: one guarded statement that only goes forward, and what a reader sees of it.
import { describe, expect, test } from '@jest/globals'
import { withDatabase } from '../../shared/db/connect.ts'
import { readRunProgress, secondsLeft } from '../../shared/db/run-progress.ts'
import { updateRunProgress, type RunChanges } from '../../shared/db/run-changes.ts'
import { aToyShow, type ToyShow } from '../support/toys.ts'
import { aWorld, type World } from '../support/world.ts'

const update = (world: World, changes: RunChanges, runId = world.runId()) =>
  withDatabase(world.services.config.databaseUrl, (db) => updateRunProgress(db, runId, changes))
const look = async (world: World) =>
  (await withDatabase(world.services.config.databaseUrl, (db) => readRunProgress(db, world.runId())))!

async function aRun(
  show: ToyShow = aToyShow([{ name: 'cut' }, { name: 'join', after: ['cut'] }]),
): Promise<World> {
  const world = await aWorld({ catalogue: show.catalogue })
  await world.start()
  return world
}

describe('An update', () => {
  test('changes several fields at once and returns the row as plain values', async () => {
    const world = await aRun()
    const warnings = [{ code: 'very_quiet' as const, message: 'It is quiet.' }]
    const run = await update(world, { total: 5000, processed: 1200, context: { here: true }, warnings })
    expect(run).toMatchObject({ total: 5000, processed: 1200, context: { here: true }, warnings })
    expect(run).toEqual({ ...(await world.run()), hasNews: false })
    expect(JSON.parse(JSON.stringify(run))).toMatchObject({ processed: 1200 })
  })

  test('of a run that is not there, or has ended, is null and changes nothing', async () => {
    const world = await aRun()
    expect(await update(world, { processed: 1 }, crypto.randomUUID())).toBeNull()
    await world.cancel()
    const run = await world.run()
    expect(await update(world, { processed: 700, total: 9000, context: { late: true } })).toBeNull()
    expect(await world.run()).toEqual(run)
  })

  test('goes neither back nor past the total, and a total does not fall below what is counted', async () => {
    const world = await aRun()
    const processed = async (changes: RunChanges) => (await update(world, changes))!.processed
    expect([
      await processed({ processed: 500 }),
      await processed({ processed: 300 }),
      await processed({ processed: 1e6 }),
    ]).toEqual([500, 500, 1000])
    expect([await processed({}), await processed({ processed: -1 })]).toEqual([1000, 1000])
    expect(await update(world, { total: 10 })).toMatchObject({ processed: 1000, total: 1000 })
    expect(await world.database.rows('SELECT jsonb_array_length(marks) AS samples FROM runs')).toEqual([
      { samples: 2 },
    ])
  })

  test('of many at once is the highest, and every context and warning is kept', async () => {
    const world = await aRun()
    await Promise.all(
      Array.from({ length: 12 }, (_, i) =>
        update(world, {
          processed: 10 * i,
          context: { [`k${i}`]: i },
          warnings: [{ code: 'clipped', message: `w${i}` }],
        }),
      ),
    )
    const run = await world.run()
    expect([run.processed, Object.keys(run.context).length, run.warnings.length]).toEqual([110, 12, 12])
    expect(
      (await world.database.rows<{ marks: number[][] }>('SELECT marks FROM runs'))[0]!.marks.length,
    ).toBeLessThanOrEqual(6)
  })
})

describe('The time that is left', () => {
  const speedSamples = [
    [100, 100],
    [110, 200],
    [120, 300],
  ] as const

  test('follows from the speed of late', () => expect(secondsLeft(speedSamples, 120, 1000)).toBe(70))
  test('passes while nothing is reported, and ends at none', () =>
    expect([secondsLeft(speedSamples, 150, 1000), secondsLeft(speedSamples, 160, 400)]).toEqual([40, 0]))
  test.each<[string, readonly (readonly [number, number])[], number]>([
    ['nothing was counted', [], 120],
    ['only one step forward is known', [[100, 100]], 101],
    ['nothing has moved for a minute', speedSamples, 181],
    [
      'two steps came at one moment',
      [
        [100, 100],
        [100, 200],
      ],
      101,
    ],
    [
      'only one of them is of late',
      [
        [10, 100],
        [120, 200],
      ],
      121,
    ],
  ])('is unknown when %s', (_what, known, now) => expect(secondsLeft(known, now, 1000)).toBeNull())

  test('is told of a started run alone', async () => {
    const world = await aRun()
    const now = Date.now() / 1000
    await world.database.rows(`UPDATE runs SET marks = :marks, processed = 200`, {
      marks: JSON.stringify([
        [now - 10, 100],
        [now, 200],
      ]),
    })
    expect((await look(world)).secondsLeft).toBeNull()
    await world.database.rows(`UPDATE runs SET status = 'started', started_at = clock_timestamp()`)
    expect((await look(world)).secondsLeft).toBeGreaterThan(0)
  })
})

test('A reader of a run sees only rising numbers, through failures, crashes and late parts', async () => {
  const show = aToyShow([
    { name: 'prepare', further: 4, share: 3 },
    { name: 'cut', after: ['prepare'], parts: 3, share: 5 },
    { name: 'skipped', after: ['cut'], parts: 0, share: 1 },
    { name: 'join', after: ['skipped'], share: 2 },
  ])
  const world = await aRun(show)
  const seen = [await look(world)]
  for (
    let queued = await world.tasks(), round = 0;
    queued.length > 0;
    queued = await world.tasks(), round++
  ) {
    const { step } = queued[0]!.payload
    if (round % 3 === 0) {
      show.next(step, () => {
        throw new Error('a passing fault')
      })
    }
    if (round % 4 === 1) world.crashBeforeEnqueue()
    await world.hand(queued[0]!.payload)
    seen.push(await look(world))
  }
  const numbers = seen.map(({ processed }) => processed)
  expect(numbers).toEqual([...numbers].sort((a, b) => a - b))
  expect(new Set(numbers).size).toBeGreaterThan(5)
  expect(seen.every(({ processed, total }) => processed <= total)).toBe(true)
  expect(seen.at(-1)).toMatchObject({
    status: 'finished',
    processed: 1000,
    total: 1000,
    currentStep: null,
    secondsLeft: null,
  })
})
