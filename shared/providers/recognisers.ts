/**
 * Recognisers of speech behind one port: sound in, words with times out. Hides which vendor answers at once, which is asked again and
 * which calls back. All are asked for the times of words, for speakers, and to keep every "um".
 */
import { openAssemblyai } from './assemblyai.ts'
import { openDeepgram } from './deepgram.ts'
import { openScribe } from './elevenlabs-scribe.ts'
import { openOpenaiTranscriptions } from './openai-transcriptions.ts'
import type { Access } from './vendor.ts'

/** A word as it was heard; times are seconds in the sound that was sent. */
export interface RecognisedWord {
  /** With its punctuation, where the vendor gives any. */
  readonly text: string
  readonly start: number
  readonly end: number
  /** The vendor's label, the same for the same voice within one sound; null when it does not tell speakers apart. */
  readonly speaker: string | null
  /** 0 to 1; null when the vendor does not say. */
  readonly confidence: number | null
}

export interface Recognised {
  /** BCP 47 in lower case; null when neither the vendor nor the wish says. */
  readonly language: string | null
  readonly words: readonly RecognisedWord[]
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

export interface Wish {
  /** BCP 47; undefined: the vendor finds out. */
  readonly language: string | undefined
  /** Where the vendor may call back instead of keeping the connection; a vendor that cannot ignores it. */
  readonly callbackUrl: string | undefined
  /** What AssemblyAI repeats in a header of its callback; the other vendors are not told. */
  readonly callbackSecret: string | undefined
}

/** What a vendor says: here it is, or that it works on it under a reference of its own. */
export type Answer =
  | { readonly state: 'done'; readonly result: Recognised }
  | { readonly state: 'waiting'; readonly reference: string }

export type RecogniserName = 'assemblyai' | 'elevenlabs' | 'deepgram' | 'openai'

export interface Recogniser {
  readonly name: RecogniserName
  /** The longest sound in one request; Infinity when the vendor takes a whole recording. */
  readonly sliceSeconds: number
  /** Asks for the words, which costs money. Throws VendorError; the signal's reason when it aborts. Takes at most 14 minutes. */
  readonly submit: (sound: SpeechSound, wish: Wish, signal: AbortSignal) => Promise<Answer>
  /** Asks again, free of charge. Absent when the vendor only answers or calls back. Throws VendorError, never `unclear`. */
  readonly poll?: (reference: string, signal: AbortSignal) => Promise<Answer>
  /**
   * The reference of the newest job for this very object, if the vendor has one: says whether a lost submit was accepted. Free of charge.
   * Absent where the vendor knows nothing of ours to ask by; undefined also for a sound that the vendor did not fetch itself.
   */
  readonly find?: (sound: SpeechSound, signal: AbortSignal) => Promise<string | undefined>
}

/** `model` replaces the vendor's usual one: self-hosted servers have names of their own. */
export type RecogniserAccess = Access & { readonly model?: string | undefined }

const openers = {
  assemblyai: openAssemblyai,
  elevenlabs: openScribe,
  deepgram: openDeepgram,
  openai: openOpenaiTranscriptions,
} satisfies Record<RecogniserName, (access: RecogniserAccess) => Recogniser>

/** `baseUrl` as each vendor's clients have it: OpenAI's ends in its version (`…/v1`), the others' do not. An empty key sends none. */
export const openRecogniser = (name: RecogniserName, access: RecogniserAccess): Recogniser =>
  openers[name](access)

/** The longest sound, in seconds, that the vendor takes in one request. Needs no key. */
export const sliceSecondsOf = (name: RecogniserName): number =>
  openRecogniser(name, { baseUrl: '', apiKey: '' }).sliceSeconds
