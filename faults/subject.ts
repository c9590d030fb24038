/**
 * What is done under faults: how it begins, when it is over, and what must be true then.
 */
import type { FaultyCloud } from './cloud.ts'
import type { Passing } from './passing.ts'
import { listenForStillness } from './stillness.ts'

/** One doing of a scenario. */
export interface Subject {
  readonly userId: string
  /** Whether a call is part of it. */
  readonly owns: (passing: Passing) => boolean | Promise<boolean>
  /** Sets it going; resolves when that is under way. */
  readonly begin: () => Promise<void>
  /** Whether there is nothing more to be done. */
  readonly isOver: () => Promise<boolean>
  /** Helps on what only a clock would: called when nothing is under way and it is not over. */
  readonly timePasses: () => Promise<void>
  /** What somebody else does while the last of its calls stands still: done before that one wakes. */
  readonly meanwhile?: () => Promise<void>
  /** Starts again what ended by an error that asks its producer to. False when none did. */
  readonly retry?: () => Promise<boolean>
  /** What is to be the same, whatever went wrong on the way. */
  readonly outcome: () => Promise<unknown>
  /** What must never be, in plain words. */
  readonly complaints: () => Promise<string[]>
}

export interface Scenario {
  readonly name: string
  /** Its calls say nothing of whose they are: it is alone in the cloud. */
  readonly isExclusive: boolean
  readonly prepare: () => Promise<Subject>
}

export interface Recording {
  readonly bytes: Buffer
  readonly file: string
}

/** In an outcome: whatever was expected is right. */
export const anything = 'anything'

/** Waits until a subject is over: looks whenever a call was answered. Throws when it stands still. */
export async function untilOver(subject: Pick<Subject, 'isOver'>, cloud: FaultyCloud): Promise<void> {
  const stillness = listenForStillness(cloud.control)
  const untilEnd = async (): Promise<'over'> => {
    for (;;) {
      const end = cloud.control.nextEnd(() => true)
      if (await subject.isOver()) return 'over'
      await end
    }
  }
  try {
    if ((await Promise.race([untilEnd(), stillness.fallen])) === 'still')
      throw new Error('What was to be made undisturbed stands still.')
  } finally {
    stillness.close()
  }
}
