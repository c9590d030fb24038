/**
 * What a model says of a piece of sound → words with times. Hides that tokens are pieces of words, that some models give
 * no times at all and some write in capitals.
 */
import { languageOnly } from '../providers/languages.ts'
import type { RecognisedWord } from '../providers/recogniser.ts'
import type { Result } from './listener.ts'

/** How long a token lasts at most that nobody says the end of: a syllable. */
const longestTokenSeconds = 0.3

export interface Heard {
  readonly language: string | null
  readonly words: readonly RecognisedWord[]
  /** False where the model gave no times: its words share the piece out by their letters. */
  readonly hasTimes: boolean
}

/** Times are seconds from the beginning of the piece. */
export function wordsOf(result: Result, seconds: number): Heard {
  const timed = timedWords(result, seconds)
  const words = timed ?? sharedOut(result.text.split(/\s+/).filter(Boolean), seconds)
  const language = result.lang ? languageOnly(result.lang.replaceAll(/[<|>]/g, '')) : null
  return { language, words: inLowerCase(words), hasTimes: timed !== undefined }
}

interface Token {
  readonly text: string
  readonly start: number
  readonly end: number
  readonly confidence: number | null
}

/** Undefined where the tokens have no times, or are not the text: then some are bytes of letters. */
function timedWords(result: Result, seconds: number): RecognisedWord[] | undefined {
  const { tokens = [], timestamps = [], durations = [], ys_log_probs: chances = [] } = result
  if (result.text.trim() === '') return []
  if (tokens.length === 0 || timestamps.length !== tokens.length) return undefined
  const timed = tokens.map((text, i): Token => {
    const start = Math.min(seconds, timestamps[i]!)
    const next = timestamps[i + 1] ?? seconds
    const lasts = durations.length === tokens.length ? durations[i]! : longestTokenSeconds
    const chance = chances.length === tokens.length ? Math.exp(chances[i]!) : null
    return { text, start, end: Math.max(start, Math.min(next, start + lasts, seconds)), confidence: chance }
  })
  const words = grouped(timed).map(wordOf)
  return plain(words.map(({ text }) => text).join('')) === plain(result.text) ? words : undefined
}

const plain = (text: string): string => text.replaceAll(/[\s▁]/g, '')

/** A token that begins a word says so by a space, or by SentencePiece's sign for one. */
function grouped(tokens: readonly Token[]): Token[][] {
  const groups: Token[][] = []
  for (const token of tokens) {
    if (groups.length === 0 || /^[\s▁]/.test(token.text)) groups.push([token])
    else groups.at(-1)!.push(token)
  }
  return groups.filter((group) => group.some(({ text }) => plain(text) !== ''))
}

function wordOf(tokens: readonly Token[]): RecognisedWord {
  const known = tokens.every(({ confidence }) => confidence !== null)
  return {
    text: plain(tokens.map(({ text }) => text).join('')),
    start: tokens[0]!.start,
    end: tokens.at(-1)!.end,
    speaker: null,
    confidence: known ? Math.min(...tokens.map(({ confidence }) => confidence!)) : null,
  }
}

/** Words that share a time out by their letters. */
function sharedOut(texts: readonly string[], seconds: number): RecognisedWord[] {
  const letters = texts.reduce((sum, { length }) => sum + length, 0)
  let at = 0
  return texts.map((text) => {
    const start = at
    at += (seconds * text.length) / letters
    return { text, start, end: at, speaker: null, confidence: null }
  })
}

/** Models that were taught capitals alone mean nothing by them. */
function inLowerCase(words: readonly RecognisedWord[]): readonly RecognisedWord[] {
  const shouts = words.every(({ text }) => text === text.toUpperCase())
  return shouts ? words.map((word) => ({ ...word, text: word.text.toLowerCase() })) : words
}
