/**
 * Synthesises sentences with the exact time of every word. Flite tells when each sound ends, but not to which
 * word it belongs. Hides how that is found out, and where a word beside silence really begins and ends.
 */
import { speak, type Phone, type Voice } from '../shared/providers/flite.ts'

export interface SpokenWord {
  /** As written, with its punctuation. */
  readonly text: string
  readonly startSeconds: number
  readonly endSeconds: number
}

export interface Sentence {
  readonly samples: Float32Array
  readonly sampleRate: number
  readonly words: SpokenWord[]
}

/** Flite spells out what it cannot pronounce. */
const respelt: Readonly<Record<string, string>> = { hmm: 'hum' }
const vowels = /^[aeiou]/
const windowSeconds = 0.01

/**
 * Speaks `text` in one breath. Beside a silence a word's edge is where its sound passes `audibleDbfs`,
 * measured over 10 ms. Throws when the sounds cannot be told apart by word; then word it differently.
 */
export async function speakWords(text: string, voice: Voice, audibleDbfs: number): Promise<Sentence> {
  const tokens = text.split(' ')
  const { samples, sampleRate, phones } = await speak(tokens.map(pronounceable).join(' '), voice)
  const alone = soundsByWord(
    (await speak(tokens.map((token) => bare(pronounceable(token))).join(', '), voice)).phones,
  )
  if (alone.length !== tokens.length)
    throw new Error(`"${text}" has ${tokens.length} words, but Flite spoke ${alone.length}.`)
  const isAudible = audibility(samples, sampleRate, audibleDbfs)
  const sounds = withStarts(phones)
  const words: SpokenWord[] = []
  let next = 0
  for (const [i, token] of tokens.entries()) {
    const own: Sound[] = []
    for (const expected of alone[i]!) {
      while (sounds[next]?.phone === 'pau') next++
      const sound = sounds[next++]
      if (!sound || !alike(sound.phone, expected))
        throw new Error(
          `"${token}" in "${text}" does not sound as it does alone: ` +
            `${sound?.phone ?? 'nothing'} for ${expected}.`,
        )
      own.push(sound)
    }
    const [first, last] = [own[0]!, own.at(-1)!]
    words.push({ text: token, startSeconds: onset(first, isAudible), endSeconds: offset(last, isAudible) })
  }
  return { samples, sampleRate, words }
}

const bare = (token: string): string => token.replaceAll(/[^\w']/g, '')
const pronounceable = (token: string): string =>
  token.replace(/\w+/, (word) => respelt[word.toLowerCase()] ?? word)

/** The sounds of each word, found by speaking the words as a list, with silences between them. */
function soundsByWord(phones: readonly Phone[]): string[][] {
  const words: string[][] = [[]]
  for (const { phone } of phones) {
    if (phone === 'pau') words.push([])
    else words.at(-1)!.push(phone)
  }
  return words.filter(({ length }) => length > 0)
}

/** In a sentence a vowel may be another ("the apple", "the tape"), a consonant may not. */
const alike = (spoken: string, alone: string): boolean =>
  spoken === alone || (vowels.test(spoken) && vowels.test(alone))

interface Sound extends Phone {
  readonly startSeconds: number
  /** How far silence reaches on either side. */
  readonly quietFromSeconds: number
  readonly quietToSeconds: number
}

function withStarts(phones: readonly Phone[]): Sound[] {
  return phones.map((sound, i) => {
    const startSeconds = phones[i - 1]?.endSeconds ?? 0
    const [before, after] = [phones[i - 1], phones[i + 1]]
    const quietFromSeconds =
      before?.phone === 'pau' ? (startSeconds + (phones[i - 2]?.endSeconds ?? 0)) / 2 : startSeconds
    const quietToSeconds =
      after?.phone === 'pau' ? (sound.endSeconds + after.endSeconds) / 2 : sound.endSeconds
    return { ...sound, startSeconds, quietFromSeconds, quietToSeconds }
  })
}

type Audible = (seconds: number) => boolean

/** Whether the sound around a time is loud enough to be heard. */
function audibility(samples: Float32Array, sampleRate: number, audibleDbfs: number): Audible {
  const half = Math.round((windowSeconds * sampleRate) / 2)
  const audible = 10 ** (audibleDbfs / 10) * 2 * half
  return (seconds) => {
    const centre = Math.round(seconds * sampleRate)
    return (
      samples
        .subarray(Math.max(0, centre - half), centre + half)
        .reduce((energy, sample) => energy + sample * sample, 0) > audible
    )
  }
}

const stepSeconds = 0.001

/**
 * Beside a silence a word begins where it becomes audible; beside another word, where its first sound begins.
 */
function onset({ startSeconds, endSeconds, quietFromSeconds }: Sound, isAudible: Audible): number {
  if (quietFromSeconds === startSeconds) return startSeconds
  let at = startSeconds
  while (at > quietFromSeconds && isAudible(at)) at -= stepSeconds
  while (at < endSeconds - stepSeconds && !isAudible(at)) at += stepSeconds
  return at
}

function offset({ startSeconds, endSeconds, quietToSeconds }: Sound, isAudible: Audible): number {
  if (quietToSeconds === endSeconds) return endSeconds
  let at = endSeconds
  while (at < quietToSeconds && isAudible(at)) at += stepSeconds
  while (at > startSeconds + stepSeconds && !isAudible(at)) at -= stepSeconds
  return at
}
