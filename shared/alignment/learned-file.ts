/**
 * What one process learned of a recording, as the file by which others place its windows: how words are said, how
 * phones sound, and how the rows are evened.
 */
import { keyOf, type Pronunciation, type Sayable } from './phones.ts'
import { mostLongest } from './phone-models.ts'
import type { Learned } from './placing.ts'

export interface Lesson {
  readonly learned: Learned
  readonly pronunciation: Pronunciation
}

interface Stored {
  readonly by: string
  readonly phones: number
  /** By word and language; by word alone where a version before wrote it. */
  readonly words: Readonly<Record<string, readonly number[]>>
  readonly evening: Learned['evening']
  readonly nearness: Learned['nearness']
  readonly isNoisy: boolean
  readonly means: readonly number[]
  readonly halfPrecisions: readonly number[]
  readonly constants: readonly number[]
  /** Missing where a version before wrote it. */
  readonly longest?: readonly number[]
}

/** As JSON; `words` are those of the text. */
export function encodeLesson(
  { learned: { evening, models, nearness }, pronunciation: { by, phones, of } }: Lesson,
  words: readonly Sayable[],
): string {
  const stored: Stored = {
    ...{ by, phones, evening, nearness, isNoisy: models.isNoisy },
    words: Object.fromEntries(words.map((word) => [keyOf(word), of(word)])),
    means: [...models.means],
    halfPrecisions: [...models.halfPrecisions],
    constants: [...models.constants],
    longest: [...models.longest],
  }
  return JSON.stringify(stored)
}

export function decodeLesson(text: string): Lesson {
  const { by, phones, words, evening, nearness, isNoisy, ...numbers } = JSON.parse(text) as Stored
  const known = new Map(Object.entries(words))
  return {
    pronunciation: { by, phones, of: (word) => (known.get(keyOf(word)) ?? known.get(word.text))! },
    learned: {
      evening,
      nearness,
      models: {
        isNoisy,
        means: Float64Array.from(numbers.means),
        halfPrecisions: Float64Array.from(numbers.halfPrecisions),
        constants: Float64Array.from(numbers.constants),
        longest: Uint8Array.from(numbers.longest ?? numbers.constants.map(() => mostLongest)),
      },
    },
  }
}
