/**
 * Voices that speak a text, behind one port. Hides whose voice it is, and makes sure of what comes back: a text with nothing to say,
 * silence or a click is an error, never speech.
 */
import { elevenlabsSpeaker } from './elevenlabs-voice.ts'
import { fliteSpeaker } from './flite-voice.ts'
import { openaiSpeaker } from './openai-speech.ts'
import { refuse, VendorError, type Access, type Vendor } from './vendor.ts'

export interface Line {
  readonly text: string
  /** The provider's name of the voice. */
  readonly voice: string
  /** Undefined: the provider's usual one. */
  readonly model?: string | undefined
  /** The provider's own, by its own names. */
  readonly settings?: Readonly<Record<string, number | boolean | string>>
}

export interface Spoken {
  /** One channel, full scale ±1. */
  readonly samples: Float32Array
  readonly sampleRate: number
  /** Seconds from the first sample; null when the provider does not say. */
  readonly words: readonly { readonly text: string; readonly start: number; readonly end: number }[] | null
}

/** One provider's way of speaking. */
export interface Speaker {
  readonly vendor: Pick<Vendor, 'title' | 'apiKey'>
  readonly speak: (line: Line, signal: AbortSignal) => Promise<Spoken>
  /** Whether it refused because it has no such voice. */
  readonly lacksVoice: (refusal: VendorError) => boolean
}

export type VoiceName = 'elevenlabs' | 'openai' | 'flite'

export interface Voice {
  /**
   * Throws VendorError: `unknown_voice`; `provider_rejected` for a text without letters or figures, for silence (no sample above −60 dBFS)
   * and for speech shorter than anybody could say it; and whatever the call itself meets. Throws the signal's reason when it aborts.
   */
  readonly speak: (line: Line, signal: AbortSignal) => Promise<Spoken>
}

const speakers = {
  elevenlabs: elevenlabsSpeaker,
  openai: openaiSpeaker,
  flite: fliteSpeaker,
} satisfies Record<VoiceName, (access: Access) => Speaker>

/** −60 dBFS: what no voice stays under. */
const audible = 10 ** (-60 / 20)
/** Auctioneers reach 25. */
const mostLettersPerSecond = 60

/** `baseUrl` as the vendors' own clients have it: OpenAI's ends in its version (`…/v1`). flite is built in and needs neither address nor key. */
export function openVoice(name: VoiceName, access: Access): Voice {
  const speaker = speakers[name](access)
  return {
    speak: async (line, signal) => {
      const letters = line.text.match(/[\p{L}\p{N}]/gu)?.length ?? 0
      if (letters === 0)
        throw refuse(speaker.vendor, 'was given nothing to say: the text has neither letters nor figures.')
      const spoken = await speaker.speak(line, signal).catch((error: unknown) => {
        throw error instanceof VendorError && speaker.lacksVoice(error)
          ? unknownVoice(error, line.voice)
          : error
      })
      return checked(speaker, spoken, letters)
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
