/**
 * Detects botched takes: speech that the speaker called a mistake, said again or not. Hides how far back the
 * mistake reaches: to the place where the words that follow the spoken command were first said, when they are
 * said again, and else to where the sentence began.
 */
import type { Analysis } from '../audio/analysis.ts'
import type { CleaningSettings } from '../settings/cleaning.ts'
import type { ProposedEdit } from './edits.ts'
import { findPhrases, likeness, soundOf, type Said } from '../words/phrases.ts'
import { removalOf } from './word-edges.ts'
import type { Transcript, Word } from '../words/words.ts'

/** No mistake is longer than this. */
const farthestBackSeconds = 45
/**
 * A retake is known by its beginning: by this many words at most, and by enough of them and of their letters
 * not to be chance.
 */
const mostBeginningWords = 8
const fewestBeginningWords = 2
const fewestBeginningLetters = 7
/** How alike the two beginnings must be: speakers change a word, recognisers another. */
const beginningScore = 0.75
/** A beginning begins and ends with words that are alike. */
const wordScore = 0.5
/** A silence that ends a sentence: in a transcript that has full stops only a long one does. */
const sentenceGapSeconds = { punctuated: 2, bare: 0.6 } as const
const fullStop = /[.!?…。！？]["'”’»)\]]*$/

/** The words to be removed, as places in the list of words; `last` is the command's. */
interface Mistake {
  readonly first: number
  readonly last: number
  readonly score: number
  readonly isRetaken: boolean
  readonly commands: readonly string[]
}

/**
 * Proposes to cut each mistake together with the command that named it; one that follows another at once
 * widens it. Needs exact times.
 */
export function detectFlubbers(
  { words, exactTimes }: Transcript,
  analysis: Analysis,
  { flubber, matchScore }: Pick<CleaningSettings, 'flubber' | 'matchScore'>,
): ProposedEdit[] {
  if (!flubber.enabled || !exactTimes) return []
  const { sampleRate } = analysis.format
  const commands = findPhrases(words, flubber.phrases, sampleRate, matchScore)
  const mistakes = commands.map((command, i) =>
    mistakeBefore(words, command, commands[i - 1], commands[i + 1], sampleRate),
  )
  return joined(mistakes).map(({ first, last, score, isRetaken, commands: said }) => ({
    kind: 'flubber',
    ...removalOf(words, first, last, analysis),
    detector: 'flubbers',
    score,
    reason: reasonOf(said, isRetaken),
  }))
}

function mistakeBefore(
  words: readonly Word[],
  command: Said,
  previous: Said | undefined,
  next: Said | undefined,
  sampleRate: number,
): Mistake {
  const { phrase, first, last, score } = command
  const earliest = words.findIndex(
    ({ startSample }) => startSample >= words[first]!.startSample - farthestBackSeconds * sampleRate,
  )
  const sentence = startOfSentence(
    words,
    first,
    Math.max(earliest, previous ? previous.last + 1 : 0),
    sampleRate,
  )
  const retaken = startOfTake(words, command, { earliest, sentence, end: next?.first ?? words.length })
  return { first: retaken ?? sentence, last, score, isRetaken: retaken !== undefined, commands: [phrase] }
}

/**
 * The first word of the sentence that ends before `end`; what is said right before the command belongs to it,
 * whatever stands between.
 */
function startOfSentence(words: readonly Word[], end: number, earliest: number, sampleRate: number): number {
  const isPunctuated = words.some(({ text }) => fullStop.test(text))
  const gap = sentenceGapSeconds[isPunctuated ? 'punctuated' : 'bare'] * sampleRate
  const speaker = words[end - 1]?.speaker
  let first = end
  while (first > earliest && words[first - 1]!.speaker === speaker) {
    const [before, after] = [words[first - 1]!, words[first]]
    const isEnd = first < end && (fullStop.test(before.text) || after!.startSample - before.endSample >= gap)
    if (isEnd) break
    first--
  }
  return first
}

interface Reach {
  readonly earliest: number
  /** Where the sentence that was botched begins. */
  readonly sentence: number
  /** Where what may be the retake ends. */
  readonly end: number
}

/**
 * Where the words that follow the command were said before it: the likeness of most words wins, then the
 * latest.
 */
function startOfTake(
  words: readonly Word[],
  { first, last }: Said,
  { earliest, sentence, end }: Reach,
): number | undefined {
  const speaker = words[last]!.speaker
  const retake = sounds(words, last + 1, Math.min(end, last + 1 + mostBeginningWords), speaker)
  let best: { at: number; count: number; score: number } | undefined
  for (let at = earliest; at < first; at++) {
    const take = sounds(words, at, Math.min(first, at + retake.length), speaker)
    for (let count = take.length; count >= fewestBeginningWords; count--) {
      const [once, again] = [take.slice(0, count).join(''), retake.slice(0, count).join('')]
      const isInSentence = at >= sentence
      if (!isInSentence && count <= fewestBeginningWords) continue // "and then" is said every minute
      if (Math.min(once.length, again.length) < fewestBeginningLetters) break
      const isSame = [0, count - 1].every((i) => likeness(take[i]!, retake[i]!, wordScore) > 0)
      const score = isSame ? likeness(once, again, beginningScore) : 0
      if (score === 0) continue
      if (!best || count > best.count || (count === best.count && score >= best.score))
        best = { at, count, score }
      break
    }
  }
  return best?.at
}

/** The words as they sound, up to where somebody else speaks. */
function sounds(words: readonly Word[], from: number, end: number, speaker: string | null): string[] {
  const own = words.slice(from, end)
  const other = own.findIndex((word) => word.speaker !== speaker)
  return (other < 0 ? own : own.slice(0, other)).map(({ text }) => soundOf(text))
}

/** Mistakes that overlap or follow one another without a kept word between them are one. */
function joined(mistakes: readonly Mistake[]): Mistake[] {
  const apart: Mistake[] = []
  for (const mistake of mistakes) {
    const last = apart.at(-1)
    if (!last || mistake.first > last.last + 1) {
      apart.push(mistake)
      continue
    }
    apart.pop()
    apart.push({
      first: Math.min(last.first, mistake.first),
      last: mistake.last,
      score: Math.min(last.score, mistake.score),
      isRetaken: mistake.isRetaken,
      commands: [...last.commands, ...mistake.commands],
    })
  }
  return apart
}

function reasonOf(commands: readonly string[], isRetaken: boolean): string {
  const times = commands.length === 1 ? '' : commands.length === 2 ? ' twice' : ` ${commands.length} times`
  const said = `"${commands.at(-1)!}" was said${times}`
  const what =
    commands.length > 1
      ? 'the takes before it go'
      : isRetaken
        ? 'the first take goes'
        : 'the sentence before it goes'
  const why = isRetaken ? ', and then the same words again from the beginning' : ''
  return `${said}${why}: ${what}, together with the command${commands.length > 1 ? 's' : ''}.`
}
