/**
 * A text that is to be placed in a recording, and the states that stand for it: some to a phone, one word after the
 * other, and before each word pause, untold sound, pause. Hides how they are numbered.
 */
import { firstEmission, partsOfPhone, pauseEmission, untoldEmission } from './phone-models.ts'

/** A word: its phones, by their numbers, and where it may lie, in frames of the recording. */
export interface PassageWord {
  readonly phones: readonly number[]
  readonly from: number
  readonly to: number
  /** Where it is said to begin. */
  readonly about?: number
}

/** What stands or falls as a whole: a caption, a sentence. Never empty. */
export type Passage = readonly PassageWord[]

/** Before each word, and behind the last one. */
export const gapStates = 3

/** The states of some passages. */
export interface States {
  readonly count: number
  /** By state. */
  readonly emissions: Int16Array
  /** The word of each state, counted through all passages; −1 in a gap. */
  readonly wordOf: Int32Array
  /** By word, and behind the last: its first state. The three before it are its gap. */
  readonly firstOf: Int32Array
  /** By word, and behind the last: the first word of the passage before, where a passage begins here; else −1. */
  readonly passageBefore: Int32Array
  /** By word. */
  readonly from: Float64Array
  readonly to: Float64Array
  readonly about: Float64Array
}

/** `parts`: into how many a phone is divided, one state each. */
export function statesOf(passages: readonly Passage[], parts = partsOfPhone): States {
  const words = passages.flat()
  const firstOf = new Int32Array(words.length + 1)
  let count = gapStates
  words.forEach(({ phones }, word) => {
    firstOf[word] = count
    count += phones.length * parts + gapStates
  })
  firstOf[words.length] = count
  const emissions = new Int16Array(count)
  const wordOf = new Int32Array(count).fill(-1)
  for (const first of firstOf) {
    emissions.fill(pauseEmission, first - gapStates, first)
    emissions[first - 2] = untoldEmission
  }
  words.forEach(({ phones }, word) => {
    let state = firstOf[word]!
    for (const phone of phones)
      for (let part = 0; part < parts; part++, state++) {
        emissions[state] = firstEmission + phone * parts + part
        wordOf[state] = word
      }
  })
  return { count, emissions, wordOf, firstOf, ...bordersOf(passages), ...placesOf(words) }
}

function bordersOf(passages: readonly Passage[]): Pick<States, 'passageBefore'> {
  const words = passages.reduce((sum, { length }) => sum + length, 0)
  const passageBefore = new Int32Array(words + 1).fill(-1)
  let at = 0
  for (const { length } of passages) {
    passageBefore[at + length] = at
    at += length
  }
  return { passageBefore }
}

/** From word to word no earlier: whoever is looked for late is not looked for behind the next. */
function placesOf(words: readonly PassageWord[]): Pick<States, 'from' | 'to' | 'about'> {
  const from = Float64Array.from(words, (word) => word.from)
  const to = Float64Array.from(words, (word) => word.to)
  for (let i = words.length - 2; i >= 0; i--) from[i] = Math.min(from[i]!, from[i + 1]!)
  for (let i = 1; i < words.length; i++) to[i] = Math.max(to[i]!, to[i - 1]!)
  return { from, to, about: Float64Array.from(words, ({ about = NaN }) => about) }
}

/** The word behind a state of a gap: one of the three before it. */
export function wordBehind(firstOf: Int32Array, state: number): number {
  let [low, high] = [0, firstOf.length - 1]
  while (low < high) {
    const middle = (low + high) >> 1
    if (firstOf[middle]! < state) low = middle + 1
    else high = middle
  }
  return low
}
