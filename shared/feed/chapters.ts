/** Chapters of the finished audio, from its segments. Hides the Podcasting 2.0 JSON form. */
import type { Timeline } from '../audio/timeline.ts'

export interface Chapter {
  readonly startSample: number
  readonly endSample: number
  readonly title: string
}

const segmentTitles: Readonly<Record<string, string>> = { intro: 'Intro', outro: 'Outro', commercial: 'Break', transition: 'Interlude' }

/** One chapter for each segment; the recording carries the episode's title. */
export function chaptersOf({ segments }: Timeline, episodeTitle: string): Chapter[] {
  return segments.map(({ type, title, startSample, endSample }) => ({ startSample, endSample, title: title ?? segmentTitles[type] ?? episodeTitle }))
}

/** Podcasting 2.0 JSON chapters, version 1.2.0. */
export function toChaptersJson(chapters: readonly Chapter[], sampleRate: number): string {
  const entries = chapters.map(({ startSample, title }) => ({ startTime: Math.round((startSample / sampleRate) * 1000) / 1000, title }))
  return `${JSON.stringify({ version: '1.2.0', chapters: entries }, null, 1)}\n`
}
