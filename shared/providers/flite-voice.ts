/**
 * Speaks with Flite, a local synthesiser that needs no network and costs nothing. Hides that a long text is spoken sentence by
 * sentence, so that each can be stopped and none needs much memory.
 */
import { concatenated } from '../audio/pcm.ts'
import { speak, voices, voiceTitles, type Speech, type Voice } from './flite.ts'
import { asciiOf } from './sayable.ts'
import { refuse } from './vendor.ts'
import type { Speaker } from './voice.ts'

const vendor = { title: 'Flite', apiKey: '' }
const longestPiece = 300

export const fliteSpeaker = (): Speaker => ({
  vendor,
  speak: async ({ text, voice }, signal) => {
    if (!isVoice(voice))
      throw refuse(vendor, `has no voice "${voice}". It has ${voices.join(', ')}.`, 'unknown_voice')
    const spoken: Speech[] = []
    for (const piece of pieces(asciiOf(text))) spoken.push(await speak(piece, voice, signal))
    return {
      samples: concatenated(
        Float32Array,
        spoken.map(({ samples }) => samples),
      ),
      sampleRate: spoken[0]?.sampleRate ?? 16_000,
      words: null,
    }
  },
  lacksVoice: () => false, // it says so itself
  list: () => Promise.resolve(voices.map((voice) => ({ voice, title: voiceTitles[voice] }))),
})

const isVoice = (name: string): name is Voice => (voices as readonly string[]).includes(name)

/** Sentences, joined while they are short together; one that is too long is divided between words. */
function pieces(text: string): string[] {
  const sentences = [...new Intl.Segmenter('en', { granularity: 'sentence' }).segment(text)].flatMap(
    ({ segment }) =>
      segment.length <= longestPiece
        ? [segment]
        : (segment.match(new RegExp(`.{1,${longestPiece}}(?=\\s|$)|\\S{1,${longestPiece}}`, 'g')) ?? []),
  )
  const grouped: string[] = []
  for (const sentence of sentences) {
    const last = grouped.at(-1)
    if (last !== undefined && last.length + sentence.length <= longestPiece)
      grouped[grouped.length - 1] = last + sentence
    else grouped.push(sentence)
  }
  return grouped.map((piece) => piece.trim()).filter((piece) => /[a-z0-9]/i.test(piece))
}
