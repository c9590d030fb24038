/** Finds quiet moments in an analysed recording, and the spans of sound between them. */
import { frameSamples, type Span, type Analysis } from './analysis.ts'

/**
 * The middle of the quietest 10 ms frame within `reach` samples of `sample`, inside [`low`, `high`]; ties go
 * to the nearest. In samples.
 */
export function quietestNear(
  { levels, format }: Analysis,
  sample: number,
  reach: number,
  low: number,
  high: number,
): number {
  const frame = frameSamples(format.sampleRate)
  const middle = (index: number) => index * frame + frame / 2
  const [from, to] = [Math.max(sample - reach, low), Math.min(sample + reach, high)]
  const first = Math.max(0, Math.floor(from / frame))
  const last = Math.min(levels.length - 1, Math.floor(to / frame))
  let best: number | undefined
  for (let i = first; i <= last; i++) {
    if (middle(i) < from || middle(i) > to) continue
    const better =
      best === undefined ||
      levels[i]! < levels[best]! ||
      (levels[i] === levels[best] && Math.abs(middle(i) - sample) < Math.abs(middle(best) - sample))
    if (better) best = i
  }
  return best === undefined ? Math.min(high, Math.max(low, sample)) : Math.round(middle(best))
}

/** A pause is at least as long; a shorter one may be within a word. */
const shortestPauseFrames = 15

/** The spans in which nobody says anything, in samples. */
export function pausesIn({ levels, quietBelowDb, format }: Analysis): Span[] {
  const frame = frameSamples(format.sampleRate)
  const found: Span[] = []
  let from = 0
  for (let i = 0; i <= levels.length; i++) {
    if (i < levels.length && levels[i]! <= quietBelowDb * 100) continue
    if (i - from >= shortestPauseFrames) found.push({ startSample: from * frame, endSample: i * frame })
    from = i + 1
  }
  return found
}

/** A gap shorter than this is part of a sound: the closure of a stop, not the space between words. */
const closureFrames = 4

/**
 * The spans above the background that lie whole inside [`low`, `high`], each with a frame of quiet at
 * either end, in samples.
 */
export function soundsIn({ levels, quietBelowDb, format }: Analysis, low: number, high: number): Span[] {
  const frame = frameSamples(format.sampleRate)
  const [first, last] = [Math.ceil(low / frame), Math.min(levels.length, Math.floor(high / frame))]
  const isLoud = (i: number) => levels[i]! > quietBelowDb * 100
  const runs: { start: number; end: number }[] = []
  for (let i = first; i < last; i++) {
    if (!isLoud(i)) continue
    const run = runs.at(-1)
    if (run && i - run.end < closureFrames) run.end = i + 1
    else runs.push({ start: i, end: i + 1 })
  }
  return runs
    .filter(({ start, end }) => start > first && end < last)
    .map(({ start, end }) => ({ startSample: (start - 1) * frame, endSample: (end + 1) * frame }))
}
