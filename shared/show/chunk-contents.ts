/**
 * Describes what each chunk of a timeline is made of, as text that is hashed: a chunk whose text has not
 * changed need not be rendered again.
 */
import { pointsWithin } from './beds.ts'
import { chunkCount, samplesPerChunk, type Clip, type Timeline } from '../timeline/timeline.ts'

/** What each chunk is made of, as text: chunks whose text is the same sound the same. */
export function chunkContents({
  clips,
  sources,
  sampleRate,
  outputChannels,
  totalSamples,
}: Timeline): string[] {
  // more than twice the pre-roll and the limiter: what `render` looks at round a seam
  const reach = 3 * sampleRate
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
function audiblePart(
  { source, sourceStart, outputStart, length, gainDb, fadeIn, fadeOut, automation }: Clip,
  start: number,
  end: number,
) {
  const from = Math.max(start, outputStart)
  const to = Math.min(end, outputStart + length)
  const rises = fadeIn > 0 && from < outputStart + fadeIn ? { fadeIn, from: outputStart } : null
  const falls =
    fadeOut > 0 && to > outputStart + length - fadeOut ? { fadeOut, to: outputStart + length } : null
  return {
    source,
    sourceFrom: sourceStart + from - outputStart,
    from,
    to,
    gainDb,
    rises,
    falls,
    ...(automation ? { automation: pointsWithin(automation, from, to) } : {}),
  }
}
