/**
 * Describes what each chunk of a timeline is made of, as text that is hashed: a chunk whose text has not
 * changed need not be rendered again.
 */
import { pointsWithin } from './beds.ts'
import { chunkSpan, type Clip, type Timeline } from '../timeline/timeline.ts'

/**
 * What each chunk is made of, as text: chunks whose text is the same sound the same, wherever they lie. All times count
 * from the chunk's start.
 */
export function chunkContents(timeline: Timeline): string[] {
  const { clips, sources, sampleRate, outputChannels, chunkStarts } = timeline
  // more than twice the pre-roll and the limiter: what `render` looks at round a seam
  const reach = 3 * sampleRate
  return chunkStarts.map((_, chunk) => {
    const { start, end, isFirst, isLast } = chunkSpan(timeline, chunk)
    const [from, to] = [start - reach, end + reach]
    const heard = clips
      .filter(({ outputStart, length }) => outputStart < to && outputStart + length > from)
      .map((clip) => audiblePart(clip, from, to, start))
    return JSON.stringify({
      isFirst,
      isLast,
      sampleRate,
      outputChannels,
      length: end - start,
      heard: heard.map(({ source, ...part }) => [sources[source], part]),
    })
  })
}

/** A clip as it sounds in [start, end), told from `origin`: what lies beyond, or fades elsewhere, makes no difference. */
function audiblePart(
  { source, sourceStart, outputStart, length, gainDb, fadeIn, fadeOut, automation }: Clip,
  start: number,
  end: number,
  origin: number,
) {
  const from = Math.max(start, outputStart)
  const to = Math.min(end, outputStart + length)
  const rises = fadeIn > 0 && from < outputStart + fadeIn ? { fadeIn, from: outputStart - origin } : null
  const falls =
    fadeOut > 0 && to > outputStart + length - fadeOut ? { fadeOut, to: outputStart + length - origin } : null
  return {
    source,
    sourceFrom: sourceStart + from - outputStart,
    from: from - origin,
    to: to - origin,
    gainDb,
    rises,
    falls,
    ...(automation
      ? { automation: pointsWithin(automation, from, to).map(([at, gain]) => [at - origin, gain]) }
      : {}),
  }
}
