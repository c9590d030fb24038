/**
 * Forced alignment: given a few words and the sound in which they were said, finds when each word begins and
 * ends. Hides the search over every way to fit them: units follow one another, last, or are left out; between
 * words there may be a gap; and each word's edges lie about where the transcript has them. The search is the
 * forward-backward algorithm over a left-to-right hidden Markov model (Rabiner 1989).
 */
import { pause, unwritten, type LetterModels } from './acoustic-model.ts'

const { abs, ceil, exp, max, min, sqrt } = Math

/**
 * A unit takes so many steps, of a frame or more each: one shorter than 20 ms is unlikely, not impossible.
 */
const statesPerUnit = 2
/** How much less likely a path is that leaves out a step: units may be silent. */
const skipWeight = exp(-1)
/** No word is looked for further than this from where it was reported, in frames. */
const reachFrames = 20
/** Neighbouring frames sound alike, so each counts for only this share of independent evidence. */
const frameWeight = 0.15
/**
 * Reported edges are normally distributed about the true ones, but hardly ever further off than so many
 * standard deviations.
 */
const farthestDeviations = 1.7
const farthestPower = 8
/**
 * Reported words this far apart, in frames, leave space for another that nobody wrote down; further by so
 * many deviations of their edges.
 */
const spaceForAWord = 10
const roomDeviations = 2

/** A word as reported, in frames from the trellis's start, and its units. */
export interface ReportedWord {
  readonly start: number
  readonly end: number
  readonly units: readonly number[]
}

export interface Reported {
  readonly words: readonly ReportedWord[]
  readonly frames: number
  /** The trellis begins inside its first word, and ends inside its last. */
  readonly opens: boolean
  readonly closes: boolean
  /** Standard deviation of reported edges, in frames. */
  readonly deviation: number
}

/** The words laid out as steps: a gap, the first word's, a gap, the second word's, … and a gap. */
export interface Trellis extends Reported {
  readonly steps: number
  readonly units: Uint16Array
  /** Which word a step is of; −1 for a gap. */
  readonly wordOf: Int16Array
  /**
   * By step: how likely it is, at each frame, to come to it from the one before it, and from the one before
   * that.
   */
  readonly next: readonly Float32Array[]
  readonly skip: readonly Float32Array[]
}

export function layOut(reported: Reported): Trellis {
  const { words, frames, deviation } = reported
  const units: number[] = [pause]
  const wordOf: number[] = [-1]
  words.forEach((word, i) => {
    const own = word.units.flatMap((unit) => Array.from({ length: statesPerUnit }, () => unit))
    const after = words[i + 1]
    units.push(
      ...own,
      after && after.start - word.end > spaceForAWord + roomDeviations * deviation ? unwritten : pause,
    )
    wordOf.push(...own.map(() => i), -1)
  })
  const always = new Float32Array(frames).fill(1)
  const begins = words.map(({ start }) => edgeAbout(start, frames, deviation))
  const ends = words.map(({ end }) => edgeAbout(end, frames, deviation))
  const passing = (from: number, to: number, weight: number): Float32Array =>
    times(ends[wordOf[from] ?? -1] ?? always, begins[wordOf[to] ?? -1] ?? always, weight)
  const skipped = times(always, always, skipWeight)
  const isWithin = (from: number, to: number) => wordOf[from] === wordOf[to]
  const next = units.map((_, step) => (isWithin(step - 1, step) ? always : passing(step - 1, step, 1)))
  const skip = units.map((_, step) =>
    isWithin(step - 2, step) ? skipped : passing(step - 2, step, wordOf[step - 1] === -1 ? 1 : skipWeight),
  )
  return {
    ...reported,
    steps: units.length,
    units: Uint16Array.from(units),
    wordOf: Int16Array.from(wordOf),
    next,
    skip,
  }
}

/** How likely an edge reported at `edge` is to be at each frame. */
function edgeAbout(edge: number, frames: number, deviation: number): Float32Array {
  const out = new Float32Array(frames)
  const reach = 2 * farthestDeviations * deviation // what is further is less likely than a number can say
  for (let frame = max(0, ceil(edge - reach)); frame < min(frames, edge + reach); frame++) {
    const off = abs(frame - edge) / deviation
    out[frame] = exp(-0.5 * off * off - (off / farthestDeviations) ** farthestPower)
  }
  return out
}

function times(a: Float32Array, b: Float32Array, weight: number): Float32Array {
  const out = new Float32Array(a.length)
  for (let i = 0; i < out.length; i++) out[i] = weight * a[i]! * b[i]!
  return out
}

/**
 * The share of each frame that belongs to each step, over all paths that fit the words, by frame, then step;
 * shares of a frame add up to 1. Undefined when there is no path: the words are not the ones that were said.
 */
export function fit(
  trellis: Trellis,
  models: LetterModels,
  rows: Float32Array,
  speakers: Uint8Array,
): Float64Array | undefined {
  const { frames, steps } = trellis
  const sounds = soundsLike(trellis, models, rows, speakers)
  const ahead = new Float64Array(frames * steps)
  setOut(trellis, ahead)
  for (let frame = 0; frame < frames; frame++) {
    if (frame > 0) stepForward(trellis, ahead, frame)
    for (let at = frame * steps; at < (frame + 1) * steps; at++) ahead[at]! *= sounds[at]!
    if (!normalise(ahead, frame * steps, steps)) return undefined
  }
  const behind = new Float64Array(frames * steps)
  arrive(trellis, behind)
  for (let frame = frames - 1; frame >= 0; frame--) {
    if (frame < frames - 1) stepBack(trellis, behind, sounds, frame)
    if (!normalise(behind, frame * steps, steps)) return undefined
  }
  for (let at = 0; at < ahead.length; at++) ahead[at]! *= behind[at]!
  for (let frame = 0; frame < frames; frame++) if (!normalise(ahead, frame * steps, steps)) return undefined
  return ahead
}

/**
 * How likely each frame is to sound as it does at each step, relative to the likeliest; 0 beyond a word's
 * reach.
 */
function soundsLike(
  { frames, steps, units, wordOf, words }: Trellis,
  models: LetterModels,
  rows: Float32Array,
  speakers: Uint8Array,
): Float64Array {
  const byUnit = new Map<number, Float64Array>()
  const highest = new Float64Array(frames).fill(-Infinity)
  for (const unit of new Set(units)) {
    const likely = new Float64Array(frames)
    models.likelihoods(unit, rows, speakers, likely)
    byUnit.set(unit, likely)
    for (let frame = 0; frame < frames; frame++) highest[frame] = max(highest[frame]!, likely[frame]!)
  }
  for (const likely of byUnit.values())
    for (let frame = 0; frame < frames; frame++)
      likely[frame] = exp(frameWeight * (likely[frame]! - highest[frame]!))
  const out = new Float64Array(frames * steps)
  for (let step = 0; step < steps; step++) {
    const likely = byUnit.get(units[step]!)!
    const own = words[wordOf[step]!]
    const earliest = own?.start ?? words[wordOf[step - 1] ?? -1]?.end ?? -Infinity
    const latest = own?.end ?? words[wordOf[step + 1] ?? -1]?.start ?? Infinity
    for (let frame = 0; frame < frames; frame++) {
      if (frame >= earliest - reachFrames && frame <= latest + reachFrames)
        out[frame * steps + step] = likely[frame]!
    }
  }
  return out
}

function setOut({ opens, wordOf, next }: Trellis, ahead: Float64Array): void {
  if (opens) wordOf.forEach((word, step) => (ahead[step] = word === 0 ? 1 : 0))
  else [ahead[0], ahead[1]] = [1, next[1]![0]!]
}

function arrive({ closes, wordOf, words, frames, steps, next }: Trellis, behind: Float64Array): void {
  const end = (frames - 1) * steps
  if (closes) wordOf.forEach((word, step) => (behind[end + step] = word === words.length - 1 ? 1 : 0))
  else [behind[end + steps - 1], behind[end + steps - 2]] = [1, next[steps - 1]![frames - 1]!]
}

function stepForward({ steps, next, skip }: Trellis, ahead: Float64Array, frame: number): void {
  for (let step = 0, at = frame * steps; step < steps; step++, at++) {
    let sum = ahead[at - steps]!
    if (step >= 1) sum += ahead[at - steps - 1]! * next[step]![frame]!
    if (step >= 2) sum += ahead[at - steps - 2]! * skip[step]![frame]!
    ahead[at] = sum
  }
}

function stepBack(
  { steps, next, skip }: Trellis,
  behind: Float64Array,
  sounds: Float64Array,
  frame: number,
): void {
  for (let step = 0, at = frame * steps; step < steps; step++, at++) {
    const to = at + steps
    let sum = behind[to]! * sounds[to]!
    if (step + 1 < steps) sum += behind[to + 1]! * sounds[to + 1]! * next[step + 1]![frame + 1]!
    if (step + 2 < steps) sum += behind[to + 2]! * sounds[to + 2]! * skip[step + 2]![frame + 1]!
    behind[at] = sum
  }
}

/** Makes the numbers add up to 1; false when they are all 0. */
function normalise(values: Float64Array, from: number, count: number): boolean {
  let sum = 0
  for (let i = from; i < from + count; i++) sum += values[i]!
  if (!(sum > 0)) return false
  for (let i = from; i < from + count; i++) values[i]! /= sum
  return true
}

/** Where a word is, in frames from the trellis's start, and how sure that is. */
export interface FoundWord {
  readonly start: number
  readonly end: number
  /** Standard deviations. */
  readonly startDoubt: number
  readonly endDoubt: number
}

export function wordsIn({ frames, steps, wordOf, words }: Trellis, shares: Float64Array): FoundWord[] {
  const edge = (firstStep: number) => whenReached(shares, frames, steps, firstStep)
  return words.map((_, word) => {
    const [start, end] = [edge(wordOf.indexOf(word)), edge(wordOf.lastIndexOf(word) + 1)]
    return { start: start.at, end: end.at, startDoubt: start.doubt, endDoubt: end.doubt }
  })
}

/** When `step` is reached, if not passed: the middle of the distribution, and its standard deviation. */
function whenReached(
  shares: Float64Array,
  frames: number,
  steps: number,
  step: number,
): { at: number; doubt: number } {
  let reached = 0
  let mean = 0
  let square = 0
  let at = frames
  for (let frame = 0; frame <= frames; frame++) {
    let now = 1
    if (frame < frames) {
      now = 0
      for (let i = frame * steps + step; i < (frame + 1) * steps; i++) now += shares[i]!
      now = max(now, reached)
    }
    const share = now - reached
    if (reached < 0.5 && now >= 0.5) at = frame + 0.5 - (now - 0.5) / share
    mean += share * frame
    square += share * frame * frame
    reached = now
  }
  return { at, doubt: sqrt(max(0, square - mean * mean)) }
}
