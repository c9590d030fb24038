// What the bench remembers of a machine.
import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import path from 'node:path'
import { afterEach, beforeEach, expect, test } from '@jest/globals'
import { busyWarning, compare, regressions } from '../../bench/history.ts'

let dir: string
beforeEach(() => {
  dir = mkdtempSync(path.join(tmpdir(), 'spool-history-'))
})
afterEach(() => rmSync(dir, { recursive: true }))

test('what became worse by more than a tenth is told, and nothing else', () => {
  expect(regressions({ ratio: 2, cost: 10 }, { ratio: 2.1, cost: 12, fresh: 3 })).toEqual([
    'cost was 10.0 and is 12.0',
  ])
})

test('each machine is compared with itself, and each kind of run with its own', async () => {
  const [one, other] = [
    { cpu: 'A', cores: 2 },
    { cpu: 'B', cores: 2 },
  ]
  expect(await compare(dir, 'quick', one, { ratio: 2 })).toEqual([])
  expect(await compare(dir, 'quick', other, { ratio: 4 })).toEqual([])
  expect(await compare(dir, 'hour', one, { ratio: 5 })).toEqual([])
  expect(await compare(dir, 'quick', one, { ratio: 3 })).toEqual(['ratio was 2.00 and is 3.00'])
  expect(await compare(dir, 'quick', one, { ratio: 3 })).toEqual([])
})

test('a busy machine is said to be one', () => {
  expect(busyWarning(1.9, 2)).toContain('busy')
  expect(busyWarning(0.1, 2)).toBeUndefined()
})
