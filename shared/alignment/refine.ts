/**
 * A transcript and the windows in which its text was placed → the transcript with its words where they are in the sound,
 * and what this says of text and sound. Hides when what was found is believed: captions become words with times, and
 * words of a recogniser move no further than such words err.
 */
import { frameSamples, type Analysis } from '../audio/analysis.ts'
import type { Warning } from '../codes.ts'
import { checkTiming, type Side } from '../words/timing.ts'
import { unwritten, unwrittenEnds } from '../words/unwritten.ts'
import type { Transcript, Word } from '../words/words.ts'
import { ownPlace } from './own-place.ts'
import type { PlacedPassage } from './placing.ts'
import {
  cuesIn,
  gathered,
  type Cue,
  type PlacedCue,
  type PlacedSound,
  type PlacedText,
  type TextWord,
} from './told.ts'
import { minutesOf } from '../timecode.ts'

/** With fewer words nothing can be learned. */
const fewestWords = 30
/** A recogniser's words move where enough is learned to know better: so many words, nine in ten off by more than this. */
const fewestToMove = 300
const goodErrorSeconds = 0.06
/** None of its words is further off, in frames; and half of them are nearer than this. */
const farthestFrames = 35
const usualFrames = 15
/** Sound of so many frames that no word explains is a sentence that the text lacks. */
const sentenceFrames = 150
const mostNamed = 8

/** Sound that no word explains, in samples. */
export interface UntoldSpan {
  readonly startSample: number
  readonly endSample: number
  /** 0 to 1. */
  readonly confidence: number
}

export interface Refined {
  readonly transcript: Transcript
  readonly untold: readonly UntoldSpan[]
  readonly warnings: readonly Warning[]
}

/** Whether anything can be learned from a recording with these words. */
export const canBeAligned = ({ words }: Transcript, { quietBelowDb }: Analysis): boolean =>
  words.length >= fewestWords && Number.isFinite(quietBelowDb)

/** The transcript's words with times in frames. */
export const textOf = ({ words }: Transcript, { format }: Analysis): TextWord[] =>
  words.map(({ text, startSample, endSample, cue, speaker }) => {
    const frame = frameSamples(format.sampleRate)
    return { text, start: startSample / frame, end: endSample / frame, cue, speaker }
  })

/**
 * `placed`: of all passages. Unchanged where the sound does not match the text as a whole; a text that somebody brought
 * (`isBrought`) is then no word with times any more, and they are told.
 */
export function refine(
  transcript: Transcript,
  analysis: Analysis,
  placed: readonly PlacedPassage[],
  isBrought: boolean,
): Refined {
  const words = textOf(transcript, analysis)
  const cues = cuesIn(words)
  const found = gathered(words, cues, placed)
  if (isBrought && (!found.isLike || areOthers(transcript, analysis, found)))
    return { transcript: { ...transcript, exactTimes: false }, untold: [], warnings: [unlikeSound] }
  const isBelieved = transcript.exactTimes ? agrees(words, found) : mostPlaced(found.cues)
  if (!isBelieved) return unrefined(transcript, analysis, isBrought)
  const frame = frameSamples(analysis.format.sampleRate)
  const timed = transcript.exactTimes
    ? movedWords(transcript, words, found, analysis)
    : timedCaptions(transcript.words, cues, found, frame)
  const now = inOrder(timed, analysis.totalSamples)
  const ends = isBrought ? unwrittenEnds(now, analysis) : []
  const isBesideText = ({ start }: PlacedSound) =>
    ends.some(({ startSample, endSample }) => start * frame >= startSample && start * frame < endSample)
  const untold = found.untold.filter((sound) => !isBesideText(sound))
  return {
    transcript: { ...transcript, exactTimes: true, words: now },
    untold: untold.map(({ start, end, confidence }) => ({
      ...{ startSample: start * frame, endSample: Math.min(analysis.totalSamples, end * frame) },
      confidence,
    })),
    warnings: [
      ...(transcript.exactTimes ? [] : unmatched(found.cues)),
      ...missingSentences(untold),
      ...unwritten(ends, analysis.format.sampleRate),
    ],
  }
}

/**
 * Words with times are another recording's where they fit badly and stand no better where they are than elsewhere: one of
 * both alone may be noise, or half of the words. Any words of a short text fit what they are placed in, so fewer are not
 * judged. Of 120 words that were said the middle fit is −1.1 to −2.3, of others −1.7 to −2.3; of 240, −1.2 to −2.5 and −2.3
 * to −3.0.
 */
const fewestToJudge = 120
const worstMiddle = (words: number): number => -2.5 + 60 / words
const leastOwnPlace = 2

function areOthers({ exactTimes, words }: Transcript, analysis: Analysis, { cues }: PlacedText): boolean {
  if (!exactTimes || words.length < fewestToJudge) return false
  const middle = median(cues.flatMap(({ fit }) => (fit === null ? [] : [fit])))
  return middle < worstMiddle(words.length) && (ownPlace(words, analysis) ?? leastOwnPlace) < leastOwnPlace
}

/** A transcript as it is: captions then stay captions. */
export const unrefined = (transcript: Transcript, analysis: Analysis, isBrought: boolean): Refined => ({
  transcript,
  untold: [],
  warnings: [
    ...(transcript.exactTimes ? [] : [captionsOnly]),
    ...unwritten(isBrought ? unwrittenEnds(transcript.words, analysis) : [], analysis.format.sampleRate),
  ],
})

const captionsOnly: Warning = {
  code: 'captions_only',
  message:
    'The words come from captions, whose times are good enough to read along but not to cut single words, so ' +
    'fillers stay.',
}

const unlikeSound: Warning = {
  code: 'words_unlike_sound',
  message:
    'The words do not sound like this recording: they may be those of another one. Nothing is cut by them, and the ' +
    'transcript says what they say.',
}

const mostPlaced = (cues: readonly PlacedCue[]): boolean =>
  cues.filter(({ isPlaced }) => isPlaced).length > cues.length / 2

/** Reported words are mostly where they were found, a constant lag aside. */
function agrees(words: readonly TextWord[], { words: found }: PlacedText): boolean {
  const off = words.flatMap(({ start }, i) =>
    found[i] && start !== undefined ? [found[i].start - start] : [],
  )
  const lag = median(off)
  return off.length > words.length / 2 && median(off.map((each) => Math.abs(each - lag))) <= usualFrames
}

const median = (values: readonly number[]): number =>
  [...values].sort((a, b) => a - b)[values.length >> 1] ?? 0

/** Captions that were found give their words times; the words of others were placed between them. */
const timedCaptions = (
  words: readonly Word[],
  cues: readonly Cue[],
  found: PlacedText,
  frame: number,
): Word[] =>
  cues.flatMap(({ first, end }) =>
    words.slice(first, end).map(({ cue: _, ...word }, i): Word => {
      const at = found.words[first + i]
      return at
        ? { ...word, startSample: at.start * frame, endSample: at.end * frame }
        : { ...word, isPlaced: true }
    }),
  )

/**
 * Starts and ends move each for themselves: where they are off by enough, and many enough, that they are better where
 * they were found, as the edges of the sound beside pauses tell. A recogniser may know well when a word begins and badly
 * when it ends.
 */
function movedWords(
  transcript: Transcript,
  text: readonly TextWord[],
  found: PlacedText,
  analysis: Analysis,
): readonly Word[] {
  const { words } = transcript
  if (words.length < fewestToMove) return words
  const errorOf = (timed: readonly Word[], side: Side): number =>
    checkTiming({ ...transcript, words: timed }, analysis, [side]).errorSamples / analysis.format.sampleRate
  const moved = wordsWhereFound(words, text, found, frameSamples(analysis.format.sampleRate))
  const isBetter = (side: Side): boolean => {
    const error = errorOf(words, side)
    return error > goodErrorSeconds && errorOf(moved, side) < error
  }
  const starts = isBetter('start') ? moved : words
  const ends = isBetter('end') ? moved : words
  return words.map((word, i) => ({
    ...word,
    startSample: starts[i]!.startSample,
    endSample: ends[i]!.endSample,
  }))
}

/** A word that would move too far was not that one, and stays. */
const wordsWhereFound = (
  words: readonly Word[],
  text: readonly TextWord[],
  { words: found }: PlacedText,
  frame: number,
): Word[] =>
  words.map((word, i) => {
    const at = found[i]
    return at && Math.abs(at.start - text[i]!.start!) <= farthestFrames
      ? { ...word, startSample: at.start * frame, endSample: at.end * frame }
      : word
  })

/** Each word begins no earlier than the one before it, and ends before the next. */
function inOrder(words: readonly Word[], totalSamples: number): Word[] {
  let from = 0
  return words.map((word, i) => {
    const startSample = Math.min(totalSamples, Math.max(from, word.startSample))
    const next = words[i + 1]?.startSample ?? totalSamples
    const endSample = Math.max(
      startSample,
      Math.min(word.endSample, Math.max(startSample, next), totalSamples),
    )
    from = startSample
    return { ...word, startSample, endSample }
  })
}

function unmatched(cues: readonly PlacedCue[]): Warning[] {
  const numbers = cues.flatMap(({ isPlaced }, i) => (isPlaced ? [] : [i + 1]))
  if (numbers.length === 0) return []
  const named = numbers.slice(0, mostNamed).join(', ')
  const more = numbers.length > mostNamed ? ` and ${numbers.length - mostNamed} more` : ''
  return [
    {
      code: 'cue_unmatched',
      message:
        `${numbers.length === 1 ? 'Cue' : 'Cues'} ${named}${more} of ${cues.length} ` +
        `${numbers.length === 1 ? 'does' : 'do'} not match the sound; nothing is cut by ` +
        `${numbers.length === 1 ? 'its' : 'their'} words.`,
    },
  ]
}

function missingSentences(untold: readonly PlacedSound[]): Warning[] {
  const missing = untold.filter(({ loud, confidence }) => loud >= sentenceFrames && confidence >= 1)
  if (missing.length === 0) return []
  const named = missing
    .slice(0, mostNamed)
    .map(({ start, end }) => `${minutesOf(start / 100)} to ${minutesOf(end / 100)}`)
  const more = missing.length > mostNamed ? `, and ${missing.length - mostNamed} more` : ''
  return [
    {
      code: 'sentences_missing',
      message: `Something is said that the text lacks: ${named.join(', ')}${more}.`,
    },
  ]
}
