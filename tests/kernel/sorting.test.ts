// Columns sorted in the kernel are what sorting each by itself gives.
import { expect, test } from '@jest/globals'
import fc from 'fast-check'
import { mostSortedRows, sortColumns } from '../../shared/kernel/sorting.ts'

const columnsOf = (rows: Float32Array, count: number, stride: number): Float32Array[] =>
  Array.from({ length: stride }, (_, k) =>
    Float32Array.from({ length: count }, (_, row) => rows[row * stride + k]!),
  )

test('Every column comes out sorted, however many rows and columns there are', () => {
  const sizes = fc.record({
    count: fc.integer({ min: 1, max: 130 }),
    stride: fc.integer({ min: 1, max: 700 }),
  })
  fc.assert(
    fc.property(sizes, fc.integer({ min: 1, max: 1000 }), ({ count, stride }, kinds) => {
      const rows = Float32Array.from({ length: count * stride }, (_, i) => (i * 7919) % kinds)
      const expected = columnsOf(rows, count, stride).map((column) => column.sort())
      sortColumns(rows, count, stride)
      expect(columnsOf(rows, count, stride)).toEqual(expected)
    }),
    { numRuns: 60 },
  )
})

test('What is behind the rows stays as it is, and more rows than fit are refused', () => {
  const rows = Float32Array.of(3, 2, 1, 9)
  sortColumns(rows, 3, 1)
  expect([...rows]).toEqual([1, 2, 3, 9])
  const tall = new Float32Array(mostSortedRows + 1)
  expect(() => sortColumns(tall, tall.length, 1)).toThrow(RangeError)
})
