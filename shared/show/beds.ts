/**
 * Music beds: music that plays quietly under parts of the show, looped across a crossfade, faded, and lowered
 * while somebody speaks. Hides the arithmetic of the envelope: all gains are breakpoints computed beforehand,
 * so a renderer keeps no state.
 */
import type { MusicRule } from '../settings/segments.ts'
import type { Span } from '../audio/analysis.ts'
import type { Clip, GainPoint, TimelineSegment } from '../timeline/timeline.ts'
import { fromDb } from '../audio/true-peak.ts'

/** The bed is down this long before the first sound of a word, and stays down this long after the last. */
const lookAheadSeconds = 0.02
const holdSeconds = 0.1
/**
 * Between words that are nearer than this (ramps aside) the bed stays down: music that comes up for half a
 * second pumps.
 */
const bridgeSeconds = 0.8

/** The unbroken runs of segments that a rule plays under, moved by its offsets. */
export function bedSpans(
  { under, startOffsetSeconds, endOffsetSeconds }: MusicRule,
  segments: readonly TimelineSegment[],
  sampleRate: number,
): Span[] {
  const runs: { startSample: number; endSample: number }[] = []
  let isOpen = false
  for (const { type, startSample, endSample } of segments) {
    const belongs = (under as readonly string[]).includes(type)
    const run = runs.at(-1)
    if (belongs && isOpen && run) {
      run.startSample = Math.min(run.startSample, startSample)
      run.endSample = Math.max(run.endSample, endSample)
    } else if (belongs) runs.push({ startSample, endSample })
    isOpen = belongs
  }
  return runs
    .map(({ startSample, endSample }) => ({
      startSample: Math.max(0, startSample + Math.round(startOffsetSeconds * sampleRate)),
      endSample: endSample + Math.round(endOffsetSeconds * sampleRate),
    }))
    .filter(({ startSample, endSample }) => endSample > startSample)
}

/**
 * One bed as clips of `source`, whose asset has `assetSamples`. `speech` are spans of the output, in order.
 */
export function layBed(
  rule: MusicRule,
  span: Span,
  bed: { readonly source: number; readonly assetSamples: number; readonly gainDb: number },
  speech: readonly Span[],
  sampleRate: number,
): Clip[] {
  const envelope = product(
    fades(rule, span, sampleRate),
    rule.ducking.enabled ? ducks(rule.ducking, speech, sampleRate) : [],
  )
  return loops(span, bed.assetSamples, Math.round(rule.loopCrossfadeSeconds * sampleRate)).map(
    ({ outputStart, length, fadeIn, fadeOut }) => ({
      source: bed.source,
      sourceStart: 0,
      length,
      outputStart,
      gainDb: bed.gainDb,
      fadeIn,
      fadeOut,
      automation: pointsWithin(envelope, outputStart, outputStart + length),
    }),
  )
}

interface Loop {
  readonly outputStart: number
  readonly length: number
  readonly fadeIn: number
  readonly fadeOut: number
}

/** The asset again and again, each time across a crossfade, until the span is full. */
function loops({ startSample, endSample }: Span, assetSamples: number, wantedCrossfade: number): Loop[] {
  const crossfade = Math.min(wantedCrossfade, assetSamples >> 1)
  const all: Loop[] = []
  for (let at = startSample; ; at += assetSamples - crossfade) {
    const isLast = at + assetSamples >= endSample
    all.push({
      outputStart: at,
      length: isLast ? endSample - at : assetSamples,
      fadeIn: all.length > 0 ? crossfade : 0,
      fadeOut: isLast ? 0 : crossfade,
    })
    if (isLast) return all
  }
}

/** In and out, each shorter in proportion where the span is too short for both. */
function fades(
  { fadeInSeconds, fadeOutSeconds }: MusicRule,
  { startSample, endSample }: Span,
  sampleRate: number,
): GainPoint[] {
  const wanted = (fadeInSeconds + fadeOutSeconds) * sampleRate
  const scale = Math.min(1, (endSample - startSample) / Math.max(1, wanted))
  const [inSamples, outSamples] = [fadeInSeconds, fadeOutSeconds].map((seconds) =>
    Math.floor(seconds * sampleRate * scale),
  ) as [number, number]
  return [
    ...(inSamples > 0 ? ([[startSample, 0]] as const) : []),
    [startSample + inSamples, 1],
    [endSample - outSamples, 1],
    ...(outSamples > 0 ? ([[endSample, 0]] as const) : []),
  ]
}

/** Lowers the bed before each span of speech and raises it again after it. */
export function ducks(
  { depthDb, attackSeconds, releaseSeconds }: MusicRule['ducking'],
  speech: readonly Span[],
  sampleRate: number,
): GainPoint[] {
  const [attack, release] = [attackSeconds * sampleRate, releaseSeconds * sampleRate]
  const [before, after] = [lookAheadSeconds * sampleRate, holdSeconds * sampleRate]
  const low = fromDb(depthDb)
  const down: { from: number; to: number }[] = []
  for (const { startSample, endSample } of speech) {
    const last = down.at(-1)
    const [from, to] = [startSample - before, endSample + after]
    if (last && from - last.to <= attack + release + bridgeSeconds * sampleRate)
      last.to = Math.max(last.to, to)
    else down.push({ from, to })
  }
  return down.flatMap(({ from, to }): GainPoint[] => [
    [Math.round(from - attack), 1],
    [Math.round(from), low],
    [Math.round(to), low],
    [Math.round(to + release), 1],
  ])
}

/**
 * The gain of an envelope at a sample: straight lines between its points, level before the first and after
 * the last; 1 without points.
 */
export function gainAt(points: readonly GainPoint[], sample: number): number {
  const next = points.findIndex(([at]) => at > sample)
  return gainBefore(points, next < 0 ? points.length : next, sample)
}

function gainBefore(points: readonly GainPoint[], next: number, sample: number): number {
  const [left, right] = [points[next - 1], points[next]]
  if (!left || !right) return (left ?? right)?.[1] ?? 1
  const [[from, a], [to, b]] = [left, right]
  return a + ((b - a) * (sample - from)) / (to - from)
}

/** As `gainAt`, for `out.length` samples in a row from `start` on. */
export function gainsFrom(points: readonly GainPoint[], start: number, out: Float64Array): void {
  for (let i = 0, next = 0; i < out.length; i++) {
    while (next < points.length && points[next]![0] <= start + i) next++
    out[i] = gainBefore(points, next, start + i)
  }
}

/** Multiplies two envelopes: exact at the points of both. */
function product(one: readonly GainPoint[], other: readonly GainPoint[]): GainPoint[] {
  const samples = [...new Set([...one, ...other].map(([sample]) => sample))].sort((a, b) => a - b)
  return samples.map((sample) => [sample, gainAt(one, sample) * gainAt(other, sample)])
}

/** What of an envelope matters in [start, end): its points there, and one on either side. */
export function pointsWithin(points: readonly GainPoint[], start: number, end: number): GainPoint[] {
  const before = points.findLastIndex(([sample]) => sample <= start)
  const after = points.findIndex(([sample]) => sample >= end)
  return points.slice(Math.max(0, before), after < 0 ? undefined : after + 1)
}
