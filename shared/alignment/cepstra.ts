/**
 * Computes mel-frequency cepstra, one vector for every 10 ms of sound: a description of the sound by which
 * speech sounds can be told apart. Hides decimation, windows, the Fourier transform and the mel scale.
 */
import { frameSamples } from '../audio/analysis.ts'

const { cos, floor, log, log10, max, min, PI, round, sin, sqrt } = Math

/** Numbers in one row: the level, and the shape of the spectrum. */
export const cepstrumSize = 13

const bands = 24
const fftSize = 512
/** The sample rate that is worked at, in Hz: what tells speech sounds apart lies below half of it. */
const wantedRate = 16_000
const windowSeconds = 0.02
const lowestHz = 100
const highestHz = 7000
/** The spectrum of speech falls by 6 dB an octave; this undoes most of that. */
const preEmphasis = 0.97
/** Keeps the logarithm of digital silence finite. */
const leastPower = 1e-9

/**
 * One row for every whole 10 ms of `samples` (one channel, full scale ±1), one after the other; each looks 5
 * ms further to either side.
 */
export function cepstra(samples: Float32Array, sampleRate: number): Float32Array {
  const factor = max(1, round(sampleRate / wantedRate))
  const rate = sampleRate / factor
  const sound = everyNth(samples, factor)
  const hop = frameSamples(sampleRate) / factor
  const rows = new Float32Array(floor(samples.length / frameSamples(sampleRate)) * cepstrumSize)
  const width = round(windowSeconds * rate)
  const window = Float64Array.from({ length: width }, (_, i) => 0.54 - 0.46 * cos((2 * PI * i) / (width - 1)))
  const edges = bandEdges(rate)
  const re = new Float64Array(fftSize)
  const im = new Float64Array(fftSize)
  const power = new Float64Array(fftSize / 2)
  const levels = new Float64Array(bands)
  const write = (row: number) => {
    bandLevels(power, edges, levels)
    for (let c = 0; c < cepstrumSize; c++) {
      let sum = 0
      for (let b = 0; b < bands; b++) sum += cosines[c * bands + b]! * levels[b]!
      rows[row + c] = sum
    }
  }
  for (let row = 0, frame = 0; row < rows.length; row += 2 * cepstrumSize, frame += 2) {
    windowed(sound, round((frame + 0.5) * hop - width / 2), window, re) // two real sounds are one complex one
    windowed(sound, round((frame + 1.5) * hop - width / 2), window, im)
    transform(re, im)
    powerOf(re, im, 1, power)
    write(row)
    if (row + cepstrumSize === rows.length) break
    powerOf(re, im, -1, power)
    write(row + cepstrumSize)
  }
  return rows
}

/**
 * Every `factor`th sample, smoothed by a triangle twice as wide: aliases are 26 dB lower, which is enough to
 * tell speech sounds apart.
 */
function everyNth(samples: Float32Array, factor: number): Float32Array {
  if (factor === 1) return samples
  const out = new Float32Array(floor(samples.length / factor))
  const scale = 1 / (factor * factor)
  for (let i = 1; i < out.length - 1; i++) {
    const centre = i * factor
    let sum = factor * samples[centre]!
    for (let k = 1; k < factor; k++) sum += (factor - k) * (samples[centre - k]! + samples[centre + k]!)
    out[i] = sum * scale
  }
  return out
}

/**
 * Fills `out` with the sound from `from` on, emphasised and windowed, in the order in which the transform
 * reads it.
 */
function windowed(sound: Float32Array, from: number, window: Float64Array, out: Float64Array): void {
  out.fill(0)
  for (let i = 0; i < window.length; i++) {
    const at = from + i
    if (at > 0 && at < sound.length)
      out[bitReversed[i]!] = (sound[at]! - preEmphasis * sound[at - 1]!) * window[i]!
  }
}

/**
 * The power in each bin of the sound that went in as the real part (`sign` 1), or as the imaginary part
 * (−1).
 */
function powerOf(re: Float64Array, im: Float64Array, sign: 1 | -1, power: Float64Array): void {
  for (let k = 1; k < power.length; k++) {
    const a = re[k]! + sign * re[fftSize - k]!
    const b = im[k]! - sign * im[fftSize - k]!
    power[k] = (a * a + b * b) / 4
  }
}

/** The logarithms of the power in each band: triangles that overlap by half. */
function bandLevels(power: Float64Array, edges: Uint16Array, levels: Float64Array): void {
  for (let b = 0; b < bands; b++) {
    const from = edges[b]!
    const peak = edges[b + 1]!
    const to = edges[b + 2]!
    let sum = leastPower
    for (let k = from; k <= to; k++)
      sum += power[k]! * (k < peak ? (k - from) / (peak - from) : k === peak ? 1 : (to - k) / (to - peak))
    levels[b] = log(sum)
  }
}

/**
 * The bins at which the bands begin, peak and end, evenly spaced in mel (O'Shaughnessy: 2595 log10(1 +
 * f/700)).
 */
function bandEdges(rate: number): Uint16Array {
  const mel = (hz: number) => 2595 * log10(1 + hz / 700)
  const [low, high] = [mel(lowestHz), mel(highestHz)]
  return Uint16Array.from({ length: bands + 2 }, (_, b) => {
    const hz = 700 * (10 ** ((low + ((high - low) * b) / (bands + 1)) / 2595) - 1)
    return min(fftSize / 2 - 1, round((hz * fftSize) / rate))
  })
}

const cosines = Float64Array.from(
  { length: cepstrumSize * bands },
  (_, i) => cos((PI * floor(i / bands) * ((i % bands) + 0.5)) / bands) * sqrt(2 / bands),
)
const turnsRe = Float64Array.from({ length: fftSize / 2 }, (_, i) => cos((2 * PI * i) / fftSize))
const turnsIm = Float64Array.from({ length: fftSize / 2 }, (_, i) => -sin((2 * PI * i) / fftSize))
const bitReversed = Uint16Array.from({ length: fftSize }, (_, i) => {
  let reversed = 0
  for (let bit = 1, mirror = fftSize / 2; bit < fftSize; bit *= 2, mirror /= 2)
    if (i & bit) reversed |= mirror
  return reversed
})

/** The Fourier transform in place, radix 2; the input is in bit-reversed order. */
function transform(re: Float64Array, im: Float64Array): void {
  for (let half = 1; half < fftSize; half *= 2) {
    const step = fftSize / half / 2
    for (let start = 0; start < fftSize; start += 2 * half) {
      for (let a = start, k = 0; a < start + half; a++, k += step) {
        const b = a + half
        const xr = re[b]! * turnsRe[k]! - im[b]! * turnsIm[k]!
        const xi = re[b]! * turnsIm[k]! + im[b]! * turnsRe[k]!
        re[b] = re[a]! - xr
        im[b] = im[a]! - xi
        re[a]! += xr
        im[a]! += xi
      }
    }
  }
}
