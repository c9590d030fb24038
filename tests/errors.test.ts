// One place decides what an error means for the queue, whatever it was wrapped in.
import { describe, expect, test } from '@jest/globals'
import { errorCodes, warningCodes } from '../shared/codes.ts'
import {
  Busy,
  Deferred,
  Passing,
  Permanent,
  Retryable,
  Stopped,
  causes,
  classify,
  codeOf,
} from '../shared/errors.ts'

const withCode = (code: string | number, message = 'it broke') => Object.assign(new Error(message), { code })

describe('an error of our own', () => {
  test.each([
    new Permanent('not_audio'),
    new Retryable('internal'),
    new Busy(),
    new Deferred(new Date(0)),
    new Stopped(),
  ])('%p stays what it is', (error) => {
    expect(classify(error)).toBe(error)
    expect(classify(new Error('around it', { cause: new Error('and again', { cause: error }) }))).toBe(error)
  })

  test('of two, the outer one counts', () => {
    const outer = new Permanent('bad_cover', 'cover.png cannot be read.', {
      cause: new Retryable('internal'),
    })
    expect(classify(outer)).toBe(outer)
  })

  test('says what its code means when it has nothing better to say', () => {
    expect(new Permanent('empty_file')).toMatchObject({
      name: 'Permanent',
      code: 'empty_file',
      message: errorCodes.empty_file.meaning,
    })
  })
})

describe('an error of somebody else', () => {
  test.each(['ENOSPC', 'EFBIG', 507, '507'])('%p is a full disk: for good, until there is room', (code) => {
    const error = new Error('write failed', { cause: withCode(code) })
    expect(classify(error)).toMatchObject({ name: 'Permanent', code: 'disk_full', cause: error })
  })

  test.each([
    '40001',
    '40P01',
    '53100',
    '53300',
    '57P01',
    '57P03',
    '08006',
    'ECONNREFUSED',
    'ECONNRESET',
    'ETIMEDOUT',
    'EPIPE',
    503,
  ])('%s is a fault that passes', (code) => {
    const error = withCode(code, 'gone away')
    expect(classify(error)).toMatchObject({
      name: 'Passing',
      code: 'internal',
      message: 'A passing fault: gone away',
      cause: error,
    })
  })

  test('without a code, a lost connection to the database is one too', () => {
    expect(classify(new Error('SELECT 1 - Connection terminated unexpectedly'))).toBeInstanceOf(Passing)
  })

  test.each<[unknown, string]>([
    [new TypeError('x is not a function'), 'x is not a function'],
    [withCode('23505', 'duplicate key'), 'duplicate key'],
    [withCode('42501', 'permission denied'), 'permission denied'],
    [withCode(14, 'UNAVAILABLE'), 'UNAVAILABLE'],
    ['a thrown text', 'a thrown text'],
    [undefined, 'undefined'],
    [null, 'null'],
    [7, '7'],
  ])('%p is tried again, with its message', (error, message) => {
    expect(classify(error)).toMatchObject({ name: 'Retryable', code: 'internal', message, cause: error })
  })
})

test('the code is the first one down the chain of causes, as text', () => {
  expect(codeOf(new Error('a', { cause: withCode(404) }))).toBe('404')
  expect(codeOf(Object.assign(new Error('a', { cause: withCode('inner') }), { code: 'outer' }))).toBe('outer')
  expect(codeOf(new Error('a'))).toBeUndefined()
  expect(codeOf(undefined)).toBeUndefined()
})

test('a chain of causes that bites its tail comes to an end', () => {
  const error = new Error('a')
  error.cause = new Error('b', { cause: error })
  expect([...causes(error)]).toHaveLength(2)
  expect(classify(error)).toMatchObject({ name: 'Retryable' })
})

test('every code says in sentences what it means and what to do', () => {
  for (const { meaning, remedy } of [...Object.values(errorCodes), ...Object.values(warningCodes)]) {
    expect(meaning).toMatch(/^[A-Zf].+\.$/)
    expect(remedy).toMatch(/^[A-Zf].+\.$/)
  }
})
