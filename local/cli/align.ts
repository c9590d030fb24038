/**
 * `spool align`: where each word of a text is in a recording. Needs no cloud: files in, numbers out.
 */
import { readFile } from 'node:fs/promises'
import path from 'node:path'
import { alignText } from '../../shared/alignment/align-text.ts'
import { hearAll } from '../../shared/alignment/hear.ts'
import { framesPerSecond } from '../../shared/alignment/windows.ts'
import type { TextWord } from '../../shared/alignment/told.ts'
import { ffmpeg, FfmpegError } from '../../shared/audio/ffmpeg.ts'
import { Permanent } from '../../shared/errors.ts'
import { readTold } from '../../shared/words/supplied.ts'

/** In seconds; null where it was not placed. */
interface Placed {
  readonly start: number | null
  readonly end: number | null
}

export interface AlignReport {
  /** How long the recording is. */
  readonly seconds: number
  /** In the order and spelling of the text, split at white space. */
  readonly words: readonly (Placed & { readonly text: string })[]
  /** Captions; of other texts, sentences. `fit`: 0 at best. */
  readonly cues: readonly (Placed & { readonly fit: number | null; readonly placed: boolean })[]
  /** Sound that no word explains. */
  readonly untold: readonly { readonly start: number; readonly end: number; readonly confidence: number }[]
}

/** The rate that phones are told apart at. */
const format = { sampleRate: 16_000, channels: 1, sampleFormat: 's16le' } as const

/** Throws Permanent `bad_words_file` or `not_audio`. */
export async function align(
  recording: string,
  textFile: string,
  language: string | undefined,
  signal: AbortSignal,
): Promise<AlignReport> {
  const told = readTold(await readFile(textFile), path.basename(textFile))
  const sound = await decoded(path.resolve(recording), signal)
  const words = told.words.map((word): TextWord => ({
    ...word,
    start: inFrames(word.start),
    end: inFrames(word.end),
  }))
  const times = told.exactTimes
    ? 'words'
    : words.some(({ start }) => start !== undefined)
      ? 'cues'
      : 'nothing'
  const placed = await alignText(sound, { words, times, language: language ?? told.language ?? 'en' }, signal)
  return {
    seconds: sound.frames / framesPerSecond,
    words: told.words.map(({ text }, i) => ({ text, ...inSeconds(placed.words[i] ?? null) })),
    cues: placed.cues.map(({ fit, isPlaced, ...cue }) => ({ ...inSeconds(cue), fit, placed: isPlaced })),
    untold: placed.untold.map(({ start, end, confidence }) => ({ ...seconds({ start, end }), confidence })),
  }
}

async function decoded(recording: string, signal: AbortSignal) {
  const { sampleRate, channels } = format
  const { stdout, ended } = ffmpeg(
    ['-i', `file:${recording}`, '-vn', '-ac', `${channels}`, '-ar', `${sampleRate}`, '-f', 's16le', '-'],
    signal,
  )
  try {
    const sound = await hearAll(stdout, format)
    await ended
    if (sound.frames > 0) return sound
  } catch (error) {
    if (!(error instanceof FfmpegError)) throw error
    throw new Permanent('not_audio', `${path.basename(recording)}: ${error.message}`, { cause: error })
  }
  throw new Permanent('empty_file', `${path.basename(recording)} has no sound.`)
}

const inFrames = (seconds: number | undefined): number | undefined =>
  seconds === undefined ? undefined : seconds * framesPerSecond

const seconds = ({ start, end }: { readonly start: number; readonly end: number }) => ({
  start: start / framesPerSecond,
  end: end / framesPerSecond,
})

const inSeconds = (found: Placed | null): Placed =>
  found?.start == null || found.end == null
    ? { start: null, end: null }
    : seconds({ start: found.start, end: found.end })

/** A recording that goes on for longer before the text, or behind it, is told of. */
const besideSeconds = 10

/** For people: what does not match, and what is missing. */
export function summariseAlignment({ words, cues, untold, seconds }: AlignReport): string {
  const clock = (at: number) => `${Math.floor(at / 60)}:${(at % 60).toFixed(2).padStart(5, '0')}`
  const lost = cues.flatMap(({ placed }, i) => (placed ? [] : [`cue ${i + 1} does not match the sound`]))
  const more = untold.map(
    ({ start, end, confidence }) =>
      `${clock(start)} to ${clock(end)}: sound that no word explains (${Math.round(100 * confidence)} %)`,
  )
  const said = words.filter(({ start }) => start !== null)
  const placed = said.length
  const [first, last] = [said[0]?.start ?? 0, said.at(-1)?.end ?? seconds]
  const beside = [
    ...(first > besideSeconds ? [`${clock(0)} to ${clock(first)}: nothing of the text is said`] : []),
    ...(seconds - last > besideSeconds
      ? [`${clock(last)} to ${clock(seconds)}: nothing of the text is said`]
      : []),
  ]
  const head = `${placed} of ${words.length} words placed in ${clock(seconds)}.`
  return `${[head, ...beside, ...lost, ...more].join('\n')}\n`
}
