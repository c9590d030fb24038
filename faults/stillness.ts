/**
 * Notices that nothing happens any more, so that what would wait for ever ends with a word: no worker comes to a boundary
 * and no call ends.
 */
import type { Control } from './control.ts'

export interface Stillness {
  /** Resolves once nothing was heard of for so long. */
  readonly fallen: Promise<'still'>
  readonly close: () => void
}

/** No worker is silent for so long, however slow the machine. */
const longestQuietMs = 45_000

export function listenForStillness(control: Control, quietMs = longestQuietMs): Stillness {
  const { promise, resolve } = Promise.withResolvers<'still'>()
  const timer = setTimeout(() => resolve('still'), quietMs)
  const stop = control.subscribe(() => {
    timer.refresh()
    return Promise.resolve(undefined)
  })
  const deafen = control.hearEnds(() => void timer.refresh())
  return {
    fallen: promise,
    close: () => {
      clearTimeout(timer)
      stop()
      deafen()
    },
  }
}
