/**
 * The table of speech recognisers behind one interface: sound in, words with times out. Hides which vendor
 * answers at once, which is polled and which calls back. All are asked for the times of words, for speakers,
 * and to keep every "um".
 */
import { openAssemblyai } from './assemblyai.ts'
import { openDeepgram } from './deepgram.ts'
import { openScribe } from './elevenlabs-scribe.ts'
import { openOpenaiTranscriptions } from './openai-transcriptions.ts'
import type { Recogniser, RecogniserAccess, RecogniserName } from './recogniser.ts'

const openers = {
  assemblyai: openAssemblyai,
  elevenlabs: openScribe,
  deepgram: openDeepgram,
  openai: openOpenaiTranscriptions,
} satisfies Record<RecogniserName, (access: RecogniserAccess) => Recogniser>

/**
 * `baseUrl` as each vendor's clients have it: OpenAI's ends in its version (`…/v1`), the others' do not. An
 * empty key sends none.
 */
export const openRecogniser = (name: RecogniserName, access: RecogniserAccess): Recogniser =>
  openers[name](access)

/** The longest sound, in seconds, that the vendor takes in one request. Needs no key. */
export const sliceSecondsOf = (name: RecogniserName): number =>
  openRecogniser(name, { baseUrl: '', apiKey: '' }).sliceSeconds
