// The protocol under a scheduler that chooses by seed: no order of events, and no process that ends between two
// statements, breaks what is true of every run.
import { readFileSync } from 'node:fs'
import path from 'node:path'
import { expect, test } from '@jest/globals'
import { plantedBugs, planted, simulatedBugs, hunt } from '../../faults/planted/planted-bugs.ts'
import { lendConnections } from '../../faults/simulation/lent-connections.ts'
import { openProcesses } from '../../faults/simulation/processes.ts'
import { shrink } from '../../faults/simulation/shrink.ts'
import { simulate } from '../../faults/simulation/simulate.ts'
import { serverUrl } from '../support/test-server.ts'

const root = path.join(import.meta.dirname, '../..')
const budgetMs = 2_000

test('Nothing is lost, done twice or seen too early, whoever goes on when and ends where', async () => {
  const { failed, missingGuards, schedules } = await simulate({
    seed: 1,
    schedules: 1000,
    budgetMs,
    serverUrl: serverUrl(),
  })
  expect({ failed, missingGuards }).toEqual({ failed: [], missingGuards: [] })
  expect(schedules).toBeGreaterThan(0)
})

test('A bug that is planted is noticed', async () => {
  const bugs = simulatedBugs.filter(({ name }) => noticedAtOnce.includes(name))
  expect(bugs).toHaveLength(noticedAtOnce.length)
  const { total, escaped } = await hunt({ seed: 1, bugs, serverUrl: serverUrl() })
  expect({ total, escaped }).toEqual({ total: noticedAtOnce.length, escaped: [] })
})

const noticedAtOnce = ['a step begins before what it follows is done', 'an episode may have two live runs']

test('There are many bugs to plant, and each has its one place in the sources', () => {
  expect(simulatedBugs.length).toBeGreaterThanOrEqual(40)
  expect(new Set(plantedBugs.map(({ name }) => name)).size).toBe(plantedBugs.length)
  for (const bug of plantedBugs) {
    const source = readFileSync(path.join(root, bug.file), 'utf8')
    expect(planted(bug, source)).not.toBe(source)
  }
})

test('Nobody waits for a heartbeat of what has come to its end', async () => {
  const stock = await lendConnections(serverUrl())
  const processes = openProcesses(stock)
  const over = await processes.begin('it', () => Promise.resolve())
  expect(await processes.beat(over)).toBe(false)
  processes.close()
  await stock.close()
})

test('What fails is shrunk to what it takes', async () => {
  const list = Array.from({ length: 40 }, (_, i) => i)
  const fails = (left: readonly number[]) =>
    Promise.resolve(left.includes(7) && left.some((one) => one >= 31))
  expect(await shrink(list, (one) => one, fails, Infinity)).toEqual([7, 39])
})
