// The life of a task: whatever the queue does with it, a step works and commits once, and what is lost on the
// way is found again.
import { beforeEach, describe, expect, test } from '@jest/globals'
import { claimStep } from '../../shared/db/claims.ts'
import { withDatabase } from '../../shared/db/connect.ts'
import { AwaitingReview, Deferred, Permanent, Retryable } from '../../shared/errors.ts'
import { aToyShow, type ToyShow } from '../support/toys.ts'
import { aWorld, type World } from '../support/world.ts'

let show: ToyShow
let world: World

/** One step, then three parts, then one step. */
const threeSteps = () =>
  aToyShow([{ name: 'split' }, { name: 'cut', after: ['split'], parts: 3 }, { name: 'join', after: ['cut'] }])

async function aThreeStepWorld(env: Record<string, string> = {}) {
  show = threeSteps()
  world = await aWorld({ catalogue: show.catalogue, env })
  await world.start()
}
beforeEach(() => aThreeStepWorld())

const outcomes = (answers: readonly { outcome: string }[]) => new Set(answers.map(({ outcome }) => outcome))
const statusOf = async (step: string, part = 0) =>
  (await world.steps()).find((row) => row.step === step && row.part === part)
const aMinute = 60_000
/** The next time it works. */
const failing = (error: unknown) =>
  show.next('split', () => {
    throw error
  })

describe('a task that comes more than once', () => {
  test('twice: the step works once, and the second time says that it was done before', async () => {
    expect(await world.deliver('split')).toEqual({ status: 200, outcome: 'done' })
    const rows = await world.steps()
    expect(await world.deliver('split')).toEqual({ status: 200, outcome: 'done before' })
    expect(await world.worked('split')).toBe(1)
    expect(await world.steps()).toEqual(rows)
    expect(await world.pending()).toEqual(['cut', 'cut', 'cut'])
  })

  test('ten times at once: one works, and no answer loses the task', async () => {
    const answers = await Promise.all(Array.from({ length: 10 }, () => world.deliver('split')))
    expect(answers.filter(({ outcome }) => outcome === 'done')).toHaveLength(1)
    expect(outcomes(answers).isSubsetOf(new Set(['done', 'done before', 'busy']))).toBe(true)
    expect(await world.worked('split')).toBe(1)
    expect(await world.pending()).toEqual(['cut', 'cut', 'cut'])
  })

  test('while the first is still at work: the queue is told to try again', async () => {
    const gate = show.hold('split')
    const first = world.deliver('split')
    await gate.entered
    expect(await world.deliver('split')).toEqual({ status: 409, outcome: 'busy' })
    expect(await world.pending()).toEqual(['split'])
    gate.open()
    expect(await first).toEqual({ status: 200, outcome: 'done' })
  })

  test('long after the run has finished: nothing changes', async () => {
    await world.runToEnd()
    const [run, rows] = [await world.run(), await world.steps()]
    expect(
      outcomes([await world.deliver('split'), await world.deliver('cut', 1), await world.deliver('join')]),
    ).toEqual(new Set(['done before']))
    expect([await world.run(), await world.steps(), await world.pending()]).toEqual([run, rows, []])
  })

  test('long after the run was cancelled: nothing changes', async () => {
    await world.deliver('split')
    await world.deliver('cut', 0)
    await world.cancel()
    await world.lose('cut')
    const [run, rows] = [await world.run(), await world.steps()]
    expect([
      await world.deliver('split'),
      await world.deliver('cut', 0),
      await world.deliver('cut', 1),
    ]).toEqual([
      { status: 200, outcome: 'done before' },
      { status: 200, outcome: 'done before' },
      { status: 200, outcome: 'over' },
    ])
    expect([await world.run(), await world.steps(), await world.pending()]).toEqual([run, rows, []])
  })

  test('in any order: a later part first', async () => {
    await world.deliver('split')
    for (const part of [2, 0, 1]) await world.deliver('cut', part)
    await world.runToEnd()
    expect(await world.run()).toMatchObject({ status: 'finished', processed: 1000, total: 1000 })
    expect(await world.worked('cut')).toBe(3)
  })

  test('for a run that is gone: the task ends', async () => {
    const [task] = await world.tasks()
    await world.database.rows('DELETE FROM runs')
    expect(await world.hand(task!.payload)).toEqual({ status: 200, outcome: 'unknown' })
  })
})

describe('what is lost between commit and enqueue', () => {
  beforeEach(async () => {
    world.crashBeforeEnqueue()
    expect(await world.deliver('split')).toMatchObject({ status: 500 })
    expect(await world.pending()).toEqual(['split'])
    expect(await statusOf('split')).toMatchObject({ status: 'done' })
  })

  test('is enqueued by the redelivery, without a second work', async () => {
    expect(await world.deliver('split')).toEqual({ status: 200, outcome: 'done before' })
    expect(await world.pending()).toEqual(['cut', 'cut', 'cut'])
    expect(await world.worked('split')).toBe(1)
  })

  test('is enqueued by the sweep when the redelivery never comes', async () => {
    await world.lose('split')
    expect(await world.sweep()).toMatchObject({ overdue: 0, revived: 0 })
    await world.timePasses(aMinute)
    expect(await world.sweep()).toMatchObject({ overdue: 3, revived: 3 })
    await world.runToEnd()
    expect(await world.run()).toMatchObject({ status: 'finished' })
    expect(await world.worked('cut')).toBe(3)
  })
})

test('behind a step of a run that has ended nothing is enqueued any more', async () => {
  world.crashBeforeEnqueue()
  await world.deliver('split')
  await world.cancel()
  expect(await world.deliver('split')).toEqual({ status: 200, outcome: 'done before' })
  expect(await world.pending()).toEqual([])
})

describe('the sweep', () => {
  test('revives what the queue lost, and two sweeps at once revive it once', async () => {
    await world.deliver('split')
    await world.lose('cut')
    await world.timePasses(aMinute)
    const sweeps = await Promise.all([world.sweep(), world.sweep()])
    expect(sweeps.reduce((sum, { revived }) => sum + revived, 0)).toBe(3)
    expect((await world.tasks()).map(({ payload: { step, turn } }) => [step, turn])).toEqual(
      [1, 1, 1].map((turn) => ['cut', turn]),
    )
  })

  test('leaves a late step alone whose task the queue still has', async () => {
    await world.timePasses(aMinute)
    expect(await world.sweep()).toMatchObject({ overdue: 1, revived: 0 })
    expect(await statusOf('split')).toMatchObject({ turn: 0, status: 'pending' })
  })

  test('revives a step whose process and task are both gone; the old process changes nothing', async () => {
    const gate = show.hold('split')
    const first = world.deliver('split')
    await gate.entered
    await world.lose('split')
    await world.timePasses(11 * aMinute)
    expect(await world.sweep()).toMatchObject({ overdue: 1, revived: 1 })
    await world.runToEnd()
    const rows = await world.steps()
    gate.open()
    await first
    expect(await world.steps()).toEqual(rows)
    expect(await statusOf('split')).toMatchObject({ status: 'done', turn: 1, attempt: 2 })
    expect(await world.worked('split')).toBe(2)
  })
})

test('a task with an old turn ends, and the one of today is in the queue', async () => {
  const [old] = await world.tasks()
  show.next('split', () => {
    throw new Deferred(new Date())
  })
  await world.deliver('split')
  expect(await world.hand(old!.payload)).toEqual({ status: 200, outcome: 'an old turn' })
  expect(await world.tasks()).toMatchObject([{ payload: { step: 'split', turn: 1 } }])
  expect(await world.worked('split')).toBe(1)
})

describe('a work that ends badly', () => {
  test('for good: the run and its episode fail with code and message, without another try', async () => {
    failing(new Permanent('bad_words_file', 'words.json is empty.'))
    expect(await world.deliver('split')).toEqual({ status: 200, outcome: 'failed' })
    expect(await world.run()).toMatchObject({
      status: 'failed',
      stopReason: 'bad_words_file',
      errorMessage: 'words.json is empty.',
    })
    expect(await statusOf('split')).toMatchObject({
      status: 'failed',
      attempt: 1,
      error: 'words.json is empty.',
    })
    expect(await world.database.rows('SELECT status FROM episodes')).toEqual([{ status: 'failed' }])
    expect(await world.deliver('split')).toEqual({ status: 200, outcome: 'over' })
    await world.timePasses(aMinute)
    expect(await world.sweep()).toMatchObject({ overdue: 0, revived: 0 })
    expect(await world.pending()).toEqual([])
  })

  test.each([
    ['a Retryable', new Retryable('internal', 'The vendor hiccuped.')],
    ['an error of unknown kind', new Error('The vendor hiccuped.')],
    ['something that is no Error', 'The vendor hiccuped.'],
  ])(
    'for now, with %s: the lease is released before the answer, and the next delivery works again',
    async (_kind, error) => {
      failing(error)
      expect(await world.deliver('split')).toEqual({ status: 500, outcome: 'to be retried' })
      expect(await statusOf('split')).toMatchObject({
        status: 'pending',
        attempt: 1,
        error: 'The vendor hiccuped.',
      })
      expect(await world.deliver('split')).toEqual({ status: 200, outcome: 'done' })
      expect(await statusOf('split')).toMatchObject({ status: 'done', attempt: 2, error: null })
    },
  )

  test('until somebody says to come back: deferred under a new turn, counting no attempt', async () => {
    const dueAt = new Date(Math.ceil(Date.now() / 1000) * 1000 + 3_600_000)
    failing(new Deferred(dueAt))
    expect(await world.deliver('split')).toEqual({ status: 200, outcome: 'deferred' })
    expect(await statusOf('split')).toMatchObject({ status: 'pending', turn: 1, attempt: 0 })
    expect(await world.tasks()).toMatchObject([{ dueAt, payload: { step: 'split', turn: 1 } }])
  })

  test('deferred, and the process ended before it could enqueue: the redelivery does', async () => {
    failing(new Deferred(new Date()))
    world.crashBeforeEnqueue()
    expect(await world.deliver('split')).toMatchObject({ status: 500 })
    expect(await world.deliver('split')).toEqual({ status: 200, outcome: 'an old turn' })
    expect(await world.tasks()).toMatchObject([{ payload: { step: 'split', turn: 1 } }])
    expect(await world.deliver('split')).toEqual({ status: 200, outcome: 'done' })
    expect(await statusOf('split')).toMatchObject({ attempt: 1 })
  })
})

describe('attempts', () => {
  test('that fail as often as allowed fail the run, with the last reason', async () => {
    await aThreeStepWorld({ MAX_ATTEMPTS: '2' })
    failing(new Error('first fault'))
    expect(await world.deliver('split')).toMatchObject({ status: 500 })
    failing(new Error('second fault'))
    expect(await world.deliver('split')).toEqual({ status: 200, outcome: 'failed' })
    expect(await world.run()).toMatchObject({
      status: 'failed',
      stopReason: 'attempts_exhausted',
      errorMessage: 'split was tried 2 times. The last reason: second fault',
    })
  })

  test('that each kill their process end the run too, when there were enough of them for long enough', async () => {
    await aThreeStepWorld({ MAX_ATTEMPTS: '2', TRY_FOR_MS: String(30 * aMinute) })
    const { databaseUrl, lease } = world.services.config
    for (let i = 0; i < 3; i++) {
      const task = { runId: world.runId(), step: 'split', part: 0, turn: 0 }
      expect(await withDatabase(databaseUrl, (db) => claimStep(db, task, lease))).toMatchObject({
        outcome: 'claimed',
      })
      await world.timePasses(11 * aMinute)
    }
    expect(await world.deliver('split')).toEqual({ status: 200, outcome: 'attempts exhausted' })
    expect(await world.run()).toMatchObject({
      status: 'failed',
      errorMessage: 'split was tried 3 times. The last reason: its process ended',
    })
  })

  test('that end by a lost connection use nothing up within minutes', async () => {
    await aThreeStepWorld({ MAX_ATTEMPTS: '2' })
    for (let i = 0; i < 3; i++) {
      failing(Object.assign(new Error('gone away'), { code: 'ECONNRESET' }))
      expect(await world.deliver('split')).toMatchObject({ status: 500 })
    }
    expect(await world.deliver('split')).toEqual({ status: 200, outcome: 'done' })
    expect(await statusOf('split')).toMatchObject({ attempt: 4 })
  })
})

describe('an attempt that lost its step while it worked', () => {
  /** The first attempt is at work, its lease has lapsed, and a second one is at work too. */
  async function twoAttempts() {
    const [early, late] = [show.hold('split'), show.hold('split')]
    const first = world.deliver('split')
    await early.entered
    await world.timePasses(11 * aMinute)
    const second = world.deliver('split')
    await late.entered
    return { early, late, first, second }
  }

  test('records nothing and leaves the task to the one that holds it', async () => {
    const { early, late, first, second } = await twoAttempts()
    early.open({ by: 'the first' })
    expect(await first).toEqual({ status: 409, outcome: 'busy' })
    expect(await world.pending()).toEqual(['split'])
    late.open({ by: 'the second' })
    expect(await second).toEqual({ status: 200, outcome: 'done' })
    expect(await statusOf('split')).toMatchObject({
      status: 'done',
      attempt: 2,
      output: { by: 'the second' },
    })
    expect(await world.run()).toMatchObject({ context: { by: 'the second' } })
  })

  test('cannot fail the run', async () => {
    const { early, late, first, second } = await twoAttempts()
    early.fail(new Permanent('not_audio'))
    await first
    expect(await world.run()).toMatchObject({ status: 'started' })
    late.open()
    expect(await second).toEqual({ status: 200, outcome: 'done' })
  })

  test.each<[string, Error]>([
    ['fails', new Permanent('not_audio')],
    ['is put off', new Deferred(new Date())],
    ['waits for its producer', new AwaitingReview()],
  ])('%s, and leaves the task to the one that holds it', async (_, error) => {
    const { early, late, first, second } = await twoAttempts()
    early.fail(error)
    expect(await first).toEqual({ status: 409, outcome: 'busy' })
    expect(await world.pending()).toEqual(['split'])
    late.open()
    expect(await second).toEqual({ status: 200, outcome: 'done' })
  })

  test('cannot take the lease away', async () => {
    const { early, late, first, second } = await twoAttempts()
    early.fail(new Error('out of memory'))
    expect(await first).toMatchObject({ status: 500 })
    expect(await statusOf('split')).toMatchObject({ status: 'running', attempt: 2 })
    late.open()
    expect(await second).toEqual({ status: 200, outcome: 'done' })
  })
})
