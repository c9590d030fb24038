// Nothing but scalars crosses a step, of a size that fits a task: at run time here, at compile time in
// tests/context.test.ts.
import { expect, test } from '@jest/globals'
import { maxContextBytes, type Scalars } from '../../shared/context.ts'
import { aToyShow, type Toy } from '../support/toys.ts'
import { aWorld, type World } from '../support/world.ts'

async function aWorldOf(toys: readonly Toy[], context: Scalars = {}): Promise<World> {
  const world = await aWorld({ catalogue: aToyShow(toys).catalogue })
  await world.start(context)
  return world
}
const failure = { status: 'failed', stopReason: 'bad_context' }

test.each<[string, unknown]>([
  ['a row object', { id: 1, title: 'One' }],
  ['a list', [1, 2]],
  ['a Date', new Date(0)],
  ['a function', () => 1],
  ['not a number', NaN],
  ['undefined', undefined],
  ['a big integer', 1n],
])('a step that hands on %s fails its run, naming the value', async (_name, value) => {
  const world = await aWorldOf([
    { name: 'cut', act: () => ({ title: 'One', episode: value }) as Scalars },
    { name: 'join', after: ['cut'] },
  ])
  expect(await world.deliver('cut')).toEqual({ status: 200, outcome: 'failed' })
  expect(await world.run()).toMatchObject({ ...failure, errorMessage: expect.stringContaining('"episode"') })
  expect(await world.steps()).toMatchObject([{ step: 'cut', status: 'failed', output: null }])
})

test('an output of more than 64 KiB fails the run and says what to do instead', async () => {
  const world = await aWorldOf([{ name: 'cut', act: () => ({ words: 'x'.repeat(maxContextBytes) }) }])
  await world.deliver('cut')
  expect(await world.run()).toMatchObject({
    ...failure,
    errorMessage: expect.stringMatching(/65\d{3} bytes; the limit is 65536.*into an object/),
  })
})

test('a context that grows too large fails the run at the step that passed the limit', async () => {
  const half = (name: string): Toy => ({ name, act: () => ({ [`of ${name}`]: 'x'.repeat(40_000) }) })
  const world = await aWorldOf([half('a'), { ...half('b'), after: ['a'] }, { name: 'c', after: ['b'] }])
  await world.runToEnd()
  expect(await world.run()).toMatchObject(failure)
  expect((await world.steps()).map(({ step, status }) => [step, status])).toEqual([
    ['a', 'done'],
    ['b', 'failed'],
  ])
})

test('so does one that is too large for the further parts of its own step', async () => {
  const world = await aWorldOf(
    [{ name: 'prepare', further: 1, act: () => ({ words: 'x'.repeat(40_000) }) }],
    { notes: 'x'.repeat(30_000) },
  )
  expect(await world.deliver('prepare')).toEqual({ status: 200, outcome: 'failed' })
  expect(await world.run()).toMatchObject(failure)
})

test('a task of the version before is taken', async () => {
  const world = await aWorldOf([{ name: 'cut' }])
  const [task] = await world.tasks()
  expect(await world.hand({ ...task!.payload, v: 0 })).toEqual({ status: 200, outcome: 'done' })
})

test('a step whose context lacks what it needs fails its run, naming what is missing', async () => {
  const world = await aWorld()
  await world.start({
    recordingObject: 'u/anna/show/one/a.wav',
    recordingGeneration: '1',
    recordingHash: 'h',
    outputRate: null,
    assets: 7,
  })
  await world.deliver('prepare')
  expect(await world.run()).toMatchObject({
    ...failure,
    errorMessage: expect.stringMatching(/prepare lacks what it needs: assets/),
  })
})
