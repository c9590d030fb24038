/**
 * Finds phrases in the words of a transcript, allowing for recognisers' errors. Hides how spoken words are
 * compared: case, punctuation and stretched letters never matter; for whole phrases neither do accents, small
 * mishearings, or where the recogniser put the spaces.
 */
import type { Word } from './words.ts'

/** A phrase somebody said, as places in the list of words. */
export interface Said {
  /** Which of the phrases that were asked for. */
  readonly phrase: string
  readonly first: number
  /** The last word, itself part of the phrase. */
  readonly last: number
  /** 1 when it was said exactly. */
  readonly score: number
}

/** A longer silence inside means that two things were said, not one. */
const longestGapSeconds = 1.5
/** Recognisers join and split words: a phrase of four may be written as two, or as six. */
const joinedOrSplitWords = 2
/** A short phrase may differ by one letter only: half of "stop" is "so". */
const shortPhrase = { letters: 5, matchScore: 0.75 } as const
/** "uh", "erm", "hmm": may stand inside a phrase without changing what it says. */
const hesitation = /^[aeiou]?[hmr]+$/

/**
 * Case, punctuation and stretched letters aside: "Ummm," is "umm", or "um" when `stretched` is '$1'; "mm"
 * stays itself.
 */
export const spelling = (text: string, stretched: '$1$1' | '$1' = '$1$1'): string =>
  text
    .toLowerCase()
    .normalize('NFC')
    .replaceAll(/[^\p{L}\p{N}'’]/gu, '')
    .replaceAll(/(.)\1{2,}/gu, stretched)

/**
 * What is left of a spelling when accents, apostrophes and doubled letters are set aside too: "Café-Müll"
 * is "cafemul".
 */
export const soundOf = (text: string): string =>
  text
    .toLowerCase()
    .normalize('NFD')
    .replaceAll(/[^\p{L}\p{N}]/gu, '')
    .replaceAll(/(.)\1+/gu, '$1')

/**
 * How alike two spellings are, 0 to 1: what share of the longer one need not be changed. What is less alike
 * than `atLeast` counts as 0.
 */
export function likeness(a: string, b: string, atLeast = 0): number {
  const longer = Math.max(a.length, b.length)
  if (longer === 0) return 1
  const most = Math.floor((1 - atLeast) * longer + rounding)
  const changes = editDistance(a, b, most)
  return changes > most ? 0 : 1 - changes / longer
}

/** (1 − 0.8) × 5 is a little under 1. */
const rounding = 1e-9

/** Levenshtein's distance, a row at a time; given up when it is sure to be more than `most`. */
function editDistance(a: string, b: string, most = Infinity): number {
  if (Math.abs(a.length - b.length) > most) return Infinity
  let above = Uint16Array.from({ length: b.length + 1 }, (_, i) => i)
  let row = new Uint16Array(b.length + 1)
  for (let i = 1; i <= a.length; i++) {
    row[0] = i
    let least = i
    for (let j = 1; j <= b.length; j++) {
      const cost = Math.min(
        above[j]! + 1,
        row[j - 1]! + 1,
        above[j - 1]! + (a.charCodeAt(i - 1) === b.charCodeAt(j - 1) ? 0 : 1),
      )
      row[j] = cost
      if (cost < least) least = cost
    }
    if (least > most) return Infinity
    ;[above, row] = [row, above]
  }
  return above[b.length]!
}

/**
 * Where any of `phrases` was said, in order and apart: the longest phrase first, then the one said most
 * exactly. What was said counts when it is as like the phrase as `matchScore`, 0 to 1, says. Nobody starts a
 * phrase that another ends, and nobody falls silent in one for long.
 */
export function findPhrases(
  words: readonly Word[],
  phrases: readonly string[],
  sampleRate: number,
  matchScore: number,
): Said[] {
  const spoken = words.map(({ text }) => soundOf(text))
  const found = [...new Set(phrases)].flatMap((phrase) => {
    const wanted = soundOf(phrase)
    const count = phrase.split(/\s+/).filter((word) => soundOf(word) !== '').length
    if (wanted === '') return []
    const least =
      wanted.length <= shortPhrase.letters ? Math.max(matchScore, shortPhrase.matchScore) : matchScore
    return words.flatMap((_, first) => {
      const best = bestFrom(words, spoken, first, { wanted, count, sampleRate, matchScore: least })
      return best ? [{ phrase, first, ...best, length: wanted.length }] : []
    })
  })
  found.sort((a, b) => b.length - a.length || b.score - a.score || a.first - b.first)
  const taken: Said[] = []
  for (const { phrase, first, last, score } of found) {
    if (taken.every((other) => other.last < first || last < other.first))
      taken.push({ phrase, first, last, score })
  }
  return taken.sort((a, b) => a.first - b.first)
}

interface Wanted {
  readonly wanted: string
  readonly count: number
  readonly sampleRate: number
  readonly matchScore: number
}

/** The run of words from `first` on that is most like the phrase; the shortest of several. */
function bestFrom(
  words: readonly Word[],
  spoken: readonly string[],
  first: number,
  { wanted, count, sampleRate, matchScore }: Wanted,
) {
  const most = Math.min(words.length, first + count + joinedOrSplitWords)
  if (spoken[first] === '') return undefined
  let best: { last: number; score: number } | undefined
  let said = ''
  for (let last = first; last < most; last++) {
    if (last > first && isBroken(words[last - 1]!, words[last]!, sampleRate)) break
    if (spoken[last] === '') continue
    said += spoken[last]!
    const score = likeness(said, wanted, matchScore)
    if (score > (best?.score ?? 0) && !saysMore(spoken.slice(first, last + 1), wanted)) best = { last, score }
  }
  return best
}

const isBroken = (a: Word, b: Word, sampleRate: number): boolean =>
  a.speaker !== b.speaker || b.startSample - a.endSample > longestGapSeconds * sampleRate

/**
 * Whether a word was said that the phrase knows nothing of: "that was not a mistake" is as like "that was a
 * mistake" as a mishearing of it is, and means the opposite. Without such a word the rest is more like the
 * phrase by all of its letters but one. A stammered word says nothing more.
 */
function saysMore(spoken: readonly string[], wanted: string): boolean {
  const all = editDistance(spoken.join(''), wanted)
  return spoken.some((word, i) => {
    if (word.length < 2 || hesitation.test(word) || word === spoken[i - 1] || word === spoken[i + 1])
      return false
    return editDistance(spoken.toSpliced(i, 1).join(''), wanted) <= all - word.length + 1
  })
}
