/**
 * The timeline of an episode: everything that will be heard, as clips of canonical PCM at integer samples
 * with their gains and fades. Hides how the output is divided into chunks on a grid that does not depend on
 * its content.
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

/** 2450 frames: a whole number of 100 ms blocks and of 49-frame padding cycles at both 44.1 and 48 kHz. */
export const framesPerChunk = 2450
export const samplesPerChunk = framesPerChunk * samplesPerFrame

export const chunkCount = (totalSamples: number): number =>
  Math.max(1, Math.ceil(totalSamples / samplesPerChunk))

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
