/**
 * Words as the phones they are said with: by espeak-ng, a program of its own that many systems have, where it is there;
 * else a letter stands for a phone. Hides which, and how one program's answer is matched with the words it was asked for.
 */
import { espeak, espeakVersion } from './espeak.ts'

/** A word in a language (BCP 47). */
export interface Sayable {
  readonly text: string
  readonly language: string
}

/** The phones of words, as numbers; a word that is asked for again has the same, and so has a phone of two languages. */
export interface Pronunciation {
  /** Who says how they are pronounced: 'letters', or the program with its version. */
  readonly by: string
  readonly phones: number
  /** Never empty. */
  readonly of: (word: Sayable) => readonly number[]
}

/** By what a word is known again. */
export const keyOf = ({ text, language }: Sayable): string => `${language} ${text}`

/** The pronunciation of every word there is in some texts. */
export async function pronounce(words: Iterable<Sayable>, signal: AbortSignal): Promise<Pronunciation> {
  const vocabulary = new Map(Array.from(words, (word) => [keyOf(word), word]))
  const languages = new Set(Array.from(vocabulary.values(), ({ language }) => language))
  const numbers = new Map<string, number>()
  const numberOf = (phone: string): number => {
    if (!numbers.has(phone)) numbers.set(phone, numbers.size)
    return numbers.get(phone)!
  }
  const known = new Map<string, readonly number[]>()
  let by = 'letters'
  for (const language of languages) {
    const own = Array.from(vocabulary.values()).filter((word) => word.language === language)
    const spoken = await espeak(
      own.map(({ text }) => plain(text)),
      language,
      signal,
    )
    by = spoken?.version ?? by
    own.forEach((word, i) => {
      const phones = phonesIn(spoken?.lines[i] ?? '')
      const sounds = (phones.length > 0 ? phones : lettersOf(word.text)).slice(0, longestWord)
      known.set(keyOf(word), (sounds.length > 0 ? sounds : ['?']).map(numberOf))
    })
  }
  const of = (word: Sayable): readonly number[] => {
    const phones = known.get(keyOf(word))
    if (!phones) throw new Error(`The pronunciation of "${word.text}" was not asked for.`)
    return phones
  }
  return { by, phones: numbers.size, of }
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
