/**
 * Detects stutters and restarts: "I I", "and the, and the", "wh- where". Hides which repeats are accidents, which
 * are meant, and which only a person can tell apart.
 */
import type { Analysis } from '../audio/analysis.ts'
import type { CleaningSettings } from '../settings/cleaning.ts'
import type { AlignedTranscript, AlignedWord } from '../alignment/alignment.ts'
import type { ProposedEdit } from './edits.ts'
import { spanOfFiller } from './filler-span.ts'
import { repeatedWords, type RepeatedWords } from './repeated-words.ts'
import { spelling } from '../words/phrases.ts'
import type { Timing } from '../words/timing.ts'
import { confidenceOf, textOf } from './word-edges.ts'
import type { Transcript, Word } from '../words/words.ts'

/** What was said too much, as places in the list of words: all but the last of what was said again. */
export interface Stutter {
  readonly first: number
  readonly last: number
  readonly form: 'repeat' | 'broken'
  /** It is no speaker's intention, by the language's list. */
  readonly isCertain: boolean
}

/** A longer silence between the two, and the second begins a thought of its own. */
const longestGapSeconds = 0.6
/** What was said too much is as short as this, or is followed at once by what was meant. */
const shortSeconds = 0.4
const atOnceSeconds = 0.3
/** Longer repeats are how people talk, or a refrain. */
const mostWords = 3
const mostWordsForCertain = 2

const endsThought = /(?<![.…])[.!?;:]["'”’)»]*$/u
const breaksOff = /[\p{L}]['’]?(?:-{1,2}|[‐‑–—])[,.…]*$/u

/** What a rule looks at: a word's spelling beside the word. */
interface Spoken {
  readonly words: readonly Word[]
  readonly spelled: readonly string[]
  readonly lists: RepeatedWords
  readonly sampleRate: number
}

/** What stutters a transcript has; none without exact times, or in a language without a list. */
export function findStutters({ words, language, exactTimes }: Transcript, sampleRate: number): Stutter[] {
  const lists = repeatedWords[language.split(/[-_]/)[0]!.toLowerCase()]
  if (!exactTimes || !lists) return []
  const spelled = words.map(({ text }) => spelling(text).replaceAll('’', "'"))
  const spoken = { words, spelled, lists, sampleRate }
  const found: Stutter[] = []
  for (let first = 0; first < words.length - 1; first++) {
    const stutter = brokenAt(spoken, first) ?? repeatAt(spoken, first)
    if (!stutter) continue
    found.push(stutter)
    first = stutter.last
  }
  return found
}

/**
 * Proposes a cut for every stutter: at once where the settings say "cut" and nothing is in doubt, else for review.
 * Words that were aligned with the sound have better edges.
 */
export function detectStutters(
  transcript: AlignedTranscript,
  analysis: Analysis,
  timing: Timing,
  wanted: CleaningSettings['stutters'],
): ProposedEdit[] {
  if (wanted === 'off') return []
  return findStutters(transcript, analysis.format.sampleRate).map((stutter) =>
    cutStutter(transcript.words, stutter, analysis, timing, wanted),
  )
}

function cutStutter(
  words: readonly AlignedWord[],
  { first, last, form, isCertain }: Stutter,
  analysis: Analysis,
  timing: Timing,
  wanted: CleaningSettings['stutters'],
): ProposedEdit {
  const { isSure, ...span } = spanOfFiller(words, first, last, analysis, timing)
  const what = form === 'broken' ? 'A word that was broken off and begun again' : 'Said twice'
  const doubt = !isCertain
    ? '; it may be meant'
    : isSure
      ? ''
      : '; where it begins and ends is too unsure to cut it unheard'
  return {
    kind: 'stutter',
    ...span,
    ...(wanted === 'cut' && isCertain && isSure ? {} : { status: 'pending' as const }),
    text: textOf(words, first, last),
    detector: 'stutters',
    score: confidenceOf(words, first, last) * (isCertain ? 1 : 0.5),
    reason: `${what}${doubt}.`,
  }
}

/** Beginnings of a word that were broken off, as vendors write them: "wh- where", "t- t- talk", "th— the". */
function brokenAt(spoken: Spoken, first: number): Stutter | undefined {
  let whole = first
  while (isBegunAgain(spoken, whole)) whole++
  const last = whole - 1
  if (last < first || spoken.spelled[whole] === spoken.spelled[first]) return undefined
  return { first, last, form: 'broken', isCertain: isAStumble(spoken, first, last) }
}

function isBegunAgain(spoken: Spoken, place: number): boolean {
  const { words, spelled } = spoken
  const start = spelled[place]
  return (
    breaksOff.test(words[place]!.text) &&
    !!start &&
    !/\p{N}/u.test(start) &&
    place + 1 < words.length &&
    goesOn(spoken, place) &&
    spelled[place + 1]!.startsWith(start)
  )
}

/** The same one, two or three words twice or more often. */
function repeatAt(spoken: Spoken, first: number): Stutter | undefined {
  for (let length = 1; length <= mostWords; length++) {
    let times = 1
    while (isSaidAgain(spoken, first + (times - 1) * length, length)) times++
    if (times === 1) continue
    const last = first + (times - 1) * length - 1
    const spelled = spoken.spelled.slice(first, first + length)
    if (isMeant(spoken, first, last + 1, spelled)) return undefined
    const isCertain =
      length <= mostWordsForCertain && isStumbled(spelled, spoken.lists) && isAStumble(spoken, first, last)
    return { first, last, form: 'repeat', isCertain }
  }
  return undefined
}

function isSaidAgain(spoken: Spoken, first: number, length: number): boolean {
  const { spelled } = spoken
  if (first + 2 * length > spelled.length) return false
  for (let place = first; place < first + length; place++)
    if (!spelled[place] || spelled[place] !== spelled[place + length]) return false
  for (let place = first; place < first + 2 * length - 1; place++) if (!goesOn(spoken, place)) return false
  return true
}

/** Whether the next word belongs to the same thought of the same speaker. */
function goesOn({ words, sampleRate }: Spoken, place: number): boolean {
  const [word, next] = [words[place]!, words[place + 1]!]
  return (
    next.speaker === word.speaker &&
    !word.isPlaced &&
    !next.isPlaced &&
    !endsThought.test(word.text) &&
    next.startSample - word.endSample < longestGapSeconds * sampleRate
  )
}

/** Words that are repeated for weight, numbers, and letters that are spelled out. */
function isMeant(
  { words, lists }: Spoken,
  first: number,
  again: number,
  spelled: readonly string[],
): boolean {
  const isLetter = (word: string, i: number) =>
    word.length === 1 &&
    (!(lists.stumbled.has(word) || lists.restarted.has(word)) ||
      (word !== 'i' && [first, again].every((place) => /\p{Lu}/u.test(words[place + i]!.text))))
  return (
    spelled.some((word, i) => /\p{N}/u.test(word) || isLetter(word, i)) ||
    spelled.every((word) => lists.meant.has(word))
  )
}

const isStumbled = (spelled: readonly string[], { stumbled, restarted, meant }: RepeatedWords): boolean =>
  spelled.length === 1
    ? stumbled.has(spelled[0]!)
    : spelled.every((word) => !meant.has(word) && (stumbled.has(word) || restarted.has(word)))

function isAStumble({ words, sampleRate }: Spoken, first: number, last: number): boolean {
  const [head, tail, next] = [words[first]!, words[last]!, words[last + 1]!]
  return (
    tail.endSample - head.startSample <= shortSeconds * sampleRate ||
    next.startSample - tail.endSample <= atOnceSeconds * sampleRate
  )
}
