/**
 * Finds where the sentences of a text without times are said: in order, but for those that are not said, and with sound
 * between them that the text lacks. Hides a coarse search, three frames at a time and a state a phone, that goes through
 * a long recording in pieces, each of which begins where the one before it is sure.
 */
import { backgroundOf } from './background.ts'
import { bestPath } from './best-path.ts'
import { statesOf, type Passage, type States } from './passages.ts'
import {
  firstEmission,
  likelihoodsOf,
  partsOfPhone,
  pauseEmission,
  untoldEmission,
  type Likelihoods,
} from './phone-models.ts'
import { even, readRows, type Rows, type Sound } from './speech-rows.ts'
import type { Learned } from './placing.ts'

const { floor, max, min } = Math

/** So many frames count as one. */
const pooled = 3
/** Sound that is searched at a time; so much of it is then believed, since what follows has spoken for it. */
const secondsAtOnce = 300
const believedShare = 0.7
/** Nobody says more phones in a second; a piece of sound is searched for as much of the text as that. */
const mostPhonesPerSecond = 20
const framesPerSecond = 100
/** A phone lasts hardly ever longer, in pooled frames. */
const longestPhone = 10

/** A passage's words where they were heard, in frames; undefined where it was passed over. */
export type Heard = readonly { readonly start: number; readonly end: number }[] | undefined

/** How a text is searched for. */
export interface ScriptSearch {
  /** By how much a frame is less likely by what the text lacks than by the best phone. */
  readonly untoldCost: number
  /**
   * Each piece of sound holds its share of the text, by length. By the phones of another voice more of the text would seem
   * to be in it than is: the more phones, the more of them are like something.
   */
  readonly inStep: boolean
}

/** Of each passage. Throws the signal's reason when it aborts. */
export async function searchScript(
  sound: Sound,
  passages: readonly Passage[],
  { models, evening }: Learned,
  { untoldCost, inStep }: ScriptSearch,
  signal: AbortSignal,
): Promise<Heard[]> {
  const heard: Heard[] = []
  const whole = secondsAtOnce * framesPerSecond
  for (let first = 0; first < sound.frames && heard.length < passages.length;) {
    const isLast = first + 1.5 * whole >= sound.frames
    const end = isLast ? sound.frames : first + whole
    const rows = await readRows(sound, backgroundOf(sound.levels), first, end)
    even(rows, evening)
    const isShare = inStep && !isLast
    const share = isShare ? phonesIn(passages.slice(heard.length)) / (sound.frames - first) : Infinity
    const phones = (end - first) * min(share, mostPhonesPerSecond / framesPerSecond)
    const some = upTo(passages, heard.length, phones)
    const states = statesOf(some, 1)
    const coarse = await pooledLikelihoods(models, rows, untoldCost, signal)
    const isWhole = isLast && heard.length + some.length === passages.length
    const path = await bestPath(states, 0, coarse, signal, { endsAnywhere: !isShare && !isWhole })
    const found = wordsOn(path, states, some, first)
    if (isLast) {
      heard.push(...found)
      break
    }
    const believed = believedOf(found, first + believedShare * (end - first))
    heard.push(...found.slice(0, believed.passages))
    first = max(believed.frame, first + floor((believedShare * (end - first)) / 2))
  }
  while (heard.length < passages.length) heard.push(undefined)
  return heard
}

/** The passages from `first` on, with about so many phones. */
function upTo(passages: readonly Passage[], first: number, phones: number): readonly Passage[] {
  let end = first
  for (let sum = 0; end < passages.length && sum < phones; end++) sum += phonesIn([passages[end]!])
  return passages.slice(first, end)
}

const phonesIn = (passages: readonly Passage[]): number =>
  passages.flat().reduce((count, word) => count + word.phones.length, 0)

async function pooledLikelihoods(
  models: Learned['models'],
  rows: Rows,
  untoldCost: number,
  signal: AbortSignal,
): Promise<Likelihoods> {
  const fine = await likelihoodsOf(models, rows, signal)
  const phones = (fine.emissions - firstEmission) / partsOfPhone
  const emissions = firstEmission + phones
  const frames = floor(rows.frames / pooled)
  const values = new Float32Array(frames * emissions)
  const best = new Float32Array(frames)
  for (let frame = 0; frame < frames; frame++) {
    const out = frame * emissions
    for (let i = 0; i < pooled; i++) {
      const at = (frame * pooled + i) * fine.emissions
      values[out + pauseEmission]! += fine.values[at + pauseEmission]!
      for (let phone = 0; phone < phones; phone++) {
        const from = at + firstEmission + phone * partsOfPhone
        values[out + firstEmission + phone]! += max(
          fine.values[from]!,
          fine.values[from + 1]!,
          fine.values[from + 2]!,
        )
      }
      best[frame]! += fine.best[frame * pooled + i]!
    }
    values[out + untoldEmission] = max(values[out + pauseEmission]!, best[frame]!) - untoldCost * pooled
  }
  return { emissions, values, best, longest: new Uint8Array(emissions).fill(longestPhone) }
}

function wordsOn(path: Int32Array, { wordOf }: States, passages: readonly Passage[], first: number): Heard[] {
  const found: ({ start: number; end: number } | undefined)[] = []
  path.forEach((state, frame) => {
    const word = wordOf[state]!
    if (word < 0) return
    const [start, end] = [first + frame * pooled, first + (frame + 1) * pooled]
    found[word] = { start: found[word]?.start ?? start, end }
  })
  let at = 0
  return passages.map((passage) => {
    const own = passage.map((_, i) => found[at + i])
    at += passage.length
    return own.every((word) => word !== undefined) ? own : undefined
  })
}

/** Up to the last passage that ends before a frame, which is where the next piece begins. */
function believedOf(found: readonly Heard[], before: number): { passages: number; frame: number } {
  for (let i = found.length - 1; i >= 0; i--) {
    const end = found[i]?.at(-1)?.end
    if (end !== undefined && end <= before) return { passages: i + 1, frame: min(end, before) }
  }
  return { passages: 0, frame: 0 }
}
