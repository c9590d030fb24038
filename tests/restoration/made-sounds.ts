// Sounds made for tests: something like speech, with pauses, and what may spoil it. The same each time.

export const rate = 16_000

/** Reproducible numbers in [−1, 1). */
export function noiseOf(seed: number): () => number {
  let state = seed >>> 0
  return () => {
    state = (Math.imul(state, 1664525) + 1013904223) >>> 0
    return state / 2 ** 31 - 1
  }
}

export const dbToGain = (db: number): number => 10 ** (db / 20)

/** White noise of an RMS in dBFS. */
export function hiss(seconds: number, levelDb: number, seed = 1): Float32Array {
  const next = noiseOf(seed)
  const gain = dbToGain(levelDb) * Math.sqrt(3)
  return Float32Array.from({ length: Math.round(seconds * rate) }, () => gain * next())
}

export interface Word {
  /** In samples. */
  readonly start: number
  readonly end: number
}

/** Voiced words of 0.4 s, one a second from 0.5 s on: harmonics of a pitch that moves, on silence. `gainDb` by word. */
export function words(
  seconds: number,
  gainDb: (word: number) => number = () => 0,
  harmonics = 20,
): { samples: Float32Array; words: readonly Word[] } {
  const samples = new Float32Array(Math.round(seconds * rate))
  const spoken: Word[] = []
  for (let word = 0; word + 1 <= seconds; word++) {
    const [start, length] = [Math.round((word + 0.5) * rate), Math.round(0.4 * rate)]
    spoken.push({ start, end: start + length })
    let phase = 0
    for (let i = 0; i < length; i++) {
      phase += (2 * Math.PI * (120 + 15 * Math.sin((9 * i) / rate) + 3 * (word % 5))) / rate
      let sample = 0
      for (let k = 1; k <= harmonics; k++) sample += Math.sin(k * phase) / (1 + (k / 5) ** 2)
      const edge = Math.min(1, i / (0.01 * rate), (length - i) / (0.04 * rate))
      samples[start + i] = 0.06 * dbToGain(gainDb(word)) * edge * sample
    }
  }
  return { samples, words: spoken }
}

/** Air through the mouth: noise that comes and goes, with less of it below 300 Hz and above 2.5 kHz. */
export function breath(seconds: number, seed: number): Float32Array {
  const next = noiseOf(seed)
  let [low, lowest] = [0, 0]
  return Float32Array.from({ length: Math.round(seconds * rate) }, (_, i) => {
    low += 0.6 * (next() - low)
    lowest += 0.11 * (low - lowest)
    return 0.06 * Math.sin((Math.PI * i) / (seconds * rate)) ** 0.7 * (low - lowest)
  })
}

export const mixed = (...sounds: readonly Float32Array[]): Float32Array =>
  sounds[0]!.map((_, i) => sounds.reduce((sum, sound) => sum + (sound[i] ?? 0), 0))

/** RMS in dBFS from one sample to another. */
export function levelDb(samples: Float32Array, from = 0, to = samples.length): number {
  let sum = 0
  for (let i = from; i < to; i++) sum += samples[i]! ** 2
  return 10 * Math.log10(sum / (to - from) + 1e-20)
}
