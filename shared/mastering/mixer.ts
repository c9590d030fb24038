/**
 * Mixes any slice of a timeline, sample-exact, in float. Hides range reads over the sources and the sum of
 * clips. A slice depends only on the timeline, never on where the slice was cut.
 */
import type { ObjectStore } from '../storage.ts'
import { addFrames, type Faded, type Interleaved, type Line } from '../kernel/gains.ts'
import { bytesPerFrame } from '../audio/pcm.ts'
import { fromDb } from '../audio/true-peak.ts'
import { gainsFrom } from '../show/beds.ts'
import { freshPlanes, type Lend } from './lent-planes.ts'
import type { Clip, GainPoint, Timeline } from '../timeline/timeline.ts'

/**
 * Clips of one source that lie this near are fetched in one read: a request costs more than reading half a
 * second too much.
 */
const mergedGapSamples = 24_000

/** Fetched in one request: enough that its round trip does not show, little beside the chunk itself. */
const windowBytes = 2 * 1024 * 1024

interface SourceRange {
  source: number
  start: number
  end: number
}

/**
 * The slice [start, end) of the output as one Float32Array per channel; silence outside the timeline.
 * A single channel, to be heard from both sides, when everything that sounds in the slice is mono; else two.
 */
export async function mixSlice(
  timeline: Timeline,
  storage: ObjectStore,
  bucket: string,
  start: number,
  end: number,
  lend: Lend = freshPlanes,
): Promise<Float32Array[]> {
  const audible = timeline.clips.filter(
    ({ outputStart, length }) => outputStart < end && outputStart + length > start,
  )
  const channels = Math.max(1, ...audible.map(({ source }) => timeline.sources[source]!.format.channels))
  const planes = lend(channels, end - start)
  for (const range of ranges(audible, start, end)) {
    for await (const window of readWindows(timeline, storage, bucket, range)) {
      for (const clip of audible) if (clip.source === range.source) addClip(planes, window, clip, start)
    }
  }
  return planes
}

/** The part of a clip's source that sounds in [start, end). */
function sourceRange(
  { sourceStart, outputStart, length }: Clip,
  start: number,
  end: number,
): [from: number, to: number] {
  return [sourceStart + Math.max(0, start - outputStart), sourceStart + Math.min(length, end - outputStart)]
}

function ranges(clips: readonly Clip[], start: number, end: number): SourceRange[] {
  const wanted = clips.map((clip) => ({ source: clip.source, range: sourceRange(clip, start, end) }))
  wanted.sort((a, b) => a.source - b.source || a.range[0] - b.range[0])
  const merged: SourceRange[] = []
  for (const { source, range } of wanted) {
    const last = merged.at(-1)
    if (last?.source === source && range[0] <= last.end + mergedGapSamples)
      last.end = Math.max(last.end, range[1])
    else merged.push({ source, start: range[0], end: range[1] })
  }
  return merged
}

/** Frames `start` to `end` of a source, as they are stored in its object. */
interface Window extends Interleaved {
  readonly start: number
  readonly end: number
}

/** What brings a sample as it is stored to full scale ±1. */
const fullScale = { s16le: 1 / 32768, f32le: 1 } as const

/** What windows are read into, used again: new ones would outlive the collector's young days and pile up. */
const idleWindows: Buffer[] = []

/**
 * A range in pieces of a few megabytes: a whole chunk at once would double a worker's memory. A window holds until the
 * next one is asked for.
 */
async function* readWindows(
  timeline: Timeline,
  storage: ObjectStore,
  bucket: string,
  range: SourceRange,
): AsyncGenerator<Window> {
  const { object, format } = timeline.sources[range.source]!
  const width = bytesPerFrame(format)
  const windowFrames = windowBytes / width
  const into = idleWindows.pop() ?? Buffer.allocUnsafeSlow(windowBytes)
  for (let start = range.start; start < range.end; start += windowFrames) {
    const end = Math.min(range.end, start + windowFrames)
    const bytes = await storage.read(
      { bucket, name: object },
      { start: start * width, end: end * width },
      into,
    )
    yield { start, end, bytes, ...format }
  }
  idleWindows.push(into)
}

/**
 * Adds what of `clip` lies in the window and in the slice that the planes hold from output sample `start` on. The
 * value at a sample depends on the sample alone, so that slices come out as the whole does.
 */
function addClip(planes: readonly Float32Array[], window: Window, clip: Clip, start: number): void {
  const { outputStart, sourceStart, length, fadeIn, fadeOut, automation } = clip
  const gain = fromDb(clip.gainDb) * fullScale[window.sampleFormat]
  const first = Math.max(start, outputStart, outputStart + window.start - sourceStart)
  const last = Math.min(
    start + planes[0]!.length,
    outputStart + length,
    outputStart + window.end - sourceStart,
  )
  const add = (from: number, to: number, moves?: Line | Faded): void => {
    const frame = from - outputStart + sourceStart - window.start
    if (to > from) addFrames(planes, from - start, window, frame, to - from, gain, moves)
  }
  const steadyFrom = Math.min(last, Math.max(first, outputStart + fadeIn))
  const steadyTo = Math.max(steadyFrom, Math.min(last, outputStart + length - fadeOut))
  add(first, steadyFrom, fadesOf(clip, first, steadyFrom))
  if (automation)
    for (const { from, to, ...line } of linesOf(automation, steadyFrom, steadyTo)) add(from, to, line)
  else add(steadyFrom, steadyTo)
  add(steadyTo, last, fadesOf(clip, steadyTo, last))
}

/** Equal-power fades of a clip, and what its automation does besides, at each sample of a range of the output. */
function fadesOf(clip: Clip, from: number, to: number): Faded {
  const { outputStart, length, fadeIn, fadeOut, automation } = clip
  const fadeOutStart = outputStart + length - fadeOut
  const fades = new Float64Array(Math.max(0, to - from))
  for (let output = from; output < to; output++) {
    const rising =
      output < outputStart + fadeIn ? Math.sin(((output - outputStart + 0.5) / fadeIn) * (Math.PI / 2)) : 1
    fades[output - from] =
      output >= fadeOutStart
        ? rising * Math.cos(((output - fadeOutStart + 0.5) / fadeOut) * (Math.PI / 2))
        : rising
  }
  const levels = new Float64Array(fades.length)
  if (automation) gainsFrom(automation, from, levels)
  else levels.fill(1)
  return { fades, levels }
}

/** A range of the output over which an envelope is one straight line. */
interface Range extends Line {
  readonly from: number
  readonly to: number
}

function linesOf(points: readonly GainPoint[], start: number, end: number): Range[] {
  const edges = [-Infinity, ...points.map(([sample]) => sample), Infinity]
  return edges.slice(1).flatMap((edge, i) => {
    const [from, to] = [Math.max(start, edges[i]!), Math.min(end, edge)]
    if (to <= from) return []
    const [left, right] = [points[i - 1], points[i]]
    const [anchor, level] = left ?? right ?? [0, 1]
    const slope = left && right ? (right[1] - left[1]) / (right[0] - left[0]) : 0
    return [{ from, to, level, slope, first: from - anchor }]
  })
}
