/**
 * A first idea of how phones sound, for a text without times: the beginning of it spoken by espeak-ng, in which every
 * sentence's place is known. Hides how that speech becomes a recording like any other.
 */
import { concatenated } from '../audio/pcm.ts'
import { cepstra, cepstrumSize } from './cepstra.ts'
import { synthesise } from './espeak.ts'
import type { Passage } from './passages.ts'
import type { Sayable } from './phones.ts'
import { slackFrames } from './placing.ts'
import type { Told } from './windows.ts'
import type { Sound } from './speech-rows.ts'

/** So much of the text has every phone in it that is common. */
const mostWords = 250
const gapSeconds = 0.3
const framesPerSecond = 100
const leastPower = 1e-10

export interface Lesson {
  readonly sound: Sound
  readonly told: Told
}

/** Undefined where nothing can speak a language of theirs. `sentences` are the passages' texts. */
export async function syntheticLesson(
  sentences: readonly Sayable[],
  { passages, phones }: Told,
  signal: AbortSignal,
): Promise<Lesson | undefined> {
  const said: Passage[] = []
  const pieces: Float32Array[] = []
  let [at, sampleRate, words] = [0, 0, 0]
  for (let i = 0; i < passages.length && words < mostWords; i++) {
    const speech = await synthesise(sentences[i]!.text, sentences[i]!.language, signal)
    if (!speech) return undefined
    sampleRate = speech.sampleRate
    const gap = new Float32Array(Math.round(gapSeconds * sampleRate))
    pieces.push(gap, speech.samples)
    const from = ((at + gap.length) / sampleRate) * framesPerSecond - slackFrames
    at += gap.length + speech.samples.length
    const to = (at / sampleRate) * framesPerSecond + slackFrames
    said.push(passages[i]!.map((word) => ({ phones: word.phones, from, to })))
    words += said.at(-1)!.length
  }
  if (pieces.length === 0) return undefined
  return { sound: soundOf(concatenated(Float32Array, pieces), sampleRate), told: { passages: said, phones } }
}

function soundOf(samples: Float32Array, sampleRate: number): Sound {
  const rows = cepstra(samples, sampleRate)
  const frames = rows.length / cepstrumSize
  const hop = sampleRate / framesPerSecond
  const levels = Int16Array.from({ length: frames }, (_, frame) => {
    let sum = leastPower
    const [from, to] = [Math.round(frame * hop), Math.round((frame + 1) * hop)]
    for (let i = from; i < to; i++) sum += samples[i]! * samples[i]!
    return Math.round(1000 * Math.log10(sum / hop))
  })
  const read = (from: number, to: number): Promise<Float32Array> =>
    Promise.resolve(rows.subarray(from * cepstrumSize, to * cepstrumSize))
  return { frames, levels, cepstra: read }
}
