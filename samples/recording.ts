/**
 * Makes the sample's raw recording from its script: two people at one microphone, a bit too quiet, in a room
 * that is never silent. Hides resampling, levels, and the noise of the room.
 */
import { randomNumbers } from './random.ts'
import { leadInSeconds, script, seats, type Speaker, type Turn } from './script.ts'
import { speakWords } from './speech.ts'

export const recordingRate = 48_000

export interface RecordedWord {
  readonly text: string
  readonly start: number
  readonly end: number
  readonly speaker: Speaker
  readonly confidence: number
}

export interface Recording {
  /** One channel, full scale ±1, at `recordingRate`. */
  readonly samples: Float32Array
  readonly words: RecordedWord[]
}

const airDbfs = -58
const hissDbfs = -80
const humDbfs = -70
const humHz = 50
/** A sound quieter than this is not audible over the noise of the room. */
const audibleDbfs = airDbfs + 5

/** The words are known, not recognised. */
const certain = 1

/** Records what is said; the sample's own script unless another is given. */
export async function record(turns: readonly Turn[] = script): Promise<Recording> {
  const words: RecordedWord[] = []
  const sentences: { readonly samples: Float32Array; readonly at: number; readonly gain: number }[] = []
  let cursor = leadInSeconds
  for (const { speaker, text, pauseSeconds, gainDb = 0 } of turns) {
    const seat = seats[speaker]
    const totalGainDb = seat.gainDb + gainDb
    const sentence = await speakWords(text, seat.voice, audibleDbfs - totalGainDb)
    const at = Math.round((cursor - sentence.words[0]!.startSeconds) * recordingRate)
    sentences.push({
      samples: upsample(sentence.samples, recordingRate / sentence.sampleRate),
      at,
      gain: fromDb(totalGainDb),
    })
    for (const { text, startSeconds, endSeconds } of sentence.words) {
      words.push({
        text,
        start: inMilliseconds(at, startSeconds),
        end: inMilliseconds(at, endSeconds),
        speaker,
        confidence: certain,
      })
    }
    cursor = at / recordingRate + sentence.words.at(-1)!.endSeconds + pauseSeconds
  }
  const samples = roomTone(Math.round(cursor * recordingRate))
  for (const placed of sentences) addInto(samples, placed.samples, placed.at, placed.gain)
  return { samples, words }
}

const fromDb = (db: number): number => 10 ** (db / 20)
const inMilliseconds = (at: number, seconds: number): number =>
  Math.round((at / recordingRate + seconds) * 1000) / 1000

function addInto(mix: Float32Array, samples: Float32Array, at: number, gain: number): void {
  for (let i = 0; i < samples.length && at + i < mix.length; i++) mix[at + i]! += samples[i]! * gain
}

/**
 * By a whole factor, with a Blackman-windowed sinc of 32 samples to either side: no delay, images below −70
 * dB.
 */
function upsample(samples: Float32Array, factor: number): Float32Array {
  const reach = 32
  const kernels = Array.from({ length: factor }, (_, phase) =>
    Float64Array.from({ length: 2 * reach }, (_, tap) => {
      const x = phase / factor - (tap - reach + 1)
      const window = 0.42 + 0.5 * Math.cos((Math.PI * x) / reach) + 0.08 * Math.cos((2 * Math.PI * x) / reach)
      return x === 0 ? 1 : (window * Math.sin(Math.PI * x)) / (Math.PI * x)
    }),
  )
  const out = new Float32Array(samples.length * factor)
  for (let i = 0; i < out.length; i++) {
    const kernel = kernels[i % factor]!
    const first = Math.floor(i / factor) - reach + 1
    let sum = 0
    for (let tap = Math.max(0, -first); tap < kernel.length && first + tap < samples.length; tap++)
      sum += kernel[tap]! * samples[first + tap]!
    out[i] = sum
  }
  return out
}

/** The air of the room, the hiss of a cheap preamplifier, and a little mains hum. */
function roomTone(length: number): Float32Array {
  const random = randomNumbers(1)
  const hiss = Float32Array.from({ length }, () => Math.sqrt(3) * (random() * 2 - 1))
  const air = darkened(hiss)
  return air.map((value, i) => {
    const hum = Math.SQRT2 * Math.sin((2 * Math.PI * humHz * i) / recordingRate)
    return value * fromDb(airDbfs) + hiss[i]! * fromDb(hissDbfs) + hum * fromDb(humDbfs)
  })
}

/** What lies between 80 and 500 Hz, falling by 12 dB an octave beyond, brought to an RMS of 1. */
function darkened(noise: Float32Array): Float32Array {
  const pole = (hz: number) => 1 - Math.exp((-2 * Math.PI * hz) / recordingRate)
  const [smooth, rumble] = [pole(500), pole(80)]
  let [once, twice, lowest, energy] = [0, 0, 0, 0]
  const dark = noise.map((value) => {
    once += smooth * (value - once)
    twice += smooth * (once - twice)
    lowest += rumble * (twice - lowest)
    energy += (twice - lowest) ** 2
    return twice - lowest
  })
  const scale = Math.sqrt(noise.length / energy)
  return dark.map((value) => value * scale)
}
