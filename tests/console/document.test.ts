// Documents as the console's pages edit them.
import { describe, expect, test } from '@jest/globals'
import fc from 'fast-check'
import {
  lineOf,
  schemaAt,
  valueAt,
  withValue,
  type Path,
} from '../../shared/console/browser/show/document.ts'
import { templateSchema } from '../../shared/settings/settings.ts'

/** Every way into a document. */
const waysInto = (value: unknown): Path[] =>
  typeof value === 'object' && value !== null
    ? Object.entries(value).flatMap(([name, inner]) => {
        const part = Array.isArray(value) ? Number(name) : name
        return [[part], ...waysInto(inner).map((rest) => [part, ...rest])]
      })
    : []

describe('A field of a document', () => {
  test('is set and taken out without a change to the document it was in', () => {
    const before = { a: { b: [1, 2, { c: 3 }] }, z: 0 }
    const frozen = structuredClone(before)
    expect(withValue(before, ['a', 'b', 2, 'c'], 4)).toEqual({ a: { b: [1, 2, { c: 4 }] }, z: 0 })
    expect(withValue(before, ['a', 'b', 0], undefined)).toEqual({ a: { b: [2, { c: 3 }] }, z: 0 })
    expect(withValue(before, ['new', 5, 'x'], 1)).toEqual({ ...before, new: [{ x: 1 }] })
    expect(before).toEqual(frozen)
  })

  test('stands in the line in which it is written, whatever else is', () => {
    fc.assert(
      fc.property(fc.object({ maxDepth: 3, withNullPrototype: false }), (given) => {
        const document = JSON.parse(JSON.stringify(given)) as object
        const text = JSON.stringify(document, null, 2)
        for (const way of waysInto(document)) {
          const marked = JSON.stringify(withValue(document, way, '\u{1F534}here'), null, 2)
          const expected = marked.slice(0, marked.indexOf('\u{1F534}here')).split('\n').length
          expect([way, lineOf(text, way)]).toEqual([way, expected])
        }
      }),
      { numRuns: 50 },
    )
    expect(lineOf('{\n"a": 1}', ['b', 0])).toBe(1)
    expect(lineOf('{\n"a": [1,\n{"b": 2}]}', ['a', 1, 'c'])).toBe(3)
  })

  test('has its default where the schema says it, in whichever shape it stands', () => {
    const of = (...path: Path) => schemaAt(templateSchema(), path)['default']
    expect(of('loudness', 'targetLufs')).toBe(-16)
    expect(of('segments', 3, 'gainDb')).toBe(0)
    expect(of('segments', 0, 'source', 'count')).toBe(1)
    expect(of('nothing', 'such')).toBeUndefined()
    expect(valueAt({ a: null }, ['a', 'b'])).toBeUndefined()
  })
})
