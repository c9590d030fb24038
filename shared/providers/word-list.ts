/**
 * Reads the list of words in a vendor's answer, which has been paid for: a word that cannot be read, such
 * as one without a time, costs itself and not the others.
 */
import { z } from 'zod'
import type { Recognised, RecognisedWord } from './recogniser.ts'

/** A time, in the vendor's unit. Some models begin a word a little before the sound. */
export const time = z.number().transform((value) => Math.max(0, value))

interface WordList<T> {
  readonly readable: readonly T[]
  readonly unreadable: number
}

export const wordList = <T>(word: z.ZodType<T>) =>
  z.array(z.unknown()).transform((items): WordList<T> => {
    const readable = items.flatMap((item) => {
      const read = word.safeParse(item)
      return read.success ? [read.data] : []
    })
    return { readable, unreadable: items.length - readable.length }
  })

export const noWords: WordList<never> = { readable: [], unreadable: 0 }

/** What was recognised, and how much of it could not be read, if anything. */
export const recognisedIn = (
  language: string | null,
  words: readonly RecognisedWord[],
  unreadable: number,
): Recognised => ({ language, words, ...(unreadable > 0 ? { unreadable } : {}) })
