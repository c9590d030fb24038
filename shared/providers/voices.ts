/**
 * The table of synthetic voices behind one interface. Hides whose voice it is, and checks what comes back: a
 * text with nothing to say, silence or a click is an error, never speech.
 */
import { elevenlabsSpeaker } from './elevenlabs-voice.ts'
import { fliteSpeaker } from './flite-voice.ts'
import { openaiSpeaker } from './openai-speech.ts'
import { unsayable } from './sayable.ts'
import { refuse, type Access } from './vendor.ts'
import { VendorError } from './vendor-failure.ts'
import type { Speaker, Spoken, Voice, VoiceName } from './voice.ts'

const speakers = {
  elevenlabs: elevenlabsSpeaker,
  openai: openaiSpeaker,
  flite: fliteSpeaker,
} satisfies Record<VoiceName, (access: Access) => Speaker>

/** −60 dBFS: what no voice stays under. */
const audible = 10 ** (-60 / 20)
/** Auctioneers reach 25. */
const mostLettersPerSecond = 60

/**
 * `baseUrl` as the vendors' own clients have it: OpenAI's ends in its version (`…/v1`). flite is built in
 * and needs neither address nor key.
 */
export function openVoice(name: VoiceName, access: Access): Voice {
  const speaker = speakers[name](access)
  return {
    list: speaker.list,
    speak: async (line, signal) => {
      const why = unsayable(name, line.text)
      if (why !== undefined) throw refuse(speaker.vendor, why)
      const spoken = await speaker.speak(line, signal).catch((error: unknown) => {
        throw error instanceof VendorError && speaker.lacksVoice(error)
          ? unknownVoice(error, line.voice)
          : error
      })
      return checked(speaker, spoken, line.text.match(/[\p{L}\p{N}]/gu)!.length)
    },
  }
}

const unknownVoice = (cause: VendorError, voice: string): VendorError =>
  new VendorError(`There is no voice "${voice}". ${cause.message}`, {
    kind: 'refused',
    code: 'unknown_voice',
    cause,
  })

function checked({ vendor }: Speaker, spoken: Spoken, letters: number): Spoken {
  const { samples, sampleRate } = spoken
  const seconds = samples.length / sampleRate
  if (!samples.some((sample) => Math.abs(sample) > audible))
    throw refuse(vendor, `spoke ${seconds.toFixed(1)} seconds of silence.`)
  if (seconds * mostLettersPerSecond < letters)
    throw refuse(vendor, `spoke ${letters} letters in ${seconds.toFixed(2)} seconds: most of it is missing.`)
  return spoken
}
