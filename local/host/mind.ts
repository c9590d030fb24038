/** Ends a worker that stands still, as a stopped or a spinning process does: nothing else would notice. */
import type { ChildProcess } from 'node:child_process'

/** A worker lets others in every tenth of a second; one that is not heard of for so many turns stands still. */
const mostSilentTurns = 4

/**
 * Ends a process that once said anything, its port at the least, and answers no more: its call fails, and the queue has
 * it done by another.
 */
export function mind(child: ChildProcess, askEveryMs: number): void {
  let [silent, hasSpoken] = [0, false]
  child.on('message', () => ([silent, hasSpoken] = [0, true]))
  const timer = setInterval(() => {
    if (hasSpoken && ++silent > mostSilentTurns) child.kill('SIGKILL')
    else if (child.connected) child.send('are you here?', () => undefined)
  }, askEveryMs)
  timer.unref()
  child.once('exit', () => clearInterval(timer))
}
