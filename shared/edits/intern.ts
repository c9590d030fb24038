/**
 * Detects questions that a host puts to the assistant (kind of edit `intern`). Hides where a question ends,
 * and how one spoken command becomes edits: an answer has one place, but what is removed may lie on both
 * sides of a question that stays.
 */
import type { Analysis } from '../audio/analysis.ts'
import type { CleaningSettings } from '../settings/cleaning.ts'
import type { ProposedEdit } from './edits.ts'
import { findPhrases, type Said } from '../words/phrases.ts'
import { pointAfter, removalOf, textOf, type Removal } from './word-edges.ts'
import type { Transcript, Word } from '../words/words.ts'

const mostQuestionWords = 40
const longestQuestionSeconds = 15
/** A silence this long ends a question. */
const gapSeconds = 2.5
const questionMark = /[?？]["'”’»)\]]*$/
const sentenceEnd = /[.!?…。！？]["'”’»)\]]*$/
/** As many words as an end phrase may begin with after the last word of the longest question. */
const longestEndPhrase = 5

type Settings = Pick<CleaningSettings, 'intern' | 'matchScore'>

/** Places in the list of words. */
interface Question {
  readonly first: number
  readonly last: number
  /** What the speaker said to end it. */
  readonly ending: Said | undefined
  /** Neither a phrase, nor a pause, nor the mark of one question ends it: the end is a guess. */
  readonly isGuess: boolean
}

/**
 * Proposes an answer for every question that follows the command; the text of the answer is still to be
 * found. The command, the question and what ended it are removed, in one span that the answer replaces. With
 * `keepQuestion` the command is an edit of its own that only removes, and the answer replaces what ended the
 * question, or stands after it. Needs exact times.
 */
export function detectInterns(
  { words, exactTimes }: Transcript,
  analysis: Analysis,
  { intern, matchScore }: Settings,
): ProposedEdit[] {
  if (!intern.enabled || !exactTimes) return []
  const { sampleRate } = analysis.format
  const commands = findPhrases(words, intern.phrases, sampleRate, matchScore)
  return commands.flatMap((command, i) => {
    const end = commands[i + 1]?.first ?? words.length
    const question = questionAfter(words, command, end, sampleRate, { intern, matchScore })
    if (!question) return []
    return intern.keepQuestion
      ? answerAfter(words, command, question, analysis)
      : [answerInstead(words, command, question, analysis)]
  })
}

/** What is asked between the command and `end`, the next one; undefined when nothing is. */
function questionAfter(
  words: readonly Word[],
  command: Said,
  end: number,
  sampleRate: number,
  settings: Settings,
): Question | undefined {
  const first = command.last + 1
  const isSilenceBefore = (i: number) =>
    words[i]!.startSample - words[i - 1]!.endSample >= gapSeconds * sampleRate
  const isTooLong = (i: number) =>
    i >= first + mostQuestionWords ||
    words[i]!.endSample - words[first]!.startSample > longestQuestionSeconds * sampleRate
  let after = first
  while (after < end && !isSilenceBefore(after) && !isTooLong(after)) after++
  const isOver = after === end || isSilenceBefore(after)
  const searched = words.slice(first, isOver ? after : Math.min(end, after + longestEndPhrase))
  const [said] = findPhrases(searched, settings.intern.endPhrases, sampleRate, settings.matchScore)
    .map((one) => ({ ...one, first: first + one.first, last: first + one.last }))
    .filter((one) => one.first <= after)
  const marked = questionsIn(words, first, said ? said.first : after)
  // said in the talk that goes on behind the question, it ends nothing
  const ending = marked && said && said.first > marked.last + 1 ? undefined : said
  if (ending) return asked(first, ending.first - 1, ending, false)
  if (!marked) return asked(first, after - 1, undefined, !isOver)
  const isEnd = marked.last === after - 1 && isOver
  return asked(first, isEnd ? marked.last : marked.first, undefined, marked.last > marked.first && !isEnd)
}

const asked = (
  first: number,
  last: number,
  ending: Question['ending'],
  isGuess: boolean,
): Question | undefined => (last < first ? undefined : { first, last, ending, isGuess })

/** Where the first question before `end` has its mark, and where the last of those has that follow it at once. */
function questionsIn(
  words: readonly Word[],
  from: number,
  end: number,
): { first: number; last: number } | undefined {
  const markFrom = (at: number, marks: RegExp) => {
    for (let i = at; i < end; i++) if (marks.test(words[i]!.text)) return i
    return -1
  }
  const first = markFrom(from, questionMark)
  if (first < 0) return undefined
  let last = first
  for (;;) {
    const next = markFrom(last + 1, sentenceEnd)
    if (next < 0 || !questionMark.test(words[next]!.text)) return { first, last }
    last = next
  }
}

function answerInstead(
  words: readonly Word[],
  command: Said,
  question: Question,
  analysis: Analysis,
): ProposedEdit {
  const removed = question.ending
    ? 'The answer replaces the command, the question and what ended it.'
    : 'The answer replaces the command and the question.'
  return answer(
    removalOf(words, command.first, question.ending?.last ?? question.last, analysis),
    words,
    command,
    question,
    removed,
  )
}

function answerAfter(
  words: readonly Word[],
  command: Said,
  question: Question,
  analysis: Analysis,
): ProposedEdit[] {
  const commandAlone: ProposedEdit = {
    kind: 'intern',
    ...removalOf(words, command.first, command.last, analysis),
    detector: 'questions to the assistant',
    score: command.score,
    reason:
      `"${command.phrase}" was said to the assistant, not to the listeners; ` +
      'the question after it stays.',
  }
  const { ending, last } = question
  const point = pointAfter(words, last, analysis)
  const place = ending
    ? removalOf(words, ending.first, ending.last, analysis)
    : { startSample: point, endSample: point, text: '' }
  return [
    commandAlone,
    answer(
      place,
      words,
      command,
      question,
      ending
        ? 'The question stays, and the answer replaces what ended it.'
        : 'The question stays, and the answer follows it.',
    ),
  ]
}

const answer = (
  place: Removal,
  words: readonly Word[],
  { phrase, score }: Said,
  { first, last, isGuess }: Question,
  what: string,
): ProposedEdit => ({
  kind: 'intern',
  ...place,
  ...(isGuess ? { status: 'pending' as const } : {}),
  detector: 'questions to the assistant',
  score,
  reason: isGuess
    ? `"${phrase}" was said, but nothing told where the question ends: ` +
      'somebody should look before an answer takes its place.'
    : `"${phrase}" was said. ${what}`,
  insert: { sound: 'speech', text: null },
  question: textOf(words, first, last),
})
