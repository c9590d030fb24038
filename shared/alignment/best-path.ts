/**
 * The likeliest way through the states of a text: which state every frame belongs to. Hides the search (Viterbi 1967), in
 * which words are only looked for where they may lie, and its prices: a passage that is not said is passed over, and
 * sound that no word explains is left untold.
 */
import type { Likelihoods } from './phone-models.ts'
import { gapStates, wordBehind, type States } from './passages.ts'

const { max, min } = Math

/**
 * To leave out a part of a phone; to begin with what is untold; to go from a word to it, or from it to a word, without a
 * pause; to pass over a whole passage. As logarithms.
 */
const skipCost = 4
const untoldEntryCost = 110
const attachedCost = 90
const passCost = 60
/**
 * Each frame that a part of a phone is held beyond its longest costs one more than the one before it, up to this: a word
 * beside a hesitation would else be drawn out over it.
 */
const mostHoldCost = 6
/** What counts of how long a part was held. */
const mostHeld = 255
/** By how many frames a reported start errs, and the most that it counts. */
const aboutDeviation = 20
const mostAboutCost = 12
/** Frames that are searched at a time; then heartbeats get their turn. */
const framesAtOnce = 500

const impossible = -1e30
/** How a state was come to: a number of states on, or over a passage from one of its gap's states. */
const overPassage = 5

/** A search that need not come to the end of its text. */
export interface Search {
  readonly endsAnywhere: boolean
}

/** The state of each frame. `first` is the first frame's number in the recording. Throws the signal's reason. */
export async function bestPath(
  states: States,
  first: number,
  { values, emissions: perFrame, best, longest }: Likelihoods,
  signal: AbortSignal,
  { endsAnywhere }: Search = { endsAnywhere: false },
): Promise<Int32Array> {
  const { count, emissions, firstOf, passageBefore, from, to, about } = states
  const frames = best.length
  const words = firstOf.length - 1
  let before = new Float64Array(count).fill(impossible)
  let now = new Float64Array(count).fill(impossible)
  let held = new Uint8Array(count) // for how many frames the best way to a state has been there
  let holds = new Uint8Array(count)
  const cameFrom: Uint8Array[] = []
  const lowest = new Int32Array(frames)
  let firstWord = 0
  let lastWord = -1
  let [low, high] = [0, -1]
  for (let frame = 0; frame < frames; frame++) {
    if (frame % framesAtOnce === 0) {
      await new Promise(setImmediate)
      signal.throwIfAborted()
    }
    const time = first + frame
    while (firstWord < words && to[firstWord]! < time) firstWord++
    while (lastWord + 1 < words && from[lastWord + 1]! <= time) lastWord++
    const end = max(firstWord, lastWord + 1)
    const [left, right] = [low, high]
    low = firstOf[firstWord]! - gapStates
    high = firstOf[end]! - 1
    const came = new Uint8Array(high - low + 1)
    cameFrom.push(came)
    lowest[frame] = low
    const at = frame * perFrame
    for (let word = firstWord; word <= end; word++) {
      const f = firstOf[word]!
      const gap = f - gapStates
      const leaving = gap > 0 ? before[gap - 1]! : impossible
      let value = before[gap]!
      let how = 0
      if (leaving > value) {
        value = leaving
        how = 1
      }
      const passed = passageBefore[word]!
      if (passed >= 0) {
        const gapBefore = firstOf[passed]! - gapStates
        for (let i = 0; i < gapStates; i++) {
          const over = before[gapBefore + i]! - passCost
          if (over > value) {
            value = over
            how = overPassage + i
          }
        }
      }
      if (frame === 0 && word === firstWord) value = 0
      now[gap] = value + values[at]!
      came[gap - low] = how
      value = before[gap + 1]!
      how = 0
      const begun = before[gap]! - untoldEntryCost
      if (begun > value) {
        value = begun
        how = 1
      }
      const attached = leaving - untoldEntryCost - attachedCost
      if (attached > value) {
        value = attached
        how = 2
      }
      if (frame === 0 && word === firstWord) value = -untoldEntryCost
      now[gap + 1] = value + values[at + 1]!
      came[gap + 1 - low] = how
      value = before[gap + 2]!
      how = 0
      if (before[gap + 1]! > value) {
        value = before[gap + 1]!
        how = 1
      }
      now[gap + 2] = value + values[at]!
      came[gap + 2 - low] = how
      if (word === end) break
      let entering = before[f - 1]!
      let over = 1
      if (before[f - 2]! - attachedCost > entering) {
        entering = before[f - 2]! - attachedCost
        over = 2
      }
      if (before[f - 3]! > entering) {
        entering = before[f - 3]!
        over = 3
      }
      if (leaving > entering) {
        entering = leaving
        over = 4
      }
      if (frame === 0 && word === firstWord) entering = 0
      const off = (time - about[word]!) / aboutDeviation
      if (off === off) entering -= min(mostAboutCost, 0.5 * off * off)
      value = before[f]! - holdCost(held[f]!, longest[emissions[f]!]!)
      how = 0
      if (entering > value) {
        value = entering
        how = over
      }
      now[f] = value + values[at + emissions[f]!]!
      came[f - low] = how
      holds[f] = how === 0 ? min(held[f]! + 1, mostHeld) : 1
      const behind = firstOf[word + 1]! - gapStates
      for (let s = f + 1; s < behind; s++) {
        let v = before[s]! - holdCost(held[s]!, longest[emissions[s]!]!)
        let h = 0
        if (before[s - 1]! > v) {
          v = before[s - 1]!
          h = 1
        }
        if (s > f + 1 && before[s - 2]! - skipCost > v) {
          v = before[s - 2]! - skipCost
          h = 2
        }
        now[s] = v + values[at + emissions[s]!]!
        came[s - low] = h
        holds[s] = h === 0 ? min(held[s]! + 1, mostHeld) : 1
      }
    }
    for (let s = left; s <= right; s++) before[s] = impossible
    ;[before, now] = [now, before]
    ;[held, holds] = [holds, held]
  }
  return traced(states, before, cameFrom, lowest, [low, high], endsAnywhere)
}

const holdCost = (held: number, longest: number): number =>
  held < longest ? 0 : min(mostHoldCost, held + 1 - longest)

/** Backwards from the likeliest end: behind the last word, or in it. */
function traced(
  { count, firstOf, passageBefore }: States,
  ended: Float64Array,
  cameFrom: readonly Uint8Array[],
  lowest: Int32Array,
  [low, high]: readonly [number, number],
  endsAnywhere: boolean,
): Int32Array {
  const path = new Int32Array(cameFrom.length)
  let state = high
  const from = high === count - 1 && !endsAnywhere ? max(low, count - gapStates - 1) : low
  for (let s = from; s <= high; s++) if (ended[s]! > ended[state]!) state = s
  for (let frame = path.length - 1; frame >= 0; frame--) {
    path[frame] = state
    const how = cameFrom[frame]![state - lowest[frame]!]!
    if (how < overPassage) state -= how
    else state = firstOf[passageBefore[wordBehind(firstOf, state)]!]! - gapStates + how - overPassage
  }
  return path
}
