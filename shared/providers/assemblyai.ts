/**
 * Transcribes with AssemblyAI: a job is created and polled, or calls back. Hides uploads, its times in
 * milliseconds and its models. Source: AssemblyAI's API reference ("Upload a media file", "Transcribe audio",
 * "Get transcript", "List transcripts"), its pages "Filler Words" and "Webhooks for pre-recorded audio".
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
import { callVendor, jsonBody, readJson, refuse, type Vendor } from './vendor.ts'
import { assemblyai } from './vendors.ts'
import { noWords, recognisedIn, time, wordList } from './word-list.ts'

/** The header in which it repeats our secret when it calls back. */
export const assemblyaiSecretHeader = 'x-spool-callback'

// One must be named, in order of preference; the second speaks the languages that the first does not.
// `universal-3-pro` is refused since July 2026.
const models = ['universal-3-5-pro', 'universal-2']

const uploaded = z.object({ upload_url: z.url() })
const word = z.object({
  text: z.string(),
  start: time, // milliseconds, as `end`
  end: time,
  confidence: z.number().nullish(),
  speaker: z.string().nullish(),
})
const job = z.object({
  id: z.string().min(1),
  status: z.enum(['queued', 'processing', 'completed', 'error']),
  error: z.string().nullish(),
  language_code: z.string().nullish(),
  words: wordList(word).nullish(),
})
const jobs = z.object({
  transcripts: z.array(
    z.object({ id: z.string().min(1), status: z.string(), audio_url: z.string().nullish() }),
  ),
})

const uploadMs = 10 * 60_000
const answerMs = 60_000
/** The longest page of its list; newest first. */
const listed = 200

export function openAssemblyai(access: RecogniserAccess): Recogniser {
  const vendor = assemblyai(access)

  const submit = async (
    sound: SpeechSound,
    request: TranscriptionRequest,
    signal: AbortSignal,
  ): Promise<VendorResult<Recognised>> => {
    const audioUrl = sound.signedUrl ? await sound.signedUrl() : await upload(vendor, sound, signal)
    const body = jsonBody({
      audio_url: audioUrl,
      speech_models: access.model === undefined ? models : [access.model],
      speaker_labels: true,
      disfluencies: true,
      ...(request.language === undefined
        ? { language_detection: true }
        : { language_code: languageOnly(request.language) }),
      ...callback(request),
    })
    const secrets = [audioUrl, request.callbackUrl ?? '', request.callbackSecret ?? '']
    const call = {
      method: 'POST',
      path: '/v2/transcript',
      body,
      read: readJson(job),
      paid: true,
      timeoutMs: answerMs,
      secrets,
    } as const
    return answerOf(vendor, await callVendor(vendor, call, signal))
  }

  const poll = async (reference: string, signal: AbortSignal): Promise<VendorResult<Recognised>> => {
    const path = `/v2/transcript/${encodeURIComponent(reference)}`
    return answerOf(
      vendor,
      await callVendor(
        vendor,
        { method: 'GET', path, read: readJson(job), paid: false, timeoutMs: answerMs },
        signal,
      ),
    )
  }

  const find = async ({ signedUrl }: SpeechSound, signal: AbortSignal): Promise<string | undefined> => {
    if (!signedUrl) return undefined
    const object = withoutSignature(await signedUrl())
    const query = { limit: `${listed}` }
    const call = {
      method: 'GET',
      path: '/v2/transcript',
      query,
      read: readJson(jobs),
      paid: false,
      timeoutMs: answerMs,
    } as const
    const { transcripts } = await callVendor(vendor, call, signal)
    return transcripts.find(
      ({ status, audio_url: url }) => status !== 'error' && url != null && withoutSignature(url) === object,
    )?.id
  }

  return { name: 'assemblyai', sliceSeconds: Infinity, submit, poll, find }
}

/** Puts the sound where only AssemblyAI reads it; that much is free. At most 2.2 GB. */
async function upload(vendor: Vendor, { bytes, stream }: SpeechSound, signal: AbortSignal): Promise<string> {
  const body = { contentType: 'application/octet-stream', bytes, content: stream() }
  const call = {
    method: 'POST',
    path: '/v2/upload',
    body,
    read: readJson(uploaded),
    paid: false,
    timeoutMs: uploadMs,
  } as const
  return (await callVendor(vendor, call, signal)).upload_url
}

const callback = ({ callbackUrl, callbackSecret }: TranscriptionRequest): object =>
  callbackUrl === undefined || callbackSecret === undefined
    ? {}
    : {
        webhook_url: callbackUrl,
        webhook_auth_header_name: assemblyaiSecretHeader,
        webhook_auth_header_value: callbackSecret,
      }

function answerOf(
  vendor: Vendor,
  { id, status, error, language_code: language, words }: z.infer<typeof job>,
): VendorResult<Recognised> {
  switch (status) {
    case 'queued':
    case 'processing':
      return { state: 'waiting', reference: id }
    case 'error':
      throw refuse(vendor, `could not transcribe the sound: ${error ?? 'it gave no reason'}`)
    case 'completed': {
      const { readable, unreadable } = words ?? noWords
      const result = recognisedIn(bcp47(language), readable.map(recognised), unreadable)
      return { state: 'done', result }
    }
  }
}

const recognised = ({ text, start, end, speaker, confidence }: z.infer<typeof word>) => ({
  text,
  start: start / 1000,
  end: end / 1000,
  speaker: speaker ?? null,
  confidence: confidence ?? null,
})

/** An object's address is the same each time it is signed, but for the signature. */
const withoutSignature = (url: string): string => url.split('?')[0]!
