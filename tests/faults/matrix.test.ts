// A slice of the crash matrix, as `spool faults` runs it whole: real processes, ended and held at their boundaries.
import path from 'node:path'
import { beforeAll, expect, test } from '@jest/globals'
import { casesOf } from '../../faults/matrix.ts'
import { runMatrix, type MatrixResult } from '../../faults/run-matrix.ts'

process.env['METADATA_SERVER_DETECTION'] = 'none'

const root = path.join(import.meta.dirname, '../..')

/** Of each kind of trouble some, at points that the seed chooses. */
const slice = {
  root,
  sample: 24,
  seed: 4,
  lanes: 1,
  scenarios: ['episode', 'mailbox', 'publication'],
} as const

let found: MatrixResult
beforeAll(async () => {
  found = await runMatrix(slice)
})

test('Whatever goes wrong at a boundary, every run ends as it would have, once, and leaves nothing behind', () => {
  expect(found.failures).toEqual([])
  expect(found.cases).toBe(slice.sample)
})

test('The calls come to their points: hardly a case passes because nothing went wrong in it', () => {
  expect(found.unreached).toBeLessThan(slice.sample / 4)
})

test('There are thousands of cases: every point of an episode, a mailbox and a publication', () => {
  expect(found.known).toBeGreaterThan(3000)
})

test('At a point before an effect it may fail, and behind it its reply may be lost', () => {
  const of = (point: string) => casesOf('episode', [point]).map(({ fault, after }) => `${fault} ${after}`)
  expect(of('render/0 object.create#0 before')).toEqual([
    'kill redelivery',
    'kill duplicate',
    'throw redelivery',
    'throw duplicate',
    'throw zombie',
    'cut redelivery',
    'cut duplicate',
    'cut zombie',
    'hang redelivery',
    'hang zombie',
  ])
  expect(of('render/0 database.commit#0 after')).toEqual(
    expect.arrayContaining(['ambiguous redelivery', 'ambiguous duplicate', 'ambiguous zombie']),
  )
  expect(of('render/0 database.commit#0 after')).not.toContain('throw redelivery')
})
