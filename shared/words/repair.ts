/**
 * Makes a transcript of words as they were reported, by a file or a recogniser. Hides the repair of times that are
 * missing, wild, overlapping or outside of the recording.
 */
import type { Recognised } from '../providers/recogniser.ts'
import { withoutWildTimes } from './wild-times.ts'
import type { Recording, ReportedWord, Transcript, Word } from './words.ts'

/** What `repair` did to how many words. */
export interface Repairs {
  /** Placed between their neighbours. */
  readonly placed: number
  /** Began behind the end of the recording, left out. */
  readonly outside: number
}

/**
 * What was recognised, slice after slice, as one transcript. Slices are in order; their words' times are seconds from
 * `startSample`. Where one has captions only, so has the whole: each word of a slice with times is one by itself.
 */
export function fromRecognised(
  slices: readonly { readonly startSample: number; readonly recognised: Recognised }[],
  audio: Recording,
): Transcript {
  const exactTimes = slices.every(({ recognised }) => recognised.words.every(({ cue }) => cue === undefined))
  let cues = 0
  const words = slices.flatMap(({ startSample, recognised }) => {
    const offset = startSample / audio.sampleRate
    const before = cues
    cues += Math.max(0, ...recognised.words.map(({ cue }, i) => cue ?? i + 1))
    return recognised.words.map(({ cue, ...word }, i) => ({
      ...{ ...word, start: word.start + offset, end: word.end + offset },
      ...(exactTimes ? {} : { cue: before + (cue ?? i + 1) }),
    }))
  })
  const language = slices.find(({ recognised }) => recognised.language !== null)?.recognised.language ?? 'en'
  return { language: language.toLowerCase(), exactTimes, words: repair(words, audio, exactTimes).words }
}

/**
 * A speaker's words are written in the order they are said: one that starts this little before the one above
 * it has a wrong time, not a wrong place.
 */
const disorderSeconds = 0.3

/** A word with times, and those without any that were said after it. */
interface Anchored {
  readonly word: TimedWord
  readonly followers: readonly ReportedWord[]
}

interface TimedWord extends ReportedWord {
  readonly start: number
  readonly end: number
}

/**
 * Orders the words, places those without times between their neighbours, drops empty ones and those that begin behind
 * the end, and clips what overlaps the next word or the end.
 */
export function repair(
  reported: readonly ReportedWord[],
  { sampleRate, totalSamples }: Recording,
  exactTimes: boolean,
): { words: Word[]; repairs: Repairs } {
  const said = reported.filter(({ text }) => onOneLine(text) !== '')
  const end = totalSamples / sampleRate
  const isInside = ({ start }: ReportedWord) => start === undefined || start < end
  const inside = said
    .slice(0, said.findLastIndex(isInside) + 1)
    .map((word) => (isInside(word) ? word : { ...word, start: undefined, end: undefined }))
  const { leaders, anchored } = anchor(exactTimes ? withoutWildTimes(inside) : inside)
  const ordered = inSpokenOrder(anchored)
  const words: (TimedWord & { isPlaced?: true })[] = [
    ...placed(leaders, 0, ordered[0]?.word.start ?? end, 'end'),
    ...ordered.flatMap(({ word, followers }, i) => [
      word,
      ...placed(followers, word.end, ordered[i + 1]?.word.start ?? end, 'start'),
    ]),
  ]
  return {
    words: inSamples(words, { sampleRate, totalSamples }),
    repairs: {
      placed: words.filter(({ isPlaced }) => isPlaced).length,
      outside: said.length - inside.length,
    },
  }
}

/** A word whose start is known; its end, when it is not, is where slow speech would have it. */
function anchor(words: readonly ReportedWord[]): { leaders: ReportedWord[]; anchored: Anchored[] } {
  const leaders: ReportedWord[] = []
  const anchored: { word: TimedWord; followers: ReportedWord[] }[] = []
  for (const word of words) {
    const { start, end, text } = word
    if (start === undefined) (anchored.at(-1)?.followers ?? leaders).push(word)
    else
      anchored.push({
        word: { ...word, start: Math.max(0, start), end: Math.max(0, end ?? start + usualSeconds(text)) },
        followers: [],
      })
  }
  return { leaders, anchored }
}

/** How long a word takes when it is not said: slowly spoken. */
const usualSeconds = (text: string): number => 0.08 * (text.length + 1)

/** Words without times between two moments: beside the one they are near, and closer where there is no room. */
function placed(
  words: readonly ReportedWord[],
  from: number,
  to: number,
  near: 'start' | 'end',
): (TimedWord & { isPlaced: true })[] {
  const room = Math.max(0, to - from)
  const wanted = words.reduce((sum, { text }) => sum + usualSeconds(text), 0)
  const scale = wanted > room ? room / wanted : 1
  let at = near === 'start' ? from : from + room - scale * wanted
  return words.map((word) => {
    const start = at
    at += scale * usualSeconds(word.text)
    return { ...word, start, end: at, isPlaced: true }
  })
}

/** Orders words by their starts, but not where only the starts are wrong. */
function inSpokenOrder(words: readonly Anchored[]): Anchored[] {
  let latest = -Infinity
  let speaker: string | null = null
  return words
    .map(({ word, followers }) => {
      const isSameSpeaker = (word.speaker ?? null) === speaker
      if (!isSameSpeaker || word.start >= latest || word.start < latest - disorderSeconds) latest = word.start
      speaker = word.speaker ?? null
      return { word: { ...word, start: latest }, followers }
    })
    .sort((a, b) => a.word.start - b.word.start)
}

function inSamples(
  words: readonly (TimedWord & { readonly isPlaced?: true })[],
  { sampleRate, totalSamples }: Recording,
): Word[] {
  const starts = words.map(({ start }) => Math.min(totalSamples, Math.round(start * sampleRate)))
  for (let i = 1; i < starts.length; i++) starts[i] = Math.max(starts[i]!, starts[i - 1]!)
  return words.map(({ text, start, end, speaker, confidence, isPlaced, cue }, i) => {
    const endSample = Math.round(Math.max(start, end) * sampleRate)
    return {
      text: onOneLine(text),
      startSample: starts[i]!,
      endSample: Math.max(starts[i]!, Math.min(endSample, starts[i + 1] ?? totalSamples, totalSamples)),
      speaker: speaker == null ? null : onOneLine(speaker),
      confidence: confidence ?? null,
      ...(isPlaced ? { isPlaced } : {}),
      ...(cue === undefined ? {} : { cue }),
    }
  })
}

/** A line break inside a word would end a caption; what is never seen is no part of it. */
const onOneLine = (text: string): string => text.replaceAll(/[\s\p{Cc}\p{Cs}]+/gu, ' ').trim()
