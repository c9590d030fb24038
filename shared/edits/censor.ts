/**
 * Detects words to be bleeped out, from the producer's list. Hides the forms in which a listed word comes:
 * drawn out, with an ending, spelt with digits or asterisks; and that a word one letter away ("shift",
 * "duck") is another word.
 */
import type { CleaningSettings } from '../settings/cleaning.ts'
import type { ProposedEdit } from './edits.ts'
import { findPhrases, likeness, soundOf, spelling } from '../words/phrases.ts'
import { confidenceOf, textOf } from './word-edges.ts'
import type { Transcript, Word } from '../words/words.ts'

const toneHz = 1000
const endings = ['', 's', 'es', 'ed', 'er', 'ers', 'ing', "in'"] as const
/** Letters as people type them who do not want to be found, and as recognisers mask them. */
const disguises: Readonly<Record<string, string>> = {
  0: 'o',
  1: 'i',
  3: 'e',
  4: 'a',
  5: 's',
  7: 't',
  '@': 'a',
  $: 's',
  '!': 'i',
  '+': 't',
}
/** In words this long, one misrecognised letter does not make another word. */
const longWordLetters = 8

/**
 * Proposes a tone over exactly each listed word, as long as the word. Off unless asked for. Needs exact
 * times.
 */
export function detectCensored(
  { words, exactTimes }: Transcript,
  sampleRate: number,
  { censor, matchScore }: Pick<CleaningSettings, 'censor' | 'matchScore'>,
): ProposedEdit[] {
  if (!censor.enabled || !exactTimes) return []
  const singles = censor.words.filter((listed) => !/\s/.test(listed)).map(formsOf)
  const found = words.flatMap((word, first) => {
    const score = singles.reduce((best, forms) => Math.max(best, scoreOf(word, forms, matchScore)), 0)
    return score > 0 ? [{ first, last: first, score }] : []
  })
  const phrases = findPhrases(
    words,
    censor.words.filter((listed) => /\s/.test(listed)),
    sampleRate,
    matchScore,
  )
  const alone = found.filter(({ first }) =>
    phrases.every((phrase) => first < phrase.first || first > phrase.last),
  )
  return [...phrases, ...alone].map(({ first, last, score }) => ({
    kind: 'censor',
    startSample: words[first]!.startSample,
    endSample: words[last]!.endSample,
    text: textOf(words, first, last),
    detector: 'censor',
    score: score * confidenceOf(words, first, last),
    reason: `A word on the list, covered by a tone of ${toneHz} Hz.`,
    insert: { sound: 'tone', hz: toneHz, text: '[bleep]' },
  }))
}

interface Forms {
  readonly listed: string
  readonly all: ReadonlySet<string>
}

/** A listed word with its endings: "stop" is also "stops", "stopped" and "stoppin'", "bite" also "biting". */
function formsOf(text: string): Forms {
  const listed = withoutAccents(spelling(text))
  const stems = [listed, listed + listed.slice(-1), listed.replace(/e$/, '')]
  const all = stems.flatMap((stem, i) =>
    endings.filter((ending) => i === 0 || /^[ei]/.test(ending)).map((ending) => stem + ending),
  )
  return { listed, all: new Set(all) }
}

/** 1 for a form of the listed word, less for a mishearing of a long one, else 0. */
function scoreOf({ text }: Word, { listed, all }: Forms, matchScore: number): number {
  if (listed === '') return 0
  const bare = withoutAccents(text.toLowerCase()).replaceAll(/^["'“‘(¡¿]+|["”’.,?!…:;)-]+$/gu, '')
  const plain = bare.replaceAll(/[013457@$!+]/g, (letter) => disguises[letter]!)
  if (
    [bare, plain].some(
      (word) =>
        all.has(spelling(word)) ||
        all.has(spelling(word, '$1')) ||
        all.has(spelling(word).replaceAll(/'/g, '')),
    )
  )
    return 1
  if (bare.includes('*')) return isMasked(bare, all) ? 1 : 0
  return listed.length >= longWordLetters ? likeness(soundOf(plain), soundOf(listed), matchScore) : 0
}

const withoutAccents = (text: string): string => text.normalize('NFD').replaceAll(/\p{M}/gu, '')

/** "f**k" and "f***ing": every letter that is left is in its place, and the first one is left. */
function isMasked(text: string, forms: ReadonlySet<string>): boolean {
  const fits = (form: string) =>
    form.length === text.length &&
    Array.from(form).every((letter, i) => text[i] === '*' || text[i] === letter)
  return !text.startsWith('*') && [...forms].some(fits)
}
