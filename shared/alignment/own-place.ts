/**
 * Whether words with times stand where somebody speaks. Those of another recording have about as much speech under them, for
 * most of any recording is speech; but their pauses agree with its pauses no better where they are than some seconds on.
 * Hides how this is measured. Pure.
 */
import type { Analysis, Span } from '../audio/analysis.ts'

const cellsPerSecond = 10
/** A shorter gap between words, or in the speech, is no pause. */
const bridgedSeconds = 0.3
/** Words may be off by so much and still be in their place; elsewhere begins at a second. In cells. */
const near = 5
const [nearestElsewhere, farthestElsewhere, stepElsewhere] = [10, 100, 2]
/** With fewer pauses, or hardly anything else, nothing can agree. */
const leastShare = 0.02

/**
 * By how many standard deviations the words' pauses agree better with those of the sound at their own place than elsewhere;
 * undefined where there are no pauses to tell by. Of 30 s about 3, of 100 s 3 to 9, of 300 s 6 to 28; of another
 * recording's words −1 to 3.
 */
export function ownPlace(
  words: readonly Span[],
  { speech, totalSamples, format }: Analysis,
): number | undefined {
  const cells = Math.floor((totalSamples / format.sampleRate) * cellsPerSecond)
  const [said, sounding] = [words, speech].map((spans) => covered(spans, format.sampleRate, cells))
  if (cells <= farthestElsewhere || !hasPauses(said!) || !hasPauses(sounding!)) return undefined
  const agreements = (from: number, to: number, step: number): number[] =>
    Array.from({ length: Math.floor((to - from) / step) + 1 }, (_, i) =>
      agreement(said!, sounding!, from + i * step),
    )
  const here = Math.max(...agreements(-near, near, 1))
  const elsewhere = [
    ...agreements(-farthestElsewhere, -nearestElsewhere, stepElsewhere),
    ...agreements(nearestElsewhere, farthestElsewhere, stepElsewhere),
  ]
  const mean = elsewhere.reduce((sum, value) => sum + value, 0) / elsewhere.length
  const square = elsewhere.reduce((sum, value) => sum + (value - mean) ** 2, 0) / elsewhere.length
  return square === 0 ? undefined : (here - mean) / Math.sqrt(square)
}

/** By cell, how much of it the spans cover: 0 to 1. */
function covered(spans: readonly Span[], sampleRate: number, cells: number): Float64Array {
  const shares = new Float64Array(cells)
  const perCell = sampleRate / cellsPerSecond
  let end = -Infinity
  for (const span of spans) {
    const isBridged = span.startSample - end < bridgedSeconds * sampleRate
    const from = Math.max(0, (isBridged ? end : Math.max(end, span.startSample)) / perCell)
    end = Math.max(end, span.endSample)
    const to = Math.min(cells, end / perCell)
    for (let cell = Math.floor(from); cell < to; cell++)
      shares[cell]! += Math.max(0, Math.min(cell + 1, to) - Math.max(cell, from))
  }
  return shares
}

function hasPauses(shares: Float64Array): boolean {
  const share = shares.reduce((sum, value) => sum + value, 0) / shares.length
  return share >= leastShare && share <= 1 - leastShare
}

/** The correlation of one with the other so many cells on. */
function agreement(one: Float64Array, other: Float64Array, lag: number): number {
  const [from, to] = [Math.max(0, -lag), Math.min(one.length, other.length - lag)]
  const count = to - from
  let [a, b, aa, bb, ab] = [0, 0, 0, 0, 0]
  for (let i = from; i < to; i++) {
    const [x, y] = [one[i]!, other[i + lag]!]
    a += x
    b += y
    aa += x * x
    bb += y * y
    ab += x * y
  }
  const [ofOne, ofOther] = [aa / count - (a / count) ** 2, bb / count - (b / count) ** 2]
  return ofOne <= 0 || ofOther <= 0 ? 0 : (ab / count - (a * b) / count ** 2) / Math.sqrt(ofOne * ofOther)
}
