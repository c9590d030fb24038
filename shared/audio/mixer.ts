/**
 * Renders any slice of a timeline, sample-exact, in float. Hides range reads over the sources and the sum of clips;
 * a slice depends only on the timeline, never on where the slice was cut.
 */
import type { ObjectStore } from '../storage.ts'
import { bytesPerFrame, toPlanar } from './pcm.ts'
import { fromDb } from './true-peak.ts'
import type { Clip, Timeline } from './timeline.ts'

/** Clips of one source that lie this near are fetched in one read: a request costs more than reading half a second too much. */
const mergedGapSamples = 24_000

interface Stretch {
  source: number
  start: number
  end: number
}

/**
 * The slice [start, end) of the output as one Float32Array per channel; silence outside the timeline.
 * One channel when everything heard in it is mono, else two.
 */
export async function mixSlice(timeline: Timeline, storage: ObjectStore, bucket: string, start: number, end: number): Promise<Float32Array[]> {
  const heard = timeline.clips.filter(({ outputStart, length }) => outputStart < end && outputStart + length > start)
  const channels = Math.max(1, ...timeline.sources.map(({ format }) => format.channels))
  const planes = Array.from({ length: channels }, () => new Float32Array(end - start))
  for (const stretch of stretches(heard, start, end)) {
    const pcm = await readStretch(timeline, storage, bucket, stretch)
    for (const clip of heard) {
      const [from, to] = sourceRange(clip, start, end)
      if (clip.source !== stretch.source || from < stretch.start || to > stretch.end) continue
      planes.forEach((plane, channel) => addClip(plane, pcm[channel] ?? pcm[0]!, from - stretch.start, clip, start, end))
    }
  }
  return planes
}

/** The part of a clip's source that sounds in [start, end). */
function sourceRange({ sourceStart, outputStart, length }: Clip, start: number, end: number): [from: number, to: number] {
  return [sourceStart + Math.max(0, start - outputStart), sourceStart + Math.min(length, end - outputStart)]
}

function stretches(clips: readonly Clip[], start: number, end: number): Stretch[] {
  const wanted = clips.map((clip) => ({ source: clip.source, range: sourceRange(clip, start, end) }))
  wanted.sort((a, b) => a.source - b.source || a.range[0] - b.range[0])
  const merged: Stretch[] = []
  for (const { source, range } of wanted) {
    const last = merged.at(-1)
    if (last?.source === source && range[0] <= last.end + mergedGapSamples) last.end = Math.max(last.end, range[1])
    else merged.push({ source, start: range[0], end: range[1] })
  }
  return merged
}

async function readStretch(timeline: Timeline, storage: ObjectStore, bucket: string, { source, start, end }: Stretch): Promise<Float32Array[]> {
  const { object, format } = timeline.sources[source]!
  const width = bytesPerFrame(format)
  return toPlanar(await storage.read({ bucket, name: object }, { start: start * width, end: end * width }), format)
}

/** Adds what of `clip` falls into the slice; `pcm[pcmStart]` is the first sample of it. */
function addClip(plane: Float32Array, pcm: Float32Array, pcmStart: number, clip: Clip, start: number, end: number): void {
  const { outputStart, length, fadeIn, fadeOut } = clip
  const gain = fromDb(clip.gainDb)
  const first = Math.max(outputStart, start)
  const last = Math.min(outputStart + length, end)
  const fadeOutStart = length - fadeOut
  for (let output = first, i = pcmStart; output < last; output++, i++) {
    const at = output - outputStart
    let level = gain
    if (at < fadeIn) level *= Math.sin(((at + 0.5) / fadeIn) * (Math.PI / 2))
    if (at >= fadeOutStart) level *= Math.cos(((at - fadeOutStart + 0.5) / fadeOut) * (Math.PI / 2))
    plane[output - start]! += pcm[i]! * level
  }
}
