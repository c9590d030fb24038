/**
 * Lays out an episode: segments in order, the recording among them with its cuts, music under them. Hides where each begins, and
 * in which chunks the whole is made.
 */
import type { Segment } from '../settings/segments.ts'
import { withContent } from '../settings/segments.ts'
import { samplesPerFrame } from '../audio/mp3-frames.ts'
import type { Ledger } from '../timeline/ledger.ts'
import type { Timeline, TimelineSegment } from '../timeline/timeline.ts'
import { bedSpans, layBed } from './beds.ts'
import { layContent } from './content.ts'
import { chunkStartsOf, type Divide } from './divides.ts'
import {
  assetOf,
  levelling,
  place,
  wordsOf,
  type ArrangedSource,
  type Layout,
  type Show,
  type SpokenSource,
} from './layout.ts'
import { segmentPlace } from './spoken.ts'

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
