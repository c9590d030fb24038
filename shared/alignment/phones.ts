/**
 * Words as the phones they are said with: by espeak-ng, a program of its own that many systems have, where it is there;
 * else a letter stands for a phone. Hides which, and how one program's answer is matched with the words it was asked for.
 */
import { espeak, espeakVersion } from './espeak.ts'

/** The phones of words, as numbers; a word that is asked for again has the same. */
export interface Pronunciation {
  /** Who says how they are pronounced: 'letters', or the program with its version. */
  readonly by: string
  readonly phones: number
  /** Never empty. */
  readonly of: (word: string) => readonly number[]
}

/** The pronunciation of every word there is in some texts, in one language (BCP 47). */
export async function pronounce(
  words: Iterable<string>,
  language: string,
  signal: AbortSignal,
): Promise<Pronunciation> {
  const vocabulary = [...new Set(words)]
  const spoken = await espeak(vocabulary.map(plain), language, signal)
  const numbers = new Map<string, number>()
  const numberOf = (phone: string): number => {
    if (!numbers.has(phone)) numbers.set(phone, numbers.size)
    return numbers.get(phone)!
  }
  const known = new Map(
    vocabulary.map((word, i) => {
      const own = phonesIn(spoken?.lines[i] ?? '')
      const sounds = (own.length > 0 ? own : lettersOf(word)).slice(0, longestWord)
      return [word, (sounds.length > 0 ? sounds : ['?']).map(numberOf)]
    }),
  )
  const of = (word: string): readonly number[] => {
    const phones = known.get(word)
    if (!phones) throw new Error(`The pronunciation of "${word}" was not asked for.`)
    return phones
  }
  return { by: spoken?.version ?? 'letters', phones: numbers.size, of }
}

/** Without marks that would end a clause, and with it a line of the answer; the dot of an address is said. */
const plain = (word: string): string =>
  word
    .replaceAll(/[^\p{L}\p{M}\p{N}'’.,$€£%&@+-]/gu, ' ')
    .replaceAll(/(?!(?<=\p{Ll}{2})\.(?=\p{Ll}{2}))(?:[.,](?!\d)|(?<!\d)[.,])/gu, ' ')
    .trim()
    .slice(0, longestWord)

/** What is longer is no word that anybody says. */
const longestWord = 60

const lettersOf = (word: string): string[] =>
  Array.from(
    word
      .toLowerCase()
      .normalize('NFD')
      .replaceAll(/[^\p{L}\p{N}]/gu, ''),
  )

/** Stress and the name of a language it changed to are no sounds; length and nasality are part of one. */
const phonesIn = (ipa: string): string[] =>
  ipa
    .replaceAll(/\([a-z-]+\)/g, '')
    .split(/[_\s]+/)
    .map((phone) => phone.replaceAll(/[ˈˌ\-‿|]/g, ''))
    .filter(Boolean)

/** Who says here how words are pronounced: 'letters', or the program with its version. */
export const pronouncedBy = async (): Promise<string> => (await espeakVersion()) ?? 'letters'
