/**
 * A show while it is laid out: what lies where so far. Hides how an asset is fitted in: levelled to the recording, and faded at
 * its edges.
 */
import type { Span } from '../audio/analysis.ts'
import type { EditList } from '../edits/edits.ts'
import type { MusicRule, Segment } from '../settings/segments.ts'
import type { Clip, InsertedText, TimelineSource } from '../timeline/timeline.ts'

/** A source with the loudness by which it is levelled; null when it is silent. */
export interface ArrangedSource extends TimelineSource {
  readonly file: string
  readonly integratedLufs: number | null
  /** Where somebody speaks in it; empty when that does not matter. */
  readonly speech: readonly Span[]
  /** Where nobody does, for long enough to be divided there; of the recording only. */
  readonly pauses?: readonly Span[]
}

/** Something spoken for this episode, with its words at samples of its own. */
export interface SpokenSource extends ArrangedSource {
  readonly speaker: string | null
  readonly words: readonly {
    readonly text: string
    readonly startSample: number
    readonly endSample: number
  }[]
}

export interface Show {
  readonly recording: ArrangedSource
  readonly assets: readonly ArrangedSource[]
  /** By the id of the edit they answer, or their segment's place. */
  readonly spoken: ReadonlyMap<string, SpokenSource>
  /** As long as the longest bleep; absent when there is none. */
  readonly tone?: ArrangedSource | undefined
  readonly segments: readonly Segment[]
  readonly music: readonly MusicRule[]
  readonly edits: EditList
  readonly outputChannels: 1 | 2
}

/** What grows as one piece after the other is placed. */
export interface Layout {
  readonly show: Show
  readonly sources: ArrangedSource[]
  readonly clips: Clip[]
  readonly inserted: InsertedText[]
  readonly answers: Record<string, number>
  /** Where somebody speaks in the output. */
  readonly speech: Span[]
}

/** An asset is levelled, not transformed: beyond this something is wrong with it. */
const mostLevellingDb = 20
/** Takes the click off what does not begin or end in silence. */
export const edgeFadeSeconds = 0.005
export const assetOf = ({ assets }: Show, file: string): ArrangedSource =>
  assets.find((asset) => asset.file === file)!

export const wordsOf = (source: ArrangedSource | SpokenSource, at: number): InsertedText[] =>
  'words' in source
    ? source.words.map(({ text, startSample, endSample }) => ({
        text,
        speaker: source.speaker,
        startSample: at + startSample,
        endSample: at + endSample,
      }))
    : []

/** Places `length` samples of a source at `at`, levelled to the recording. */
export function place(
  { show, sources, clips, speech }: Layout,
  source: ArrangedSource,
  at: number,
  length = source.totalSamples,
  gainDb = 0,
): void {
  if (!sources.includes(source)) sources.push(source)
  speech.push(
    ...source.speech.map(({ startSample, endSample }) => ({
      startSample: at + startSample,
      endSample: at + endSample,
    })),
  )
  const fade = Math.min(Math.round(edgeFadeSeconds * source.format.sampleRate), length >> 1)
  clips.push({
    source: sources.indexOf(source),
    sourceStart: 0,
    length,
    outputStart: at,
    gainDb: levelling(source, show.recording) + gainDb,
    fadeIn: fade,
    fadeOut: fade,
  })
}

/** What brings an asset to the loudness of the recording: in decibels, to the hundredth. */
export function levelling(asset: ArrangedSource, recording: ArrangedSource): number {
  if (asset.integratedLufs === null || recording.integratedLufs === null) return 0
  const difference = recording.integratedLufs - asset.integratedLufs
  return Math.round(Math.max(-mostLevellingDb, Math.min(mostLevellingDb, difference)) * 100) / 100
}
