// Transcripts for tests, written as somebody would say them, and the sound that goes with them.
import type { Analysis, Span } from '../../shared/audio/analysis.ts'
import type { Transcript, Word } from '../../shared/words/words.ts'

/** Small numbers are easy to read: a sample is a millisecond, a frame ten. */
export const sampleRate = 1000
const frame = 10
const wordMs = 300
const gapMs = 100

/**
 * Words of 300 ms with 100 ms between them. "[2500]" is a silence of so many milliseconds instead of the
 * usual gap; "Ada:" and the like say
 * who speaks from there on.
 */
export function saying(text: string, language = 'en', exactTimes = true): Transcript {
  const words: Word[] = []
  let at = 1000
  let speaker: string | null = null
  for (const piece of text.trim().split(/\s+/)) {
    const silence = /^\[(\d+)\]$/.exec(piece)
    const name = /^(\p{Lu}\p{L}+):$/u.exec(piece)
    if (silence) at += Number(silence[1]) - gapMs
    else if (name) speaker = name[1]!
    else {
      words.push({ text: piece, startSample: at, endSample: at + wordMs, speaker, confidence: null })
      at += wordMs + gapMs
    }
  }
  return { language, exactTimes, words }
}

/** A recording in which the spans sound and all else is quiet. */
export function soundingIn(
  spans: readonly Span[],
  totalSamples = (spans.at(-1)?.endSample ?? 0) + 5000,
): Analysis {
  const levels = new Int16Array(Math.ceil(totalSamples / frame)).fill(-6000)
  for (const { startSample, endSample } of spans)
    levels.fill(-2000, Math.floor(startSample / frame), Math.ceil(endSample / frame))
  const speech = spans.map(({ startSample, endSample }) => ({ startSample, endSample }))
  return {
    levels,
    speech,
    format: { sampleRate, channels: 1, sampleFormat: 's16le' },
    totalSamples,
    quietBelowDb: -45,
  } as unknown as Analysis
}
