/**
 * The clock of a simulation: the real one, which jumps ahead when the schedule says so. Hides that a process and the database, which has a
 * `clock_timestamp` of its own here, agree on it.
 */
const realNow = Date.now
let aheadMs = 0

/** From now on `Date.now()` of this process is the simulation's; returns how to give it back. */
export function takeClock(): () => void {
  Date.now = () => realNow() + aheadMs
  return () => {
    Date.now = realNow
  }
}

/** The next schedule begins at the real time. */
export const resetClock = (): void => {
  aheadMs = 0
}

export const putClockForward = (ms: number): void => {
  aheadMs += ms
}
