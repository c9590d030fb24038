/**
 * From a text to the passages that are placed, and from these back to its words: what counts as a sentence, which marks
 * are never spoken, where words with rough times are looked for, and which passages are not those that were said.
 */
import type { Passage, PassageWord } from './passages.ts'
import { withOwnSound } from './own-sound.ts'
import type { Pronunciation, Sayable } from './phones.ts'
import { slackFrames, type PlacedPassage, type PlacedWord, type UntoldSound } from './placing.ts'
import type { Told } from './windows.ts'

/** A word of the text; times in frames, where it has any. */
export interface TextWord {
  readonly text: string
  readonly start: number | undefined
  readonly end: number | undefined
  /** Its caption's, or its sentence's, number. */
  readonly cue?: number | undefined
  readonly speaker?: string | null | undefined
}

/** What the times of a text are good for: a word each, a caption each, or nothing. */
export type TimesOf = 'words' | 'cues' | 'nothing'

/** A text's words in groups that stand or fall together, as places in the list of words. */
export interface Cue {
  readonly first: number
  readonly end: number
}

/** Words that end a sentence, and what else parts two: a pause, another speaker, too many words for one. */
const sentenceEnd = /[.?!…。？！]["'”’»)\]]*$/u
const partingFrames = 100
const mostWordsOfSentence = 30

/** Captions as they are; of other words, sentences. */
export function cuesIn(words: readonly TextWord[]): Cue[] {
  const cues: { first: number; end: number }[] = []
  words.forEach((word, i) => {
    const cue = cues.at(-1)
    const before = words[i - 1]
    if (cue && before && isSameCue(before, word, i - cue.first)) cue.end = i + 1
    else cues.push({ first: i, end: i + 1 })
  })
  return cues
}

function isSameCue(before: TextWord, word: TextWord, length: number): boolean {
  if (before.cue !== undefined || word.cue !== undefined) return before.cue === word.cue
  return !(
    sentenceEnd.test(before.text) ||
    (before.speaker ?? null) !== (word.speaker ?? null) ||
    length >= mostWordsOfSentence ||
    (word.start ?? -Infinity) - (before.end ?? Infinity) >= partingFrames
  )
}

/** Without a letter or a digit it is a mark. */
export const isSpoken = ({ text }: { readonly text: string }): boolean => /[\p{L}\p{N}]/u.test(text)

/** A reported word's end is the worse part of it. */
const endSlackFrames = 30

/** The text as passages, one for each cue that has a spoken word. Frames: the recording's. */
export function toldOf(
  words: readonly (TextWord & Sayable)[],
  cues: readonly Cue[],
  times: TimesOf,
  { of, phones }: Pronunciation,
  frames: number,
): Told {
  const passages = cues.map(({ first, end }): Passage => {
    const own = words.slice(first, end)
    const cueStart = own.find(({ start }) => start !== undefined)?.start ?? 0
    const cueEnd = own.findLast((word) => word.end !== undefined)?.end ?? frames
    return own.filter(isSpoken).map((word): PassageWord => {
      const own = { phones: of(word) }
      if (times === 'nothing') return { ...own, from: 0, to: frames }
      if (times === 'cues' || word.start === undefined || word.end === undefined)
        return { ...own, from: cueStart - slackFrames, to: cueEnd + slackFrames }
      return {
        ...own,
        from: Math.min(word.start, cueStart) - slackFrames,
        to: Math.max(word.end, cueEnd) + slackFrames + endSlackFrames,
        about: word.start,
      }
    })
  })
  return { passages: passages.filter(({ length }) => length > 0), phones }
}

/** A text where it was found; times in frames. */
export interface PlacedText {
  /** False where the text is not this recording's. */
  readonly isLike: boolean
  /** By word of the text. */
  readonly words: readonly PlacedWord[]
  readonly cues: readonly PlacedCue[]
  readonly untold: readonly PlacedSound[]
}

export interface PlacedCue {
  readonly start: number | null
  readonly end: number | null
  readonly fit: number | null
  /** It was found, and sounds like what it says. */
  readonly isPlaced: boolean
}

export interface PlacedSound extends UntoldSound {
  /** 0 to 1. */
  readonly confidence: number
}

/**
 * A passage this many mean deviations below the middle does not sound like its text; so much below always may. Less may
 * be where much of its place is sound that it does not explain: a wrong text finds something there that is like it.
 */
const deviationsBelow = 4.5
const leastBelow = 1.65
const [leastShare, shareOfExplained] = [0.2, 1.3]
/** The mean of a few words varies more than that of so many: it may lie up to this much lower. */
const usualWords = 4
const mostForLength = 1.5
/**
 * Below this middle nothing is believed. The fewer captions it is learned from, the better any text fits: of 110 to 150 words
 * a text that was said has −1.5 to −2.1 and another one −2.0 to −2.5, of 250 −1.7 to −2.4 and −2.7 to −3.2, of 700 −1.8 to −2.6
 * and −3.1 to −3.8. With 50 words, or with words that say where each of them is, the two cannot be told apart so.
 */
const leastMiddle = (words: readonly TextWord[]): number =>
  words[0]?.cue === undefined ? -2.9 : Math.min(-2, -3 + 85 / words.filter(isSpoken).length)
/** Sound of so many frames is somebody's, of a few it may be a badly said phone. */
const certainFrames = 25
const leastConfidence = 0.25
/** A shorter silence is one within somebody's words. */
const joinedFrames = 20
/** Where a cue was not found, the sound there is most likely its own, said otherwise. */
const besideUnplaced = 0.2

/** Puts together what was found of each passage. */
export function gathered(
  words: readonly TextWord[],
  cues: readonly Cue[],
  placed: readonly PlacedPassage[],
): PlacedText {
  const spread = spreadOf(placed, leastMiddle(words))
  const sounds = placed.flatMap((passage) => passage.untold)
  const found: PlacedWord[] = words.map(() => null)
  const untold: PlacedSound[] = []
  const misplaced: Place[] = []
  let next = 0
  const judged = cues.map(({ first, end }) => {
    const own = words.slice(first, end)
    const passage = own.some(isSpoken) ? placed[next++] : undefined
    const isPlaced = passage?.fit != null && passage.fit >= worstFit(spread, own, sounds)
    const place = placeTold(own)
    if (!isPlaced && place) misplaced.push(place)
    if (isPlaced) timesIn(own, passage).forEach((time, i) => (found[first + i] = time))
    const { untold: before = [], under = [] } = passage ?? {}
    const unexplained = isPlaced
      ? before
      : joined([...before, ...under.filter((sound) => !isIn(place, sound))])
    untold.push(...unexplained.map((sound) => ({ ...sound, confidence: confidenceOf(sound) })))
    return { first, end, fit: passage?.fit ?? null, isPlaced }
  })
  const told = withOwnSound(words, found, untold)
  const placedCues = judged.map(({ first, end, ...cue }): PlacedCue => {
    const said = told.words.slice(first, end).filter((time) => time !== null)
    return { start: said[0]?.start ?? null, end: said.at(-1)?.end ?? null, ...cue }
  })
  placeMarks(words, cues, told.words)
  return {
    isLike: spread.middle < Infinity,
    words: told.words,
    cues: placedCues,
    untold: told.untold.map((sound) => doubted(sound, misplaced)),
  }
}

interface Place {
  readonly start: number
  readonly end: number
}

/** Where a cue is said to be; undefined in a text without times. */
function placeTold(own: readonly TextWord[]): Place | undefined {
  const [start, end] = [own[0]?.start, own.at(-1)?.end]
  return start === undefined || end === undefined ? undefined : { start, end }
}

/** More than half of it lies there. */
const isIn = (place: Place | undefined, sound: UntoldSound): boolean =>
  place !== undefined &&
  Math.min(place.end, sound.end) - Math.max(place.start, sound.start) > (sound.end - sound.start) / 2

/** Somebody's words, of which one was found with another one's phones, are one sound. */
function joined(sounds: readonly UntoldSound[]): UntoldSound[] {
  const whole: UntoldSound[] = []
  for (const sound of sounds.toSorted((a, b) => a.start - b.start)) {
    const last = whole.at(-1)
    if (last && sound.start - last.end <= joinedFrames)
      whole[whole.length - 1] = { ...last, end: sound.end, loud: last.loud + sound.loud }
    else whole.push(sound)
  }
  return whole
}

/** Marks have no time of their own. */
function timesIn(words: readonly TextWord[], { words: spoken }: PlacedPassage): PlacedWord[] {
  let next = 0
  return words.map((word) => (isSpoken(word) ? (spoken[next++] ?? null) : null))
}

/**
 * A mark is where the word before it ends or the one behind it begins: where it is said to be nearer to. A caption's mark
 * stays in its caption.
 */
function placeMarks(words: readonly TextWord[], cues: readonly Cue[], found: PlacedWord[]): void {
  const cueOf = cues.flatMap((cue) => Array.from({ length: cue.end - cue.first }, () => cue))
  const wordBehind = words.map(() => words.length)
  for (let i = words.length - 2; i >= 0; i--)
    wordBehind[i] = isSpoken(words[i + 1]!) ? i + 1 : wordBehind[i + 1]!
  let wordBefore = -1
  words.forEach((mark, i) => {
    if (isSpoken(mark)) return void (wordBefore = i)
    const isNear = (other: number): boolean => mark.cue === undefined || cueOf[other] === cueOf[i]
    const before = isNear(wordBefore) ? found[wordBefore]?.end : undefined
    const behind = isNear(wordBehind[i]!) ? found[wordBehind[i]!]?.start : undefined
    const off = (at: number | undefined): number =>
      at === undefined ? Infinity : Math.abs(at - (mark.start ?? at))
    const at = off(behind) < off(before) ? behind : before
    if (at !== undefined) found[i] = { start: at, end: at }
  })
}

/** How well the passages of a text fit: the middle one, and what lies below it at most; nothing where none is believed. */
interface Spread {
  readonly middle: number
  readonly below: number
}

function spreadOf(placed: readonly PlacedPassage[], least: number): Spread {
  const fits = placed.flatMap(({ fit }) => (fit === null ? [] : [fit]))
  const middle = median(fits)
  if (middle < least) return { middle: Infinity, below: 0 }
  const deviation = median(fits.map((fit) => Math.abs(fit - middle)))
  return { middle, below: Math.max(leastBelow, deviationsBelow * deviation) }
}

function worstFit(
  { middle, below }: Spread,
  own: readonly TextWord[],
  untold: readonly UntoldSound[],
): number {
  const ofPlace = Math.min(1, leastShare + shareOfExplained * explainedOf(own, untold))
  const ofLength = Math.min(mostForLength, Math.max(1, Math.sqrt(usualWords / own.length)))
  return middle - below * ofPlace * ofLength
}

/**
 * How much of the place where a caption is said to be is not sound that no word explains: 0 to 1. A sentence of words with
 * times each has no such place: it may be shorter than these err, and lie beside a hesitation.
 */
function explainedOf(own: readonly TextWord[], untold: readonly UntoldSound[]): number {
  const place = placeTold(own)
  if (own[0]?.cue === undefined || !place || place.end <= place.start) return 1
  const unexplained = untold.reduce(
    (sum, { start, end }) => sum + Math.max(0, Math.min(place.end, end) - Math.max(place.start, start)),
    0,
  )
  return 1 - unexplained / (place.end - place.start)
}

const median = (values: readonly number[]): number =>
  [...values].sort((a, b) => a - b)[values.length >> 1] ?? 0

const confidenceOf = ({ loud }: UntoldSound): number =>
  Math.min(1, Math.max(leastConfidence, loud / certainFrames))

function doubted(sound: PlacedSound, misplaced: readonly Place[]): PlacedSound {
  return misplaced.some((place) => isIn(place, sound))
    ? { ...sound, confidence: Math.min(sound.confidence, besideUnplaced) }
    : sound
}
