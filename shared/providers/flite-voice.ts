/**
 * Speaks with Flite, a local synthesiser that needs no network and costs nothing. Hides what it can read
 * (English, in ASCII) and that a long text is spoken sentence by sentence, so that each can be stopped and
 * none needs much memory.
 */
import { concatenated } from '../audio/pcm.ts'
import { speak, voices, voiceTitles, type Speech, type Voice } from './flite.ts'
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
    for (const piece of pieces(readable(text))) spoken.push(await speak(piece, voice, signal))
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

const inAscii: Readonly<Record<string, string>> = {
  '‘': "'",
  '’': "'",
  '“': '"',
  '”': '"',
  '–': ', ',
  '—': ', ',
  '⁄': '/',
  '€': ' euros ',
  '£': ' pounds ',
  ß: 'ss',
  æ: 'ae',
  Æ: 'Ae',
  œ: 'oe',
  Œ: 'Oe',
  ø: 'o',
  Ø: 'O',
  ł: 'l',
  Ł: 'L',
  đ: 'd',
  Đ: 'D',
}

/**
 * The text in the characters that Flite knows. It would leave out letters and figures of other scripts
 * without a word, so they are refused.
 */
function readable(text: string): string {
  const bare = text.normalize('NFKD').replaceAll(/\p{M}/gu, '')
  const plain = Array.from(bare, (sign) => inAscii[sign] ?? sign).join('')
  const foreign = /(?!\p{ASCII})[\p{L}\p{N}]/u.exec(plain)?.[0]
  if (foreign !== undefined)
    throw refuse(
      vendor,
      `can read English only, and the text has "${foreign}" in it. Choose another provider for it.`,
    )
  return plain.replaceAll(/[^\x20-\x7e]+/g, ' ').trim()
}

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
