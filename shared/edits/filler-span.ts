/**
 * Computes where to cut a filler word out so that its neighbours stay whole. Hides the two sources of its
 * edges: forced alignment, where it found the filler's sounds, or else the level near the reported times.
 */
import { frameSamples, overlapOf, type Analysis, type Span } from '../audio/analysis.ts'
import { soundsIn } from '../audio/quiet.ts'
import type { AlignedWord } from '../alignment/alignment.ts'
import { isBackground } from '../words/hallucinations.ts'
import type { Timing } from '../words/timing.ts'
import { cutAround } from './word-edges.ts'
import type { Word } from '../words/words.ts'

export interface FillerSpan extends Span {
  /** Nothing of a neighbour is cut with it, and nothing audible of the filler is left. */
  readonly isSure: boolean
}

export function spanOfFiller(
  words: readonly AlignedWord[],
  first: number,
  last: number,
  analysis: Analysis,
  timing: Timing,
): FillerSpan {
  return words[first]!.edges && words[last]!.edges
    ? foundSpan(words, first, last, analysis)
    : reportedSpan(words, first, last, analysis, timing)
}

// Aligned: the filler's edges were found in the sound, each with a standard deviation

/**
 * Words nearer to each other run together. A gap up to the second length is the closure of a "t" or a "b",
 * and the word's that has it.
 */
const runTogetherSeconds = 0.03
const realGapSeconds = 0.1
/**
 * What sounds on into a real gap until it is quiet, and not for longer, is the filler's: a breath before it,
 * a hum after it. A little goes besides.
 */
const longestRestSeconds = 0.1
const gapShare = 0.25
const farthestIntoGapSeconds = 0.015
/**
 * Where words run together the cut stays inside the filler by this many times the doubt, less what nobody
 * misses; within limits.
 */
const doubtsInside = 2
const unmissedSeconds = 0.017
const leastShareInside = 0.05
const farthestInsideSeconds = 0.03
/** So much of a filler may be left, and this much besides, which the crossfade covers. */
const leftShare = 0.25
const coveredSeconds = 0.012
/** With greater doubt it is not known to be the filler that was found. */
const greatestDoubtSeconds = 0.04

/** One end of a filler, looked at from inside: `outwards` is −1 for its start and 1 for its end. */
interface Edge {
  readonly sample: number
  readonly outwards: -1 | 1
  readonly doubt: number
  /** Samples to the next word; what is unsure is where that one ends. */
  readonly gap: number
  readonly neighbourDoubt: number
}

function foundSpan(
  words: readonly AlignedWord[],
  first: number,
  last: number,
  analysis: Analysis,
): FillerSpan {
  const { sampleRate } = analysis.format
  const [before, head, tail, after] = [words[first - 1], words[first]!, words[last]!, words[last + 1]]
  const [{ startDoubt }, { endDoubt }] = [head.edges!, tail.edges!]
  const edges: Edge[] = [
    {
      sample: head.startSample,
      outwards: -1,
      doubt: startDoubt,
      gap: head.startSample - (before?.endSample ?? 0),
      neighbourDoubt: before?.edges?.endDoubt ?? startDoubt,
    },
    {
      sample: tail.endSample,
      outwards: 1,
      doubt: endDoubt,
      gap: (after?.startSample ?? analysis.totalSamples) - tail.endSample,
      neighbourDoubt: after?.edges?.startDoubt ?? endDoubt,
    },
  ]
  const inside = edges.map((edge) => insideBy(edge, tail.endSample - head.startSample, analysis))
  const left = inside.reduce((sum, distance) => sum + Math.max(0, distance), 0)
  const startSample = Math.max(0, Math.round(head.startSample + inside[0]!))
  const endSample = Math.min(analysis.totalSamples, Math.round(tail.endSample - inside[1]!))
  if (endSample <= startSample)
    return { startSample: head.startSample, endSample: tail.endSample, isSure: false }
  return {
    startSample,
    endSample,
    isSure:
      head.edges!.isCredible &&
      tail.edges!.isCredible &&
      edges.every(({ doubt }) => doubt <= greatestDoubtSeconds * sampleRate) &&
      left <= leftShare * (tail.endSample - head.startSample) + coveredSeconds * sampleRate,
  }
}

/**
 * How far inside the filler an edge of the cut lies, in samples; negative when it lies in the gap beside it.
 */
function insideBy(edge: Edge, fillerSamples: number, analysis: Analysis): number {
  const { sampleRate } = analysis.format
  if (edge.gap < runTogetherSeconds * sampleRate) {
    const inside = Math.max(
      leastShareInside * fillerSamples,
      doubtsInside * edge.neighbourDoubt - unmissedSeconds * sampleRate,
    )
    return Math.max(0, Math.min(farthestInsideSeconds * sampleRate, inside) - Math.max(0, edge.gap))
  }
  if (edge.gap < realGapSeconds * sampleRate) return 0
  const rest = restBeside(edge, analysis, Math.min(edge.gap / 2, longestRestSeconds * sampleRate))
  return -rest - Math.min(farthestIntoGapSeconds * sampleRate, gapShare * (edge.gap - rest))
}

/** How long it goes on sounding outwards of an edge before it is quiet; 0 when it is not within `longest`. */
function restBeside({ sample, outwards }: Edge, analysis: Analysis, longest: number): number {
  const frame = frameSamples(analysis.format.sampleRate)
  for (let rest = 0; rest <= longest; rest += frame) {
    const from = sample + outwards * rest
    if (
      isBackground(
        analysis,
        Math.min(from, from + (outwards * frame) / 2),
        Math.max(from, from + (outwards * frame) / 2),
      )
    )
      return rest
  }
  return 0
}

// Reported: the filler was not aligned, and only the level tells where its sound is

/** Recognisers' times are sometimes wrong by this much. */
const wrongTimesSeconds = 0.2
/**
 * With unsure times, a sound alone where the filler was said to be is taken for it when they cover each other
 * this far.
 */
const clearShare = 0.7
/** Times better than this tell a filler's sound from its neighbours'. */
const trustedErrorSeconds = 0.11
/** Where words run together, only times better than this say where one ends. */
const exactErrorSeconds = 0.07

/**
 * A filler with quiet on both sides is a span of sound of its own, and the cut removes that span whole,
 * wherever the recogniser reported it. One that runs into a neighbour is cut at the quietest point near its
 * reported edge, never inside the neighbour.
 */
function reportedSpan(
  words: readonly Word[],
  first: number,
  last: number,
  analysis: Analysis,
  { errorSamples }: Timing,
): FillerSpan {
  const { sampleRate } = analysis.format
  const [before, after] = [words[first - 1], words[last + 1]]
  const reported = { startSample: words[first]!.startSample, endSample: words[last]!.endSample }
  const far = Math.round(wrongTimesSeconds * sampleRate)
  const low = Math.max(reported.startSample - far, before ? middleOf(before) : 0)
  const high = Math.min(reported.endSample + far, after ? middleOf(after) : analysis.totalSamples)
  const sounds = soundsIn(analysis, low, high)
  const own = sounds.find((sound) => isOwnSound(sound, reported, [before, after]))
  const isClear =
    own !== undefined &&
    sounds.length === 1 &&
    overlapOf(own, reported) >= clearShare * Math.max(lengthOf(own), lengthOf(reported))
  if (own && (isClear || errorSamples <= trustedErrorSeconds * sampleRate)) return { ...own, isSure: true }
  return {
    ...cutAround(words, first, last, analysis),
    isSure: errorSamples <= exactErrorSeconds * sampleRate,
  }
}

/**
 * A span that shares most of its length with the filler as reported, or the other way round, and is about
 * as long.
 */
function isOwnSound(sound: Span, reported: Span, neighbours: readonly (Word | undefined)[]): boolean {
  const [long, said] = [lengthOf(sound), lengthOf(reported)]
  const shared = overlapOf(sound, reported)
  return (
    shared >= Math.min(long, said) / 2 &&
    long >= said / 2 &&
    long <= said * 2.5 &&
    neighbours.every((word) => !word || overlapOf(sound, word) < shared)
  )
}

const lengthOf = ({ startSample, endSample }: Span): number => endSample - startSample
const middleOf = ({ startSample, endSample }: Span): number => Math.floor((startSample + endSample) / 2)
