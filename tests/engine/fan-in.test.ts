// Fan-out and fan-in: many parts, one successor, whoever commits last; and progress that only rises.
import { describe, expect, test } from '@jest/globals'
import { aToyShow, type Toy } from '../support/toys.ts'
import { aWorld, type World } from '../support/world.ts'

const aWorldOf = async (toys: readonly Toy[], context = {}): Promise<World> => {
  const world = await aWorld({ catalogue: aToyShow(toys).catalogue })
  await world.start(context)
  return world
}
const rowsOf = async (world: World, step: string, runId = world.runId()) =>
  (await world.steps(runId)).filter((row) => row.step === step)

describe('parts that commit at the same moment', () => {
  const parts = 8
  const rounds = 10

  test(`insert what follows them once, ${rounds} times out of ${rounds}`, async () => {
    const show = aToyShow([
      { name: 'cut', parts },
      { name: 'join', after: ['cut'], parts: 2 },
      { name: 'seal', after: ['join'] },
    ])
    const world = await aWorld({ catalogue: show.catalogue })
    for (let round = 0; round < rounds; round++) {
      const runId = await world.start({}, `episode-${round}`)
      const gates = Array.from({ length: parts }, (_, part) => show.hold('cut', part))
      const deliveries = (await world.tasks()).map(({ payload }) => world.hand(payload))
      await Promise.all(gates.map(({ entered }) => entered))
      for (const gate of gates) gate.open()
      expect((await Promise.all(deliveries)).map(({ outcome }) => outcome)).toEqual(Array(parts).fill('done'))
      expect(await rowsOf(world, 'join', runId)).toMatchObject([
        { part: 0, status: 'pending' },
        { part: 1, status: 'pending' },
      ])
      expect(await world.pending()).toEqual(['join', 'join'])
      await world.runToEnd()
      expect(await world.run(runId)).toMatchObject({ status: 'finished' })
    }
  })

  test('and every task of theirs delivered three times at once: each part works once', async () => {
    const world = await aWorldOf([
      { name: 'cut', parts },
      { name: 'join', after: ['cut'] },
    ])
    const tasks = await world.tasks()
    await Promise.all([...tasks, ...tasks, ...tasks].map(({ payload }) => world.hand(payload)))
    await world.runToEnd()
    for (let part = 0; part < parts; part++) expect(await world.worked('cut', part)).toBe(1)
    expect(await world.worked('join')).toBe(1)
    expect(await world.run()).toMatchObject({ status: 'finished' })
  })
})

describe('a step with no parts', () => {
  const toys: Toy[] = [
    { name: 'split' },
    { name: 'voice', after: ['split'], parts: 'voices' },
    { name: 'join', after: ['voice'] },
  ]

  test('counts as finished: what follows starts at once', async () => {
    const world = await aWorldOf(toys, { voices: 0 })
    await world.deliver('split')
    expect(await world.pending()).toEqual(['join'])
    await world.runToEnd()
    expect(await world.run()).toMatchObject({ status: 'finished', processed: 1000 })
  })

  test('at the end of the pipeline ends the run', async () => {
    const world = await aWorldOf(toys.slice(0, 2), { voices: 0 })
    await world.deliver('split')
    expect(await world.run()).toMatchObject({ status: 'finished', processed: 1000 })
    expect(await world.pending()).toEqual([])
  })

  test('beside another branch does not start what waits for both', async () => {
    const world = await aWorldOf(
      [
        { name: 'split' },
        { name: 'voice', after: ['split'], parts: 'voices' },
        { name: 'cut', after: ['split'], parts: 2 },
        { name: 'join', after: ['voice', 'cut'] },
      ],
      { voices: 0 },
    )
    await world.deliver('split')
    await world.deliver('cut', 1)
    expect(await world.pending()).toEqual(['cut'])
    await world.deliver('cut', 0)
    expect(await world.pending()).toEqual(['join'])
    await world.runToEnd()
    expect(await world.run()).toMatchObject({ status: 'finished' })
  })
})

test('two branches run in parallel, and what waits for both starts once after the slower one', async () => {
  const world = await aWorldOf([
    { name: 'split' },
    { name: 'left', after: ['split'] },
    { name: 'right', after: ['split'] },
    { name: 'join', after: ['left', 'right'] },
  ])
  await world.deliver('split')
  expect(await world.pending()).toEqual(['left', 'right'])
  await Promise.all([world.deliver('left'), world.deliver('right')])
  expect(await world.pending()).toEqual(['join'])
  await world.runToEnd()
  expect(await world.worked('join')).toBe(1)
})

describe('parts that only the first part makes possible', () => {
  const toys: Toy[] = [
    { name: 'prepare', further: 2, act: ({ number }) => ({ [`made${number}`]: number! }) },
    { name: 'join', after: ['prepare'] },
  ]

  test('are waited for by what follows the step', async () => {
    const world = await aWorldOf(toys)
    await world.deliver('prepare')
    expect(await world.pending()).toEqual(['prepare', 'prepare'])
    await world.deliver('prepare', 2)
    expect(await world.pending()).toEqual(['prepare'])
    await world.deliver('prepare', 1)
    expect(await world.pending()).toEqual(['join'])
    await world.runToEnd()
    expect(await rowsOf(world, 'join')).toMatchObject([{ context: { made0: 0, made1: 1, made2: 2 } }])
  })

  test('are enqueued by a redelivery when the first attempt could not', async () => {
    const world = await aWorldOf(toys)
    world.crashBeforeEnqueue()
    expect(await world.deliver('prepare')).toMatchObject({ status: 500 })
    expect(await world.deliver('prepare')).toEqual({ status: 200, outcome: 'done before' })
    expect(await world.pending()).toEqual(['prepare', 'prepare'])
  })
})

test('progress only rises, and never passes the total', async () => {
  const world = await aWorldOf([
    { name: 'prepare', further: 3, share: 5 },
    { name: 'cut', after: ['prepare'], parts: 6, share: 10 },
    { name: 'none', after: ['cut'], parts: 0, share: 3 },
    { name: 'join', after: ['none'], share: 1 },
  ])
  await world.database.rows('CREATE TABLE seen (n serial, processed integer, total integer)')
  await world.database.rows(`CREATE FUNCTION note() RETURNS trigger LANGUAGE plpgsql SECURITY DEFINER AS $$
    BEGIN INSERT INTO seen (processed, total) VALUES (NEW.processed, NEW.total); RETURN NEW; END $$`)
  await world.database.rows('CREATE TRIGGER note AFTER UPDATE ON runs FOR EACH ROW EXECUTE FUNCTION note()')
  await world.runToEnd()
  const seen = await world.database.rows<{ processed: number; total: number }>(
    'SELECT processed, total FROM seen ORDER BY n',
  )
  const values = seen.map(({ processed }) => processed)
  expect(values).toEqual(values.toSorted((a, b) => a - b))
  expect(new Set(values).size).toBeGreaterThan(6)
  expect(seen.every(({ processed, total }) => processed <= total)).toBe(true)
  expect(values.at(-1)).toBe(1000)
})
