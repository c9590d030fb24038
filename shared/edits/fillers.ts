/** Detects filler words. Hides the lists, one per language, and how a spoken word is compared with them. */
import type { Analysis } from '../audio/analysis.ts'
import type { CleaningSettings } from '../settings/cleaning.ts'
import type { AlignedTranscript, AlignedWord } from '../alignment/alignment.ts'
import type { ProposedEdit } from './edits.ts'
import { spanOfFiller } from './filler-span.ts'
import { spelling } from '../words/phrases.ts'
import type { Timing } from '../words/timing.ts'
import { confidenceOf, textOf } from './word-edges.ts'
import type { Transcript } from '../words/words.ts'

/** Sounds that mean nothing in that language. German "um" is a word, so it is not in the German list. */
const fillerWords: Readonly<Record<string, readonly string[]>> = {
  en: ['um', 'umm', 'uh', 'uhh', 'er', 'ah', 'erm', 'hmm', 'uhm', 'mm'],
  de: ['äh', 'ähm', 'öh', 'öhm', 'hm', 'hmm'],
  es: ['eh', 'em', 'ehm', 'mmm'],
  fr: ['euh', 'heu', 'hum', 'hmm'],
  it: ['ehm', 'eh', 'mmm', 'uhm'],
  pt: ['hum', 'hã', 'éé', 'ahn', 'hmm'],
}

/** Fillers that are often more: only a producer who knows the speakers can ask for them. */
const riskyFillers: Readonly<Record<string, readonly string[]>> = {
  en: ['like', 'you know', 'so', 'i mean', 'sort of', 'kind of'],
  de: ['also', 'halt', 'quasi', 'sozusagen', 'irgendwie', 'genau', 'weißt du', 'sag ich mal'],
  es: ['bueno', 'pues', 'o sea', 'este', 'en plan', 'sabes', 'digamos'],
  fr: ['genre', 'du coup', 'en fait', 'tu vois', 'tu sais', 'quoi', 'bah', 'ben'],
  it: ['cioè', 'tipo', 'diciamo', 'praticamente', 'insomma', 'allora'],
  pt: ['tipo', 'né', 'então', 'assim', 'sabe', 'quer dizer'],
}

/** Which words are fillers. */
type FillerSettings = Omit<CleaningSettings['fillers'], 'untold'>

/** A filler, as places in the list of words. */
export interface Filler {
  readonly first: number
  readonly last: number
}

/** Where fillers were said, phrases longest first. */
export function findFillers({ words, language }: Transcript, settings: FillerSettings): Filler[] {
  const phrases = phrasesFor(language, settings)
  const spoken = words.map(({ text, isPlaced }) => (isPlaced ? [] : [spelling(text), spelling(text, '$1')]))
  const found: Filler[] = []
  for (let first = 0; first < words.length; first++) {
    const { speaker } = words[first]!
    const isSaid = (word: string, place: number) =>
      spoken[place]?.includes(word) === true && words[place]!.speaker === speaker
    const phrase = phrases.find((candidate) => candidate.every((word, i) => isSaid(word, first + i)))
    if (!phrase) continue
    const last = first + phrase.length - 1
    found.push({ first, last })
    first = last
  }
  return found
}

/**
 * Proposes a cut for every filler. Needs words with exact times, better ones that were aligned with the
 * sound.
 */
export function detectFillers(
  transcript: AlignedTranscript,
  analysis: Analysis,
  timing: Timing,
  settings: FillerSettings,
): ProposedEdit[] {
  if (!settings.enabled || !transcript.exactTimes) return []
  return findFillers(transcript, settings).map(({ first, last }) =>
    cutFiller(transcript.words, first, last, analysis, timing),
  )
}

function phrasesFor(language: string, { words, risky }: FillerSettings): string[][] {
  const spoken = language.split(/[-_]/)[0]!.toLowerCase()
  const list = [...(words ?? fillerWords[spoken] ?? []), ...(risky ? (riskyFillers[spoken] ?? []) : [])]
  const phrases = list.map((phrase) =>
    phrase
      .split(/\s+/)
      .map((word) => spelling(word))
      .filter(Boolean),
  )
  return phrases.filter((phrase) => phrase.length > 0).sort((a, b) => b.length - a.length)
}

function cutFiller(
  words: readonly AlignedWord[],
  first: number,
  last: number,
  analysis: Analysis,
  timing: Timing,
): ProposedEdit {
  const { isSure, ...span } = spanOfFiller(words, first, last, analysis, timing)
  const [head, tail] = [words[first]!, words[last]!]
  const inMs = (samples: number) => `${Math.round((samples / analysis.format.sampleRate) * 1000)} ms`
  const startMoved = inMs(span.startSample - head.startSample + (head.edges?.startMoved ?? 0))
  const endMoved = inMs(span.endSample - tail.endSample + (tail.edges?.endMoved ?? 0))
  return {
    kind: 'filler',
    ...span,
    ...(isSure ? {} : { status: 'pending' as const }),
    text: textOf(words, first, last),
    detector: 'fillers',
    score: confidenceOf(words, first, last),
    reason: isSure
      ? `A filler word; its start moved ${startMoved} and its end ${endMoved} ` +
        `to where ${head.edges ? 'it was heard' : 'it is quietest'}.`
      : 'A filler word that runs into its neighbours; where it begins and ends is too unsure to cut there.',
  }
}
