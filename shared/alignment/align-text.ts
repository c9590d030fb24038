/**
 * A text and a recording → where each word of the text is, which of its sentences do not match the sound, and what was
 * said that it lacks. The whole way in one process; hides in which steps it goes.
 */
import { Permanent } from '../errors.ts'
import { inTheirLanguages, type SpokenWord } from './languages.ts'
import { notNearer } from './nearness.ts'
import type { Passage } from './passages.ts'
import { pronounce, type Sayable } from './phones.ts'
import { eveningOfAll, learnFrom, placeWindow, type Learned, type PlacedPassage } from './placing.ts'
import { searchScript, type Heard, type ScriptSearch } from './script-search.ts'
import type { Sound } from './speech-rows.ts'
import { syntheticLesson } from './synthetic-lesson.ts'
import {
  cuesIn,
  gathered,
  isSpoken,
  toldOf,
  type Cue,
  type PlacedText,
  type TextWord,
  type TimesOf,
} from './told.ts'
import { framesPerSecond, isTooWide, windowsOf, type Told } from './windows.ts'

export interface Text {
  readonly words: readonly TextWord[]
  readonly times: TimesOf
  /** BCP 47. */
  readonly language: string
}

/** Throws Permanent `bad_words_file` where a text without times cannot be read; the signal's reason when it aborts. */
export async function alignText(sound: Sound, text: Text, signal: AbortSignal): Promise<PlacedText> {
  const { times, language } = text
  const words = inTheirLanguages(text.words, language)
  const cues = cuesIn(words)
  const pronunciation = await pronounce(words, signal)
  const asTold = toldOf(words, cues, times, pronunciation, sound.frames)
  if (times !== 'nothing' && isTooWide(asTold)) throw new Permanent('bad_words_file', tooWide)
  const { told, learned } =
    times === 'nothing'
      ? await searched(sound, asTold, sentencesOf(words, cues), language, signal)
      : { told: asTold, learned: await learnFrom(sound, asTold, signal) }
  const placed: PlacedPassage[] = []
  for (const window of windowsOf(told))
    placed.push(...(await placeWindow(sound, told, learned, window, signal)))
  return gathered(words, cues, placed)
}

const sentencesOf = (words: readonly SpokenWord[], cues: readonly Cue[]): Sayable[] =>
  cues
    .map(({ first, end }) => words.slice(first, end))
    .filter((own) => own.some(isSpoken))
    .map((own) => ({ text: own.map((word) => word.text).join(' '), language: own[0]!.language }))

/**
 * A text without times is searched for again and again, with what was learned the time before. By how much sound that the
 * text lacks is less likely than the best phone: a foreign voice's phones fit badly, and the text should not be given up.
 */
const searches: readonly ScriptSearch[] = [
  { untoldCost: 10, inStep: true },
  { untoldCost: 7, inStep: false },
  { untoldCost: 5, inStep: false },
  { untoldCost: 4, inStep: false },
]

const tooWide =
  'Its captions are so long that no word can be looked for near its place. Give shorter captions, or the text ' +
  'without times as a plain script (.txt).'

const lacksVoice = (language: string): string =>
  `A text without times is found by a voice that reads it, and no espeak-ng that speaks "${language}" is here. Install ` +
  'it (apt install espeak-ng, brew install espeak-ng), or give captions, whose times need only be near.'

/** A text without times, where a search has found it, and what was learned on the way. */
async function searched(
  sound: Sound,
  asTold: Told,
  sentences: readonly Sayable[],
  language: string,
  signal: AbortSignal,
): Promise<{ told: Told; learned: Learned }> {
  const synthetic = await syntheticLesson(sentences, asTold, signal)
  if (!synthetic) throw new Permanent('bad_words_file', lacksVoice(language))
  const { models } = await learnFrom(synthetic.sound, synthetic.told, signal)
  let learned: Learned = { models, nearness: notNearer, evening: await eveningOfAll(sound, signal) }
  let told = asTold
  for (const search of searches) {
    const heard = await searchScript(sound, asTold.passages, learned, search, signal)
    told = { ...asTold, passages: aboutWhere(asTold.passages, heard, sound.frames) }
    learned = await learnFrom(sound, told, signal, learned.models)
  }
  return { told, learned }
}

/** Frames around a coarse place in which a word is looked for. */
const reachFrames = 100
/** One that was not heard is not looked for further on than this. */
const farthestFrames = 60 * framesPerSecond

/** The passages with their words about where they were heard; between their neighbours, where they were not. */
function aboutWhere(passages: readonly Passage[], heard: readonly Heard[], frames: number): Passage[] {
  let before = 0
  const behind = heard.map((_, i) => heard.slice(i + 1).find((one) => one)?.[0]?.start ?? frames)
  return passages.map((passage, i) => {
    const own = heard[i]
    const [from, to] = [before, behind[i]!]
    before = own?.at(-1)?.end ?? before
    return passage.map(({ phones }, word) =>
      own
        ? { phones, from: own[word]!.start - reachFrames, to: own[word]!.end + reachFrames }
        : { phones, from: from - reachFrames, to: Math.min(to, from + farthestFrames) + reachFrames },
    )
  })
}
