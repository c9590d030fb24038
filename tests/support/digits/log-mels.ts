/**
 * Log-mel energies as sherpa-onnx computes them for models in NeMo's layout: 16 kHz, windows of 25 ms every 10 ms,
 * pre-emphasis, 80 triangular bands on Slaney's mel scale, each band with mean 0 and deviation 1 over the sound.
 * Source: kaldi-native-fbank's options as sherpa-onnx sets them (offline-recognizer-ctc-impl.h).
 */

export const modelRate = 16_000
export const bands = 80
const [windowSize, hop, fftSize] = [400, 160, 512]
const preEmphasis = 0.97
/** The smallest step of float32 at 1: what silence is taken for. */
const floor = 2 ** -23

/** One row of `bands` numbers for every 10 ms. */
export function logMels(samples: Float32Array): Float32Array {
  const frames = Math.floor((samples.length + hop / 2) / hop)
  const rows = new Float32Array(frames * bands)
  const [re, im] = [new Float64Array(fftSize), new Float64Array(fftSize)]
  for (let frame = 0; frame < frames; frame++) {
    windowed(samples, frame * hop + hop / 2 - windowSize / 2, re)
    im.fill(0)
    transform(re, im)
    const power = Float64Array.from({ length: fftSize / 2 + 1 }, (_, i) => re[i]! ** 2 + im[i]! ** 2)
    filters.forEach(({ from, weights }, band) => {
      const energy = weights.reduce((sum, weight, i) => sum + weight * power[from + i]!, 0)
      rows[frame * bands + band] = Math.log(Math.max(energy, floor))
    })
  }
  return evened(rows, frames)
}

const hann = Float64Array.from(
  { length: windowSize },
  (_, i) => 0.5 - 0.5 * Math.cos((2 * Math.PI * i) / (windowSize - 1)),
)

/** A window's samples, mirrored where it reaches over the ends. */
function windowed(samples: Float32Array, start: number, into: Float64Array): void {
  const at = (i: number): number => {
    const index = i < 0 ? -i - 1 : i >= samples.length ? 2 * samples.length - 1 - i : i
    return samples[index] ?? 0
  }
  into.fill(0)
  for (let i = 0; i < windowSize; i++) {
    const before = i === 0 ? at(start) : at(start + i - 1)
    into[i] = (at(start + i) - preEmphasis * before) * hann[i]!
  }
}

/** Radix 2, in place. */
function transform(re: Float64Array, im: Float64Array): void {
  for (let i = 1, j = 0; i < fftSize; i++) {
    let bit = fftSize >> 1
    for (; j & bit; bit >>= 1) j ^= bit
    j ^= bit
    if (i < j) {
      ;[re[i], re[j]] = [re[j]!, re[i]!]
      ;[im[i], im[j]] = [im[j]!, im[i]!]
    }
  }
  for (let size = 2; size <= fftSize; size *= 2)
    for (let start = 0; start < fftSize; start += size)
      for (let k = 0; k < size / 2; k++) {
        const angle = (-2 * Math.PI * k) / size
        const [wr, wi] = [Math.cos(angle), Math.sin(angle)]
        const [a, b] = [start + k, start + k + size / 2]
        const [tr, ti] = [wr * re[b]! - wi * im[b]!, wr * im[b]! + wi * re[b]!]
        ;[re[b], im[b]] = [re[a]! - tr, im[a]! - ti]
        ;[re[a], im[a]] = [re[a]! + tr, im[a]! + ti]
      }
}

/** Slaney's scale: even up to 1 kHz, logarithmic above. */
const melOf = (hz: number): number =>
  hz < 1000 ? (3 * hz) / 200 : 15 + (27 * Math.log(hz / 1000)) / Math.log(6.4)
const hzOf = (mel: number): number =>
  mel < 15 ? (200 * mel) / 3 : 1000 * Math.exp(((mel - 15) * Math.log(6.4)) / 27)

const filters = Array.from({ length: bands }, (_, band) => {
  const edge = (i: number) => hzOf((melOf(modelRate / 2) * (band + i)) / (bands + 1))
  const [low, middle, high] = [edge(0), edge(1), edge(2)]
  const hz = (bin: number) => (bin * modelRate) / fftSize
  const weightOf = (bin: number) =>
    Math.max(0, Math.min((hz(bin) - low) / (middle - low), (high - hz(bin)) / (high - middle)))
  const [from, to] = [Math.ceil((low * fftSize) / modelRate), Math.floor((high * fftSize) / modelRate)]
  return {
    from,
    weights: Array.from({ length: to - from + 1 }, (_, i) => (2 / (high - low)) * weightOf(from + i)),
  }
})

function evened(rows: Float32Array, frames: number): Float32Array {
  for (let band = 0; band < bands; band++) {
    let [sum, squares] = [0, 0]
    for (let i = band; i < rows.length; i += bands) {
      sum += rows[i]!
      squares += rows[i]! ** 2
    }
    const mean = sum / frames
    const deviation = Math.sqrt(Math.max(0, squares / frames - mean ** 2))
    for (let i = band; i < rows.length; i += bands) rows[i] = (rows[i]! - mean) / (deviation + 1e-5)
  }
  return rows
}
