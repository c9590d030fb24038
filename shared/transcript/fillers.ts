/**
 * Detects filler words. Hides the lists (one per language), how a spoken word is compared with them,
 * and where a cut around a word may begin and end so that its neighbours stay whole.
 */
import { quietestNear, type Analysis } from '../audio/analysis.ts'
import type { CleaningSettings } from '../settings.ts'
import type { ProposedEdit } from './edits.ts'
import type { Transcript, Word } from './words.ts'

/** Sounds that mean nothing in that language. German "um" is a word, so it is not in the German list. */
const fillerWords: Readonly<Record<string, readonly string[]>> = {
  en: ['um', 'umm', 'uh', 'uhh', 'er', 'ah', 'erm', 'hmm', 'uhm', 'mm'],
  de: ['äh', 'ähm', 'öh', 'öhm', 'hm', 'hmm'],
  es: ['eh', 'em', 'ehm', 'mmm'],
  fr: ['euh', 'heu', 'hum', 'hmm'],
  it: ['ehm', 'eh', 'mmm', 'uhm'],
  pt: ['hum', 'hã', 'éé', 'ahn', 'hmm'],
}

/** A recogniser's edge is 50 to 150 ms off; the cut goes to the quietest point this near. */
const edgeReachSeconds = 0.06
/** Word times may be wrong by this much: where there is room, the cut keeps this far from a neighbour's reported edge. */
const neighbourGuardSeconds = 0.03

/** Proposes a cut for every filler, phrases longest first. Needs words with exact times. */
export function detectFillers(transcript: Transcript, analysis: Analysis, settings: CleaningSettings['fillers']): ProposedEdit[] {
  if (!settings.enabled || !transcript.exactTimes) return []
  const phrases = phrasesFor(transcript.language, settings.words)
  const { words } = transcript
  const spoken = words.map(({ text }) => normalise(text))
  const proposals: ProposedEdit[] = []
  for (let first = 0; first < words.length; first++) {
    const phrase = phrases.find((candidate) => candidate.every((word, i) => spoken[first + i] === word))
    if (!phrase) continue
    const last = first + phrase.length - 1
    proposals.push(cutWords(words, first, last, analysis))
    first = last
  }
  return proposals
}

function phrasesFor(language: string, own: readonly string[] | undefined): string[][] {
  const list = own ?? fillerWords[language.split(/[-_]/)[0]!] ?? []
  return list.map((phrase) => phrase.split(/\s+/).map(normalise)).sort((a, b) => b.length - a.length)
}

/** Case, punctuation and stretched letters aside: "Ummm," is "um"… but "mm" stays itself. */
const normalise = (text: string): string =>
  text
    .toLowerCase()
    .normalize('NFC')
    .replaceAll(/[^\p{L}\p{N}'’]/gu, '')
    .replaceAll(/(.)\1{2,}/gu, '$1$1')

function cutWords(words: readonly Word[], first: number, last: number, analysis: Analysis): ProposedEdit {
  const { sampleRate } = analysis.format
  const reach = Math.round(edgeReachSeconds * sampleRate)
  const guard = Math.round(neighbourGuardSeconds * sampleRate)
  const [start, end] = [words[first]!.startSample, words[last]!.endSample]
  const floor = words[first - 1]?.endSample ?? 0
  const ceiling = words[last + 1]?.startSample ?? analysis.totalSamples
  const middle = Math.floor((start + end) / 2)
  const startSample = quietestNear(analysis, start, reach, Math.min(start, floor + guard), middle)
  const endSample = quietestNear(analysis, end, reach, middle, Math.max(end, ceiling - guard))
  const moved = (to: number, from: number) => `${Math.round(((to - from) / sampleRate) * 1000)} ms`
  return {
    kind: 'filler',
    startSample,
    endSample,
    text: words
      .slice(first, last + 1)
      .map(({ text }) => text)
      .join(' '),
    detector: 'fillers',
    score: words[first]!.confidence ?? 1,
    reason: `A filler word; its start moved ${moved(startSample, start)} and its end ${moved(endSample, end)} to the quietest point.`,
  }
}
