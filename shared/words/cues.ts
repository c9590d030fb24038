/**
 * Captions and labels as timed words: WebVTT, SubRip, SBV and Audacity's labels. Hides the many ways in which programs
 * write a cue, and the captions that roll: lines that stay on the screen while the next is said.
 */
import type { Label } from '../labels.ts'
import { secondsOf } from '../timecode.ts'
import type { ReportedWord } from './words.ts'

export interface ReadCues {
  readonly words: readonly ReportedWord[]
  /** Where the file names it. */
  readonly language: string | undefined
  /** How many cues there were, and what was wrong with some, each as "line 12: …". */
  readonly cues: number
  readonly problems: readonly string[]
}

interface Cue {
  readonly line: number
  readonly start: number
  readonly end: number
  readonly lines: readonly string[]
}

interface Timing {
  readonly start: number
  readonly end: number
}

/** Whether a file looks like cues; then `readCues` says what is wrong with them. */
export const areCues = (text: string): boolean =>
  text.startsWith('WEBVTT') ||
  text.split('\n').some((line) => hasArrow(line) || plainTiming(line) !== undefined)

const arrow = /-{1,2}>|→/
const hasArrow = (line: string): boolean => arrow.test(line) && /\d/.test(line.split(arrow)[0]!)

/** Undefined for a line that is no timing; 'unreadable' for one that is meant to be. */
function timingOf(line: string): Timing | 'unreadable' | undefined {
  if (!hasArrow(line)) return plainTiming(line)
  const [from = '', to = ''] = line.split(arrow)
  const [start, end] = [secondsOf(from), secondsOf(to.trim().split(/\s/)[0]!)]
  // an arrow in what somebody said is no timing
  if (start === undefined && end === undefined && !/^[\d:.,\s-]+$/.test(from)) return undefined
  return start === undefined || end === undefined ? 'unreadable' : { start, end }
}

/** SBV: "0:00:01.000,0:00:02.000". */
function plainTiming(line: string): Timing | undefined {
  const [, from, to] = /^\s*(\d+:\d\d:\d\d\.\d+),(\d+:\d\d:\d\d\.\d+)\s*$/.exec(line) ?? []
  const [start, end] = [secondsOf(from ?? ''), secondsOf(to ?? '')]
  return start === undefined || end === undefined ? undefined : { start, end }
}

/** Labels as cues of one line each. */
export const wordsOfLabels = (labels: readonly Label[]): ReadCues =>
  worded(
    labels.map(({ text, ...label }) => ({ ...label, lines: [text] })),
    undefined,
    [],
  )

/** A timing line begins a cue, whatever stands before it. One that cannot be read costs its own cue. */
export function readCues(text: string): ReadCues {
  const lines = text.split('\n')
  const isVtt = text.startsWith('WEBVTT')
  const problems: string[] = []
  const cues: Cue[] = []
  const isNumbered = isNumber(lines[lines.findIndex((line) => timingOf(line) !== undefined) - 1])
  let open: { line: number; timing: Timing; lines: string[] } | undefined
  let keptAt = -1
  let isInside = false // of the block that the timing began; what follows an empty line may be of the next
  const close = (): void => {
    if (open) cues.push({ line: open.line, ...open.timing, lines: open.lines })
    open = undefined
  }
  for (const [i, line] of lines.entries()) {
    const timing = timingOf(line)
    if (timing !== undefined) {
      if (isNumbered && keptAt === i - 1 && isNumber(open?.lines.at(-1))) open?.lines.pop() // this cue's number
      close()
      isInside = true
      if (timing === 'unreadable')
        problems.push(`line ${i + 1}: no time can be read in "${line.trim().slice(0, 60)}"`)
      else open = { line: i + 1, timing, lines: [] }
    } else if (line === '') isInside = false
    else if (isInside || !isVtt) {
      open?.lines.push(line)
      keptAt = i
    }
  }
  close()
  const language = isVtt ? /^Language:\s*([\w-]+)/im.exec(headerOf(lines))?.[1] : undefined
  return worded(cues, language, problems, isVtt)
}

const headerOf = (lines: readonly string[]): string => lines.slice(0, lines.indexOf('')).join('\n')
const isNumber = (line: string | undefined): boolean => /^\s*\d{1,7}\s*$/.test(line ?? '')

function worded(
  cues: readonly Cue[],
  language: string | undefined,
  problems: readonly string[],
  isVtt = false,
): ReadCues {
  const remarks = [...problems]
  const shown = withoutRolledLines(cues)
  const words = shown.flatMap((cue, i) => {
    if (cue.end < cue.start) remarks.push(`line ${cue.line}: the cue ends before it starts`)
    const end = cue.end > cue.start ? cue.end : roomFor(cue, shown[i + 1]?.start)
    const own = wordsOfCue(cue.lines, Math.max(0, cue.start), Math.max(0, end), isVtt)
    return own.map((word) => ({ ...word, cue: i + 1 }))
  })
  return { words, language, cues: cues.length + problems.length, problems: remarks }
}

/** Slow speech takes this long for a letter. */
const letterSeconds = 0.08

/** A cue that has no length gets what its words need, up to the next. */
function roomFor({ start, lines }: Cue, next: number | undefined): number {
  const needed = start + letterSeconds * (lines.join(' ').length + 1)
  return next !== undefined && next > start ? Math.min(next, needed) : needed
}

/** A time inside a line, as YouTube writes it: <00:00:01.040>. */
const inlineTime = /<(\d[\d:.]*)>/

/** Of captions that roll, each line once: when it was new. */
function withoutRolledLines(cues: readonly Cue[]): readonly Cue[] {
  const texts = cues.map(({ lines }) => lines.map(plainText).filter(Boolean))
  const repeats = texts.filter((lines, i) => i > 0 && repeated(lines, texts[i - 1]!) > 0).length
  const isRolling =
    cues.some(({ lines }) => lines.some((line) => inlineTime.test(line))) ||
    (repeats > 1 && repeats >= rollingShare * cues.length && texts.some((lines) => lines.length > 1))
  if (!isRolling) return cues
  return cues.map((cue, i) => {
    const seen = i === 0 ? 0 : repeated(texts[i]!, texts[i - 1]!)
    return { ...cue, lines: cue.lines.filter((line) => plainText(line) !== '').slice(seen) }
  })
}

/** People do repeat themselves, but not with every other caption. */
const rollingShare = 0.4

/** How many lines a cue begins with that the one before it ended with. */
function repeated(lines: readonly string[], before: readonly string[]): number {
  for (let count = Math.min(lines.length, before.length); count > 0; count--)
    if (before.slice(-count).every((line, i) => line === lines[i])) return count
  return 0
}

const entities: Readonly<Record<string, string>> = {
  amp: '&',
  lt: '<',
  gt: '>',
  quot: '"',
  apos: "'",
  nbsp: ' ',
  lrm: '',
  rlm: '',
}

const plainText = (line: string): string =>
  line
    .replaceAll(/<[^<>]*>/g, '')
    .replaceAll(/\{\\[^{}]*\}/g, '') // SubStation's styles, found in SubRip
    .replaceAll(/&([a-z]+);/g, (whole, name: string) => entities[name] ?? whole)
    .replaceAll(/&#(\d{1,7}|x[\da-f]{1,6});/gi, (_, code: string) => character(code))
    .trim()

function character(code: string): string {
  const point = /^x/i.test(code) ? parseInt(code.slice(1), 16) : Number(code)
  return point > 0 && point <= 0x10ffff ? String.fromCodePoint(point) : ''
}

const voiceTag = /^\s*<v(?:\.[^\s>]*)?\s+([^>]+)>/i

function wordsOfCue(lines: readonly string[], start: number, end: number, isVtt: boolean): ReportedWord[] {
  const speaker = (isVtt && voiceTag.exec(lines[0] ?? '')?.[1]?.trim()) || null
  const text = lines.join(' ')
  const spoken = isVtt && inlineTime.test(text) ? piecesOf(text, start, end) : [{ text, start, end }]
  return spoken
    .flatMap((piece) => shareOut(plainText(piece.text), piece.start, piece.end))
    .map((word) => ({ ...word, speaker }))
}

/** What is said between the times inside a line. */
function piecesOf(text: string, start: number, end: number): { text: string; start: number; end: number }[] {
  const [first = '', ...rest] = text.split(inlineTime) // text, time, text, time, …
  const pieces = [{ text: first, start }]
  for (let i = 0; i + 1 < rest.length; i += 2) {
    const at = secondsOf(rest[i]!)
    if (at === undefined || at < pieces.at(-1)!.start) pieces.at(-1)!.text += rest[i + 1]!
    else pieces.push({ text: rest[i + 1]!, start: at })
  }
  return pieces.map((piece, i) => ({ ...piece, end: Math.max(piece.start, pieces[i + 1]?.start ?? end) }))
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
