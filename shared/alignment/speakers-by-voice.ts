/**
 * Suggests who of two speakers says which sentence of a transcript that names nobody, and whose voices these are if others
 * are known. Hides how frames of voices become speakers of sentences, and when the voices are too much alike to suggest
 * anything.
 */
import { frameSamples, type Analysis } from '../audio/analysis.ts'
import type { Warning } from '../codes.ts'
import type { HeardVoice, Transcript, Word } from '../words/words.ts'
import { likenesses, type Known } from './portraits.ts'
import { textOf } from './refine.ts'
import type { Sound } from './speech-rows.ts'
import { cuesIn, type Cue } from './told.ts'
import { leastSpeechSeconds, tellVoices, type Voices } from './voices.ts'

/**
 * Two voices were 2.6 to 8.8 apart (asterisk's prompts of two languages, flite's voices), what had been divided of one
 * voice 1.7 at most, and two voices in noise 20 dB below them 0.9.
 */
const leastDistance = 2.2

/** What a transcript calls them, who speaks first first. */
export const voiceLabels = ['Voice 1', 'Voice 2'] as const

export interface Suggested {
  readonly transcript: Transcript
  readonly warnings: readonly Warning[]
}

/**
 * Unchanged where the transcript names a speaker, and, with a warning, where the voices cannot be told apart. With voices
 * that are `known` from other episodes, if there are any yet, it says how its own sound and whose they are like.
 */
export async function suggestSpeakers(
  transcript: Transcript,
  analysis: Analysis,
  sound: Sound,
  signal: AbortSignal,
  known?: readonly Known[],
): Promise<Suggested> {
  if (transcript.words.length === 0 || transcript.words.some(({ speaker }) => speaker !== null))
    return { transcript, warnings: [] }
  const voices = await tellVoices(sound, signal)
  if (!voices) return { transcript, warnings: [tooLittle] }
  if (voices.distance < leastDistance) return { transcript, warnings: [voicesAlike] }
  const cues = cuesIn(textOf(transcript, analysis))
  const frame = frameSamples(analysis.format.sampleRate)
  const found = withNeighbours(cues.map((cue) => voiceOf(transcript.words, cue, voices.ofFrame, frame)))
  const first = found[0]!
  const words = cues.flatMap(({ first: from, end }, i) =>
    transcript.words
      .slice(from, end)
      .map((word) => ({ ...word, speaker: voiceLabels[found[i] === first ? 0 : 1] })),
  )
  const named = known && { voices: heardVoices(voices, first, known) }
  return { transcript: { ...transcript, words, speakersBy: 'voice', ...named }, warnings: [] }
}

/** In the order of their labels; `first` is the voice that speaks first. */
function heardVoices({ portraits }: Voices, first: number, known: readonly Known[]): readonly HeardVoice[] {
  const ordered = [portraits[first]!, portraits[1 - first]!]
  const likes = likenesses(ordered, known)
  return ordered.map((portrait, i) => {
    const like = likes[i]
    return { label: voiceLabels[i]!, portrait, ...(like ? { like } : {}) }
  })
}

const namesNone = 'so the transcript names none'
const tooLittle: Warning = {
  code: 'voices_alike',
  message: `Two speakers were expected, but with less than ${leastSpeechSeconds} seconds of speech two voices cannot be told apart, ${namesNone}.`,
}
const voicesAlike: Warning = {
  code: 'voices_alike',
  message:
    `Two speakers were expected, but the sound does not tell two voices apart, ${namesNone}: ` +
    'they are too much alike, or one of them says too little.',
}

/** Whose most of a cue is; undefined where nothing of it is heard. */
function voiceOf(
  words: readonly Word[],
  { first, end }: Cue,
  ofFrame: Int8Array,
  frame: number,
): number | undefined {
  const heard = [0, 0]
  for (const { startSample, endSample } of words.slice(first, end))
    for (const voice of ofFrame.subarray(Math.floor(startSample / frame), Math.ceil(endSample / frame)))
      if (voice >= 0) heard[voice]!++
  return heard[0] === heard[1] ? undefined : heard[1]! > heard[0]! ? 1 : 0
}

/** What is undecided goes with what is said before it, or else after it. */
function withNeighbours(found: readonly (number | undefined)[]): number[] {
  let last = found.find((voice) => voice !== undefined) ?? 0
  return found.map((voice) => (last = voice ?? last))
}
