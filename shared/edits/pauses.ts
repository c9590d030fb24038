/**
 * Detects pauses that are too long. Hides how sound and words together define a pause: the sound must be
 * background, and no word may stand in it. Only the middle is cut; both sides keep the recording's own room
 * tone.
 */
import type { Analysis, Span } from '../audio/analysis.ts'
import type { CleaningSettings } from '../settings/cleaning.ts'
import { lengthOf, without, type ProposedEdit } from './edits.ts'
import { soundWithin } from '../words/hallucinations.ts'
import type { Transcript } from '../words/words.ts'

/**
 * Breath and decay belong to the speech before and after: more of what stays follows the speech than precedes
 * the next.
 */
const keptAfterShare = 0.55

/** Leftovers of this length at the edges of a cut word are not speech; shorter than any word. */
const sliverSeconds = 0.12

/**
 * Proposes to shorten every pause longer than the limit to the target, as it will sound once `removed` is
 * gone: two short pauses round a filler are one long pause. Where something is put in (`filled`; the span may
 * be empty), a pause ends. `transcript` is undefined when nobody transcribed.
 */
export function detectPauses(
  analysis: Analysis,
  transcript: Transcript | undefined,
  removed: readonly Span[],
  settings: CleaningSettings['pauses'],
  filled: readonly Span[] = [],
): ProposedEdit[] {
  // silence from end to end is not a pause in something
  if (!settings.enabled || analysis.speech.length === 0) return []
  const { sampleRate } = analysis.format
  const target = Math.round(settings.targetPauseSeconds * sampleRate)
  const limit = Math.round(settings.maxPauseSeconds * sampleRate)
  return without(quietSpans(analysis, transcript, removed), filled).flatMap((pause) => {
    const audible = lengthOf(without([pause], removed))
    if (audible <= limit) return []
    const cuts = without([middleOf(pause, target, analysis.totalSamples)], removed)
    const what = cuts.length > 1 ? `One of ${cuts.length} parts of a pause` : 'A pause'
    return cuts.map((cut) => ({
      kind: 'pause' as const,
      ...cut,
      text: '',
      detector: transcript ? 'pauses from sound and words' : 'pauses from sound',
      score: 1,
      reason:
        `${what} of ${(audible / sampleRate).toFixed(2)} s, ` +
        `shortened to ${settings.targetPauseSeconds} s.`,
    }))
  })
}

/**
 * What to cut of a pause so that `target` samples stay: at the recording's own start and end all of it on the
 * side of the speech.
 */
function middleOf({ startSample, endSample }: Span, target: number, totalSamples: number): Span {
  if (startSample === 0) return { startSample: 0, endSample: endSample - target }
  if (endSample === totalSamples) return { startSample: startSample + target, endSample }
  const keptAfter = Math.round(target * keptAfterShare)
  return { startSample: startSample + keptAfter, endSample: endSample - (target - keptAfter) }
}

/**
 * Where nobody speaks, by the sound and by the words. A gap between words that is not quiet is applause or
 * music, not a pause; the part of a word that was reported over background is not audible and does not
 * interrupt a pause.
 */
function quietSpans(
  analysis: Analysis,
  transcript: Transcript | undefined,
  removed: readonly Span[],
): Span[] {
  const audibleWords = (transcript?.words ?? []).flatMap(
    ({ startSample, endSample }) => soundWithin(analysis, startSample, endSample) ?? [],
  )
  const sliver = sliverSeconds * analysis.format.sampleRate
  const touchesRemoved = (span: Span) =>
    removed.some((cut) => cut.endSample === span.startSample || cut.startSample === span.endSample)
  const occupied = without([...analysis.speech, ...audibleWords], removed).filter(
    (span) => span.endSample - span.startSample > sliver || !touchesRemoved(span),
  )
  return without([{ startSample: 0, endSample: analysis.totalSamples }], occupied)
}
