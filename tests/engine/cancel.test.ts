// Cancelling: it may come before, during or after any work, and afterwards nothing of the run changes.
import { once } from 'node:events'
import { describe, expect, test } from '@jest/globals'
import { updateRunProgress } from '../../shared/db/run-changes.ts'
import { aToyShow, type ToyShow } from '../support/toys.ts'
import { aWorld, type World } from '../support/world.ts'

let show: ToyShow
async function aRun(env: Record<string, string> = {}): Promise<World> {
  show = aToyShow([{ name: 'cut' }, { name: 'join', after: ['cut'] }])
  const world = await aWorld({ catalogue: show.catalogue, env })
  await world.start()
  return world
}
const beating = { HEARTBEAT_MS: '20' }

describe('a run that is cancelled', () => {
  test('before its first task: the task ends, and nothing works', async () => {
    const world = await aRun()
    expect(await world.cancel()).toBe(true)
    expect(await world.deliver('cut')).toEqual({ status: 200, outcome: 'over' })
    expect(await world.worked('cut')).toBe(0)
    expect(await world.run()).toMatchObject({
      status: 'cancelled',
      stopReason: 'user_cancelled',
      startedAt: null,
    })
    expect(await world.database.rows('SELECT status FROM episodes')).toEqual([{ status: 'cancelled' }])
  })

  test('during long work: the next heartbeat aborts it, and nothing is committed', async () => {
    const world = await aRun(beating)
    const gate = show.hold('cut')
    const delivery = world.deliver('cut')
    const signal = await gate.entered
    const aborted = once(signal, 'abort')
    await world.cancel()
    await aborted
    gate.fail(signal.reason)
    expect(await delivery).toEqual({ status: 200, outcome: 'stopped' })
    expect(await world.steps()).toMatchObject([{ step: 'cut', status: 'running', output: null }])
    expect(await world.run()).toMatchObject({ status: 'cancelled', processed: 0 })
    expect(await world.pending()).toEqual([])
  })

  test('during work that hears of nothing: its commit is refused', async () => {
    const world = await aRun()
    const gate = show.hold('cut')
    const delivery = world.deliver('cut')
    await gate.entered
    await world.cancel()
    const run = await world.run()
    gate.open({ late: true })
    expect(await delivery).toEqual({ status: 200, outcome: 'stopped' })
    expect(await world.run()).toEqual(run)
    expect(await world.steps()).toMatchObject([{ step: 'cut', output: null }])
  })

  test('cannot be cancelled again, nor after it has finished', async () => {
    const world = await aRun()
    expect([await world.cancel(), await world.cancel()]).toEqual([true, false])
    await world.start()
    await world.runToEnd()
    const run = await world.run()
    expect(await world.cancel()).toBe(false)
    expect(await world.run()).toEqual(run)
  })
})

test('once publication has begun a cancel is refused, and the run finishes', async () => {
  const world = await aRun()
  await world.deliver('cut')
  show.next('join', async ({ runId }, { withDatabase: open }) => {
    await open((db) => updateRunProgress(db, runId, { committed: true }))
    expect(await world.cancel()).toBe(false)
    return undefined
  })
  expect(await world.deliver('join')).toEqual({ status: 200, outcome: 'done' })
  expect(await world.run()).toMatchObject({ status: 'finished' })
})

test('of a cancel and a finish at the same moment exactly one wins', async () => {
  const world = await aRun()
  const ends = new Set<string>()
  for (let round = 0; round < 12; round++) {
    const runId = await world.start({}, `episode-${round}`)
    await world.deliver('cut', 0, runId)
    const gate = show.hold('join')
    const delivery = world.deliver('join', 0, runId)
    await gate.entered
    gate.open()
    const [answer, cancelled] = await Promise.all([delivery, world.cancel(runId)])
    const run = await world.run(runId)
    expect([run.status, answer.outcome]).toEqual(cancelled ? ['cancelled', 'stopped'] : ['finished', 'done'])
    ends.add(run.status)
  }
  expect(ends.size).toBeGreaterThan(0)
})

test('an attempt whose step was revived is aborted and leaves the task to its successor', async () => {
  const world = await aRun(beating)
  const gate = show.hold('cut')
  const delivery = world.deliver('cut')
  const signal = await gate.entered
  const aborted = once(signal, 'abort')
  await world.database.rows(`UPDATE steps SET turn = turn + 1, status = 'pending', lease_until = NULL`)
  await aborted
  gate.fail(signal.reason)
  expect(await delivery).toEqual({ status: 409, outcome: 'busy' })
  expect(await world.deliver('cut')).toEqual({ status: 200, outcome: 'an old turn' })
  await world.runToEnd()
  expect(await world.run()).toMatchObject({ status: 'finished' })
})

test('heartbeats extend the lease of work that outlasts it', async () => {
  const world = await aRun({ LEASE_MS: '1000', HEARTBEAT_MS: '20' })
  const gate = show.hold('cut')
  const delivery = world.deliver('cut')
  await gate.entered
  const leaseOf = async () =>
    (
      await world.database.rows<{ until: number }>(
        `SELECT extract(epoch FROM lease_until)::float8 AS until FROM steps`,
      )
    )[0]!.until
  const before = await leaseOf()
  while ((await leaseOf()) < before + 1.2) await world.pending()
  expect(await world.deliver('cut')).toEqual({ status: 409, outcome: 'busy' })
  gate.open()
  expect(await delivery).toEqual({ status: 200, outcome: 'done' })
})
