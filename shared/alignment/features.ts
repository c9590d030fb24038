/**
 * Reads spans of a recording and computes the feature vectors that alignment compares. Hides the reading, and
 * the normalisation that removes what depends on the voice rather than on the words.
 */
import { frameSamples, type Analysis } from '../audio/analysis.ts'
import { cepstra, cepstrumSize } from './cepstra.ts'
import type { Listen } from './listen.ts'
import { unitsOf, type UnitInventory } from './acoustic-model.ts'
import type { ReportedWord } from './forced-alignment.ts'
import { spanOf, type ListeningSpan } from './listening-spans.ts'
import type { Word } from '../words/words.ts'

/** Spans that are read at the same time. */
const readAtOnce = 8

/** The recording that a span is a part of. */
export interface Surroundings {
  readonly words: readonly Word[]
  /** Everybody who speaks. */
  readonly speakers: readonly (string | null)[]
  /** Which words are hesitations, as places in the list. */
  readonly hesitations: ReadonlySet<number>
  readonly analysis: Analysis
}

/** The features of one span. */
export interface Features {
  readonly span: ListeningSpan
  readonly reported: readonly ReportedWord[]
  /** Cepstra, by frame. */
  readonly rows: Float32Array
  /** Who speaks, by frame. */
  readonly speakers: Uint8Array
  /** Which frames are background. */
  readonly quiet: Uint8Array
}

/** Reads the spans; units that are met for the first time enter the inventory. */
export async function extractAll(
  spans: readonly ListeningSpan[],
  surroundings: Surroundings,
  inventory: UnitInventory,
  listen: Listen,
): Promise<Features[]> {
  const features: Features[] = []
  for (let i = 0; i < spans.length; i += readAtOnce) {
    const some = spans.slice(i, i + readAtOnce)
    const sounds = await Promise.all(some.map((span) => listen(spanOf(span, surroundings.analysis))))
    features.push(...some.map((span, k) => extract(span, sounds[k]!, surroundings, inventory)))
  }
  levelVoices(features, surroundings.speakers.length)
  return features
}

function extract(
  span: ListeningSpan,
  samples: Float32Array,
  { words, speakers: names, hesitations, analysis }: Surroundings,
  inventory: UnitInventory,
): Features {
  const { first, last, firstFrame, frames } = span
  const { sampleRate } = analysis.format
  const frame = frameSamples(sampleRate)
  const rows = new Float32Array(frames * cepstrumSize) // the recording's last frame may be incomplete
  rows.set(cepstra(samples, sampleRate).subarray(0, rows.length))
  const own = words.slice(first, last + 1)
  const reported = own.map(({ text, startSample, endSample }, i) => ({
    start: startSample / frame - firstFrame,
    end: endSample / frame - firstFrame,
    units: unitsOf(text, hesitations.has(first + i), inventory),
  }))
  const speakers = new Uint8Array(frames)
  const quiet = new Uint8Array(frames)
  for (let i = 0, word = 0; i < frames; i++) {
    while (word + 1 < own.length && (reported[word]!.end + reported[word + 1]!.start) / 2 < i) word++
    speakers[i] = names.indexOf(own[word]!.speaker)
    quiet[i] = analysis.levels[firstFrame + i]! <= analysis.quietBelowDb * 100 ? 1 : 0
  }
  return { span, reported, rows, speakers, quiet }
}

/**
 * Removes what a voice, its place and its microphone do to every sound alike: the mean of each speaker's
 * rows.
 */
function levelVoices(features: readonly Features[], speakerCount: number): void {
  const sums = new Float64Array(speakerCount * cepstrumSize)
  const counts = new Float64Array(speakerCount)
  for (const { rows, speakers, quiet } of features) {
    for (let i = 0; i < speakers.length; i++) {
      if (quiet[i]) continue
      const speaker = speakers[i]!
      counts[speaker]!++
      for (let d = 0; d < cepstrumSize; d++) sums[speaker * cepstrumSize + d]! += rows[i * cepstrumSize + d]!
    }
  }
  for (const { rows, speakers } of features) {
    for (let i = 0; i < speakers.length; i++) {
      const speaker = speakers[i]!
      const count = Math.max(1, counts[speaker]!)
      for (let d = 0; d < cepstrumSize; d++)
        rows[i * cepstrumSize + d]! -= sums[speaker * cepstrumSize + d]! / count
    }
  }
}
