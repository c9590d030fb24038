/**
 * Transcribes with Deepgram, which answers in one piece or calls back; it keeps nothing that could be asked
 * for later. Hides its query and the nesting of its answer. Source: Deepgram's API reference ("Pre-Recorded
 * Audio") and its pages "Filler Words", "Speaker Diarization" and "STT Callback".
 */
import { z } from 'zod'
import { bcp47, languageOnly } from './languages.ts'
import type { VendorResult } from './vendor.ts'
import type {
  Recognised,
  Recogniser,
  RecogniserAccess,
  SpeechSound,
  TranscriptionRequest,
} from './recogniser.ts'
import { callVendor, jsonBody, longestAnswerMs, readJson, type RequestBody } from './vendor.ts'
import { deepgram } from './vendors.ts'
import { noWords, recognisedIn, time, wordList } from './word-list.ts'

const usualModel = 'nova-3'

const word = z.object({
  word: z.string(),
  punctuated_word: z.string().nullish(),
  start: time,
  end: time,
  confidence: z.number().nullish(),
  speaker: z.number().int().nullish(),
})
const channel = z.object({
  detected_language: z.string().nullish(),
  alternatives: z.array(z.object({ words: wordList(word).nullish() })).min(1),
})
/** The transcript as it comes in answers and in callbacks. */
export const deepgramTranscript = z.object({
  metadata: z.object({ request_id: z.string().min(1) }),
  results: z.object({ channels: z.array(channel).min(1) }),
})
const accepted = z.object({ request_id: z.string().min(1) })

export function openDeepgram(access: RecogniserAccess): Recogniser {
  const vendor = deepgram(access)

  const submit = async (
    sound: SpeechSound,
    request: TranscriptionRequest,
    signal: AbortSignal,
  ): Promise<VendorResult<Recognised>> => {
    const url = await sound.signedUrl?.()
    const query = {
      model: access.model ?? usualModel,
      punctuate: 'true',
      filler_words: 'true',
      diarize_model: 'latest', // `diarize` is the old way; both together are refused
      ...(request.language === undefined
        ? { detect_language: 'true' }
        : { language: languageOnly(request.language) }),
      // it calls the ports 80, 443, 8080 and 8443 only
      ...(request.callbackUrl === undefined ? {} : { callback: request.callbackUrl }),
    }
    const secrets = [url ?? '', request.callbackUrl ?? '']
    const call = {
      method: 'POST',
      path: '/v1/listen',
      query,
      body: soundBody(sound, url),
      paid: true,
      timeoutMs: longestAnswerMs,
      secrets,
    } as const
    if (request.callbackUrl !== undefined) {
      const { request_id: reference } = await callVendor(
        vendor,
        { ...call, read: readJson(accepted) },
        signal,
      )
      return { state: 'waiting', reference }
    }
    const transcript = await callVendor(vendor, { ...call, read: readJson(deepgramTranscript) }, signal)
    return { state: 'done', result: readDeepgram(transcript, request.language) }
  }

  return { name: 'deepgram', sliceSeconds: Infinity, submit }
}

const soundBody = ({ contentType, bytes, stream }: SpeechSound, url: string | undefined): RequestBody =>
  url === undefined ? { contentType, bytes, content: stream() } : jsonBody({ url })

/** The first guess of the only channel. The language is told only when it was to be found out. */
export function readDeepgram({ results }: z.infer<typeof deepgramTranscript>, wanted?: string): Recognised {
  const { detected_language: detected, alternatives } = results.channels[0]!
  const { readable, unreadable } = alternatives[0]!.words ?? noWords
  const words = readable.map(({ word: bare, punctuated_word: text, start, end, speaker, confidence }) => ({
    text: text ?? bare,
    start,
    end,
    speaker: speaker == null ? null : `${speaker}`,
    confidence: confidence ?? null,
  }))
  return recognisedIn(bcp47(detected ?? wanted), words, unreadable)
}
