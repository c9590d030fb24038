/**
 * Detects filler words. Hides the lists (one per language), how a spoken word is compared with them,
 * and where a cut around a word may begin and end so that its neighbours stay whole.
 */
import { quietestNear, soundsIn, type Analysis, type Span } from '../audio/analysis.ts'
import type { CleaningSettings } from '../cleaning-settings.ts'
import type { ProposedEdit } from './edits.ts'
import { spelling } from './phrases.ts'
import type { Timing } from './timing.ts'
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

/** Fillers that are often more: only a producer who knows the speakers can ask for them. */
const riskyFillers: Readonly<Record<string, readonly string[]>> = {
  en: ['like', 'you know', 'so', 'i mean', 'sort of', 'kind of'],
  de: ['also', 'halt', 'quasi', 'sozusagen', 'irgendwie', 'genau', 'weißt du', 'sag ich mal'],
  es: ['bueno', 'pues', 'o sea', 'este', 'en plan', 'sabes', 'digamos'],
  fr: ['genre', 'du coup', 'en fait', 'tu vois', 'tu sais', 'quoi', 'bah', 'ben'],
  it: ['cioè', 'tipo', 'diciamo', 'praticamente', 'insomma', 'allora'],
  pt: ['tipo', 'né', 'então', 'assim', 'sabe', 'quer dizer'],
}

/** A recogniser's edge is 50 to 150 ms off; the cut goes to the quietest point this near. */
const edgeReachSeconds = 0.06
/** Recognisers err by this much at times. */
const wrongTimesSeconds = 0.2
/** With unsure times, a sound alone where the filler was said to be is taken for it when they cover each other this far. */
const clearShare = 0.7
/** An edge moves into the filler by this much of its length at most, or nothing of a short one would be cut. */
const inwardShare = 0.2
/** Times better than this tell a filler's sound from its neighbours'. */
const trustedErrorSeconds = 0.11
/** Where words run together, only times better than this say where one ends. */
const exactErrorSeconds = 0.07
/** Where there is room, a cut keeps this far from a neighbour's reported edge. */
const neighbourGuardSeconds = 0.03

/** Proposes a cut for every filler, phrases longest first. Needs words with exact times. */
export function detectFillers(transcript: Transcript, analysis: Analysis, timing: Timing, settings: CleaningSettings['fillers']): ProposedEdit[] {
  if (!settings.enabled || !transcript.exactTimes) return []
  const phrases = phrasesFor(transcript.language, settings)
  const { words } = transcript
  const spoken = words.map(({ text }) => [spelling(text), spelling(text, '$1')])
  const proposals: ProposedEdit[] = []
  for (let first = 0; first < words.length; first++) {
    const phrase = phrases.find((candidate) => candidate.every((word, i) => spoken[first + i]?.includes(word)))
    if (!phrase) continue
    const last = first + phrase.length - 1
    proposals.push(cutWords(words, first, last, analysis, timing))
    first = last
  }
  return proposals
}

function phrasesFor(language: string, { words, risky }: CleaningSettings['fillers']): string[][] {
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

function cutWords(words: readonly Word[], first: number, last: number, analysis: Analysis, timing: Timing): ProposedEdit {
  const { sampleRate } = analysis.format
  const [start, end] = [words[first]!.startSample, words[last]!.endSample]
  const isTrusted = timing.errorSamples <= trustedErrorSeconds * sampleRate
  const { startSample, endSample, isSure } = cutSpan(words[first - 1], words[last + 1], start, end, analysis, isTrusted)
  const moved = (to: number, from: number) => `${Math.round(((to - from) / sampleRate) * 1000)} ms`
  const isDoubtful = !isSure && timing.errorSamples > exactErrorSeconds * sampleRate
  return {
    kind: 'filler',
    ...(isDoubtful ? { status: 'pending' as const } : {}),
    startSample,
    endSample,
    text: words
      .slice(first, last + 1)
      .map(({ text }) => text)
      .join(' '),
    detector: 'fillers',
    score: words[first]!.confidence ?? 1,
    reason: isDoubtful
      ? 'A filler word that runs into its neighbours, in a transcript whose times are too unsure to cut there.'
      : `A filler word; its start moved ${moved(startSample, start)} and its end ${moved(endSample, end)} to the quietest point.`,
  }
}

/**
 * Where the cut goes. A filler with quiet on both sides is a stretch of sound of its own, and the cut takes that stretch whole, wherever the
 * recogniser saw it. One that runs into a neighbour is cut at the quietest point near its reported edge, never inside the neighbour.
 */
function cutSpan(
  before: Word | undefined,
  after: Word | undefined,
  start: number,
  end: number,
  analysis: Analysis,
  isTrusted: boolean,
): Span & { isSure: boolean } {
  const { near, guard, far } = reaches(analysis)
  const [previousEnd, nextStart] = [before?.endSample ?? 0, after?.startSample ?? analysis.totalSamples]
  const low = Math.max(start - far, middleOf(before) ?? 0)
  const high = Math.min(end + far, middleOf(after) ?? analysis.totalSamples)
  const reported = { startSample: start, endSample: end }
  const sounds = soundsIn(analysis, low, high)
  const own = sounds.find((sound) => isOwnSound(sound, reported, [before, after]))
  const isClear = own !== undefined && sounds.length === 1 && overlap(own, reported) >= clearShare * Math.max(lengthOf(own), lengthOf(reported))
  if (own && (isTrusted || isClear)) return { ...own, isSure: true }
  const inward = Math.min(near, Math.round((end - start) * inwardShare))
  return {
    startSample: quietestNear(analysis, start, near, Math.min(start, previousEnd + guard), start + inward),
    endSample: quietestNear(analysis, end, near, end - inward, Math.max(end, nextStart - guard)),
    isSure: false,
  }
}

/** A stretch that shares most of its length with the filler as reported, or the other way round, and is about as long. */
function isOwnSound(sound: Span, reported: Span, neighbours: readonly (Word | undefined)[]): boolean {
  const [long, said] = [lengthOf(sound), lengthOf(reported)]
  const shared = overlap(sound, reported)
  return (
    shared >= Math.min(long, said) / 2 && long >= said / 2 && long <= said * 2.5 && neighbours.every((word) => !word || overlap(sound, word) < shared)
  )
}

const lengthOf = ({ startSample, endSample }: Span): number => endSample - startSample
const overlap = (a: Span, b: Span): number => Math.max(0, Math.min(a.endSample, b.endSample) - Math.max(a.startSample, b.startSample))
const reaches = ({ format }: Analysis) => ({
  near: Math.round(edgeReachSeconds * format.sampleRate),
  guard: Math.round(neighbourGuardSeconds * format.sampleRate),
  far: Math.round(wrongTimesSeconds * format.sampleRate),
})

function middleOf(span: Span): number
function middleOf(span: Span | undefined): number | undefined
function middleOf(span: Span | undefined): number | undefined {
  return span && Math.floor((span.startSample + span.endSample) / 2)
}
