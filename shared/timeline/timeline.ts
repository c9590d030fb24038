/**
 * The timeline of an episode: everything that will be heard, as clips of canonical PCM at integer samples
 * with their gains and fades, and where the output is divided into chunks.
 */
import { samplesPerFrame } from '../audio/mp3-frames.ts'
import type { PcmFormat } from '../audio/pcm.ts'
import { outputEnd, overlapBefore, type Ledger } from './ledger.ts'

/** A recording or asset as `prepare` left it. */
export interface TimelineSource {
  readonly object: string
  readonly format: PcmFormat
  readonly totalSamples: number
}

/** An amplitude factor at a sample of the output; straight lines between points. */
export type GainPoint = readonly [sample: number, gain: number]

/** A span of one source as it is played. Fades are equal-power (sine and cosine), in samples. */
export interface Clip {
  readonly source: number
  readonly sourceStart: number
  readonly length: number
  readonly outputStart: number
  readonly gainDb: number
  readonly fadeIn: number
  readonly fadeOut: number
  /** What the level does besides; absent when it is steady. */
  readonly automation?: readonly GainPoint[]
}

export interface TimelineSegment {
  readonly type: string
  readonly title: string | null
  readonly startSample: number
  readonly endSample: number
  readonly isChapter: boolean
  /** The file of a picture that is shown with it. */
  readonly image?: string
}

/** Something said or sounding that is not in the recording, as the transcript shows it. */
export interface InsertedText {
  readonly startSample: number
  readonly endSample: number
  readonly text: string
  readonly speaker: string | null
}

export interface Timeline {
  readonly version: 1
  readonly sampleRate: number
  readonly outputChannels: 1 | 2
  readonly totalSamples: number
  /** Where each chunk begins: whole MP3 frames, the first at 0. */
  readonly chunkStarts: readonly number[]
  readonly sources: readonly TimelineSource[]
  readonly clips: readonly Clip[]
  readonly segments: readonly TimelineSegment[]
  /** Maps the recording to the output. */
  readonly ledger: Ledger
  /** Word by word, in order. */
  readonly inserted: readonly InsertedText[]
  /** The source that is put in at an edit, by the edit's id. */
  readonly answers: Readonly<Record<string, number>>
}

/** A chunk where nothing else says how long it is: about a minute. */
const usualFrames = 2450
export const usualChunkSamples = usualFrames * samplesPerFrame
/** Chunks of what people bring are hardly ever longer; one that is takes more memory. */
export const longestUsualChunkSamples = 3500 * samplesPerFrame

/** Starts of chunks of the usual length from one sample, a whole frame, to another; the last is at least half as long. */
export function evenStarts(from: number, to: number): number[] {
  const count = Math.max(1, Math.round((to - from) / usualChunkSamples))
  return Array.from({ length: count }, (_, i) => from + i * usualChunkSamples)
}

export interface ChunkSpan {
  readonly start: number
  /** One past its last sample. */
  readonly end: number
  readonly isFirst: boolean
  readonly isLast: boolean
}

export function chunkSpan(
  { chunkStarts, totalSamples }: Pick<Timeline, 'chunkStarts' | 'totalSamples'>,
  chunk: number,
): ChunkSpan {
  const isLast = chunk === chunkStarts.length - 1
  return {
    start: chunkStarts[chunk]!,
    end: isLast ? totalSamples : chunkStarts[chunk + 1]!,
    isFirst: chunk === 0,
    isLast,
  }
}

/**
 * Clips of a ledger's kept spans, crossfading where they overlap and with `edgeFade` samples of fade where
 * something else stands between.
 */
export function clipsOf(ledger: Ledger, source: number, gainDb: number, edgeFade = 0): Clip[] {
  const fadeBefore = (i: number): number => {
    if (i === 0 || i === ledger.length) return 0
    const overlap = overlapBefore(ledger, i)
    const stands = overlap === 0 && ledger[i]!.outputStart > outputEnd(ledger[i - 1]!)
    return stands
      ? Math.min(edgeFade, ...[i - 1, i].map((at) => (ledger[at]!.sourceEnd - ledger[at]!.sourceStart) >> 1))
      : overlap
  }
  return ledger.map(({ sourceStart, sourceEnd, outputStart }, i) => ({
    source,
    sourceStart,
    length: sourceEnd - sourceStart,
    outputStart,
    gainDb,
    fadeIn: fadeBefore(i),
    fadeOut: fadeBefore(i + 1),
  }))
}
