/**
 * Transcribes with OpenAI's `/audio/transcriptions`, and with the many servers of the same API. Hides the
 * form, the prompt that makes Whisper keep fillers, and how words that come without punctuation get it back.
 * Source: OpenAI's API reference ("Create transcription") and its guide "Speech to text".
 */
import { z } from 'zod'
import { bcp47, languageOnly } from './languages.ts'
import { multipart } from './multipart.ts'
import type { VendorResult } from './vendor.ts'
import type {
  Recognised,
  Recogniser,
  RecogniserAccess,
  SpeechSound,
  TranscriptionRequest,
} from './recogniser.ts'
import { callVendor, longestAnswerMs, readJson, refuse, type Vendor } from './vendor.ts'
import { VendorError } from './vendor-failure.ts'
import { openai } from './vendors.ts'
import { noWords, recognisedIn, time, wordList } from './word-list.ts'

/** Of OpenAI's own models the only one that gives the times of words. It tells no speakers apart. */
const usualModel = 'whisper-1'
/** A request takes 25 MB: 13 minutes of 16-bit PCM at 16 kHz, so ten minutes in any codec. */
const sliceSeconds = 600

/** Whisper writes in the manner of its prompt; without fillers there it leaves them out. */
const hesitant: Readonly<Record<string, string>> = {
  de: 'Ähm, also, äh, ich … hm, ja, ähm, genau.',
  en: 'Um, so, uh, I … hmm, er, well, um, yeah.',
  es: 'Eh, bueno, em, yo … mmm, pues, eh, sí.',
  fr: 'Euh, alors, heu, je … hum, ben, euh, oui.',
  it: 'Ehm, allora, eh, io … mmm, dunque, ehm, sì.',
  pt: 'Hum, então, é, eu … hã, bem, hum, sim.',
}

const word = z.object({
  word: z.string(),
  start: time,
  end: time,
  probability: z.number().nullish(), // faster-whisper's servers
})
const transcription = z.object({
  language: z.string().nullish(),
  text: z.string().nullish(),
  words: wordList(word).nullish(),
  segments: z.array(z.object({ text: z.string().nullish(), words: wordList(word).nullish() })).nullish(),
})

export function openOpenaiTranscriptions(access: RecogniserAccess): Recogniser {
  const vendor = openai(access)

  const submit = async (
    sound: SpeechSound,
    { language }: TranscriptionRequest,
    signal: AbortSignal,
  ): Promise<VendorResult<Recognised>> => {
    const spoken = language === undefined ? undefined : languageOnly(language)
    const hint = hesitant[spoken ?? 'en']
    const fields: [string, string][] = [
      ['model', access.model ?? usualModel],
      ['response_format', 'verbose_json'],
      ['timestamp_granularities[]', 'word'],
      ['timestamp_granularities[]', 'segment'],
    ]
    if (hint !== undefined) fields.push(['prompt', hint])
    if (spoken !== undefined) fields.push(['language', spoken])
    const { bytes, contentType, fileName, stream } = sound
    const body = multipart(fields, { name: 'file', fileName, contentType, bytes, stream })
    const call = {
      method: 'POST',
      path: '/audio/transcriptions',
      body,
      read: readJson(transcription),
      paid: true,
      timeoutMs: longestAnswerMs,
    } as const
    const answer = await callVendor(vendor, call, signal).catch((error: unknown) => throwWithAdvice(error))
    return { state: 'done', result: recognised(vendor, answer, language) }
  }

  return { name: 'openai', sliceSeconds, submit }
}

/** What a model must give, and where one is chosen. */
const advice =
  'Spool needs verbose_json with the times of words. Name a model that gives them in `transcription.model` of ' +
  "the template: whisper-1 at OpenAI, on a server of one's own one of the Whisper models."

/** Throws the error: with the advice when the model cannot answer in the form that was asked for. */
function throwWithAdvice(error: unknown): never {
  if (
    error instanceof VendorError &&
    error.code === 'provider_rejected' &&
    /verbose_json|response_format|timestamp_granularities/i.test(
      `${error.message} ${error.vendorCodes.join(' ')}`,
    )
  ) {
    const { kind, code, status, vendorCodes } = error
    throw new VendorError(`${error.message} ${advice}`, {
      ...{ kind, code, vendorCodes, cause: error },
      ...(status === undefined ? {} : { status }),
    })
  }
  throw error
}

function recognised(
  vendor: Vendor,
  { language, text, words, segments }: z.infer<typeof transcription>,
  wanted: string | undefined,
): Recognised {
  const lists = words ? [words] : (segments ?? []).map((segment) => segment.words ?? noWords)
  const bare = lists.flatMap(({ readable }) => readable)
  const unreadable = lists.reduce((sum, list) => sum + list.unreadable, 0)
  const written = segments?.map((segment) => segment.text ?? '').join(' ') ?? text ?? ''
  if (bare.length === 0 && hasWords(written))
    throw refuse(vendor, `gave a text without the times of its words. ${advice}`)
  const texts = punctuated(
    bare.map((one) => one.word.trim()),
    written,
  )
  const timed = bare.map(({ start, end, probability }, i) => ({
    text: texts[i]!,
    start,
    end,
    speaker: null,
    confidence: probability ?? null,
  }))
  return recognisedIn(bcp47(language ?? wanted), timed, unreadable)
}

/** Whether anything is said in a text: Whisper writes "[Music]", "(applause)" or "♪" where nothing is. */
const hasWords = (text: string): boolean => lettersOf(text.replaceAll(/\[[^\]]*\]|\([^)]*\)/g, '')) !== ''

/** How far the text is searched for a word that is written differently there. */
const lookAhead = 3

/** Each word as the text writes it, where the two agree but for punctuation and case; else as it was. */
export function punctuated(words: readonly string[], written: string): string[] {
  const tokens = written.split(/\s+/).filter(Boolean)
  const plain = tokens.map(lettersOf)
  let next = 0
  return words.map((word) => {
    const letters = lettersOf(word)
    const found = letters === '' ? -1 : plain.slice(next, next + lookAhead).indexOf(letters)
    if (found < 0) return word
    next += found + 1
    return tokens[next - 1]!
  })
}

const lettersOf = (text: string): string => text.toLowerCase().replaceAll(/[^\p{L}\p{N}]/gu, '')
