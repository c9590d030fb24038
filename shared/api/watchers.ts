/**
 * How many streams of events one caller may hold open at once, counted in this process alone: each is a connection that stays,
 * and an instance has few. Hides the counting.
 */
import { Permanent } from '../errors.ts'

/** Every tab of a producer, and a script or two. */
export const mostWatchers = 20

export function countWatchers(most = mostWatchers) {
  const open = new Map<string, number>()

  /** Returns how to leave again. Throws Permanent `too_many_requests` where a caller holds as many as they may. */
  return (caller: string): (() => void) => {
    const count = open.get(caller) ?? 0
    if (count >= most)
      throw new Permanent(
        'too_many_requests',
        `You hold ${count} streams of events open, as many as one key may. Close one, or ask for /runs/{id}/progress.`,
      )
    open.set(caller, count + 1)
    let isOpen = true
    return () => {
      if (!isOpen) return
      isOpen = false
      const left = open.get(caller)! - 1
      if (left > 0) open.set(caller, left)
      else open.delete(caller)
    }
  }
}
