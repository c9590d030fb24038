/**
 * Transcribes with ElevenLabs Scribe, which answers in one piece, or works on its own and can be polled or
 * calls back. Hides its form, its tokens that are no words, and that it calls back only to an address
 * configured in its workspace. Source: ElevenLabs' API reference ("Create transcript", "Get transcript") and
 * its page "Webhooks".
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
import { callVendor, longestAnswerMs, readJson, type RequestBody, type Vendor } from './vendor.ts'
import { VendorError } from './vendor-failure.ts'
import { elevenlabs } from './vendors.ts'
import { recognisedIn, time, wordList } from './word-list.ts'

const usualModel = 'scribe_v2'
const pollMs = 60_000

const spoken = z.object({
  type: z.literal('word'),
  text: z.string(),
  start: time,
  end: time,
  speaker_id: z.string().nullish(),
  logprob: z.number().nullish(),
})
/** Spacing, or an audio_event. */
const unspoken = z.object({ type: z.string().refine((type) => type !== 'word') })
/** The transcript as it comes in answers and in callbacks. */
export const scribeTranscript = z.object({
  language_code: z.string().nullish(),
  words: wordList(z.union([spoken, unspoken])),
})
const accepted = z.object({ request_id: z.string().min(1), transcription_id: z.string().min(1).nullish() })
const unfinished = z.object({ words: z.undefined() }).transform(() => undefined)

export function openScribe(access: RecogniserAccess): Recogniser {
  const vendor = elevenlabs(access)

  const submit = async (
    sound: SpeechSound,
    request: TranscriptionRequest,
    signal: AbortSignal,
  ): Promise<VendorResult<Recognised>> => {
    const began = performance.now()
    try {
      return await ask(vendor, access.model, sound, request, longestAnswerMs, signal)
    } catch (error) {
      const noAddress =
        request.callbackUrl !== undefined &&
        error instanceof VendorError &&
        error.vendorCodes.includes('no_webhooks_configured')
      if (!noAddress) throw error
      const left = Math.max(0, longestAnswerMs - Math.round(performance.now() - began))
      // nothing was charged
      return await ask(vendor, access.model, sound, { ...request, callbackUrl: undefined }, left, signal)
    }
  }

  const poll = async (reference: string, signal: AbortSignal): Promise<VendorResult<Recognised>> => {
    const [, id] = reference.split('/')
    if (id === undefined) return { state: 'waiting', reference }
    const path = `/v1/speech-to-text/transcripts/${encodeURIComponent(id)}`
    const read = readJson(z.union([scribeTranscript, unfinished]))
    try {
      const transcript = await callVendor(
        vendor,
        { method: 'GET', path, read, paid: false, timeoutMs: pollMs },
        signal,
      )
      return transcript ? { state: 'done', result: readScribe(transcript) } : { state: 'waiting', reference }
    } catch (error) {
      // there is nothing until it is done
      if (error instanceof VendorError && error.status === 404) return { state: 'waiting', reference }
      throw error
    }
  }

  return { name: 'elevenlabs', sliceSeconds: Infinity, submit, poll }
}

async function ask(
  vendor: Vendor,
  model: string | undefined,
  sound: SpeechSound,
  request: TranscriptionRequest,
  timeoutMs: number,
  signal: AbortSignal,
): Promise<VendorResult<Recognised>> {
  const url = await sound.signedUrl?.()
  const body = form(model ?? usualModel, sound, url, request)
  const secrets = [url ?? '', request.callbackUrl ?? '']
  const call = { method: 'POST', path: '/v1/speech-to-text', body, paid: true, timeoutMs, secrets } as const
  if (request.callbackUrl === undefined)
    return {
      state: 'done',
      result: readScribe(await callVendor(vendor, { ...call, read: readJson(scribeTranscript) }, signal)),
    }
  const { request_id: requestId, transcription_id: transcript } = await callVendor(
    vendor,
    { ...call, read: readJson(accepted) },
    signal,
  )
  return { state: 'waiting', reference: transcript == null ? requestId : `${requestId}/${transcript}` }
}

function form(
  model: string,
  { bytes, contentType, fileName, stream }: SpeechSound,
  url: string | undefined,
  { language, callbackUrl }: TranscriptionRequest,
): RequestBody {
  // `no_verbatim` stays unsaid: it would drop fillers.
  const fields: [string, string][] = [
    ['model_id', model],
    ['diarize', 'true'],
    ['timestamps_granularity', 'word'],
    ['tag_audio_events', 'false'],
  ]
  if (language !== undefined) fields.push(['language_code', languageOnly(language)])
  // Its workspace says where it calls; what we asked for comes back to us in the metadata.
  if (callbackUrl !== undefined)
    fields.push(['webhook', 'true'], ['webhook_metadata', JSON.stringify({ callbackUrl })])
  if (url !== undefined) return multipart([...fields, ['source_url', url]])
  return multipart(fields, { name: 'file', fileName, contentType, bytes, stream })
}

/** The words among the tokens: spaces and sounds that nobody said are left out. */
export function readScribe({ language_code: language, words }: z.infer<typeof scribeTranscript>): Recognised {
  const said = words.readable.flatMap((token) => ('start' in token ? [token] : []))
  return recognisedIn(
    bcp47(language),
    said.map(({ text, start, end, speaker_id: speaker, logprob }) => ({
      text,
      start,
      end,
      speaker: speaker ?? null,
      confidence: logprob == null ? null : Math.min(1, Math.exp(logprob)),
    })),
    words.unreadable,
  )
}
