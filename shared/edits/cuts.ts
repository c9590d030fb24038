/**
 * Turns the cuts that a producer asked for by hand into edits. Hides how overlapping spans become one, and
 * which are too short or too late to be cut.
 */
import type { Analysis, Span } from '../audio/analysis.ts'
import type { CleaningSettings } from '../settings/cleaning.ts'
import type { ProposedEdit } from './edits.ts'
import type { Transcript } from '../words/words.ts'

/** Anything shorter is heard as a click, not as a cut. */
export const shortestCutSeconds = 0.02

type Cuts = Pick<CleaningSettings, 'cuts'>

/**
 * Proposes the spans of `settings.cuts` as they are, whatever is in them; those that overlap or touch are one
 * cut.
 */
export function detectCuts(
  transcript: Transcript | undefined,
  { format, totalSamples }: Analysis,
  { cuts }: Cuts,
): ProposedEdit[] {
  return merged(cuts, format.sampleRate, totalSamples)
    .filter((span) => !isTooShort(span, format.sampleRate))
    .map((span) => ({
      kind: 'cut',
      ...span,
      text: textIn(transcript, span),
      detector: 'by hand',
      score: 1,
      reason: 'Cut by hand.',
    }))
}

/** The words that are mostly inside. */
function textIn(transcript: Transcript | undefined, cut: Span): string {
  const inside = transcript?.words.filter(({ startSample, endSample }) => {
    const middle = (startSample + endSample) / 2
    return middle >= cut.startSample && middle < cut.endSample
  })
  return (inside ?? []).map(({ text }) => text).join(' ')
}

/** How many of the cuts come to nothing: too short once they are merged, or past the recording's end. */
export const droppedCuts = ({ format, totalSamples }: Analysis, { cuts }: Cuts): number =>
  merged(cuts, format.sampleRate, totalSamples).filter((span) => isTooShort(span, format.sampleRate)).length

const isTooShort = ({ startSample, endSample }: Span, sampleRate: number): boolean =>
  endSample - startSample < shortestCutSeconds * sampleRate

function merged(cuts: CleaningSettings['cuts'], sampleRate: number, totalSamples: number): Span[] {
  const sample = (seconds: number) => Math.min(totalSamples, Math.round(seconds * sampleRate))
  const spans = cuts
    .map(({ startSeconds, endSeconds }) => ({
      startSample: sample(startSeconds),
      endSample: sample(endSeconds),
    }))
    .sort((a, b) => a.startSample - b.startSample)
  const apart: { startSample: number; endSample: number }[] = []
  for (const { startSample, endSample } of spans) {
    const last = apart.at(-1)
    if (last && startSample <= last.endSample) last.endSample = Math.max(last.endSample, endSample)
    else apart.push({ startSample, endSample })
  }
  return apart
}
