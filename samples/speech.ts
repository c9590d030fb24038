/**
 * Sentences with the exact time of every word. Flite tells when each sound ends, but not to which word it belongs:
 * hidden here is how that is found out, and where a word that borders on silence really begins and ends.
 */
import { speak, type Phone, type Voice } from './flite.ts'

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
/** A sound this far below the loudest 10 ms of its sentence lies under the room tone of the recording. */
const audibleRangeDb = 34

/** Speaks `text` in one breath. Throws when its sounds cannot be told apart by word; then word it differently. */
export async function speakWords(text: string, voice: Voice): Promise<Sentence> {
  const tokens = text.split(' ')
  const { samples, sampleRate, phones } = await speak(tokens.map(pronounceable).join(' '), voice)
  const alone = soundsByWord((await speak(tokens.map((token) => bare(pronounceable(token))).join(', '), voice)).phones)
  if (alone.length !== tokens.length) throw new Error(`"${text}" has ${tokens.length} words, but Flite spoke ${alone.length}.`)
  const level = levels(samples, sampleRate)
  const sounds = withStarts(phones)
  const words: SpokenWord[] = []
  let next = 0
  for (const [i, token] of tokens.entries()) {
    const own: Sound[] = []
    for (const expected of alone[i]!) {
      while (sounds[next]?.phone === 'pau') next++
      const sound = sounds[next++]
      if (!sound || !alike(sound.phone, expected))
        throw new Error(`"${token}" in "${text}" does not sound as it does alone: ${sound?.phone ?? 'nothing'} for ${expected}.`)
      own.push(sound)
    }
    const [first, last] = [own[0]!, own.at(-1)!]
    words.push({ text: token, startSeconds: onset(first, level), endSeconds: offset(last, level) })
  }
  return { samples, sampleRate, words }
}

const bare = (token: string): string => token.replaceAll(/[^\w']/g, '')
const pronounceable = (token: string): string => token.replace(/\w+/, (word) => respelt[word.toLowerCase()] ?? word)

/** Spoken as a list, words stand between silences. */
function soundsByWord(phones: readonly Phone[]): string[][] {
  const words: string[][] = [[]]
  for (const { phone } of phones) {
    if (phone === 'pau') words.push([])
    else words.at(-1)!.push(phone)
  }
  return words.filter(({ length }) => length > 0)
}

/** In a sentence a vowel may be another ("the apple", "the tape"), a consonant may not. */
const alike = (heard: string, alone: string): boolean => heard === alone || (vowels.test(heard) && vowels.test(alone))

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
    const quietFromSeconds = before?.phone === 'pau' ? (startSeconds + (phones[i - 2]?.endSeconds ?? 0)) / 2 : startSeconds
    const quietToSeconds = after?.phone === 'pau' ? (sound.endSeconds + after.endSeconds) / 2 : sound.endSeconds
    return { ...sound, startSeconds, quietFromSeconds, quietToSeconds }
  })
}

type Levels = (seconds: number) => number

/** Level around a time, in dB below the loudest. */
function levels(samples: Float32Array, sampleRate: number): Levels {
  const sums = new Float64Array(samples.length + 1)
  samples.forEach((sample, i) => (sums[i + 1] = sums[i]! + sample * sample))
  const half = Math.round((windowSeconds * sampleRate) / 2)
  const energy = (centre: number) => sums[Math.min(samples.length, centre + half)]! - sums[Math.max(0, centre - half)]!
  let loudest = 0
  for (let centre = half; centre < samples.length; centre += half) loudest = Math.max(loudest, energy(centre))
  return (seconds) => 10 * Math.log10(energy(Math.round(seconds * sampleRate)) / loudest + 1e-12)
}

const stepSeconds = 0.001

/** Beside a silence a word begins where it becomes audible; beside another word, where its first sound begins. */
function onset({ startSeconds, endSeconds, quietFromSeconds }: Sound, level: Levels): number {
  if (quietFromSeconds === startSeconds) return startSeconds
  let at = startSeconds
  while (at > quietFromSeconds && level(at) > -audibleRangeDb) at -= stepSeconds
  while (at < endSeconds - stepSeconds && level(at) <= -audibleRangeDb) at += stepSeconds
  return at
}

function offset({ startSeconds, endSeconds, quietToSeconds }: Sound, level: Levels): number {
  if (quietToSeconds === endSeconds) return endSeconds
  let at = endSeconds
  while (at < quietToSeconds && level(at) > -audibleRangeDb) at += stepSeconds
  while (at > startSeconds + stepSeconds && level(at) <= -audibleRangeDb) at -= stepSeconds
  return at
}
