/**
 * Lays out an episode: segments in order, the recording with its cuts, everything levelled to the loudness of
 * the recording. Hides how long the crossfade at a join is and how an asset of another rate or loudness is
 * fitted in.
 */
import type { MusicRule, Segment } from '../settings/settings.ts'
import { withContent } from '../settings/settings.ts'
import { splicesOf, type Edit, type EditList } from '../edits/edits.ts'
import { segmentPlace } from './spoken.ts'
import type { Span } from '../audio/analysis.ts'
import { samplesPerFrame } from '../audio/mp3-frames.ts'
import { chunkStartsOf, dividesOf, joinAt, type Divide } from './divides.ts'
import { bedSpans, layBed } from './beds.ts'
import { splice, type Ledger } from '../timeline/ledger.ts'
import {
  clipsOf,
  type Clip,
  type InsertedText,
  type Timeline,
  type TimelineSegment,
  type TimelineSource,
} from '../timeline/timeline.ts'

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

/** In seconds. Between words a crossfade must be short; over room tone it may be longer. */
const crossfadeSeconds: Readonly<Record<Edit['kind'], number>> = {
  filler: 0.03,
  stutter: 0.03,
  flubber: 0.03,
  cut: 0.03,
  intern: 0.03,
  sfx: 0.03,
  censor: 0,
  pause: 0.09,
}
/** An asset is levelled, not transformed: beyond this something is wrong with it. */
const mostLevellingDb = 20
/** Takes the click off what does not begin or end in silence. */
const edgeFadeSeconds = 0.005
/** Silence kept on either side of an answer. */
const answerPaddingSeconds = 0.5

/** A show while it is laid out. */
interface Layout {
  readonly show: Show
  readonly sources: ArrangedSource[]
  readonly clips: Clip[]
  readonly inserted: InsertedText[]
  readonly answers: Record<string, number>
  /** Where somebody speaks in the output. */
  readonly speech: Span[]
}

/** Builds the timeline. Every source has the recording's sample rate. */
export function arrangeShow(show: Show): Timeline {
  const { recording, assets, outputChannels } = show
  const { sampleRate } = recording.format
  const layout: Layout = {
    show,
    sources: [recording, ...assets],
    clips: [],
    inserted: [],
    answers: {},
    speech: [],
  }
  const { placed, ledger, divides } = laySegments(layout)
  layMusic(layout, placed)
  const ends = [
    ...placed.map(({ endSample }) => endSample),
    ...layout.clips.map(({ outputStart, length }) => outputStart + length),
  ]
  const sources = layout.sources.map(({ object, format, totalSamples }) => ({ object, format, totalSamples }))
  const totalSamples = Math.max(0, ...ends)
  const content = placed.findIndex(({ type }) => type === 'content')
  const chunkStarts = chunkStartsOf(divides, {
    contentStart: placed[content]!.startSample,
    tailStart: placed[content + 1]?.startSample ?? totalSamples,
    totalSamples,
    ledger,
    sampleRate,
  })
  return {
    version: 1,
    sampleRate,
    outputChannels,
    totalSamples,
    chunkStarts,
    sources,
    clips: layout.clips,
    segments: placed,
    ledger,
    inserted: layout.inserted,
    answers: layout.answers,
  }
}

/**
 * Segments in order, each from the end of the one before, moved by its offset. The first behind the content begins with a
 * frame, so that an edit moves what follows by whole frames.
 */
function laySegments(layout: Layout): {
  placed: TimelineSegment[]
  ledger: Ledger
  divides: readonly Divide[]
} {
  const { show } = layout
  const placed: TimelineSegment[] = []
  let ledger: Ledger = []
  let divides: readonly Divide[] = []
  let at = 0
  for (const segment of withContent(show.segments)) {
    const wanted = Math.max(0, at + Math.round(segment.offsetSeconds * show.recording.format.sampleRate))
    const startSample =
      placed.at(-1)?.type === 'content' ? Math.ceil(wanted / samplesPerFrame) * samplesPerFrame : wanted
    if (segment.type === 'content') {
      const content = layContent(layout, startSample)
      ledger = content.ledger
      divides = content.divides
      at = content.endSample
    } else {
      const source = sourceOf(show, segment)
      place(layout, source, startSample, source.totalSamples, segment.gainDb)
      layout.inserted.push(...wordsOf(source, startSample))
      at = startSample + source.totalSamples
    }
    placed.push({
      type: segment.type,
      title: segment.title ?? null,
      startSample,
      endSample: at,
      isChapter: segment.chapter,
      ...(segment.image === undefined ? {} : { image: segment.image }),
    })
  }
  return { placed, ledger, divides }
}

type OwnSegment = Exclude<Segment, { type: 'content' }>

const sourceOf = (show: Show, segment: OwnSegment): ArrangedSource | SpokenSource =>
  segment.source.kind === 'static'
    ? assetOf(show, segment.source.file)
    : show.spoken.get(segmentPlace(show.segments.indexOf(segment)))!

/** Every rule's beds, under everything else. */
function layMusic(layout: Layout, placed: readonly TimelineSegment[]): void {
  const { show } = layout
  const { sampleRate } = show.recording.format
  const speech = [...layout.speech].sort((a, b) => a.startSample - b.startSample)
  for (const rule of show.music) {
    const asset = assetOf(show, rule.file)
    const bed = {
      source: layout.sources.indexOf(asset),
      assetSamples: asset.totalSamples,
      gainDb: levelling(asset, show.recording) + rule.levelDb,
    }
    for (const span of bedSpans(rule, placed, sampleRate))
      layout.clips.push(...layBed(rule, span, bed, speech, sampleRate))
  }
}

/** The recording with its cuts, what is put in at them, and where it is divided. */
function layContent(
  layout: Layout,
  at: number,
): { ledger: Ledger; endSample: number; divides: readonly Divide[] } {
  const { recording, edits } = layout.show
  const { sampleRate } = recording.format
  const joins = splicesOf(edits).map(({ startSample, endSample, edit }) => {
    const insertion = insertionOf(layout.show, edit)
    const crossfadeSamples = crossfadeSeconds[edit.kind] * sampleRate
    return {
      startSample,
      endSample,
      crossfadeSamples,
      edit,
      insertion,
      insertedSamples: insertion ? insertion.length + 2 * insertion.padding : 0,
    }
  })
  const divides = dividesOf(
    { sampleRate, totalSamples: recording.totalSamples, pauses: recording.pauses ?? [] },
    joins,
  )
  const aligned = divides
    .filter(({ isPause }) => isPause)
    .map((divide) => ({ ...joinAt(divide, sampleRate), edit: undefined }))
  const all = [...joins, ...aligned].sort((a, b) => a.startSample - b.startSample)
  const { ledger, insertedAt, endSample } = splice(all, recording.totalSamples, at)
  layout.speech.push(...keptSpeech(recording.speech, ledger))
  layout.clips.push(...clipsOf(ledger, 0, 0, Math.round(edgeFadeSeconds * sampleRate)))
  all.forEach((join, i) => {
    if (join.edit === undefined || !join.insertion) return
    const { edit, insertion } = join
    const start = insertedAt[i]! + insertion.padding
    place(layout, insertion.source, start, insertion.length)
    if (edit.insert?.sound !== 'tone') layout.answers[edit.id] = layout.sources.indexOf(insertion.source)
    layout.inserted.push(...textOf(edit, insertion.source, start, start + insertion.length))
  })
  return { ledger, endSample, divides }
}

interface PutIn {
  readonly source: ArrangedSource | SpokenSource
  readonly length: number
  /** Samples of silence kept on either side. */
  readonly padding: number
}

function insertionOf(show: Show, { id, insert, startSample, endSample }: Edit): PutIn | undefined {
  switch (insert?.sound) {
    case undefined:
      return undefined
    case 'tone':
      return { source: show.tone!, length: endSample - startSample, padding: 0 }
    case 'file': {
      const source = assetOf(show, insert.file)
      return { source, length: source.totalSamples, padding: 0 }
    }
    case 'speech': {
      const source = show.spoken.get(id)!
      return {
        source,
        length: source.totalSamples,
        padding: Math.round(answerPaddingSeconds * source.format.sampleRate),
      }
    }
  }
}

const assetOf = ({ assets }: Show, file: string): ArrangedSource =>
  assets.find((asset) => asset.file === file)!

/** The speech that is kept of a recording, as spans of the output. */
const keptSpeech = (speech: readonly Span[], ledger: Ledger): Span[] =>
  ledger.flatMap(({ sourceStart, sourceEnd, outputStart }) =>
    speech
      .filter(({ startSample, endSample }) => startSample < sourceEnd && endSample > sourceStart)
      .map(({ startSample, endSample }) => ({
        startSample: outputStart + Math.max(startSample, sourceStart) - sourceStart,
        endSample: outputStart + Math.min(endSample, sourceEnd) - sourceStart,
      })),
  )

function textOf(
  { insert }: Edit,
  source: ArrangedSource | SpokenSource,
  startSample: number,
  endSample: number,
): InsertedText[] {
  if (insert?.sound === 'speech') return wordsOf(source, startSample)
  return insert ? [{ startSample, endSample, text: insert.text, speaker: null }] : []
}

const wordsOf = (source: ArrangedSource | SpokenSource, at: number): InsertedText[] =>
  'words' in source
    ? source.words.map(({ text, startSample, endSample }) => ({
        text,
        speaker: source.speaker,
        startSample: at + startSample,
        endSample: at + endSample,
      }))
    : []

/** Places `length` samples of a source at `at`, levelled to the recording. */
function place(
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

function levelling(asset: ArrangedSource, recording: ArrangedSource): number {
  if (asset.integratedLufs === null || recording.integratedLufs === null) return 0
  const difference = recording.integratedLufs - asset.integratedLufs
  return Math.round(Math.max(-mostLevellingDb, Math.min(mostLevellingDb, difference)) * 100) / 100
}
