// The queue's timing formulas against what Google documents.
import { expect, test } from '@jest/globals'
import { backoffMs, holdMs, isExhausted, retryAfterMs } from '../../../local/cloud-tasks/backoff.ts'

const seconds = (minBackoff: number, maxBackoff: number, maxDoublings: number, count: number) => {
  const retry = {
    maxAttempts: -1,
    maxRetryDurationMs: 0,
    minBackoffMs: minBackoff * 1000,
    maxBackoffMs: maxBackoff * 1000,
    maxDoublings,
  }
  return Array.from({ length: count }, (_, index) => backoffMs(retry, index + 1) / 1000)
}

test('the documented example waits 10, 20, 40, 80, 160, 240, 300, 300 seconds', () => {
  expect(seconds(10, 300, 3, 8)).toEqual([10, 20, 40, 80, 160, 240, 300, 300])
})

test('without doublings the wait grows by minBackoff', () => {
  expect(seconds(5, 60, 0, 4)).toEqual([5, 10, 15, 20])
})

test('a low maxBackoff caps the doublings', () => {
  expect(seconds(5, 15, 16, 4)).toEqual([5, 10, 15, 15])
})

test('the thousandth retry still has a finite wait', () => {
  expect(seconds(0.1, 3600, 16, 1000).at(-1)).toBe(3600)
})

const retry = (maxAttempts: number, maxRetryDurationMs: number) => ({
  maxAttempts,
  maxRetryDurationMs,
  minBackoffMs: 1,
  maxBackoffMs: 1,
  maxDoublings: 1,
})

test('a task is given up when every limit that is set is met', () => {
  expect(isExhausted(retry(3, 1000), 3, 999)).toBe(false)
  expect(isExhausted(retry(3, 1000), 2, 1000)).toBe(false)
  expect(isExhausted(retry(3, 1000), 3, 1000)).toBe(true)
  expect(isExhausted(retry(3, 0), 3, 0)).toBe(true)
  expect(isExhausted(retry(-1, 1000), 1, 1000)).toBe(true)
})

test('a task without limits is never given up', () => {
  expect(isExhausted(retry(-1, 0), 1e6, 1e12)).toBe(false)
})

test('each throttling answer in a row holds the queue for longer, within half a minute', () => {
  const holds = Array.from({ length: 20 }, (_, index) => holdMs(index + 1))
  expect(holds).toEqual([...holds].sort((a, b) => a - b))
  expect(holds.at(-1)).toBe(30_000)
})

test('Retry-After is read as seconds and as a date, and ignored when unreadable', () => {
  const now = Date.UTC(2026, 0, 1)
  expect(retryAfterMs('120', now)).toBe(120_000)
  expect(retryAfterMs(new Date(now + 5000).toUTCString(), now)).toBe(5000)
  expect(retryAfterMs(new Date(now - 5000).toUTCString(), now)).toBe(0)
  expect(retryAfterMs('soon', now)).toBe(0)
  expect(retryAfterMs(undefined, now)).toBe(0)
})
