/**
 * Chapters of the finished audio: its segments, and inside the content the recording's chapter marks, moved
 * to where they are after the cuts. Hides which chapters remain, and the written forms: Podcasting 2.0 JSON,
 * and lines for a description.
 */
import type { ListedChapter } from '../db/episodes.ts'
import { keptShare, toOutput } from '../timeline/ledger.ts'
import type { Timeline, TimelineSegment } from '../timeline/timeline.ts'
import type { Mark } from './chapter-marks.ts'

/** A chapter as everything that lists chapters has it: in whole milliseconds of the episode. */
export interface Chapter extends Named {
  readonly startMs: number
  readonly endMs: number
}

/** The same while it is found. */
interface Span extends Named {
  readonly startSample: number
  readonly endSample: number
}

interface Named {
  readonly title: string
  readonly url?: string | undefined
  readonly image?: string | undefined
  /** The file of a picture among the podcast's assets; it goes into the tag. */
  readonly picture?: string | undefined
  /** For machines only: players neither list it nor jump to it. */
  readonly isHidden?: boolean | undefined
}

type Arranged = Pick<Timeline, 'segments' | 'ledger' | 'sampleRate' | 'sources' | 'totalSamples'>

const segmentTitles: Readonly<Record<string, string>> = {
  intro: 'Intro',
  outro: 'Outro',
  commercial: 'Break',
  transition: 'Interlude',
}

/** Content before the first mark is a chapter of its own only when there is this much of it. */
const shortestHeadSeconds = 1
/** A rest shorter than this, left over by a cut, is no chapter: cuts end between words, not at marks. */
const shortestRestSeconds = 0.25

/**
 * One chapter for each segment that is one; the recording has its marks' instead, or carries the episode's
 * title. In order, none empty.
 */
export function chaptersOf(timeline: Arranged, episodeTitle: string, marks: readonly Mark[] = []): Chapter[] {
  const chapters = timeline.segments
    .filter(({ isChapter }) => isChapter)
    .flatMap((segment) => {
      const { type, title, startSample, endSample, image: picture } = segment
      const whole = { startSample, endSample, title: title ?? segmentTitles[type] ?? episodeTitle, picture }
      return type === 'content' ? withinContent(whole, segment, timeline, marks) : [whole]
    })
    .toSorted((a, b) => a.startSample - b.startSample)
  const spans = chapters
    .map((chapter, i) => ({
      ...chapter,
      endSample: Math.min(chapter.endSample, chapters[i + 1]?.startSample ?? Infinity),
    }))
    .filter(({ startSample, endSample }) => endSample > startSample)
  return inMilliseconds(spans, timeline)
}

/**
 * The one list from which the tag, chapters.json, the feed and the description are written: where two of them
 * differ by a hair, players show both. What is listed begins with the episode; each chapter ends where the
 * next begins, and the last with the sound.
 */
function inMilliseconds(spans: readonly Span[], { sampleRate, totalSamples }: Arranged): Chapter[] {
  const end = Math.floor((1000 * totalSamples) / sampleRate)
  const milliseconds = (samples: number) => Math.min(end, Math.round((1000 * samples) / sampleRate))
  const placed = spans.map(({ startSample, endSample, ...named }) => ({
    ...named,
    startMs: milliseconds(startSample),
    endMs: milliseconds(endSample),
  }))
  const listed = placed
    .filter(({ isHidden }) => !isHidden)
    .map((chapter, i) => (i === 0 ? { ...chapter, startMs: 0 } : chapter))
  const joined = listed.map((chapter, i) => ({ ...chapter, endMs: listed[i + 1]?.startMs ?? end }))
  return [...joined, ...placed.filter(({ isHidden }) => isHidden)]
    .filter(({ startMs, endMs }) => endMs > startMs)
    .toSorted((a, b) => a.startMs - b.startMs)
}

/**
 * The chapters of the content that are not cut away, each from where its mark is in the output to the next.
 */
function withinContent(
  whole: Span,
  content: TimelineSegment,
  { ledger, sampleRate, sources }: Arranged,
  marks: readonly Mark[],
): Span[] {
  const sourceEnd = sources[0]?.totalSamples ?? 0
  const remaining = marks.filter(({ startSample }, i) => {
    const span = { startSample, endSample: marks[i + 1]?.startSample ?? sourceEnd }
    const length = span.endSample - startSample
    return keptShare(ledger, span) * length >= Math.min(length, shortestRestSeconds * sampleRate)
  })
  const [first] = remaining
  if (!first) return [whole]
  const starts: number[] = []
  // in a crossfade the later mark can sound before the earlier one
  for (const { startSample } of remaining)
    starts.push(Math.max(content.startSample, starts.at(-1) ?? 0, toOutput(ledger, startSample)))
  const headless = starts[0]! - content.startSample < shortestHeadSeconds * sampleRate
  if (headless) starts[0] = content.startSample
  const chapters = remaining.map(({ title, url, image, picture, isHidden }, i) => ({
    startSample: starts[i]!,
    endSample: starts[i + 1] ?? content.endSample,
    title,
    url,
    image,
    picture: picture ?? whole.picture,
    isHidden,
  }))
  return headless ? chapters : [{ ...whole, endSample: starts[0]! }, ...chapters]
}

/** Podcasting 2.0 JSON chapters, version 1.2.0. */
export function toChaptersJson(chapters: readonly Chapter[]): string {
  const entries = chapters.map(({ startMs, title, url, image, isHidden }) => ({
    startTime: startMs / 1000,
    title,
    ...(image === undefined ? {} : { img: image }),
    ...(url === undefined ? {} : { url }),
    ...(isHidden ? { toc: false } : {}),
  }))
  return `${JSON.stringify({ version: '1.2.0', chapters: entries }, null, 1)}\n`
}

/** What listeners see listed; nothing when there is only one chapter. */
export function listed(chapters: readonly Chapter[]): Chapter[] {
  const shown = chapters.filter(({ isHidden }) => !isHidden)
  return shown.length < 2 ? [] : shown
}

/** The same as the feed has it. */
export const listedChapters = (chapters: readonly Chapter[]): ListedChapter[] =>
  listed(chapters).map(({ startMs, title, url, image }) => ({
    startMs,
    title,
    ...(url === undefined ? {} : { url }),
    ...(image === undefined ? {} : { image }),
  }))

/** One line a chapter; applications that make links of them ask for the first at 00:00:00. */
export const chapterLines = (chapters: readonly ListedChapter[]): string =>
  chapters.map(({ startMs, title }) => `${clockOf(startMs).slice(0, 8)} ${title}`).join('\n')

/** The description with what is said of synthetic voices and the chapters' lines below it. */
export const withLinesBelow = (
  description: string,
  disclosure: string | null,
  chapters: readonly ListedChapter[],
): string =>
  [description, disclosure ?? '', chapterLines(chapters)].filter((text) => text !== '').join('\n\n')

/** hh:mm:ss.mmm */
export function clockOf(ms: number): string {
  const two = (value: number) => String(Math.floor(value)).padStart(2, '0')
  const [hours, minutes, seconds] = [ms / 3_600_000, (ms / 60_000) % 60, (ms / 1000) % 60]
  return `${two(hours)}:${two(minutes)}:${two(seconds)}.${String(ms % 1000).padStart(3, '0')}`
}
