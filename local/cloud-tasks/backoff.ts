/**
 * Computes when to try a task again: every formula of the queue's timing, pure. Sources are the comments of
 * queue.proto and target.proto.
 */
import type { RetryConfig } from './journal.ts'

/**
 * The wait in ms after the given number of failed attempts (≥ 1): minBackoff, doubled maxDoublings times,
 * then growing linearly by 2^maxDoublings · minBackoff, capped at maxBackoff. 10 s/300 s/3 gives 10, 20, 40,
 * 80, 160, 240, 300, 300 s.
 */
export function backoffMs(retry: RetryConfig, failures: number): number {
  const doublings = Math.min(failures - 1, retry.maxDoublings)
  const linearSteps = failures - 1 - doublings
  return Math.min(retry.maxBackoffMs, retry.minBackoffMs * 2 ** doublings * (1 + linearSteps))
}

/**
 * Whether a failed task is given up. Every limit that is set must be met; maxAttempts −1 and
 * maxRetryDuration 0 set no limit, and a task without any is retried until the queue's retention ends it.
 */
export function isExhausted(retry: RetryConfig, attempts: number, sinceFirstAttemptMs: number): boolean {
  const limits = [
    retry.maxAttempts > 0 ? [attempts >= retry.maxAttempts] : [],
    retry.maxRetryDurationMs > 0 ? [sinceFirstAttemptMs >= retry.maxRetryDurationMs] : [],
  ].flat()
  return limits.length > 0 && limits.every(Boolean)
}

/**
 * How long a queue holds all dispatches after its n-th throttling answer (429, 503) in a row. Google's curve
 * is not published.
 */
export function holdMs(answers: number): number {
  return Math.min(30_000, 100 * 2 ** (answers - 1))
}

/** A Retry-After header (seconds or an HTTP date) as ms from `now`; 0 when absent or unreadable. */
export function retryAfterMs(header: string | undefined, now: number): number {
  if (header === undefined) return 0
  const ms = /^\d+$/.test(header.trim()) ? Number(header) * 1000 : Date.parse(header) - now
  return Number.isFinite(ms) ? Math.max(0, ms) : 0
}

/**
 * The token bucket's size. Google derives it from the rate by an unpublished rule; observed: 500/s gives 100,
 * 10/s gives 10.
 */
export function burstSize(maxDispatchesPerSecond: number): number {
  return Math.max(10, Math.ceil(maxDispatchesPerSecond / 5))
}
