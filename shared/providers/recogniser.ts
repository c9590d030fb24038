/**
 * The interface of speech recognisers that each vendor's adapter implements. The adapters are listed in
 * recognisers.ts.
 */
import type { recogniserNames } from '../settings/settings.ts'
import type { Access, VendorResult } from './vendor.ts'

/** A recognised word; times are seconds in the sound that was sent. */
export interface RecognisedWord {
  /** With its punctuation, where the vendor gives any. */
  readonly text: string
  readonly start: number
  readonly end: number
  /**
   * The vendor's label, the same for the same voice within one sound; null when it does not tell speakers
   * apart.
   */
  readonly speaker: string | null
  /** 0 to 1; null when the vendor does not say. */
  readonly confidence: number | null
  /** Where the times of words are not known: which caption of the sound it stands in, counted from 1. */
  readonly cue?: number
}

export interface Recognised {
  /** BCP 47 in lower case; null when neither the vendor nor the request says. */
  readonly language: string | null
  readonly words: readonly RecognisedWord[]
  /** How many words could not be read and are not among them; absent: none. */
  readonly unreadable?: number
}

/** Encoded speech, one channel. */
export interface SpeechSound {
  readonly bytes: number
  readonly seconds: number
  readonly contentType: string
  readonly fileName: string
  /** The bytes from their beginning, as often as asked; never whole in memory. */
  readonly stream: () => AsyncIterable<Buffer>
  /** An address the vendor can fetch it from; undefined when the store is out of its reach. */
  readonly signedUrl: (() => Promise<string>) | undefined
}

export interface TranscriptionRequest {
  /** BCP 47; undefined: the vendor finds out. */
  readonly language: string | undefined
  /** Where the vendor may call back instead of keeping the connection; a vendor that cannot ignores it. */
  readonly callbackUrl: string | undefined
  /** What AssemblyAI repeats in a header of its callback; the other vendors are not told. */
  readonly callbackSecret: string | undefined
}

export type RecogniserName = (typeof recogniserNames)[number]

export interface Recogniser {
  readonly name: RecogniserName
  /** The longest sound in one request; Infinity when the vendor takes a whole recording. */
  readonly sliceSeconds: number
  /**
   * Asks for the words, which costs money. Throws VendorError; the signal's reason when it aborts. Takes at
   * most 14 minutes.
   */
  readonly submit: (
    sound: SpeechSound,
    request: TranscriptionRequest,
    signal: AbortSignal,
  ) => Promise<VendorResult<Recognised>>
  /**
   * Asks again, free of charge. Absent when the vendor only answers or calls back. Throws VendorError, never
   * `unclear`.
   */
  readonly poll?: (reference: string, signal: AbortSignal) => Promise<VendorResult<Recognised>>
  /**
   * The reference of the newest job for this very object, if the vendor has one: says whether a lost submit
   * was accepted. Free of charge. Absent where the vendor knows nothing of ours to ask by; undefined also for
   * a sound that the vendor did not fetch itself.
   */
  readonly find?: (sound: SpeechSound, signal: AbortSignal) => Promise<string | undefined>
}

/** `model` replaces the vendor's usual one: self-hosted servers have names of their own. */
export type RecogniserAccess = Access & { readonly model?: string | undefined }
