/**
 * Reads the words file that a producer supplies, whatever program wrote it: words JSON, captions, labels. Hides which
 * reader is right, and what is a slip of one cue and what makes the file useless.
 */
import { iso6392 } from 'iso-639-2'
import type { Warning } from '../codes.ts'
import { Permanent } from '../errors.ts'
import { parseJson } from '../json-file.ts'
import { readLabels } from '../labels.ts'
import { guessedEncoding, isNoText, readText } from '../text-file.ts'
import { namedAtHeads } from './cue-speakers.ts'
import { areCues, readCues, wordsOfLabels } from './cues.ts'
import { readWordsJson } from './words-json.ts'
import { repair, type Repairs } from './repair.ts'
import type { Recording, ReportedWord, Transcript } from './words.ts'

export interface Supplied {
  readonly transcript: Transcript
  readonly warnings: readonly Warning[]
}

interface ReadFile {
  readonly words: readonly ReportedWord[]
  readonly language: string | undefined
  readonly exactTimes: boolean
  /** What was wrong with single cues. */
  readonly problems: readonly string[]
}

/** A text as it stands in its file: nothing is put in order, and what lacks times lacks them. */
export interface Told extends Pick<ReadFile, 'words' | 'exactTimes'> {
  /** BCP 47, lower case; undefined where the file names none. */
  readonly language: string | undefined
}

/**
 * Reads a text that is to be aligned: a words file, or in a .txt a plain script, a sentence or a line at a time. Throws
 * Permanent `bad_words_file`.
 */
export function readTold(file: Buffer | string, name: string): Told {
  const { text } = readText(Buffer.from(file))
  if (/\.txt$/i.test(name) && text.trim() !== '' && !readLabels(text) && !areCues(text))
    return { words: wordsOfScript(text), exactTimes: false, language: undefined }
  const { words, exactTimes, language } = readAny(text, name)
  assertInSeconds(words, exactTimes, name)
  const said = words.flatMap((word) =>
    word.text.split(/\s+/).flatMap((part) => (part === '' ? [] : [{ ...word, text: part }])),
  )
  if (said.length === 0) throw unusable(name, 'it has no words')
  return { words: said, exactTimes, language: language === undefined ? undefined : languageTag(language) }
}

/** The sentences of a script count as its cues. */
function wordsOfScript(text: string): ReportedWord[] {
  const sentences = new Intl.Segmenter(undefined, { granularity: 'sentence' })
  return text
    .split('\n')
    .flatMap((line) => Array.from(sentences.segment(line), ({ segment }) => segment.trim().split(/\s+/)))
    .filter(([first]) => first !== '')
    .flatMap((words, i) =>
      words.map((word) => ({ text: word, start: undefined, end: undefined, cue: i + 1 })),
    )
}

/** Reads a supplied words file. Throws Permanent `bad_words_file` saying what is wrong and where. */
export function parseWords(file: Buffer | string, name: string, recording: Recording): Supplied {
  const { text, guessed } = readText(Buffer.from(file))
  const { words: written, language, exactTimes, problems } = readAny(text, name)
  const reported = exactTimes ? written : namedAtHeads(written)
  assertInSeconds(reported, exactTimes, name)
  assertOfThis(reported, recording, name)
  const { words, repairs } = repair(reported, recording, exactTimes)
  const told = [...problems, ...describe(repairs)]
  return {
    transcript: { language: languageTag(language), exactTimes, words },
    warnings: [
      ...(guessed ? [{ code: 'text_encoding' as const, message: guessedEncoding(name, guessed) }] : []),
      ...(told.length > 0
        ? [
            {
              code: 'words_repaired' as const,
              message: `${name}: ${summed(told)}. Check the transcript there.`,
            },
          ]
        : []),
    ],
  }
}

const mostTold = 5
const summed = (told: readonly string[]): string =>
  told.length > mostTold
    ? `${told.slice(0, mostTold).join('; ')}; and ${told.length - mostTold} more`
    : told.join('; ')

const describe = ({ placed, outside }: Repairs): string[] => [
  ...(placed > 0
    ? [`${count(placed, 'word')} without usable times ${were(placed)} placed between the others`]
    : []),
  ...(outside > 0
    ? [`${count(outside, 'word')} behind the end of the recording ${were(outside)} left out`]
    : []),
]

const count = (number: number, what: string): string => `${number} ${what}${number === 1 ? '' : 's'}`
const were = (number: number): string => (number === 1 ? 'was' : 'were')

const unusable = (name: string, what: string): Permanent =>
  new Permanent('bad_words_file', `${name} cannot be used: ${what}.`)

const isTaken =
  'Spool takes words JSON (its own, Whisper, whisperX, whisper.cpp, OpenAI, Deepgram, AssemblyAI), WebVTT, SubRip, ' +
  'SBV, Audacity labels and podcast transcripts'

const howScripts =
  'where a script is said is found by ./spool align RECORDING SCRIPT --json, whose words it takes too'

function readAny(text: string, name: string): ReadFile {
  if (text.trim() === '') throw unusable(name, 'it is empty')
  if (isNoText(text)) throw unusable(name, `it is no text. ${isTaken}`)
  if (/^\s*[[{]/.test(text)) return { ...readJson(text, name), problems: [] }
  const labels = readLabels(text)
  if (labels) return { ...wordsOfLabels(labels), exactTimes: false }
  if (!areCues(text)) throw unusable(name, `it has no words with times. ${isTaken}; ${howScripts}`)
  const { cues, problems, words, language } = readCues(text)
  const unreadable = problems.filter((problem) => problem.includes('no time')).length
  if (unreadable > cues / 2) throw unusable(name, `${problems[0]!}; write times as in 00:01:30.500`)
  return { words, language, exactTimes: false, problems }
}

function readJson(text: string, name: string): Omit<ReadFile, 'problems'> {
  let json: unknown
  try {
    json = parseJson(text)
  } catch (error) {
    throw unusable(name, `it is not JSON; ${(error as Error).message}`)
  }
  const { version } = json as { version?: unknown }
  if (typeof version === 'number' && version !== 1) throw unusable(name, `its version is ${version}, not 1`)
  const read = readWordsJson(json)
  if (!read) throw unusable(name, `it has no list of words or segments. ${isTaken}`)
  return read
}

/** Words behind the end by more than this mean that the file belongs to another recording, if they are many. */
const toleratedOverrunSeconds = 2
const fewWords = 10
const fewShare = 0.05

function assertOfThis(
  words: readonly ReportedWord[],
  { sampleRate, totalSamples }: Recording,
  name: string,
): void {
  const seconds = totalSamples / sampleRate
  const starts = words.flatMap(({ start }) => (start === undefined ? [] : [start]))
  const outside = starts.filter((start) => start > seconds + toleratedOverrunSeconds).length
  if (outside <= Math.max(fewWords, fewShare * starts.length) && outside <= starts.length / 2) return
  const last = starts.reduce((latest, start) => Math.max(latest, start), 0)
  throw unusable(
    name,
    `${outside} of its ${starts.length} words begin after the end; the last at ${last.toFixed(1)} s, but the ` +
      `recording is ${seconds.toFixed(1)} s long. It belongs to another recording, or its times are not in seconds`,
  )
}

/** Half of the words are no longer, and many are no faster; else the times are in another unit. */
const longestMiddleSeconds = 5
const fewestJudged = 3
const fastest = { words: 50, perSecond: 50 }

function assertInSeconds(words: readonly ReportedWord[], exactTimes: boolean, name: string): void {
  if (!exactTimes) return
  const timed = words.flatMap(({ start, end }) =>
    start === undefined || end === undefined ? [] : [{ start, end }],
  )
  const lengths = timed.map(({ start, end }) => end - start).filter((length) => length > 0)
  const middle = lengths.sort((a, b) => a - b)[lengths.length >> 1] ?? 0
  const last = timed.reduce((latest, { end }) => Math.max(latest, end), 0)
  const isSlow = lengths.length >= fewestJudged && middle > longestMiddleSeconds
  const isFast = timed.length >= fastest.words && timed.length > fastest.perSecond * last
  if (!isSlow && !isFast) return
  throw unusable(
    name,
    `its words are ${middle.toPrecision(2)} s long, so its times cannot be in seconds. Write them in seconds`,
  )
}

/** A language's tag, from a tag or from its English name; English when it is neither. */
function languageTag(language = 'en'): string {
  const text = language.trim().toLowerCase()
  if (/^[a-z]{2,3}(-[a-z\d]{1,8})*$/.test(text)) return text
  return iso6392.find(({ name }) => name.toLowerCase().split(/[;,]/)[0] === text)?.iso6391 ?? 'en'
}
