// What may cross from one step to the next: scalars, checked when compiled and when run, of a size and
// version that fit.
import { describe, expect, test } from '@jest/globals'
import { z } from 'zod'
import {
  assertScalars,
  contextVersion,
  maxContextBytes,
  parsePayload,
  type Scalars,
} from '../shared/context.ts'
import { Permanent, Retryable } from '../shared/errors.ts'
import { defineStep } from '../shared/engine/step.ts'

const refused = (check: () => unknown, message: RegExp) => {
  expect(check).toThrow(Permanent)
  expect(check).toThrow(message)
}

describe('a context', () => {
  test('of strings, finite numbers, booleans and null passes', () => {
    expect(() =>
      assertScalars({ title: 'Ümläut', count: -1.5, ready: false, cover: null, empty: '' }),
    ).not.toThrow()
    expect(() => assertScalars({})).not.toThrow()
  })

  test.each<[string, unknown, RegExp]>([
    ['a row', { id: 1 }, /"episode" is of type object/],
    ['a list', [], /"episode" is a list/],
    ['a Date', new Date(0), /of type object/],
    ['NaN', NaN, /not a finite number/],
    ['Infinity', Infinity, /not a finite number/],
    ['undefined', undefined, /of type undefined/],
    ['a function', () => 1, /of type function/],
    ['a symbol', Symbol('x'), /of type symbol/],
    ['a bigint', 1n, /of type bigint/],
    ['bytes', Buffer.from('x'), /of type object/],
  ])('with %s is refused, naming its key', (_what, episode, message) => {
    refused(() => assertScalars({ title: 'One', episode }), message)
  })

  test.each([[null], [undefined], ['text'], [7], [[]], [[{ a: 1 }]]])(
    'that is %j instead of an object is refused',
    (value) => {
      refused(() => assertScalars(value), /an object of scalars/)
    },
  )

  test('may have 64 KiB as JSON in UTF-8, and not a byte more', () => {
    const around = JSON.stringify({ a: '' }).length
    expect(() => assertScalars({ a: 'x'.repeat(maxContextBytes - around) })).not.toThrow()
    refused(
      () => assertScalars({ a: 'x'.repeat(maxContextBytes - around + 1) }),
      /65537 bytes; the limit is 65536/,
    )
    refused(() => assertScalars({ a: 'ü'.repeat(maxContextBytes / 2) }), /the limit is 65536/)
  })
})

describe('a payload', () => {
  const payload = {
    v: contextVersion,
    runId: '6d1f0f1e-0000-4000-8000-000000000001',
    step: 'cut',
    part: 0,
    turn: 0,
    context: { chunk: 1 },
  }

  test('of this version and of the one before is read', () => {
    for (const v of [contextVersion, contextVersion - 1])
      expect(parsePayload({ ...payload, v })).toEqual({ ...payload, v })
  })

  test('of any other version is refused, saying which are read', () => {
    for (const v of [contextVersion - 2, undefined, '1', null])
      refused(
        () => parsePayload({ ...payload, v }),
        new RegExp(`version ${String(v)} is not accepted; this build reads 0 and 1`),
      )
  })

  test('of a version to come is for a later build: it comes back', () => {
    expect(() => parsePayload({ ...payload, v: contextVersion + 1 })).toThrow(Retryable)
  })

  test.each<[string, object]>([
    ['no run', { runId: undefined }],
    ['a run that is no text', { runId: 7 }],
    ['a run that no row could have', { runId: 'r' }],
    ['a part that no row could have', { part: 2 ** 31 }],
    ['no step', { step: undefined }],
    ['a negative part', { part: -1 }],
    ['half a part', { part: 0.5 }],
    ['a part as text', { part: '0' }],
    ['a turn beyond counting', { turn: 2 ** 60 }],
  ])('with %s is refused', (_what, change) => {
    refused(() => parsePayload({ ...payload, ...change }), /names no run, step, part and turn/)
  })

  test.each([[undefined], [null], ['text'], [7], [[]], [{}]])('that is %j is refused', (body) => {
    refused(() => parsePayload(body), /not accepted/)
  })

  test('carries nothing beside what it should', () => {
    expect(parsePayload({ ...payload, extra: 'no' })).toEqual(payload)
  })
})

/** These lines are the test: the compiler must refuse them. */
export const refusedByTheCompiler = (): unknown[] => {
  const definition = { name: 'cut', version: 1, context: z.object({}) }
  const row = { id: 1, title: 'One', createdAt: new Date(0) }
  // @ts-expect-error a row is no scalar
  const handed: Scalars = { row }
  return [
    handed,
    // @ts-expect-error a step's output is scalars
    defineStep({ ...definition, work: () => Promise.resolve({ row }) }),
    // @ts-expect-error nor may a Date hide in it
    defineStep({ ...definition, work: () => Promise.resolve({ at: row.createdAt }) }),
    // @ts-expect-error what is passed on is scalars
    defineStep({ ...definition, work: () => Promise.resolve({}), passOn: () => ({ row }) }),
    // @ts-expect-error and so are the parts
    defineStep({ ...definition, work: () => Promise.resolve({}), parts: () => [{ row }] }),
    // @ts-expect-error and the further ones
    defineStep({ ...definition, work: () => Promise.resolve({}), furtherParts: () => [{ row }] }),
    // @ts-expect-error no database among the tools
    defineStep({ ...definition, work: (_context, _input, { db }) => Promise.resolve({ db: String(db) }) }),
  ]
}
