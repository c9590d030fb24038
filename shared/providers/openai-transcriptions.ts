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
import { openai } from './vendors.ts'

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
  start: z.number().nonnegative(),
  end: z.number().nonnegative(),
  probability: z.number().nullish(), // faster-whisper's servers
})
const transcription = z.object({
  language: z.string().nullish(),
  text: z.string().nullish(),
  words: z.array(word).nullish(),
  segments: z.array(z.object({ text: z.string(), words: z.array(word).nullish() })).nullish(),
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
    return { state: 'done', result: recognised(vendor, await callVendor(vendor, call, signal), language) }
  }

  return { name: 'openai', sliceSeconds, submit }
}

function recognised(
  vendor: Vendor,
  { language, text, words, segments }: z.infer<typeof transcription>,
  wanted: string | undefined,
): Recognised {
  const bare = words ?? segments?.flatMap((segment) => segment.words ?? []) ?? []
  const written = segments?.map((segment) => segment.text).join(' ') ?? text ?? ''
  if (bare.length === 0 && written.trim() !== '')
    throw refuse(vendor, 'gave a text without the times of its words. Choose a model that gives them.')
  const texts = punctuated(
    bare.map((one) => one.word.trim()),
    written,
  )
  return {
    language: bcp47(language ?? wanted),
    words: bare.map(({ start, end, probability }, i) => ({
      text: texts[i]!,
      start,
      end,
      speaker: null,
      confidence: probability ?? null,
    })),
  }
}

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
