/**
 * Decides where a show is divided into chunks: by what is heard, so that an edit changes the chunks it lies in and no
 * others. Hides the search for pauses, and that at each of them the output is brought to a whole MP3 frame: what
 * follows then lies in its frames as it always does, whatever was cut before.
 */
import type { Span } from '../audio/analysis.ts'
import { samplesPerFrame } from '../audio/mp3-frames.ts'
import { toOutput, type Join, type Ledger } from '../timeline/ledger.ts'
import { evenStarts, usualChunkSamples } from '../timeline/timeline.ts'

/** The recording is divided about every so many seconds, in the best pause this near. */
const everySeconds = 50
const reachSeconds = 12.5
/** From a divide to the nearest edit. A pause that is tightened is left alone. */
const clearSeconds = 0.15
/** At a divide both sides overlap by at least this, and by at most a frame more: 29 ms at 48 kHz. */
const leastOverlapSeconds = 0.005
/** A chunk shorter than this is not worth its task. */
const shortestSeconds = 8

/** A place in the recording, in samples. */
export interface Divide {
  readonly sample: number
  /** Nobody speaks there, so that some milliseconds can be taken away. */
  readonly isPause: boolean
}

export interface Divided {
  readonly sampleRate: number
  readonly totalSamples: number
  /** Pauses, in order. */
  readonly pauses: readonly Span[]
}

/**
 * The divides of a recording with these splices. Each depends on the pauses and splices around it alone; where there is
 * no pause to be had it is a place like any other.
 */
export function dividesOf({ sampleRate, totalSamples, pauses }: Divided, splices: readonly Span[]): Divide[] {
  const every = everySeconds * sampleRate
  const count = divideCount(totalSamples / sampleRate)
  return Array.from({ length: count }, (_, i) => {
    const middle = (i + 1) * every
    const found = bestPause(pauses, splices, middle, sampleRate)
    return found === undefined ? { sample: middle, isPause: false } : { sample: found, isPause: true }
  })
}

/** How often a recording of so many seconds is divided. */
export const divideCount = (seconds: number): number =>
  Math.max(0, Math.floor((seconds - reachSeconds) / everySeconds))

/** The middle of the longest pause near `sample` that no splice comes close to; the first of several. */
function bestPause(
  pauses: readonly Span[],
  splices: readonly Span[],
  sample: number,
  sampleRate: number,
): number | undefined {
  const [reach, clear] = [reachSeconds * sampleRate, clearSeconds * sampleRate]
  let best: { middle: number; length: number } | undefined
  for (const { startSample, endSample } of pauses) {
    const middle = Math.round((startSample + endSample) / 2)
    const length = endSample - startSample
    if (Math.abs(middle - sample) > reach || length <= (best?.length ?? 0)) continue
    if (splices.some((splice) => splice.startSample < middle + clear && splice.endSample > middle - clear))
      continue
    best = { middle, length }
  }
  return best?.middle
}

/** The join at a divide in a pause: nothing is cut, and what follows begins with a frame. */
export const joinAt = ({ sample }: Divide, sampleRate: number): Join => ({
  startSample: sample,
  endSample: sample,
  insertedSamples: 0,
  crossfadeSamples: Math.round(leastOverlapSeconds * sampleRate),
  alignedTo: samplesPerFrame,
})

/** Where the parts of a show begin and end in the output, in samples. */
export interface Laid {
  readonly contentStart: number
  /** Of the first segment behind the content, a whole frame; the end of the show when there is none. */
  readonly tailStart: number
  readonly totalSamples: number
  readonly ledger: Ledger
  readonly sampleRate: number
}

/**
 * Where the chunks of a show begin, in samples of the output. What stands before the content and behind it never changes
 * within, and is divided evenly.
 */
export function chunkStartsOf(divides: readonly Divide[], laid: Laid): number[] {
  const { contentStart, tailStart, totalSamples, ledger, sampleRate } = laid
  const shortest = shortestSeconds * sampleRate
  const ownStart = wholeFrame(contentStart)
  const lead = contentStart < usualChunkSamples / 2 ? [0] : [...evenStarts(0, ownStart), ownStart]
  const places = divides.map((divide) => outputOf(divide, ledger))
  const content = places.filter((place, i) => {
    const before = i === 0 ? lead.at(-1)! : places[i - 1]!
    return place - before >= shortest && tailStart - place >= shortest
  })
  const hasTail =
    totalSamples - tailStart >= shortest && tailStart - (content.at(-1) ?? lead.at(-1)!) >= shortest
  return [...lead, ...content, ...(hasTail ? evenStarts(tailStart, totalSamples) : [])]
}

/** The frame at which a divide lies in the output; one in a pause lies at it exactly. */
function outputOf({ sample, isPause }: Divide, ledger: Ledger): number {
  const span = isPause ? ledger.find(({ sourceStart }) => sourceStart === sample) : undefined
  const output = span?.outputStart ?? toOutput(ledger, sample)
  return wholeFrame(output)
}

const wholeFrame = (sample: number): number => Math.ceil(sample / samplesPerFrame) * samplesPerFrame
