/**
 * What a synthetic voice can say, as far as that is known before it is asked. Hides what Flite reads: English, in ASCII.
 */
import type { VoiceName } from './voice.ts'

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

/** The text in the characters that Flite knows. */
export function asciiOf(text: string): string {
  return inPlainLetters(text)
    .replaceAll(/[^\x20-\x7e]+/g, ' ')
    .trim()
}

/** Why the voice says no such text, to stand behind its name; undefined where nothing is known against it. */
export function unsayable(provider: VoiceName, text: string): string | undefined {
  if (!/[\p{L}\p{N}]/u.test(text))
    return 'was given nothing to say: the text has neither letters nor figures.'
  // it would leave them out without a word
  const foreign =
    provider === 'flite' ? /(?!\p{ASCII})[\p{L}\p{N}]/u.exec(inPlainLetters(text))?.[0] : undefined
  return foreign === undefined
    ? undefined
    : `can read English only, and the text has "${foreign}" in it. Choose another provider for it.`
}

function inPlainLetters(text: string): string {
  const bare = text.normalize('NFKD').replaceAll(/\p{M}/gu, '')
  return Array.from(bare, (sign) => inAscii[sign] ?? sign).join('')
}
