/**
 * Chooses which parts of a recording to read in order to align a few words. Hides how many neighbouring words
 * help, and what else is worth learning the acoustic model from.
 */
import { frameSamples, type Analysis, type Span } from '../audio/analysis.ts'
import type { Word } from '../words/words.ts'

/** A span of words, as places in the list, and of 10 ms frames. */
export interface ListeningSpan {
  readonly first: number
  readonly last: number
  readonly firstFrame: number
  readonly frames: number
  /** It begins inside its first word; it ends inside its last. */
  readonly opens: boolean
  readonly closes: boolean
  /** It is there for its words, not only to learn from. */
  readonly isWanted: boolean
}

/** So many words to either side of a wanted one are fitted with it. */
const contextWords = 2
const mostWords = 24
/** A reported silence this long separates spans. */
const partingSeconds = 0.5
/** This much is read beyond the reported ends. */
const marginSeconds = 0.3
const framesPerSecond = 100
/** The acoustic model is learned from this much speech at least, if there is so much. */
const fewestSeconds = 60

/**
 * Spans around the wanted words, in order, and others all over the recording when those are too short to
 * learn from.
 */
export function listeningSpans(
  words: readonly Word[],
  analysis: Analysis,
  wanted: readonly number[],
): ListeningSpan[] {
  const around = grouped(words, analysis, wanted, true)
  const apart = 2 * contextWords + 1
  const centres = words.flatMap((_, i) => (i % apart === contextWords ? [i] : []))
  const others = grouped(words, analysis, centres, false).filter(({ first, last }) =>
    around.every((one) => one.last < first || last < one.first),
  )
  let missing = fewestSeconds * framesPerSecond - around.reduce((sum, { frames }) => sum + frames, 0)
  const needed = Math.ceil(missing / Math.max(1, others[0]?.frames ?? 1))
  const stride = Math.max(1, Math.floor(others.length / Math.max(1, needed)))
  const further: ListeningSpan[] = []
  for (let i = 0; i < others.length && missing > 0; i += stride) {
    further.push(others[i]!)
    missing -= others[i]!.frames
  }
  return [...around, ...further]
}

/** The sound of a span. */
export function spanOf({ firstFrame, frames }: ListeningSpan, { format, totalSamples }: Analysis): Span {
  const frame = frameSamples(format.sampleRate)
  return { startSample: firstFrame * frame, endSample: Math.min(totalSamples, (firstFrame + frames) * frame) }
}

/** Each centre with the words beside it, up to a silence; those that meet are one. */
function grouped(
  words: readonly Word[],
  analysis: Analysis,
  centres: readonly number[],
  isWanted: boolean,
): ListeningSpan[] {
  const parting = partingSeconds * analysis.format.sampleRate
  const isParted = (i: number) =>
    i <= 0 || i >= words.length || words[i]!.startSample - words[i - 1]!.endSample > parting
  const groups: { first: number; last: number }[] = []
  for (const centre of centres) {
    let [first, last] = [centre, centre]
    for (let i = 0; i < contextWords && !isParted(first); i++) first--
    for (let i = 0; i < contextWords && !isParted(last + 1); i++) last++
    const before = groups.at(-1)
    if (before && first <= before.last && last - before.first < mostWords)
      before.last = Math.max(before.last, last)
    else groups.push({ first, last })
  }
  return groups.map(({ first, last }) => {
    const [opens, closes] = [!isParted(first), !isParted(last + 1)]
    const { startSample, endSample } = boundsOf(words, first, last, opens, closes, analysis)
    const frame = frameSamples(analysis.format.sampleRate)
    const firstFrame = Math.floor(startSample / frame)
    const lastFrame = Math.min(analysis.levels.length, Math.ceil(endSample / frame))
    return { first, last, firstFrame, frames: Math.max(1, lastFrame - firstFrame), opens, closes, isWanted }
  })
}

/**
 * From and to the middle of a word where words go on, else some way into the silence, but not into the next
 * words.
 */
function boundsOf(
  words: readonly Word[],
  first: number,
  last: number,
  opens: boolean,
  closes: boolean,
  { format, totalSamples }: Analysis,
): Span {
  const margin = marginSeconds * format.sampleRate
  const [a, b] = [words[first]!, words[last]!]
  const middle = (one: number, other: number) => (one + other) / 2
  const beforeStart = Math.max(
    a.startSample - margin,
    first > 0 ? middle(words[first - 1]!.endSample, a.startSample) : 0,
  )
  const afterEnd = Math.min(
    b.endSample + margin,
    last + 1 < words.length ? middle(b.endSample, words[last + 1]!.startSample) : totalSamples,
  )
  return {
    startSample: opens ? middle(a.startSample, a.endSample) : beforeStart,
    endSample: closes ? middle(b.startSample, b.endSample) : afterEnd,
  }
}
