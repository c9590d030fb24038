/**
 * Computes where a cut around words begins and ends. Hides how far an edge may move to the quietest point and
 * which neighbours it must not enter.
 */
import type { Analysis, Span } from '../audio/analysis.ts'
import { quietestNear } from '../audio/quiet.ts'
import type { ProposedEdit } from './edits.ts'
import type { Word } from '../words/words.ts'

/** A recogniser's edge is 50 to 150 ms off; the cut goes to the quietest point this near. */
const edgeReachSeconds = 0.06
/**
 * An edge moves into what is cut by this much of the word at most, or nothing of a short one would be cut.
 */
const inwardShare = 0.2
/** Where the gap allows it, a cut keeps this far from a neighbour's reported edge. */
const neighbourGuardSeconds = 0.03

/**
 * The span of the words from `first` to `last`, each edge at the quietest point near it, never inside a
 * neighbour.
 */
export function cutAround(words: readonly Word[], first: number, last: number, analysis: Analysis): Span {
  const { near, guard } = reaches(analysis)
  const inward = ({ startSample, endSample }: Word) =>
    Math.min(near, Math.round((endSample - startSample) * inwardShare))
  const start = words[first]!.startSample
  const low = Math.min(start, (words[first - 1]?.endSample ?? 0) + guard)
  return {
    startSample: quietestNear(analysis, start, near, low, start + inward(words[first]!)),
    endSample: endAfter(words, last, analysis, words[last]!.endSample - inward(words[last]!)),
  }
}

/** The quietest point after a word, before the next one begins. */
export const pointAfter = (words: readonly Word[], last: number, analysis: Analysis): number =>
  endAfter(words, last, analysis, words[last]!.endSample)

function endAfter(words: readonly Word[], last: number, analysis: Analysis, low: number): number {
  const { near, guard } = reaches(analysis)
  const end = words[last]!.endSample
  const high = Math.max(end, (words[last + 1]?.startSample ?? analysis.totalSamples) - guard)
  return quietestNear(analysis, end, near, low, high)
}

const reaches = ({ format }: Analysis) => ({
  near: Math.round(edgeReachSeconds * format.sampleRate),
  guard: Math.round(neighbourGuardSeconds * format.sampleRate),
})

/** The words from `first` to `last`, as spoken. */
export const textOf = (words: readonly Word[], first: number, last: number): string =>
  words
    .slice(first, last + 1)
    .map(({ text }) => text)
    .join(' ')

/** The least confident word says how sure the recogniser was of them all; 1 when it did not say. */
export const confidenceOf = (words: readonly Word[], first: number, last: number): number =>
  words.slice(first, last + 1).reduce((least, { confidence }) => Math.min(least, confidence ?? 1), 1)

export type Removal = Pick<ProposedEdit, 'startSample' | 'endSample' | 'text'>

/** What a proposal to cut the words says of them. */
export const removalOf = (
  words: readonly Word[],
  first: number,
  last: number,
  analysis: Analysis,
): Removal => ({
  ...cutAround(words, first, last, analysis),
  text: textOf(words, first, last),
})
