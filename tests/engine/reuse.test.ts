// Results keyed by their inputs: what was made once is taken over, by the next run and by the next part, and
// its objects stay as they are.
import { describe, expect, test } from '@jest/globals'
import { aToyShow, type Toy } from '../support/toys.ts'
import { aWorld } from '../support/world.ts'

const toys = (version = 1): Toy[] => [
  {
    name: 'prepare',
    inputs: ({ hash }) => ({ hash }),
    act: (_context, { warn }) => (warn({ code: 'very_quiet', message: 'It is quiet.' }), { rate: 48000 }),
  },
  { name: 'cut', after: ['prepare'], parts: 3, version, inputs: ({ hash, number }) => ({ hash, number }) },
  { name: 'publish', after: ['cut'] },
]

test('a second run with the same inputs reuses everything, and its objects are the same', async () => {
  const world = await aWorld({ catalogue: aToyShow(toys()).catalogue })
  const first = await world.start({ hash: 'abc' })
  await world.runToEnd()
  const made = await world.results()
  expect(made).toHaveLength(4)
  const second = await world.start({ hash: 'abc' })
  await world.runToEnd()
  expect(await world.run(second)).toMatchObject({
    status: 'finished',
    context: { rate: 48000 },
    warnings: [{ code: 'very_quiet' }],
  })
  expect(await world.results()).toEqual(made)
  expect([await world.worked('prepare'), await world.worked('cut'), await world.worked('publish')]).toEqual([
    0, 0, 1,
  ])
  const outputs = async (runId: string) =>
    (await world.steps(runId)).filter(({ step }) => step !== 'publish').map(({ output }) => output)
  expect(await outputs(second)).toEqual(await outputs(first))
  expect((await world.steps(second)).map(({ step, reused }) => [step, reused])).toEqual([
    ['prepare', true],
    ...[0, 1, 2].map(() => ['cut', true]),
    ['publish', false],
  ])
})

describe('what an earlier run of the episode made', () => {
  const changing: Toy[] = [
    { name: 'prepare', inputs: ({ hash }) => ({ hash }) },
    { name: 'cut', after: ['prepare'], parts: 3, inputs: ({ changed, part }) => part === changed },
    { name: 'join', after: ['cut'], inputs: ({ changed }) => ({ changed }) },
    { name: 'publish', after: ['join'] },
  ]

  test('is taken over before the queue is asked for anything: only what changed has a task', async () => {
    const world = await aWorld({ catalogue: aToyShow(changing).catalogue })
    await world.start({ hash: 'abc', changed: null })
    await world.runToEnd()
    const second = await world.start({ hash: 'abc', changed: 1 })
    expect(await world.deliver('prepare')).toEqual({ status: 200, outcome: 'reused' })
    expect(await world.pending()).toEqual(['cut'])
    await world.runToEnd()
    expect(await world.run(second)).toMatchObject({ status: 'finished' })
    expect(
      (await world.steps(second)).map(({ step, part, reused, attempt }) => [step, part, reused, attempt]),
    ).toEqual([
      ['prepare', 0, true, 1],
      ['cut', 0, true, 1],
      ['cut', 1, false, 1],
      ['cut', 2, true, 1],
      ['join', 0, false, 1],
      ['publish', 0, false, 1],
    ])
  })

  test('is left to the steps themselves where their code is in other bundles', async () => {
    const whole = aToyShow(changing)
    const bundle = whole.catalogue.map((entry) =>
      entry.trigger === 'task' && entry.step.name !== 'prepare'
        ? { ...entry, step: { ...entry.step, isHere: false } }
        : entry,
    )
    const world = await aWorld({ catalogue: bundle })
    await world.start({ hash: 'abc', changed: null })
    await world.runToEnd()
    await world.start({ hash: 'abc', changed: null })
    await world.deliver('prepare')
    expect(await world.pending()).toEqual(['cut', 'cut', 'cut'])
  })

  test('and is lost has a task like anything that was never made', async () => {
    const world = await aWorld({ catalogue: aToyShow(changing).catalogue })
    const first = await world.start({ hash: 'abc', changed: null })
    await world.runToEnd()
    const [, cut] = await world.steps(first)
    await world.storage.bucket(world.services.config.buckets.work).file(String(cut!.output!['made'])).delete()
    await world.start({ hash: 'abc', changed: null })
    await world.deliver('prepare')
    expect(await world.pending()).toEqual(['cut', 'cut', 'cut'])
  })
})

test('other inputs make other objects, and only what depends on them is made again', async () => {
  const world = await aWorld({
    catalogue: aToyShow([
      ...toys().slice(0, 1),
      { name: 'cut', after: ['prepare'], inputs: ({ gain }) => gain },
    ]).catalogue,
  })
  await world.start({ hash: 'abc', gain: 1 })
  await world.runToEnd()
  await world.start({ hash: 'abc', gain: 2 })
  await world.runToEnd()
  expect([await world.worked('prepare'), await world.worked('cut')]).toEqual([0, 1])
  expect(await world.results()).toHaveLength(3)
})

test('parts of one run with the same inputs share one result', async () => {
  const world = await aWorld({
    catalogue: aToyShow([{ name: 'cut', parts: 4, inputs: ({ hash }) => hash }]).catalogue,
  })
  await world.start({ hash: 'abc' })
  await world.deliver('cut', 0)
  await world.runToEnd()
  expect(await world.worked('cut')).toBe(1)
  expect(await world.results()).toHaveLength(1)
})

test('a run that was cancelled half way leaves what it finished to the next one', async () => {
  const world = await aWorld({ catalogue: aToyShow(toys()).catalogue })
  await world.start({ hash: 'abc' })
  await world.deliver('prepare')
  await world.deliver('cut', 1)
  await world.cancel()
  await world.runToEnd()
  await world.start({ hash: 'abc' })
  await world.runToEnd()
  expect([
    await world.worked('prepare'),
    await world.worked('cut', 0),
    await world.worked('cut', 1),
    await world.worked('cut', 2),
  ]).toEqual([0, 1, 0, 1])
})

test('an attempt that died after writing its object leaves one object for the next attempt', async () => {
  const show = aToyShow(toys())
  const world = await aWorld({ catalogue: show.catalogue })
  await world.start({ hash: 'abc' })
  show.next('prepare', async (_context, { storage, workObject }) => {
    await storage.create(workObject('made'), 'the same bytes', 'text/plain')
    throw new Error('the process ended here')
  })
  await world.deliver('prepare')
  const made = await world.results()
  await world.deliver('prepare')
  expect(await world.results()).toEqual(made)
})
