/**
 * The ledger maps times of a recording to times of the edited output and back: kept source spans in integer
 * samples, each with its place in the output. Hides the arithmetic of crossfades. Audio, words and chapters
 * all go through here; no time is computed anywhere else.
 */
import type { Span } from '../audio/analysis.ts'

/** A kept span of the source. Neighbours overlap in the output by the crossfade between them. */
export interface KeptSpan {
  readonly sourceStart: number
  readonly sourceEnd: number
  readonly outputStart: number
}

export type Ledger = readonly KeptSpan[]

export const outputEnd = ({ sourceStart, sourceEnd, outputStart }: KeptSpan): number =>
  outputStart + sourceEnd - sourceStart

/**
 * Samples of overlap between a span and the one before it; 0 for the first, and where something was put in
 * between.
 */
export const overlapBefore = (ledger: Ledger, index: number): number =>
  index === 0 ? 0 : Math.max(0, outputEnd(ledger[index - 1]!) - ledger[index]!.outputStart)

/**
 * A cut of the source, and how much is put in at its join, in samples. An empty cut only makes place for an
 * insertion.
 */
export interface Join extends Span {
  readonly insertedSamples: number
  /** The wanted overlap of both sides, where nothing is put in. */
  readonly crossfadeSamples: number
  /**
   * What follows begins at a multiple of so many samples of the output: both sides overlap by as much more as that
   * takes.
   */
  readonly alignedTo?: number
}

export interface Spliced {
  readonly ledger: Ledger
  /** Where each join's insertion begins in the output; as long as `insertedSamples` says. */
  readonly insertedAt: readonly number[]
  readonly endSample: number
}

/**
 * Lays `totalSamples` out from `outputStart` on, without what the joins cut and with space for what they put
 * in. Joins are ordered and apart. A crossfade uses kept material only, and so is never more than half of the
 * shorter side.
 */
export function splice(joins: readonly Join[], totalSamples: number, outputStart: number): Spliced {
  const ledger: KeptSpan[] = []
  const insertedAt: number[] = []
  let at = outputStart
  let from = 0
  let crossfade = 0
  let alignedTo = 1
  let hasInsertion = false
  const keep = (sourceStart: number, sourceEnd: number) => {
    if (sourceEnd <= sourceStart) return
    const last = ledger.at(-1)
    const half = last
      ? Math.floor(Math.min(last.sourceEnd - last.sourceStart, sourceEnd - sourceStart) / 2)
      : 0
    const wanted = Math.max(0, Math.round(crossfade))
    const overlap = hasInsertion ? 0 : Math.min(wanted + ((at - wanted) % alignedTo), half)
    ledger.push({ sourceStart, sourceEnd, outputStart: at - overlap })
    at += sourceEnd - sourceStart - overlap
    hasInsertion = false
  }
  for (const join of joins) {
    const { startSample, endSample, insertedSamples, crossfadeSamples } = join
    keep(from, startSample)
    insertedAt.push(at)
    at += insertedSamples
    hasInsertion ||= insertedSamples > 0
    crossfade = crossfadeSamples
    alignedTo = join.alignedTo ?? 1
    from = endSample
  }
  keep(from, totalSamples)
  return { ledger, insertedAt, endSample: at }
}

/** Keeps what the cuts leave, with `crossfadeOf` each at its join. */
export function keepAllBut<C extends Span>(
  cuts: readonly C[],
  totalSamples: number,
  outputStart: number,
  crossfadeOf: (cut: C) => number,
): Ledger {
  const joins = cuts.map((cut) => ({ ...cut, insertedSamples: 0, crossfadeSamples: crossfadeOf(cut) }))
  return splice(joins, totalSamples, outputStart).ledger
}

/** Where a span's own part of the output begins: an overlap belongs to the left span up to its midpoint. */
const ownStart = (ledger: Ledger, index: number): number =>
  ledger[index]!.outputStart + Math.ceil(overlapBefore(ledger, index) / 2)

/** The source sample that plays at an output sample. Output outside the ledger maps to the nearest end. */
export function toSource(ledger: Ledger, output: number): number {
  const index = lastIndexWhere(ledger.length, (i) => ownStart(ledger, i) <= output)
  const { sourceStart, sourceEnd, outputStart } = ledger[Math.max(0, index)]!
  return Math.min(sourceEnd, Math.max(sourceStart, sourceStart + output - outputStart))
}

/**
 * The output sample at which a source sample plays; a removed one maps to the join that replaced it.
 * `toOutput(toSource(x))` is x.
 */
export function toOutput(ledger: Ledger, source: number): number {
  const index = lastIndexWhere(ledger.length, (i) => ledger[i]!.sourceStart <= source)
  if (index < 0) return ledger[0]?.outputStart ?? 0
  const span = ledger[index]!
  if (source < span.sourceEnd) return span.outputStart + source - span.sourceStart
  return index + 1 < ledger.length ? ownStart(ledger, index + 1) : outputEnd(span)
}

/** How much of the source is kept, in samples; what a crossfade lays over something else counts once. */
export const keptSamples = (ledger: Ledger): number =>
  ledger.reduce(
    (sum, { sourceStart, sourceEnd }, i) => sum + sourceEnd - sourceStart - overlapBefore(ledger, i),
    0,
  )

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
