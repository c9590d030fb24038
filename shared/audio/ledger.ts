/**
 * The one map between a recording and what became of it: kept source spans in integer samples, each with its place in the output.
 * Hides the arithmetic of crossfades. Audio, words and chapters all go through here; no time is computed anywhere else.
 */
import type { Span } from './analysis.ts'

/** A kept stretch of the source. Neighbours overlap in the output by the crossfade between them. */
export interface KeptSpan {
  readonly sourceStart: number
  readonly sourceEnd: number
  readonly outputStart: number
}

export type Ledger = readonly KeptSpan[]

export const outputEnd = ({ sourceStart, sourceEnd, outputStart }: KeptSpan): number => outputStart + sourceEnd - sourceStart

/** Samples of overlap between a span and the one before it; 0 for the first. */
export const overlapBefore = (ledger: Ledger, index: number): number => (index === 0 ? 0 : outputEnd(ledger[index - 1]!) - ledger[index]!.outputStart)

/**
 * Keeps what the cuts leave of `totalSamples`. `cuts` are ordered and apart; `crossfadeOf` gives the wished overlap at a cut's join,
 * which uses kept material only and so is never more than half of the shorter side.
 */
export function keepAllBut<C extends Span>(cuts: readonly C[], totalSamples: number, outputStart: number, crossfadeOf: (cut: C) => number): Ledger {
  const kept: { sourceStart: number; sourceEnd: number; cut: C | undefined }[] = []
  let from = 0
  let before: C | undefined
  for (const cut of cuts) {
    if (cut.startSample > from) kept.push({ sourceStart: from, sourceEnd: cut.startSample, cut: before })
    from = cut.endSample
    before = cut
  }
  if (from < totalSamples) kept.push({ sourceStart: from, sourceEnd: totalSamples, cut: before })
  const ledger: KeptSpan[] = []
  for (const { sourceStart, sourceEnd, cut } of kept) {
    const last = ledger.at(-1)
    if (!last) ledger.push({ sourceStart, sourceEnd, outputStart })
    else {
      const half = Math.floor(Math.min(last.sourceEnd - last.sourceStart, sourceEnd - sourceStart) / 2)
      const overlap = cut ? Math.min(Math.max(0, Math.round(crossfadeOf(cut))), half) : 0
      ledger.push({ sourceStart, sourceEnd, outputStart: outputEnd(last) - overlap })
    }
  }
  return ledger
}

/** Where a span's own part of the output begins: an overlap belongs to the left span up to its midpoint. */
const ownStart = (ledger: Ledger, index: number): number => ledger[index]!.outputStart + Math.ceil(overlapBefore(ledger, index) / 2)

/** The source sample heard at an output sample. Output outside the ledger maps to the nearest end. */
export function toSource(ledger: Ledger, output: number): number {
  const index = lastIndexWhere(ledger.length, (i) => ownStart(ledger, i) <= output)
  const { sourceStart, sourceEnd, outputStart } = ledger[Math.max(0, index)]!
  return Math.min(sourceEnd, Math.max(sourceStart, sourceStart + output - outputStart))
}

/** Where a source sample is heard; a removed one maps to the join that took its place. `toOutput(toSource(x))` is x. */
export function toOutput(ledger: Ledger, source: number): number {
  const index = lastIndexWhere(ledger.length, (i) => ledger[i]!.sourceStart <= source)
  if (index < 0) return ledger[0]?.outputStart ?? 0
  const span = ledger[index]!
  if (source < span.sourceEnd) return span.outputStart + source - span.sourceStart
  return index + 1 < ledger.length ? ownStart(ledger, index + 1) : outputEnd(span)
}

/** How much of a source span is kept, 0 to 1. */
export function keptShare(ledger: Ledger, { startSample, endSample }: Span): number {
  let kept = 0
  for (
    let i = Math.max(
      0,
      lastIndexWhere(ledger.length, (at) => ledger[at]!.sourceStart <= startSample),
    );
    i < ledger.length;
    i++
  ) {
    const { sourceStart, sourceEnd } = ledger[i]!
    if (sourceStart >= endSample) break
    kept += Math.max(0, Math.min(endSample, sourceEnd) - Math.max(startSample, sourceStart))
  }
  return endSample > startSample ? kept / (endSample - startSample) : 1
}

/** The last index for which `holds`, given that it holds for a prefix; −1 when for none. */
function lastIndexWhere(length: number, holds: (index: number) => boolean): number {
  let low = 0
  let high = length
  while (low < high) {
    const middle = (low + high) >> 1
    if (holds(middle)) low = middle + 1
    else high = middle
  }
  return low - 1
}
