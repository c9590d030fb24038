/** Which parts of a recording to listen to for the sake of a few words. Hides how many words beside them help, and what else is worth learning from. */
import { frameSamples, type Analysis, type Span } from '../audio/analysis.ts'
import type { Word } from './words.ts'

/** A stretch of words, as places in the list, and of 10 ms frames. */
export interface Stretch {
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
/** A reported silence this long parts stretches. */
const partingSeconds = 0.5
/** This much is listened to beyond the reported ends. */
const marginSeconds = 0.3
/** Letters are learned from this much speech at least, if there is so much. */
const fewestSeconds = 60

/** Stretches around the wanted words, in order, then others spread over the recording, if those are too short to learn from. */
export function stretchesOf(words: readonly Word[], analysis: Analysis, wanted: readonly number[]): Stretch[] {
  const around = grouped(words, analysis, wanted, true)
  let missing = fewestSeconds * 100 - around.reduce((sum, { frames }) => sum + frames, 0)
  if (missing <= 0) return around
  const everywhere = grouped(
    words,
    analysis,
    words.map((_, i) => i),
    false,
  ).filter(({ first, last }) => around.every((stretch) => stretch.last < first || last < stretch.first))
  const spread = everywhere.length / Math.max(1, Math.ceil(missing / (mostWords * 30)))
  ...
}
