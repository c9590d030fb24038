/**
 * Local servers that speak the vendors' documented wire formats. They note what they were sent, keep jobs as
 * the vendors do, and fail on demand.
 * Hides HTTP; a test says which vendor it wants, what is to go wrong, and looks at what arrived.
 */
import { once } from 'node:events'
import { createServer, type IncomingMessage, type ServerResponse } from 'node:http'
import type { AddressInfo } from 'node:net'
import { afterEachTest } from './every-file.ts'

export interface Received {
  readonly method: string
  readonly path: string
  readonly query: Readonly<Record<string, string>>
  readonly headers: Readonly<Record<string, string | string[] | undefined>>
  /** The first mebibyte; `bytes` counts all. */
  readonly body: Buffer
  readonly bytes: number
  readonly json: () => Record<string, unknown>
  readonly form: () => Promise<FormData>
}

/** What goes wrong with the next requests, until it is taken back. */
export type Fault =
  | { readonly status: number; readonly body?: unknown; readonly headers?: Readonly<Record<string, string>> }
  | 'garbage' // 200 and a page that is no JSON
  | 'hang up' // the connection is dropped when the whole request has been read
  | 'hang up midway' // … when its first bytes have
  | 'never answer'
  | 'refuse unread' // 401 before the body is read
  | 'slowly' // the right answer, byte by byte
  | 'stop in the answer' // 200, half an answer, and the connection is dropped

interface Reply {
  readonly status?: number
  readonly json?: unknown
  readonly bytes?: Buffer
}

type Routes = Readonly<Record<string, (request: Received) => Reply>>

export interface FakeVendor {
  readonly baseUrl: string
  readonly received: Received[]
  /** Bytes of all bodies so far, whole or not. */
  readonly bytesReceived: () => number
  fault: Fault | undefined
  /** What was asked last. */
  readonly last: () => Received
}

const running: (() => Promise<void>)[] = []
afterEachTest(async () => {
  await Promise.all(running.splice(0).map((close) => close()))
})

const keptBytes = 1024 * 1024

/**
 * Starts a vendor; it ends with the test. A route is a method and a path, whose parts in braces stand for
 * anything.
 */
export async function aVendor(routes: Routes): Promise<FakeVendor> {
  const received: Received[] = []
  let bytesReceived = 0
  const vendor = {
    received,
    fault: undefined as Fault | undefined,
    bytesReceived: () => bytesReceived,
    last: () => received.at(-1)!,
  }
  const server = createServer((incoming, response) => {
    incoming.on('error', () => undefined) // a client that goes away
    if (vendor.fault === 'refuse unread') {
      send(response, { status: 401, json: { error: 'No.' } })
      return
    }
    void read(incoming, vendor.fault, (bytes) => (bytesReceived += bytes)).then((request) => {
      if (!request) return
      received.push(request)
      answer(request, vendor.fault, routes, response)
    })
  })
  await once(server.listen(0, '127.0.0.1'), 'listening')
  running.push(async () => {
    server.closeAllConnections()
    server.close()
    await once(server, 'close')
  })
  return Object.assign(vendor, { baseUrl: `http://127.0.0.1:${(server.address() as AddressInfo).port}` })
}

/** Undefined when the connection ends before the request does. */
async function read(
  incoming: IncomingMessage,
  fault: Fault | undefined,
  count: (bytes: number) => void,
): Promise<Received | undefined> {
  const parts: Buffer[] = []
  let bytes = 0
  try {
    for await (const part of incoming as AsyncIterable<Buffer>) {
      if (bytes < keptBytes) parts.push(part)
      bytes += part.length
      count(part.length)
      if (fault === 'hang up midway') incoming.socket.destroy()
    }
  } catch {
    return undefined
  }
  const body = Buffer.concat(parts)
  const { pathname, searchParams } = new URL(incoming.url!, 'http://vendor')
  const headers = incoming.headers
  return {
    method: incoming.method!,
    path: pathname,
    query: Object.fromEntries(searchParams),
    headers,
    body,
    bytes,
    json: () => JSON.parse(body.toString('utf8')) as Record<string, unknown>,
    form: () =>
      new Request('http://vendor', {
        method: 'POST',
        headers: { 'content-type': headers['content-type']! },
        body: new Uint8Array(body),
      }).formData(),
  }
}

function answer(request: Received, fault: Fault | undefined, routes: Routes, response: ServerResponse): void {
  if (fault === 'never answer') return
  if (fault === 'hang up') response.socket?.destroy()
  else if (fault === 'garbage') response.end('<html><body>Welcome</body></html>')
  else if (fault === 'stop in the answer')
    response.writeHead(200, { 'content-length': '1000' }).write('{"half', () => response.socket?.destroy())
  else if (fault === 'slowly') void dribble(response, JSON.stringify(routeOf(request, routes).json))
  else if (typeof fault === 'object')
    send(response, { status: fault.status, json: fault.body ?? {} }, fault.headers)
  else send(response, routeOf(request, routes))
}

async function dribble(response: ServerResponse, text: string): Promise<void> {
  response.writeHead(200, { 'content-type': 'application/json' })
  for (const letter of text) {
    response.write(letter)
    await new Promise(setImmediate)
  }
  response.end()
}

function routeOf(request: Received, routes: Routes): Reply {
  const asked = `${request.method} ${request.path}`
  const route = Object.keys(routes).find((pattern) =>
    new RegExp(`^${pattern.replaceAll(/\{[^}]*\}/g, '[^/]+')}$`).test(asked),
  )
  return route === undefined ? { status: 404, json: { error: `no route ${asked}` } } : routes[route]!(request)
}

function send(
  response: ServerResponse,
  { status = 200, json, bytes }: Reply,
  headers: Readonly<Record<string, string>> = {},
): void {
  const text = typeof json === 'string' ? json : JSON.stringify(json)
  response
    .writeHead(status, { 'content-type': bytes ? 'audio/pcm' : 'application/json', ...headers })
    .end(bytes ?? text)
}

/** What all of them hear in any sound. */
export const heard = [
  { text: 'Um,', start: 0.25, end: 0.5, speaker: 0 },
  { text: 'hello', start: 0.5, end: 1, speaker: 0 },
  { text: 'world.', start: 1.25, end: 2, speaker: 1 },
] as const

/**
 * "Upload a media file", "Transcribe audio", "Get transcript", "List transcripts": a job is queued, then
 * processed, then done.
 */
export function anAssemblyai() {
  const jobs: { id: string; asked: number; audio_url: unknown }[] = []
  const words = heard.map(({ text, start, end, speaker }) => ({
    text,
    start: start * 1000,
    end: end * 1000,
    confidence: 0.875,
    speaker: 'AB'[speaker],
  }))
  const describe = ({ id, asked, audio_url }: (typeof jobs)[number]) => {
    const status = ['queued', 'processing'][asked] ?? 'completed'
    return {
      id,
      status,
      audio_url,
      language_code: 'en_us',
      words: status === 'completed' ? words : null,
      error: null,
    }
  }
  return aVendor({
    'POST /v2/upload': () => ({ json: { upload_url: 'https://cdn.assemblyai.com/upload/0d7a' } }),
    'POST /v2/transcript': (request) => {
      const job = { id: `job-${jobs.length + 1}`, asked: 0, audio_url: request.json()['audio_url'] }
      jobs.push(job)
      return { json: describe(job) }
    },
    'GET /v2/transcript/{id}': ({ path }) => {
      const job = jobs.find(({ id }) => path.endsWith(id))
      if (!job) return { status: 400, json: { error: 'Transcript lookup error, transcript id not found' } }
      job.asked++
      return { json: describe(job) }
    },
    'GET /v2/transcript': () => ({ json: { page_details: {}, transcripts: jobs.map(describe).reverse() } }),
  })
}

/** The transcript of "Create transcript", with what stands between words and what nobody said. */
export const scribeAnswer = {
  language_code: 'eng',
  language_probability: 0.98,
  text: 'Um, hello (laughs) world.',
  words: heard.flatMap(({ text, start, end, speaker }) => [
    { text, type: 'word', start, end, speaker_id: `speaker_${speaker}`, logprob: Math.log(0.5) },
    { text: ' ', type: 'spacing', start: end, end, speaker_id: `speaker_${speaker}`, logprob: 0 },
    { text: '(laughs)', type: 'audio_event', start: end, end, speaker_id: null, logprob: 0 },
  ]),
}

/** "Create transcript" and "Get transcript": there is nothing to get until it is done. */
export function aScribe({ webhooks = true } = {}) {
  let asked = 0
  return aVendor({
    'POST /v1/speech-to-text': ({ body }) => {
      if (!/name="webhook"\r\n\r\ntrue/.test(body.toString('latin1')))
        return { json: { ...scribeAnswer, transcription_id: 'tr-1' } }
      if (webhooks)
        return { json: { message: 'Request accepted', request_id: 'req-1', transcription_id: 'tr-1' } }
      const detail = {
        code: 'invalid_parameters',
        status: 'no_webhooks_configured',
        message: 'No speech-to-text webhooks are configured.',
      }
      return { status: 400, json: { detail } }
    },
    'GET /v1/speech-to-text/transcripts/tr-1': () =>
      asked++ === 0
        ? { status: 404, json: { detail: { code: 'transcript_not_found', message: 'Transcript not found' } } }
        : { json: scribeAnswer },
  })
}

/** The transcript of "Pre-Recorded Audio". */
export const deepgramAnswer = {
  metadata: { request_id: 'dg-1', duration: 2, channels: 1 },
  results: {
    channels: [
      {
        detected_language: 'en',
        alternatives: [
          {
            transcript: 'Um, hello world.',
            confidence: 0.99,
            words: heard.map(({ text, start, end, speaker }) => ({
              word: text.toLowerCase().replace(/\W/, ''),
              punctuated_word: text,
              start,
              end,
              confidence: 0.75,
              speaker,
              speaker_confidence: 0.6,
            })),
          },
        ],
      },
    ],
  },
}

export const aDeepgram = () =>
  aVendor({
    'POST /v1/listen': ({ query }) => ({
      json: query['callback'] === undefined ? deepgramAnswer : { request_id: 'dg-1' },
    }),
  })

/** The verbose JSON of "Create transcription": the language in words, the words bare. */
export const whisperAnswer = {
  task: 'transcribe',
  language: 'english',
  duration: 2,
  text: 'Um, hello world.',
  words: heard.map(({ text, start, end }) => ({ word: text.replace(/\W/, ''), start, end })),
  segments: [
    { id: 0, start: 0, end: 1, text: ' Um, hello' },
    { id: 1, start: 1, end: 2, text: ' world.' },
  ],
}

export const aWhisper = (whisper: object = whisperAnswer) =>
  aVendor({ 'POST /v1/audio/transcriptions': () => ({ json: whisper }) })

/** "Create chat completion". */
export const aChat = (
  message: object = { role: 'assistant', content: 'About four light years.' },
  finish_reason = 'stop',
) =>
  aVendor({
    'POST /v1/chat/completions': () => ({
      json: { id: 'c-1', choices: [{ index: 0, message, finish_reason }] },
    }),
  })

/** Gemini's "generateContent". */
export const aGemini = (answered: object = aCandidate('About four light years.')) =>
  aVendor({ 'POST /v1beta/models/{model}:generateContent': () => ({ json: answered }) })

export const aCandidate = (text: string, finishReason = 'STOP') => ({
  candidates: [{ content: { role: 'model', parts: [{ text }] }, finishReason }],
})

/** Half a second of a tone at a tenth of full scale: 24 kHz, signed 16-bit, little-endian. */
export function aTone(seconds = 0.5, peak = 0.1): Buffer {
  const samples = Int16Array.from(
    { length: seconds * 24_000 },
    (_, i) => 32767 * peak * Math.sin((2 * Math.PI * 440 * i) / 24_000),
  )
  return Buffer.from(samples.buffer)
}

/** ElevenLabs' "Create speech with timing": each character lasts a twentieth of a second. */
export const anElevenlabsVoice = (pcm = aTone()) =>
  aVendor({
    'GET /v2/voices': () => ({ json: { voices: [{ voice_id: 'known', name: 'Known' }], has_more: false } }),
    'POST /v1/text-to-speech/{voice}/with-timestamps': (request) => {
      if (!request.path.includes('/known/'))
        return {
          status: 404,
          json: {
            detail: {
              type: 'not_found',
              code: 'voice_not_found',
              status: 'voice_not_found',
              message: 'A voice with that ID was not found.',
            },
          },
        }
      const characters = Array.from(String(request.json()['text']))
      const alignment = {
        characters,
        character_start_times_seconds: characters.map((_, i) => i / 20),
        character_end_times_seconds: characters.map((_, i) => (i + 1) / 20),
      }
      return { json: { audio_base64: pcm.toString('base64'), alignment, normalized_alignment: null } }
    },
  })

/** OpenAI's "Create speech". */
export const anOpenaiVoice = (pcm = aTone()) =>
  aVendor({
    'POST /v1/audio/speech': (request) =>
      request.json()['voice'] === 'alloy'
        ? { bytes: pcm }
        : {
            status: 400,
            json: {
              error: {
                message: "Invalid value: 'nobody'. Supported values are: 'alloy'.",
                type: 'invalid_request_error',
                param: 'voice',
                code: 'invalid_value',
              },
            },
          },
  })
