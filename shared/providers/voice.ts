/**
 * The interface of synthetic voices that each provider's adapter implements. The adapters are listed in
 * voices.ts.
 */
import type { voiceNames } from '../settings/segments.ts'
import type { Vendor } from './vendor.ts'
import type { VendorError } from './vendor-failure.ts'

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

/** A voice that may be asked for, and what people call it. */
export interface KnownVoice {
  readonly voice: string
  readonly title: string
}

/** One provider's way of speaking. */
export interface Speaker {
  readonly vendor: Pick<Vendor, 'title' | 'apiKey'>
  readonly speak: (line: Line, signal: AbortSignal) => Promise<Spoken>
  /** Whether it refused because it has no such voice. */
  readonly lacksVoice: (refusal: VendorError) => boolean
  readonly list: (signal: AbortSignal) => Promise<readonly KnownVoice[]>
}

export type VoiceName = (typeof voiceNames)[number]

export interface Voice {
  /**
   * Throws VendorError: `unknown_voice`; `provider_rejected` for a text without letters or figures, for
   * silence (no sample above −60 dBFS) and for speech shorter than anybody could say it; and whatever the
   * call itself throws. Throws the signal's reason when it aborts.
   */
  readonly speak: (line: Line, signal: AbortSignal) => Promise<Spoken>
  /** The voices there are to choose from, a hundred at most; costs nothing. Throws VendorError, and the signal's reason. */
  readonly list: (signal: AbortSignal) => Promise<readonly KnownVoice[]>
}
