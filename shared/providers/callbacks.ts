/**
 * Reads vendors' callbacks: checks that one comes from the vendor, and extracts its result. Hides their
 * signatures and the three shapes of their messages. The same message may come twice, and reads the same.
 * Source: AssemblyAI's "Webhooks for pre-recorded audio", ElevenLabs' "Webhooks", Deepgram's "STT Callback".
 */
import { createHmac, timingSafeEqual } from 'node:crypto'
import { z } from 'zod'
import { Permanent } from '../errors.ts'
import { assemblyaiSecretHeader } from './assemblyai.ts'
import { presentable } from './complaints.ts'
import { deepgramTranscript, readDeepgram } from './deepgram.ts'
import { readScribe, scribeTranscript } from './elevenlabs-scribe.ts'
import type { VendorResult } from './vendor.ts'
import type { Recognised, RecogniserName } from './recogniser.ts'

export interface CallbackMessage {
  /** Names in lower case, as Node gives them. */
  readonly headers: Readonly<Record<string, string | undefined>>
  /** As it came: signatures cover the bytes. */
  readonly rawBody: Buffer
  /** AssemblyAI: the request's `callbackSecret`. ElevenLabs: its webhook's own secret. Deepgram: not used. */
  readonly secret: string
  /** Milliseconds since 1970. */
  readonly now: number
}

export interface CallbackReading {
  /** The vendor's name of the job, as `submit` gave it (ElevenLabs': the part before its slash). */
  readonly reference: string | undefined
  /** The result when it came along; undefined: poll for it. */
  readonly answer: VendorResult<Recognised> | undefined
  /** Why there will be no result, in the vendor's words; undefined while there may be one. */
  readonly failure: string | undefined
  /**
   * The request's `callbackUrl`, from a vendor that calls one address for all of its customer's jobs
   * (ElevenLabs).
   */
  readonly callbackUrl: string | undefined
}

/**
 * Looks at what comes before the body: it must carry the vendor's proof, and be of today. Throws Permanent
 * `bad_callback`; a call that passes may still be forged where the proof covers the body.
 */
export function checkHeaders(name: RecogniserName, message: Omit<CallbackMessage, 'rawBody'>): void {
  switch (name) {
    case 'assemblyai':
      if (!sameSecret(message.headers[assemblyaiSecretHeader], message.secret))
        throw unbelievable(`AssemblyAI's callback does not carry the secret it was given.`)
      return
    case 'elevenlabs':
      checkElevenlabsSignature(message)
      return
    case 'deepgram': // signs nothing: our own signature in the address that was called has proved it
      return
    case 'openai':
      throw unbelievable('OpenAI never calls back.')
  }
}

function checkElevenlabsSignature({ headers, secret, now }: Omit<CallbackMessage, 'rawBody'>): void {
  const { time, signatures } = elevenlabsSignature(headers)
  if (secret === '' || signatures.length === 0)
    throw unbelievable(`ElevenLabs' callback is not signed with its secret.`)
  if (!/^\d+$/.test(time) || Math.abs(now - Number(time) * 1000) > toleratedMs)
    throw unbelievable(`ElevenLabs' callback was signed too long ago.`)
}

/** Reads a callback. Throws Permanent `bad_callback` for one that is forged, too old or not understood. */
export function readCallback(name: RecogniserName, message: CallbackMessage): CallbackReading {
  checkHeaders(name, message)
  switch (name) {
    case 'assemblyai':
      return fromAssemblyai(message)
    case 'elevenlabs':
      return fromElevenlabs(message)
    case 'deepgram':
      return fromDeepgram(message)
    case 'openai':
      throw unbelievable('OpenAI never calls back.')
  }
}

const nothing: CallbackReading = {
  reference: undefined,
  answer: undefined,
  failure: undefined,
  callbackUrl: undefined,
}

/** Only a name and a state; both the result and the reason of a failure are asked for. */
const assemblyaiMessage = z.object({
  transcript_id: z.string().min(1),
  status: z.enum(['completed', 'error']),
})

const fromAssemblyai = ({ rawBody }: CallbackMessage): CallbackReading => ({
  ...nothing,
  reference: parse(assemblyaiMessage, rawBody).transcript_id,
})

const elevenlabsMessage = z.object({
  type: z.string(),
  data: z.object({
    request_id: z.string().min(1),
    transcription: scribeTranscript.nullish(),
    error: z.unknown().optional(),
    webhook_metadata: z.unknown().optional(),
  }),
})
/** A JSON text by its documentation, an object as some received it. */
const ourMetadata = z.preprocess(
  (value) => (typeof value === 'string' ? tryJson(value) : value),
  z.object({ callbackUrl: z.url() }).optional().catch(undefined),
)
/** As ElevenLabs' own clients hold it; a clock may be as wrong the other way. */
const toleratedMs = 30 * 60_000

function fromElevenlabs({ headers, rawBody, secret }: CallbackMessage): CallbackReading {
  const { time, signatures } = elevenlabsSignature(headers)
  const expected = createHmac('sha256', secret).update(`${time}.`).update(rawBody).digest('hex')
  if (!signatures.some((signature) => sameSecret(signature, expected)))
    throw unbelievable(`ElevenLabs' callback is not signed with its secret.`)
  const { data } = parse(elevenlabsMessage, rawBody)
  const { request_id: reference, transcription, error } = data
  const callbackUrl = ourMetadata.parse(data.webhook_metadata)?.callbackUrl
  if (transcription)
    return {
      reference,
      answer: { state: 'done', result: readScribe(transcription) },
      failure: undefined,
      callbackUrl,
    }
  const failure =
    error == null
      ? undefined
      : presentable(`ElevenLabs could not transcribe the sound: ${wordsOf(error)}`, [])
  return { reference, answer: undefined, failure, callbackUrl }
}

/** `t=1700000000,v0=hex`: HMAC-SHA256 of the time, a full stop and the body. */
function elevenlabsSignature(headers: CallbackMessage['headers']): { time: string; signatures: string[] } {
  const header = headers['elevenlabs-signature'] ?? ''
  const items = header.split(',').map((item) => item.trim().split('='))
  const valuesOf = (wanted: string) =>
    items.flatMap(([name, value]) => (name === wanted && value ? [value] : []))
  return { time: valuesOf('t')[0] ?? '', signatures: valuesOf('v0') }
}

const deepgramFailure = z.object({
  request_id: z.string().min(1).nullish(),
  err_msg: z.string().nullish(),
  message: z.string().nullish(),
})

/**
 * Deepgram signs nothing, and its `dg-token` header is the identifier of the key, which is no secret. What
 * proves the call is our own signature in the address that was called: whoever calls this function has
 * checked it.
 */
function fromDeepgram({ rawBody }: CallbackMessage): CallbackReading {
  const body = parse(z.union([deepgramTranscript, deepgramFailure]), rawBody)
  if ('results' in body)
    return {
      ...nothing,
      reference: body.metadata.request_id,
      answer: { state: 'done', result: readDeepgram(body) },
    }
  const why = body.err_msg ?? body.message
  if (why == null) throw unbelievable(`Deepgram's callback carries neither a transcript nor an error.`)
  return {
    ...nothing,
    reference: body.request_id ?? undefined,
    failure: presentable(`Deepgram could not transcribe the sound: ${why}`, []),
  }
}

function parse<T>(schema: z.ZodType<T>, rawBody: Buffer): T {
  const parsed = schema.safeParse(tryJson(rawBody.toString('utf8')))
  if (!parsed.success)
    throw new Permanent('bad_callback', 'The callback is not in the form its vendor documents.', {
      cause: parsed.error,
    })
  return parsed.data
}

function tryJson(text: string): unknown {
  try {
    return JSON.parse(text)
  } catch {
    return undefined
  }
}

const wordsOf = (error: unknown): string => (typeof error === 'string' ? error : JSON.stringify(error))

/** In the same time whatever is wrong with it. */
function sameSecret(given: string | undefined, secret: string): boolean {
  const [a, b] = [given ?? '', secret].map((text) => createHmac('sha256', 'comparing').update(text).digest())
  return secret !== '' && timingSafeEqual(a!, b!)
}

const unbelievable = (message: string): Permanent => new Permanent('bad_callback', message)
