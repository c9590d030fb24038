/**
 * Detects pauses that are too long. Hides how sound and words agree on what a pause is: the sound must be background,
 * and no word may stand in it. What is cut is the middle; both sides keep the recording's own room tone.
 */
import type { Analysis, Span } from '../audio/analysis.ts'
import { frameSamples } from '../audio/analysis.ts'
import type { CleaningSettings } from '../settings.ts'
import type { ProposedEdit } from './edits.ts'
import type { Transcript } from './words.ts'

/** Breath and decay belong to the speech before and after: more of what stays follows the speech than precedes the next. */
const keptAfterShare = 0.55

/** What a cut word leaves at its edges; shorter than any word. */
const sliverSeconds = 0.12

/**
 * Proposes to shorten every pause longer than the limit to the target, as it will sound once `removed` is gone:
 * two short pauses round a filler are one long pause. `transcript` is undefined when nobody transcribed.
 */
export function detectPauses(
  analysis: Analysis,
  transcript: Transcript | undefined,
  removed: readonly Span[],
  settings: CleaningSettings['pauses'],
): ProposedEdit[] {
  if (!settings.enabled || analysis.speech.length === 0) return [] // silence from end to end is not a pause in something
  const { sampleRate } = analysis.format
  const target = Math.round(settings.targetPauseSeconds * sampleRate)
  const limit = Math.round(settings.maxPauseSeconds * sampleRate)
  return quietSpans(analysis, transcript, removed).flatMap((pause) => {
    const audible = lengthOf(without([pause], removed))
    if (audible <= limit) return []
    return without([middleOf(pause, target, analysis.totalSamples)], removed).map((cut) => ({
      kind: 'pause' as const,
      ...cut,
      text: '',
      detector: transcript ? 'pauses from sound and words' : 'pauses from sound',
      score: 1,
      reason: `A pause of ${(audible / sampleRate).toFixed(2)} s, shortened to ${settings.targetPauseSeconds} s.`,
    }))
  })
}

/** What to cut of a pause so that `target` samples stay: at the recording's own start and end all of it on the side of the speech. */
function middleOf({ startSample, endSample }: Span, target: number, totalSamples: number): Span {
  if (startSample === 0) return { startSample: 0, endSample: endSample - target }
  if (endSample === totalSamples) return { startSample: startSample + target, endSample }
  const keptAfter = Math.round(target * keptAfterShare)
  return { startSample: startSample + keptAfter, endSample: endSample - (target - keptAfter) }
}

/** Where nobody speaks, by the sound and by the words. A gap between words that is not quiet is applause or music, not a pause. */
function quietSpans(analysis: Analysis, transcript: Transcript | undefined, removed: readonly Span[]): Span[] {
  const heard = (transcript?.words ?? []).filter(({ startSample, endSample }) => !isQuiet(analysis, startSample, endSample))
  const sliver = sliverSeconds * analysis.format.sampleRate
  const touchesRemoved = (span: Span) => removed.some((cut) => cut.endSample === span.startSample || cut.startSample === span.endSample)
  const occupied = without([...analysis.speech, ...heard], removed).filter(
    (span) => span.endSample - span.startSample > sliver || !touchesRemoved(span),
  )
  return without([{ startSample: 0, endSample: analysis.totalSamples }], occupied)
}

/** The spans less what `cuts` take of them. */
function without(spans: readonly Span[], cuts: readonly Span[]): Span[] {
  const ordered = [...cuts].sort((a, b) => a.startSample - b.startSample)
  return spans.flatMap((span) => {
    const rest: Span[] = []
    let from = span.startSample
    for (const cut of ordered) {
      if (cut.endSample <= from) continue
      if (cut.startSample >= span.endSample) break
      if (cut.startSample > from) rest.push({ startSample: from, endSample: cut.startSample })
      from = cut.endSample
    }
    if (from < span.endSample) rest.push({ startSample: from, endSample: span.endSample })
    return rest
  })
}

const lengthOf = (spans: readonly Span[]): number => spans.reduce((sum, { startSample, endSample }) => sum + endSample - startSample, 0)

/** A word reported over background only was heard by nobody; it must not keep a pause alive. */
function isQuiet({ levels, quietBelowDb, format }: Analysis, startSample: number, endSample: number): boolean {
  const frame = frameSamples(format.sampleRate)
  const last = Math.min(levels.length - 1, Math.floor(endSample / frame))
  for (let i = Math.max(0, Math.floor(startSample / frame)); i <= last; i++) if (levels[i]! > quietBelowDb * 100) return false
  return true
}
