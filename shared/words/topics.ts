/**
 * Where a talk turns to something else, found in its words alone: chapters proposed without a model. Hides TextTiling (Hearst,
 * "TextTiling: Segmenting Text into Multi-paragraph Subtopic Passages", Computational Linguistics 23(1), 1997): the words
 * on either side of a place are compared, and where they have least in common the subject changes. A border then goes to
 * the longest pause near by. Titles are the words that stand out in their chapter, by tf-idf within the talk. Pure, and
 * linear in the number of words; no list of any language's words is needed.
 */
import { spelling } from './phrases.ts'

/** A word with its time in any clock, in samples of `sampleRate`. */
interface Timed {
  readonly text: string
  readonly startSample: number
  readonly endSample: number
  /** How long nobody spoke before it; what lies between the times of two words, when not said. */
  readonly pauseSamples?: number
}

export interface Topic {
  /** Its first word, as a place in the list. */
  readonly first: number
  readonly title: string
}

/** Hearst's w: a pseudo-sentence, in words. */
const wordsInRow = 20
/** A border is known to about two rows: within these the longest pause is its place. */
const wordsNearBorder = 2 * wordsInRow
/** Hearst's k: rows that are compared on either side; of speech about a minute and a half. */
const rowsBeside = 12
/** Likeness is the mean of so many neighbours on either side. */
const smoothingRadius = 1
/** Players list chapters; shorter ones are an interruption. */
const shortestSeconds = 60
const mostTopics = 40
/** What is said on both sides is less alike than this share of what is usual in the talk. */
const mostAlike = 0.55
/** Neighbouring chapters that are more alike than this are one. */
const mostAlikeChapters = 0.6
/** A valley is at least so deep below the hills on either side, the cosine being 0 to 1. */
const leastDepth = 0.12
const mostKeyWords = 3
const leastMentions = 2
/** Inflected forms of a word mostly share so many letters. */
const stemLength = 6
const leastLetters = 4
/** A word of a script without spaces, or nearly, says as much in two. */
const dense = /[\p{Script=Han}\p{Script=Hiragana}\p{Script=Katakana}\p{Script=Hangul}\p{Script=Thai}]/u
const denseLetters = 2

/**
 * The topics in order, the first from the first word on; none when the talk has only one, or is too short to say.
 * Words in the order in which they are said.
 */
export function topicsIn(words: readonly Timed[], sampleRate: number): Topic[] {
  const terms = words.map(({ text }) => termOf(text))
  const rows = Array.from({ length: Math.ceil(words.length / wordsInRow) }, (_, i) =>
    terms.slice(i * wordsInRow, (i + 1) * wordsInRow),
  )
  if (rows.length < 2 * rowsBeside) return []
  const weights = weightsOf(rows)
  const borders = bordersOf(rows, weights).map(({ row, depth }) => ({
    word: atPause(words, row * wordsInRow),
    depth,
  }))
  const starts = apartFromEachOther(borders, words, sampleRate)
  const from = unlikeEachOther([0, ...starts], terms, weights)
  if (from.length < 2) return []
  const said = countOf(terms)
  return from.map((first, i) => ({
    first,
    title: titleOf(words, terms, first, from[i + 1] ?? words.length, { weights, said }),
  }))
}

/** What stands for a word and its inflected forms; empty for one that says nothing of the subject. */
function termOf(text: string): string {
  const spelt = spelling(text).replaceAll(/['’]\p{L}*$/gu, '')
  const least = dense.test(spelt) ? denseLetters : leastLetters
  return spelt.length < least || /^\p{N}+$/u.test(spelt) ? '' : spelt.slice(0, stemLength)
}

type Weights = ReadonlyMap<string, number>

/** Inverse document frequency, stretches of the talk being the documents: what is said everywhere weighs nothing. */
function weightsOf(rows: readonly (readonly string[])[]): Weights {
  const stretches = Math.ceil(rows.length / rowsBeside)
  const seen = new Map<string, Set<number>>()
  rows.forEach((row, i) => {
    for (const term of row) {
      if (term === '') continue
      if (!seen.has(term)) seen.set(term, new Set())
      seen.get(term)!.add(Math.floor(i / rowsBeside))
    }
  })
  return new Map([...seen].map(([term, { size }]) => [term, Math.log((1 + stretches) / size)]))
}

interface Border {
  /** The first row behind it. */
  readonly row: number
  readonly depth: number
}

/** The valleys of likeness that are deep, measured against the whole talk. */
function bordersOf(rows: readonly (readonly string[])[], weights: Weights): Border[] {
  const gaps = Array.from({ length: rows.length - 1 }, (_, i) => i + 1)
  const raw = gaps.map((gap) =>
    cosine(
      vectorOf(rows.slice(Math.max(0, gap - rowsBeside), gap), weights),
      vectorOf(rows.slice(gap, gap + rowsBeside), weights),
    ),
  )
  const alike = smooth(raw)
  const usual = meanOf(alike)
  const [left, right] = [hills(alike), hills(alike.toReversed()).toReversed()]
  const depths = alike.map((value, i) => left[i]! + right[i]! - 2 * value)
  const mean = meanOf(depths)
  const spread = Math.sqrt(meanOf(depths.map((depth) => (depth - mean) ** 2)))
  const least = Math.max(leastDepth, mean + spread)
  return gaps.flatMap((row, i) => {
    const isValley = alike[i]! <= (alike[i - 1] ?? Infinity) && alike[i]! < (alike[i + 1] ?? Infinity)
    return isValley && depths[i]! >= least && alike[i]! <= mostAlike * usual
      ? [{ row, depth: depths[i]! }]
      : []
  })
}

function vectorOf(rows: readonly (readonly string[])[], weights: Weights): Map<string, number> {
  const vector = new Map<string, number>()
  for (const row of rows) {
    for (const term of row) {
      if (term !== '') vector.set(term, (vector.get(term) ?? 0) + weights.get(term)!)
    }
  }
  return vector
}

function cosine(a: ReadonlyMap<string, number>, b: ReadonlyMap<string, number>): number {
  let [dot, aa, bb] = [0, 0, 0]
  for (const [term, value] of a) {
    dot += value * (b.get(term) ?? 0)
    aa += value * value
  }
  for (const value of b.values()) bb += value * value
  return aa === 0 || bb === 0 ? 0 : dot / Math.sqrt(aa * bb)
}

const meanOf = (values: readonly number[]): number =>
  values.reduce((sum, value) => sum + value, 0) / values.length

const smooth = (values: readonly number[]): number[] =>
  values.map((_, i) => meanOf(values.slice(Math.max(0, i - smoothingRadius), i + smoothingRadius + 1)))

/** The height of the hill that one comes to when one climbs from each place towards the beginning. */
function hills(values: readonly number[]): number[] {
  const tops: number[] = []
  values.forEach((value, i) => tops.push(i > 0 && values[i - 1]! >= value ? tops[i - 1]! : value))
  return tops
}

/** Of the words near a border, the one behind the longest pause: nobody changes the subject in mid-sentence. */
function atPause(words: readonly Timed[], near: number): number {
  const pauseBefore = (i: number) => words[i]!.pauseSamples ?? words[i]!.startSample - words[i - 1]!.endSample
  let best = Math.max(1, near - wordsNearBorder)
  for (let i = best + 1; i <= Math.min(words.length - 1, near + wordsNearBorder); i++) {
    if (pauseBefore(i) > pauseBefore(best)) best = i
  }
  return best
}

/** The deepest borders that leave every chapter long enough, as places in the words, in order. */
function apartFromEachOther(
  borders: readonly { readonly word: number; readonly depth: number }[],
  words: readonly Timed[],
  sampleRate: number,
): number[] {
  const at = (word: number) => words[word]!.startSample
  const taken = [at(0), words.at(-1)!.endSample]
  const starts: number[] = []
  for (const { word } of borders.toSorted((a, b) => b.depth - a.depth || a.word - b.word)) {
    if (starts.length === mostTopics - 1) break
    if (taken.some((other) => Math.abs(at(word) - other) < shortestSeconds * sampleRate)) continue
    taken.push(at(word))
    starts.push(word)
  }
  return starts.toSorted((a, b) => a - b)
}

/** Without the chapters that go on with what the one before was about: a digression has two borders and is none. */
function unlikeEachOther(from: readonly number[], terms: readonly string[], weights: Weights): number[] {
  const kept: number[] = []
  let before: ReadonlyMap<string, number> | undefined
  from.forEach((first, i) => {
    const own = vectorOf([terms.slice(first, from[i + 1])], weights)
    if (before && cosine(before, own) > mostAlikeChapters) return
    before = own
    kept.push(first)
  })
  return kept
}

const countOf = (terms: readonly string[]): Map<string, number> => {
  const counts = new Map<string, number>()
  for (const term of terms) counts.set(term, (counts.get(term) ?? 0) + 1)
  return counts
}

/**
 * The words that stand out from `first` to before `end`, as they are mostly written; empty when none does. A word stands
 * out that is said there often (tf), in few places (idf), and more often than in the whole talk.
 */
function titleOf(
  words: readonly Timed[],
  terms: readonly string[],
  first: number,
  end: number,
  { weights, said }: { readonly weights: Weights; readonly said: ReadonlyMap<string, number> },
): string {
  const forms = new Map<string, Map<string, number>>()
  for (let i = first; i < end; i++) {
    const term = terms[i]!
    if (term === '') continue
    const form = words[i]!.text.replaceAll(/^[^\p{L}\p{N}]+|[^\p{L}\p{N}]+$/gu, '')
    const of = forms.get(term) ?? new Map<string, number>()
    forms.set(term, of.set(form, (of.get(form) ?? 0) + 1))
  }
  const share = (end - first) / terms.length
  return [...forms]
    .map(([term, of]) => {
      const mentions = [...of.values()].reduce((sum, count) => sum + count, 0)
      const excess = Math.log(mentions / (said.get(term)! * share))
      return { of, mentions, score: mentions * weights.get(term)! * excess }
    })
    .filter(({ mentions, score }) => mentions >= leastMentions && score > 0)
    .toSorted((a, b) => b.score - a.score)
    .slice(0, mostKeyWords)
    .map(({ of }) => [...of].reduce((best, one) => (one[1] > best[1] ? one : best))[0])
    .join(', ')
    .replace(/^\p{Ll}/u, (letter) => letter.toUpperCase())
}
