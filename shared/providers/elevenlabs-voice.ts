/**
 * Speaks with ElevenLabs' voices and returns the time of every word. Hides base64, and that times come by the
 * character. Source: ElevenLabs' API reference ("Create speech with timing", "List voices") and its page "Errors".
 */
import { z } from 'zod'
import { toPlanar } from '../audio/pcm.ts'
import { callVendor, jsonBody, longestAnswerMs, readJson, type Access } from './vendor.ts'
import { elevenlabs } from './vendors.ts'
import type { KnownVoice, Speaker, Spoken } from './voice.ts'

const usualModel = 'eleven_multilingual_v2'
/** The highest rate of PCM that every plan may ask for; 44.1 kHz needs the Pro plan. */
const sampleRate = 24_000
const notThatVoice = new Set(['voice_not_found', 'invalid_voice_id', 'voice_access_denied'])

const alignment = z.object({
  characters: z.array(z.string()),
  character_start_times_seconds: z.array(z.number()),
  character_end_times_seconds: z.array(z.number()),
})
const speech = z.object({ audio_base64: z.string().min(1), alignment: alignment.nullish() })

const voiceList = z.object({
  voices: z.array(z.object({ voice_id: z.string(), name: z.string().nullish() })),
})
const readVoices = (answer: Buffer): KnownVoice[] =>
  readJson(voiceList)(answer).voices.map(({ voice_id: voice, name }) => ({ voice, title: name ?? voice }))

export function elevenlabsSpeaker(access: Access): Speaker {
  const vendor = elevenlabs(access)
  return {
    vendor,
    speak: ({ text, voice, model, settings }, signal) => {
      const { seed, language_code, ...voiceSettings } = settings ?? {}
      const body = jsonBody({
        text,
        model_id: model ?? usualModel,
        seed,
        language_code, // the two that do not belong to the voice
        ...(Object.keys(voiceSettings).length === 0 ? {} : { voice_settings: voiceSettings }),
      })
      const path = `/v1/text-to-speech/${encodeURIComponent(voice)}/with-timestamps`
      const query = { output_format: `pcm_${sampleRate}` }
      return callVendor(
        vendor,
        { method: 'POST', path, query, body, read: readSpeech, paid: true, timeoutMs: longestAnswerMs },
        signal,
      )
    },
    lacksVoice: ({ vendorCodes }) => vendorCodes.some((code) => notThatVoice.has(code)),
    list: (signal) => {
      const query = { page_size: '100' }
      const call = { method: 'GET', path: '/v2/voices', query, read: readVoices, paid: false } as const
      return callVendor(vendor, { ...call, timeoutMs: longestAnswerMs }, signal)
    },
  }
}

function readSpeech(answer: Buffer): Spoken {
  const { audio_base64: audio, alignment: times } = readJson(speech)(answer)
  const [samples] = toPlanar(Buffer.from(audio, 'base64'), { sampleRate, channels: 1, sampleFormat: 's16le' })
  return { samples: samples!, sampleRate, words: times ? wordsOf(times) : null }
}

/** Characters between white space make a word; it lasts from the first's start to the last's end. */
function wordsOf({
  characters,
  character_start_times_seconds: starts,
  character_end_times_seconds: ends,
}: z.infer<typeof alignment>) {
  const words: { text: string; start: number; end: number }[] = []
  let word: (typeof words)[number] | undefined
  for (const [i, character] of characters.entries()) {
    if (character.trim() === '') {
      word = undefined
      continue
    }
    if (!word) words.push((word = { text: '', start: starts[i] ?? 0, end: 0 }))
    word.text += character
    word.end = ends[i] ?? word.start
  }
  return words
}
