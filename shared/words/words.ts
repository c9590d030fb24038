/**
 * The internal form of a transcript: words with times in integer samples. Hides the three formats a producer
 * may supply (words JSON, WebVTT, SubRip) and the repair of times that overlap or run past the end.
 */
import { z } from 'zod'
import { Permanent } from '../errors.ts'
import type { Recognised } from '../providers/recogniser.ts'

export interface Word {
  readonly text: string
  readonly startSample: number
  readonly endSample: number
  readonly speaker: string | null
  /** 0 to 1; null when the recogniser did not say. */
  readonly confidence: number | null
}

export interface Transcript {
  /** BCP 47, lower case; 'en' when not said. */
  readonly language: string
  /** False when times come from captions: good enough to read along, not to cut a word. */
  readonly exactTimes: boolean
  readonly words: readonly Word[]
}

/** One word before its times are samples. */
interface TimedWord {
  readonly text: string
  readonly start: number
  readonly end: number
  readonly speaker?: string | null | undefined
  readonly confidence?: number | null | undefined
}

const wordsFile = z.object({
  version: z.literal(1),
  language: z.string().min(2).default('en'),
  words: z.array(
    z.object({
      text: z.string(),
      start: z.number().nonnegative(),
      end: z.number().nonnegative(),
      speaker: z.string().nullish(),
      confidence: z.number().min(0).max(1).nullish(),
    }),
  ),
})

/** Words past the end by more than this mean that the file belongs to another recording. */
const toleratedOverrunSeconds = 2

/** Reads a supplied words file. Throws Permanent `bad_words_file` saying what is wrong and where. */
export function parseWords(
  text: string,
  name: string,
  audio: { sampleRate: number; totalSamples: number },
): Transcript {
  const { language, exactTimes, words } = readAny(text.replace(/^\uFEFF/, ''), name)
  const durationSeconds = audio.totalSamples / audio.sampleRate
  const last = words.reduce((latest, word) => Math.max(latest, word.end), 0)
  if (last > durationSeconds + toleratedOverrunSeconds) {
    throw unusable(
      name,
      `its last word ends at ${last.toFixed(1)} s but the recording is ${durationSeconds.toFixed(1)} s ` +
        'long; it belongs to another recording',
    )
  }
  return { language: language.toLowerCase(), exactTimes, words: repair(words, audio) }
}

interface ParsedFile {
  readonly language: string
  readonly exactTimes: boolean
  readonly words: readonly TimedWord[]
}

function readAny(text: string, name: string): ParsedFile {
  if (text.trim() === '') throw unusable(name, 'it is empty')
  if (text.startsWith('WEBVTT') || / --> /.test(text))
    return { language: 'en', exactTimes: false, words: parseCues(text, name) }
  let json: unknown
  try {
    json = JSON.parse(text)
  } catch (error) {
    throw unusable(name, `it is neither words JSON nor WebVTT nor SubRip (${(error as Error).message})`)
  }
  const parsed = wordsFile.safeParse(json)
  if (!parsed.success)
    throw unusable(
      name,
      parsed.error.issues
        .slice(0, 3)
        .map(({ path, message }) => `${path.join('.') || 'the file'}: ${message}`)
        .join('; '),
    )
  return { language: parsed.data.language, exactTimes: true, words: parsed.data.words }
}

const unusable = (name: string, what: string): Permanent =>
  new Permanent('bad_words_file', `${name} cannot be used: ${what}.`)

const cueTiming =
  /^(?:(\d+):)?(\d{1,2}):(\d{1,2})[.,](\d{1,3})\s+-->\s+(?:(\d+):)?(\d{1,2}):(\d{1,2})[.,](\d{1,3})/
const entities = { amp: '&', lt: '<', gt: '>', nbsp: ' ' } as const
const voiceTag = /^<v(?:\.[^\s>]*)?\s+([^>]+)>/i

/** The cues of WebVTT or SubRip; a cue's time is shared out over its words by their length. */
function parseCues(text: string, name: string): TimedWord[] {
  const words: TimedWord[] = []
  for (const block of text.split(/\r?\n(?:[ \t]*\r?\n)+/)) {
    const lines = block.split(/\r?\n/)
    const timingLine = lines.findIndex((line) => line.includes('-->'))
    if (timingLine < 0) continue
    const timing = cueTiming.exec(lines[timingLine]!.trim())
    if (!timing)
      throw unusable(
        name,
        `it has a cue with an unreadable time, "${lines[timingLine]!.trim().slice(0, 60)}"`,
      )
    const [start, end] = [seconds(timing.slice(1, 5)), seconds(timing.slice(5, 9))]
    if (end <= start) throw unusable(name, `its cue at ${start.toFixed(3)} s ends before it starts`)
    words.push(...wordsOfCue(lines.slice(timingLine + 1), start, end))
  }
  return words
}

const seconds = ([hours, minutes, secs, fraction]: string[]): number =>
  Number(hours ?? 0) * 3600 + Number(minutes) * 60 + Number(secs) + Number(`0.${fraction}`)

function wordsOfCue(lines: readonly string[], start: number, end: number): TimedWord[] {
  const speaker = voiceTag.exec(lines[0] ?? '')?.[1]?.trim() ?? null
  const text = lines
    .join(' ')
    .replaceAll(/<[^>]*>/g, '')
    .replaceAll(/&(amp|lt|gt|nbsp);/g, (_, name: keyof typeof entities) => entities[name])
  return shareOut(text, start, end).map((word) => ({ ...word, speaker }))
}

/**
 * Shares a span of speech among the words of `text` by their lengths: near enough to read along. In the
 * unit of `start` and `end`.
 */
export function shareOut(
  text: string,
  start: number,
  end: number,
): { text: string; start: number; end: number }[] {
  const words = text.split(/\s+/).filter(Boolean)
  const total = words.reduce((sum, word) => sum + word.length + 1, 0)
  let at = start
  return words.map((word) => {
    const from = at
    at += ((end - start) * (word.length + 1)) / total
    return { text: word, start: from, end: at }
  })
}

/**
 * What a provider recognised, slice after slice, as one transcript. Slices are in order; their words' times
 * are seconds from `startSample`.
 */
export function fromRecognised(
  slices: readonly { readonly startSample: number; readonly recognised: Recognised }[],
  audio: { sampleRate: number; totalSamples: number },
): Transcript {
  const words = slices.flatMap(({ startSample, recognised }) => {
    const offset = startSample / audio.sampleRate
    return recognised.words.map((word) => ({ ...word, start: word.start + offset, end: word.end + offset }))
  })
  const language = slices.find(({ recognised }) => recognised.language !== null)?.recognised.language ?? 'en'
  return { language: language.toLowerCase(), exactTimes: true, words: repair(words, audio) }
}

/**
 * A speaker's words are written in the order they are said: one that starts this little before the one above
 * it has a wrong time, not a wrong place.
 */
const disorderSeconds = 0.3

/** Orders words by their starts, but not where only the starts are wrong. */
function inSpokenOrder(words: readonly TimedWord[]): TimedWord[] {
  let latest = -Infinity
  let speaker: string | null = null
  return words
    .map((word) => {
      const isSameSpeaker = (word.speaker ?? null) === speaker
      if (!isSameSpeaker || word.start >= latest || word.start < latest - disorderSeconds) latest = word.start
      speaker = word.speaker ?? null
      return { ...word, start: latest }
    })
    .sort((a, b) => a.start - b.start)
}

/** Orders the words, drops empty ones, and clips what overlaps the next word or the end. */
function repair(
  words: readonly TimedWord[],
  { sampleRate, totalSamples }: { sampleRate: number; totalSamples: number },
): Word[] {
  const ordered = inSpokenOrder(words)
    .filter(({ text, start }) => text.trim() !== '' && start * sampleRate < totalSamples)
    .map((word) => ({
      ...word,
      startSample: Math.round(word.start * sampleRate),
      endSample: Math.round(Math.max(word.start, word.end) * sampleRate),
    }))
  return ordered.map(({ text, startSample, endSample, speaker, confidence }, i) => ({
    text: onOneLine(text),
    startSample,
    endSample: Math.max(
      startSample,
      Math.min(endSample, ordered[i + 1]?.startSample ?? totalSamples, totalSamples),
    ),
    speaker: speaker == null ? null : onOneLine(speaker),
    confidence: confidence ?? null,
  }))
}

/** A line break inside a word would end a caption. */
const onOneLine = (text: string): string => text.trim().replaceAll(/\s+/g, ' ')
