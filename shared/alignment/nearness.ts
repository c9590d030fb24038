/**
 * How near a text's passages are to where they are said to be, as a first search in wide places has shown for most of
 * them: the others are as near. Without this a hesitation just before a caption, half a second early, is taken for its
 * first word. Pure.
 */
import type { Passage } from './passages.ts'

/** By how many frames the places of passages are narrowed, at their beginning and at their end. */
export interface Nearness {
  readonly before: number
  readonly behind: number
}

/** Where a passage was found: its first word's start and its last one's end, in frames; null where it was not. */
export type FoundAt = { readonly start: number; readonly end: number } | null

export const notNearer: Nearness = { before: 0, behind: 0 }

/** With fewer passages nothing is known. */
const fewestPassages = 20
/** Between these two shares most passages lie; a few of the others were found where they are not. */
const [early, late] = [0.1, 0.9]
/** Passages lie so much further than between those two, by their distance: errors spread evenly need an eighth. */
const margin = 0.2

/** Nothing is narrowed where too few passages were found, or where a passage's words have places of their own. */
export function nearnessOf(passages: readonly Passage[], found: readonly FoundAt[]): Nearness {
  const placed = passages.flatMap((passage, i) =>
    found[i] && passage[0]!.about === undefined ? [{ passage, at: found[i] }] : [],
  )
  if (placed.length < fewestPassages) return notNearer
  return {
    before: leastOf(placed.map(({ passage, at }) => at.start - passage[0]!.from)),
    behind: leastOf(placed.map(({ passage, at }) => passage.at(-1)!.to - at.end)),
  }
}

/** What hardly any of the distances falls below, and no less than 0. */
function leastOf(distances: readonly number[]): number {
  const sorted = [...distances].sort((a, b) => a - b)
  const at = (share: number): number => sorted[Math.floor(share * (sorted.length - 1))]!
  return Math.max(0, at(early) - margin * (at(late) - at(early)))
}

/** The passages in their narrower places. */
export const nearer = (passages: readonly Passage[], { before, behind }: Nearness): Passage[] =>
  passages.map((passage) => {
    const [from, to] = [passage[0]!.from + before, passage.at(-1)!.to - behind]
    return passage.map((word) => ({ ...word, from: Math.max(word.from, from), to: Math.min(word.to, to) }))
  })
