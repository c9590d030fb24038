/**
 * Speaks with OpenAI's `/audio/speech`, and with other servers of the same API. Hides that its PCM has no
 * header, so that an answer that is not PCM must be noticed. Source: OpenAI's API reference ("Create speech")
 * and its guide "Text to speech": 24 kHz, signed 16-bit, little-endian, no header.
 */
import { toPlanar } from '../audio/pcm.ts'
import { callVendor, jsonBody, longestAnswerMs, type Access } from './vendor.ts'
import type { VendorError } from './vendor-failure.ts'
import { openai } from './vendors.ts'
import type { Speaker, Spoken } from './voice.ts'

const usualModel = 'gpt-4o-mini-tts'
const sampleRate = 24_000
/** Of the usual model; the API has no list of them. */
const voices = [
  ...[
    'alloy',
    'ash',
    'ballad',
    'cedar',
    'coral',
    'echo',
    'fable',
    'marin',
    'nova',
    'onyx',
    'sage',
    'shimmer',
    'verse',
  ],
]

export function openaiSpeaker(access: Access): Speaker {
  const vendor = openai(access)
  return {
    vendor,
    speak: ({ text, voice, model, settings }, signal) => {
      const body = jsonBody({
        ...settings,
        model: model ?? usualModel,
        input: text,
        voice,
        response_format: 'pcm',
      })
      const call = {
        method: 'POST',
        path: '/audio/speech',
        body,
        read: readSamples,
        paid: true,
        timeoutMs: longestAnswerMs,
      } as const
      return callVendor(vendor, call, signal)
    },
    lacksVoice,
    list: () => Promise.resolve(voices.map((voice) => ({ voice, title: voice }))),
  }
}

/** OpenAI names the parameter, other servers have a code of their own or only say it. */
const lacksVoice = ({ kind, code, vendorCodes, message }: VendorError): boolean =>
  kind === 'refused' &&
  code === 'provider_rejected' &&
  (vendorCodes.some((name) => /^voice$|voice_not_found|(invalid|unknown)_voice/i.test(name)) ||
    /\bvoice\b/i.test(message))

const filesBegin = /^(RIFF|ID3|OggS|fLaC)/

function readSamples(answer: Buffer): Spoken {
  if (filesBegin.test(answer.toString('latin1', 0, 4)))
    throw new Error('an audio file, where bare samples were asked for')
  const [samples] = toPlanar(answer, { sampleRate, channels: 1, sampleFormat: 's16le' })
  return { samples: samples!, sampleRate, words: null }
}
