/**
 * Words as recognisers and players write them in JSON: Spool's own words file, Whisper and its kin (openai-whisper,
 * whisperX, whisper-timestamped, whisper.cpp, OpenAI's verbose_json), Deepgram's and AssemblyAI's answers, and the
 * podcast namespace's transcripts. Hides what each calls a word and its times. A value that is none costs itself.
 */
import { shareOut } from './cues.ts'
import type { ReportedWord } from './words.ts'

export interface ReadWords {
  readonly words: readonly ReportedWord[]
  readonly language: string | undefined
  /** Each word has times of its own. */
  readonly exactTimes: boolean
}

type Fields = Readonly<Record<string, unknown>>

const isFields = (value: unknown): value is Fields =>
  typeof value === 'object' && value !== null && !Array.isArray(value)
const listOf = (value: unknown): Fields[] => (Array.isArray(value) ? value.filter(isFields) : [])

/** Undefined when it is none of them. Throws nothing. */
export function readWordsJson(json: unknown): ReadWords | undefined {
  if (!isFields(json)) return undefined
  const answer = isFields(json['results']) ? json['results'] : json
  const language = textOf(json, 'language', 'language_code') ?? textOf(fieldsOf(json, 'result'), 'language')
  const deepgram = listOf(listOf(answer['channels'])[0]?.['alternatives'])[0]
  if (deepgram) return timed(listOf(deepgram['words']), language, 1)
  const segments = listOf(json['segments'])
  const inSegments = segments.flatMap((segment) => {
    const speaker = speakerOf(segment)
    return listOf(segment['words']).map((word) => (speaker === null ? word : { speaker, ...word }))
  })
  if (inSegments.length > 0) return timed(inSegments, language, 1)
  for (const list of ['words', 'word_segments'])
    if (Array.isArray(json[list])) return timed(listOf(json[list]), language, unitOf(json))
  if (Array.isArray(json['segments'])) return shared(segments, language, 1)
  // whisper.cpp counts milliseconds
  if (Array.isArray(json['transcription'])) return shared(listOf(json['transcription']), language, 1000)
  return undefined
}

/** AssemblyAI counts milliseconds; its answers have an id and a status. */
const unitOf = (json: Fields): number =>
  typeof json['audio_duration'] === 'number' && typeof json['status'] === 'string' ? 1000 : 1

function timed(list: readonly Fields[], language: string | undefined, unit: number): ReadWords {
  const words = list.map((word) => ({
    text: textOf(word, 'punctuated_word', 'text', 'word', 'body') ?? '',
    start: timeOf(word, unit, ...startNames),
    end: timeOf(word, unit, ...endNames),
    speaker: speakerOf(word),
    confidence: confidenceOf(word),
  }))
  return { words, language, exactTimes: true }
}

/** Segments of several words share their time out; where each is one word, the times are exact. */
function shared(segments: readonly Fields[], language: string | undefined, unit: number): ReadWords {
  const words = segments.flatMap((segment, i) => {
    const times = fieldsOf(segment, 'offsets') ?? segment
    const text = textOf(segment, 'body', 'text') ?? ''
    const [start, end] = [timeOf(times, unit, ...startNames), timeOf(times, unit, ...endNames)]
    const said =
      start === undefined || end === undefined
        ? text.split(/\s+/).map((word) => ({ text: word, start: undefined, end: undefined }))
        : shareOut(text, start, Math.max(start, end))
    const of = { speaker: speakerOf(segment), confidence: confidenceOf(segment) }
    return said.map((word) => ({ ...word, ...of, cue: i + 1 }))
  })
  const exactTimes = segments.length > 0 && words.length <= segments.length
  return { words: exactTimes ? words.map(({ cue, ...word }) => word) : words, language, exactTimes }
}

const startNames = ['start', 'startTime', 'start_time', 'from']
const endNames = ['end', 'endTime', 'end_time', 'to']

const fieldsOf = (fields: Fields, name: string): Fields | undefined => {
  const value = fields[name]
  return isFields(value) ? value : undefined
}

function textOf(fields: Fields | undefined, ...names: readonly string[]): string | undefined {
  return names.map((name) => fields?.[name]).find((value) => typeof value === 'string')
}

/** Seconds; undefined where there is no number. */
function timeOf(fields: Fields, unit: number, ...names: readonly string[]): number | undefined {
  const value = names.map((name) => fields[name]).find((each) => each !== undefined && each !== null)
  const number = typeof value === 'string' && value.trim() !== '' ? Number(value) : value
  return typeof number === 'number' && Number.isFinite(number) ? number / unit : undefined
}

function speakerOf(fields: Fields): string | null {
  const { speaker } = fields
  return typeof speaker === 'string' || typeof speaker === 'number' ? String(speaker) : null
}

function confidenceOf(fields: Fields): number | null {
  const value = [fields['confidence'], fields['probability'], fields['score']].find(
    (each) => typeof each === 'number',
  )
  return value !== undefined && value >= 0 && value <= 1 ? value : null
}
