/**
 * A text and a recording → where each word of the text is, which of its sentences do not match the sound, and what was
 * said that it lacks. The whole way in one process; hides in which steps it goes.
 */
import { pronounce } from './phones.ts'
import { learnFrom, placeWindow, windowsOf, type PlacedPassage } from './placing.ts'
import type { Sound } from './speech-rows.ts'
import { cuesIn, gathered, toldOf, type PlacedText, type TextWord, type TimesOf } from './told.ts'

export interface Text {
  readonly words: readonly TextWord[]
  readonly times: TimesOf
  /** BCP 47. */
  readonly language: string
}

/** Throws the signal's reason when it aborts. */
export async function alignText(sound: Sound, text: Text, signal: AbortSignal): Promise<PlacedText> {
  const { words, times, language } = text
  const cues = cuesIn(words)
  const pronunciation = await pronounce(
    words.map((word) => word.text),
    language,
    signal,
  )
  const told = toldOf(words, cues, times, pronunciation, sound.frames)
  const learned = await learnFrom(sound, told, signal)
  const placed: PlacedPassage[] = []
  for (const window of windowsOf(told))
    placed.push(...(await placeWindow(sound, told, learned, window, signal)))
  return gathered(words, cues, placed)
}
