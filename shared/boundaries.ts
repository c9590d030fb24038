/**
 * The named points between which every side effect stands: one before it and one after. In production nobody watches
 * and passing costs a comparison; whoever proves that nothing is lost (faults/) watches, and ends, delays or fails a
 * process exactly there.
 */

/** Every kind of side effect, and what is done between its two points. */
export const effects = {
  'database.read': 'a statement that changes nothing',
  'database.write': 'a statement that changes rows, by itself or within a transaction',
  'database.commit': 'the end of a transaction that keeps what it changed',
  'object.create': 'an object is made from bytes; one that is there is left',
  'object.swap': 'an object is replaced under the generation last seen: a feed, an index',
  'object.compose': 'objects are joined into one',
  'object.copy': 'an object is copied',
  'object.remove': 'an object is deleted',
  'object.upload': 'an address is made to which somebody may upload',
  'task.create': 'a task, or a reminder, is put into its queue',
  'vendor.call': 'a vendor is asked',
  'webhook.send': 'an event is sent to whoever wants to know',
  answer: 'the queue, or whoever brought an event, is told what came of the call',
} as const

export type Effect = keyof typeof effects

/** A point: its effect, on which side of it, and which one it is (an object, a task, a statement). */
export interface Passage {
  readonly effect: Effect
  readonly side: 'before' | 'after'
  readonly about: string
  /** The same on both sides; no other effect of the process has it. */
  readonly id: number
}

/** May wait, throw, or never return. */
export type Watcher = (passage: Passage) => Promise<void>

let watcher: Watcher | undefined
let passages = 0

/** From now on every passage of this process is told to `watch` first; undefined ends it. */
export const watchBoundaries = (watch: Watcher | undefined): void => {
  watcher = watch
}

export const isWatched = (): boolean => watcher !== undefined

/** Does one side effect between its two points. */
export async function between<T>(effect: Effect, about: string, act: () => T | Promise<T>): Promise<T> {
  if (!watcher) return await act()
  const id = passages++
  await watcher({ effect, side: 'before', about, id })
  const done = await act()
  await watcher({ effect, side: 'after', about, id })
  return done
}
