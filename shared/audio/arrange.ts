/**
 * Lays a show out: segments in order, the recording with its cuts, everything levelled to the recording.
 * Hides how long a join's crossfade is and how an asset of another rate or loudness finds its place.
 */
import type { Segment } from '../settings.ts'
import { withContent } from '../settings.ts'
import { appliedCuts, type Edit, type EditList } from '../transcript/edits.ts'
import { keepAllBut, outputEnd, type Ledger } from './ledger.ts'
import { chunkCount, clipsOf, samplesPerChunk, type Clip, type Timeline, type TimelineSegment, type TimelineSource } from './timeline.ts'

/** A source with the loudness by which it is levelled; null when it is silent. */
export interface ArrangedSource extends TimelineSource {
  readonly file: string
  readonly integratedLufs: number | null
}

export interface Show {
  readonly recording: ArrangedSource
  readonly assets: readonly ArrangedSource[]
  readonly segments: readonly Segment[]
  readonly edits: EditList
  readonly outputChannels: 1 | 2
}

/** Between words a join must be quick; over room tone it may take its time. */
const crossfadeSeconds: Readonly<Record<Edit['kind'], number>> = { filler: 0.03, pause: 0.09 }
/** An asset is levelled, not transformed: beyond this something is wrong with it. */
const mostLevellingDb = 20
/** Takes the click off a segment that does not begin or end in silence. */
const segmentFadeSeconds = 0.005

/** Builds the timeline. Every source has the recording's sample rate. */
export function arrangeShow({ recording, assets, segments, edits, outputChannels }: Show): Timeline {
  const { sampleRate } = recording.format
  const clips: Clip[] = []
  const placed: TimelineSegment[] = []
  let ledger: Ledger = []
  let at = 0
  for (const segment of withContent(segments)) {
    const startSample = at
    if (segment.type === 'content') {
      ledger = keepAllBut(appliedCuts(edits), recording.totalSamples, at, (cut) => crossfadeSeconds[cut.kind] * sampleRate)
      clips.push(...clipsOf(ledger, 0, 0))
      at = ledger.length > 0 ? outputEnd(ledger.at(-1)!) : at
      placed.push({ type: 'content', title: null, startSample, endSample: at })
    } else {
      const index = assets.findIndex(({ file }) => file === segment.source.file)
      const asset = assets[index]!
      clips.push({
        source: index + 1,
        sourceStart: 0,
        length: asset.totalSamples,
        outputStart: at,
        gainDb: levelling(asset, recording),
        ...edgeFades(sampleRate),
      })
      at += asset.totalSamples
      placed.push({ type: segment.type, title: segment.title ?? null, startSample, endSample: at })
    }
  }
  const sources = [recording, ...assets].map(({ object, format, totalSamples }) => ({ object, format, totalSamples }))
  return { version: 1, sampleRate, outputChannels, totalSamples: at, sources, clips, segments: placed, ledger }
}

const edgeFades = (sampleRate: number) => ({
  fadeIn: Math.round(segmentFadeSeconds * sampleRate),
  fadeOut: Math.round(segmentFadeSeconds * sampleRate),
})

function levelling(asset: ArrangedSource, recording: ArrangedSource): number {
  if (asset.integratedLufs === null || recording.integratedLufs === null) return 0
  const difference = recording.integratedLufs - asset.integratedLufs
  return Math.round(Math.max(-mostLevellingDb, Math.min(mostLevellingDb, difference)) * 100) / 100
}

/** What each chunk is made of, as text: chunks whose text is the same sound the same. */
export function chunkContents({ clips, sources, sampleRate, outputChannels, totalSamples }: Timeline): string[] {
  const reach = 3 * sampleRate // more than twice the pre-roll and the limiter: what `render` looks at round a seam
  return Array.from({ length: chunkCount(totalSamples) }, (_, chunk) => {
    const start = chunk * samplesPerChunk - reach
    const end = (chunk + 1) * samplesPerChunk + reach
    const heard = clips
      .filter(({ outputStart, length }) => outputStart < end && outputStart + length > start)
      .map((clip) => audiblePart(clip, start, end))
    const isLast = end > totalSamples
    return JSON.stringify({
      chunk,
      sampleRate,
      outputChannels,
      end: isLast ? totalSamples : end,
      heard: heard.map(({ source, ...part }) => [sources[source], part]),
    })
  })
}

/** A clip as it sounds in [start, end): what lies beyond, or fades elsewhere, makes no difference there. */
function audiblePart({ source, sourceStart, outputStart, length, gainDb, fadeIn, fadeOut }: Clip, start: number, end: number) {
  const from = Math.max(start, outputStart)
  const to = Math.min(end, outputStart + length)
  const rises = fadeIn > 0 && from < outputStart + fadeIn ? { fadeIn, from: outputStart } : null
  const falls = fadeOut > 0 && to > outputStart + length - fadeOut ? { fadeOut, to: outputStart + length } : null
  return { source, sourceFrom: sourceStart + from - outputStart, from, to, gainDb, rises, falls }
}
