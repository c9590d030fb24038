/**
 * Transcripts of the finished audio in the four forms players read. Hides how words are put through the ledger,
 * how they are grouped into lines, and each format's syntax.
 */
import { keptShare, toOutput } from '../audio/ledger.ts'
import type { Timeline } from '../audio/timeline.ts'
import type { Transcript } from './words.ts'

export interface HeardWord {
  readonly text: string
  readonly start: number
  readonly end: number
  readonly speaker: string | null
}

/** A word cut by more than half is gone. */
const heardShare = 0.5
/** Lines are read at a glance: Podcasting 2.0 advises 65 characters for WebVTT and two lines of 32 for SubRip. */
const vttLineLength = 65
const srtLineLength = 32
const longestCueSeconds = 6
const cueBreakSeconds = 0.8
/** A word that a crossfade swallowed still needs a cue that ends after it starts. */
const shortestCueSeconds = 0.01

/** Everything that can be heard as words, at its time in the finished audio, in seconds: what is left of the recording's, and what was put in. */
export function heardWords(
  transcript: Transcript | undefined,
  { ledger, inserted, sampleRate }: Pick<Timeline, 'ledger' | 'inserted' | 'sampleRate'>,
): HeardWord[] {
  const kept = (transcript?.words ?? [])
    .filter((word) => keptShare(ledger, word) >= heardShare)
    .map(({ text, startSample, endSample, speaker }) => {
      const start = toOutput(ledger, startSample)
      const end = Math.max(start, toOutput(ledger, endSample)) // a removed end maps to the middle of the crossfade, which a short word may start after
      return { text, start, end, speaker }
    })
  const added = inserted.map(({ text, startSample, endSample, speaker }) => ({ text, start: startSample, end: endSample, speaker }))
  return [...kept, ...added]
    .sort((a, b) => a.start - b.start)
    .map((word, i, all) => ({
      ...word,
      speaker: word.speaker ?? all[i - 1]?.speaker ?? null,
      start: word.start / sampleRate,
      end: word.end / sampleRate,
    }))
}

interface Cue {
  readonly start: number
  readonly end: number
  readonly speaker: string | null
  readonly lines: readonly string[]
}

export function toVtt(words: readonly HeardWord[]): string {
  const cues = group(words, vttLineLength, 1).map(({ start, end, speaker, lines }) => {
    const text = escapeVtt(lines[0]!)
    return `${clock(start, '.')} --> ${clock(end, '.')}\n${speaker === null ? text : `<v ${escapeVtt(speaker)}>${text}`}\n`
  })
  return ['WEBVTT\n', ...cues].join('\n')
}

export function toSrt(words: readonly HeardWord[]): string {
  return group(words, srtLineLength, 2)
    .map(({ start, end, lines }, i) => `${i + 1}\n${clock(start, ',')} --> ${clock(end, ',')}\n${lines.join('\n')}\n`)
    .join('\n')
}

/** The podcast namespace's JSON transcript: one segment for each cue. */
export function toTranscriptJson(words: readonly HeardWord[]): string {
  const segments = group(words, vttLineLength, 1).map(({ start, end, speaker, lines }) => ({
    ...(speaker === null ? {} : { speaker }),
    startTime: round(start),
    endTime: round(end),
    body: lines[0]!,
  }))
  return `${JSON.stringify({ version: '1.0.0', segments }, null, 1)}\n`
}

/** Paragraphs by speaker. */
export function toPlainText(words: readonly HeardWord[]): string {
  const paragraphs: { speaker: string | null; texts: string[] }[] = []
  for (const { text, speaker } of words) {
    const last = paragraphs.at(-1)
    if (last?.speaker === speaker) last.texts.push(text)
    else paragraphs.push({ speaker, texts: [text] })
  }
  return paragraphs.map(({ speaker, texts }) => `${speaker === null ? '' : `${speaker}: `}${texts.join(' ')}\n`).join('\n')
}

function group(words: readonly HeardWord[], lineLength: number, maxLines: number): Cue[] {
  const cues: Cue[] = []
  let current: HeardWord[] = []
  const flush = () => {
    if (current.length > 0)
      cues.push({
        start: current[0]!.start,
        end: Math.max(current.at(-1)!.end, current[0]!.start + shortestCueSeconds),
        speaker: current[0]!.speaker,
        lines: wrap(current, lineLength),
      })
    current = []
  }
  for (const word of words) {
    const [first, last] = [current[0], current.at(-1)]
    const breaks =
      first !== undefined &&
      (word.speaker !== first.speaker ||
        word.start - last!.end > cueBreakSeconds ||
        word.end - first.start > longestCueSeconds ||
        wrap([...current, word], lineLength).length > maxLines)
    if (breaks) flush()
    current.push(word)
  }
  flush()
  return cues
}

function wrap(words: readonly HeardWord[], lineLength: number): string[] {
  const lines: string[] = []
  for (const { text } of words) {
    const last = lines.at(-1)
    if (last !== undefined && last.length + 1 + text.length <= lineLength) lines[lines.length - 1] = `${last} ${text}`
    else lines.push(text)
  }
  return lines
}

const escapeVtt = (text: string): string => text.replaceAll('&', '&amp;').replaceAll('<', '&lt;').replaceAll('>', '&gt;')
const round = (seconds: number): number => Math.round(seconds * 1000) / 1000

function clock(seconds: number, decimal: string): string {
  const ms = Math.round(seconds * 1000)
  const two = (value: number) => String(Math.floor(value)).padStart(2, '0')
  return `${two(ms / 3_600_000)}:${two((ms / 60_000) % 60)}:${two((ms / 1000) % 60)}${decimal}${String(ms % 1000).padStart(3, '0')}`
}
