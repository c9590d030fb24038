/**
 * Writes transcripts of the finished audio in the four formats players read. Hides how words are moved to
 * their times after the cuts, how they are grouped into readable lines, and each format's syntax.
 */
import { keptShare, toOutput } from '../timeline/ledger.ts'
import type { Timeline } from '../timeline/timeline.ts'
import { readAfterCuts } from './after-cuts.ts'
import type { Transcript, Word } from './words.ts'

export interface CaptionWord {
  readonly text: string
  readonly start: number
  readonly end: number
  readonly speaker: string | null
  /** A segment of the show begins with it. */
  readonly opensSegment?: true
}

/** What takes a word's place may begin a little before it. */
const besideSeconds = 0.25
/** A word with less than this share of it kept is gone. */
const keptEnough = 0.5
/**
 * Lines are read at a glance: Podcasting 2.0 advises 65 characters for WebVTT and two lines of 32 for SubRip.
 */
const vttLineLength = 65
const srtLineLength = 32
const longestCueSeconds = 6
const cueBreakSeconds = 0.8
/** A word that a crossfade swallowed still needs a cue that ends after it starts. */
const shortestCueMs = 10

/**
 * All words of the finished audio with their times in it, in seconds: what is left of the
 * recording's, and what was put in.
 */
export function captionWords(
  transcript: Transcript | undefined,
  {
    ledger,
    inserted,
    segments,
    sampleRate,
  }: Pick<Timeline, 'ledger' | 'inserted' | 'segments' | 'sampleRate'>,
): CaptionWord[] {
  const isKept = (word: Word) => keptShare(ledger, word) >= keptEnough
  /** A bleep, or a sound's name, stands where they were. */
  const isReplaced = ([first]: readonly Word[]) => {
    const at = toOutput(ledger, first!.startSample)
    const near = besideSeconds * sampleRate
    return inserted.some(
      ({ startSample, endSample, speaker }) =>
        speaker === null && startSample - near < at && at < endSample + near,
    )
  }
  const kept = readAfterCuts(transcript?.words ?? [], isKept, isReplaced).map(
    ({ text, startSample, endSample, speaker }) => {
      const start = toOutput(ledger, startSample)
      // a removed end maps to the middle of the crossfade, which a short word may start after
      const end = Math.max(start, toOutput(ledger, endSample))
      return { text, start, end, speaker, isRecorded: true }
    },
  )
  const added = inserted.map(({ text, startSample, endSample, speaker }) => ({
    ...{ text, start: startSample, end: endSample, speaker },
    isRecorded: false,
  }))
  /** Where two overlap, the one that began first goes on. */
  const segmentOf = ({ start, end }: { readonly start: number; readonly end: number }) => {
    const around = segments.findIndex(
      ({ startSample, endSample }) => startSample <= start && end <= endSample,
    )
    return around >= 0 ? around : segments.findLastIndex(({ startSample }) => startSample <= start)
  }
  return [...kept, ...added]
    .sort((a, b) => a.start - b.start)
    .map(({ isRecorded, ...word }, i, all) => ({
      ...word,
      ...(i > 0 && segmentOf(word) !== segmentOf(all[i - 1]!) ? { opensSegment: true } : {}),
      // what a sound says stands among somebody's words; whoever spoke unnamed in the recording is not the last one named
      speaker: word.speaker ?? (isRecorded ? null : (all[i - 1]?.speaker ?? null)),
      start: word.start / sampleRate,
      end: word.end / sampleRate,
    }))
}

/**
 * The transcript with the names its producer gives the speakers; others are called after the voice that theirs is like, or
 * keep what the recogniser calls them.
 */
export function nameSpeakers(transcript: Transcript, names: Readonly<Record<string, string>>): Transcript {
  const named = new Map(
    Object.entries({ ...likenessesIn(transcript), ...names }).map(([speaker, name]) => [
      speaker,
      name.trim().replaceAll(/\s+/g, ' '),
    ]),
  )
  const words = transcript.words.map((word) => ({
    ...word,
    speaker: word.speaker === null ? null : (named.get(word.speaker) ?? word.speaker),
  }))
  return { ...transcript, words }
}

const likenessesIn = ({ voices = [] }: Transcript): Record<string, string> =>
  Object.fromEntries(voices.flatMap(({ label, like }) => (like ? [[label, like.name]] : [])))

interface Cue {
  readonly startMs: number
  readonly endMs: number
  readonly speaker: string | null
  readonly lines: readonly string[]
}

export function toVtt(words: readonly CaptionWord[]): string {
  const cues = group(words, vttLineLength, 1).map(({ startMs, endMs, speaker, lines }) => {
    const text = escapeVtt(lines[0]!)
    return (
      `${clock(startMs, '.')} --> ${clock(endMs, '.')}\n` +
      `${speaker === null ? text : `<v ${escapeVtt(speaker)}>${text}`}\n`
    )
  })
  return ['WEBVTT\n', ...cues].join('\n')
}

export function toSrt(words: readonly CaptionWord[]): string {
  return group(words, srtLineLength, 2)
    .map(
      ({ startMs, endMs, lines }, i) =>
        `${i + 1}\n${clock(startMs, ',')} --> ${clock(endMs, ',')}\n${lines.join('\n')}\n`,
    )
    .join('\n')
}

/** The podcast namespace's JSON transcript: one segment for each cue. */
export function toTranscriptJson(words: readonly CaptionWord[]): string {
  const segments = group(words, vttLineLength, 1).map(({ startMs, endMs, speaker, lines }) => ({
    ...(speaker === null ? {} : { speaker }),
    startTime: startMs / 1000,
    endTime: endMs / 1000,
    body: lines[0]!,
  }))
  return `${JSON.stringify({ version: '1.0.0', segments }, null, 1)}\n`
}

/** Paragraphs by speaker and segment. */
export function toPlainText(words: readonly CaptionWord[]): string {
  const paragraphs: { speaker: string | null; texts: string[] }[] = []
  for (const { text, speaker, opensSegment } of words) {
    const last = paragraphs.at(-1)
    if (last?.speaker === speaker && !opensSegment) last.texts.push(text)
    else paragraphs.push({ speaker, texts: [text] })
  }
  return paragraphs
    .map(({ speaker, texts }) => `${speaker === null ? '' : `${speaker}: `}${texts.join(' ')}\n`)
    .join('\n')
}

/** A word, or a piece of one that is longer than a line. */
interface Piece extends CaptionWord {
  /** It goes on where the piece before it ended, without a space. */
  readonly isContinued: boolean
}

function group(words: readonly CaptionWord[], lineLength: number, maxLines: number): Cue[] {
  const groups: Piece[][] = []
  for (const piece of words.flatMap((word) => piecesOf(word, lineLength))) {
    const current = groups.at(-1)
    if (!current || breaksBefore(piece, current, lineLength, maxLines)) groups.push([piece])
    else current.push(piece)
  }
  return timed(groups).map(({ pieces, startMs, endMs }) => ({
    startMs,
    endMs,
    speaker: pieces[0]!.speaker,
    lines: wrap(pieces, lineLength),
  }))
}

const milliseconds = (seconds: number): number => Math.round(seconds * 1000)
const endOf = (pieces: readonly Piece[]): number =>
  pieces.reduce((latest, { end }) => Math.max(latest, end), 0)

function breaksBefore(
  piece: Piece,
  current: readonly Piece[],
  lineLength: number,
  maxLines: number,
): boolean {
  const first = current[0]!
  const end = endOf(current)
  return (
    (piece.opensSegment === true && !piece.isContinued) ||
    piece.speaker !== first.speaker ||
    piece.start - end > cueBreakSeconds ||
    milliseconds(Math.max(piece.end, end)) - milliseconds(first.start) > 1000 * longestCueSeconds ||
    wrap([...current, piece], lineLength).length > maxLines
  )
}

/**
 * Cues one after the other in whole milliseconds. Where people speak at once, a cue ends when the next
 * begins, but is shown for half its time.
 */
function timed(groups: readonly Piece[][]): { pieces: Piece[]; startMs: number; endMs: number }[] {
  let earliest = 0
  return groups.map((pieces, i) => {
    const startMs = Math.max(earliest, milliseconds(pieces[0]!.start))
    const ownEnd = Math.max(milliseconds(endOf(pieces)), startMs + shortestCueMs)
    const next = milliseconds(groups[i + 1]?.[0]?.start ?? Infinity)
    const endMs = Math.min(ownEnd, Math.max(next, Math.ceil((startMs + ownEnd) / 2)))
    earliest = endMs
    return { pieces, startMs, endMs }
  })
}

const graphemes = new Intl.Segmenter()

/**
 * A word that fits on a line is itself; a longer one, as of a script without spaces, is broken between what
 * one sees as characters.
 */
function piecesOf(word: CaptionWord, lineLength: number): Piece[] {
  if (word.text.length <= lineLength) return [{ ...word, isContinued: false }]
  const texts = word.text
    .split(' ')
    .flatMap((part) => brokenText(part, lineLength).map((text, i) => ({ text, isContinued: i > 0 })))
  const total = texts.reduce((sum, { text }) => sum + text.length, 0)
  let at = 0
  const time = (length: number) => word.start + ((word.end - word.start) * length) / total
  return texts.map(({ text, isContinued }) => {
    const start = time(at)
    at += text.length
    return { ...word, text, start, end: time(at), isContinued }
  })
}

function brokenText(text: string, lineLength: number): string[] {
  const lines: string[] = []
  for (const { segment } of graphemes.segment(text)) {
    // combining marks on one letter
    const parts = segment.length > lineLength ? Array.from(segment) : [segment]
    for (const part of parts) {
      const last = lines.at(-1)
      if (last !== undefined && last.length + part.length <= lineLength) lines[lines.length - 1] = last + part
      else lines.push(part)
    }
  }
  return lines
}

function wrap(pieces: readonly Piece[], lineLength: number): string[] {
  const lines: string[] = []
  for (const { text, isContinued } of pieces) {
    const last = lines.at(-1)
    const space = isContinued ? '' : ' '
    if (last !== undefined && last.length + space.length + text.length <= lineLength)
      lines[lines.length - 1] = last + space + text
    else lines.push(text)
  }
  return lines
}

const escapeVtt = (text: string): string =>
  text.replaceAll('&', '&amp;').replaceAll('<', '&lt;').replaceAll('>', '&gt;')

function clock(ms: number, decimal: string): string {
  const two = (value: number) => String(Math.floor(value)).padStart(2, '0')
  const [hours, minutes, seconds] = [ms / 3_600_000, (ms / 60_000) % 60, (ms / 1000) % 60]
  return `${two(hours)}:${two(minutes)}:${two(seconds)}${decimal}${String(ms % 1000).padStart(3, '0')}`
}
