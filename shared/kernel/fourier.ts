/**
 * Spectra of frames of sound and back, eight frames at a time. Hides how frames are packed into complex transforms, their
 * tables, and that they pass through the kernels' memory.
 */
import { bytes, floats, kernels, place } from './memory.ts'

/** Frames that are transformed at a time. */
export const framesAtOnce = 8
const largest = 4096

export interface Transform {
  readonly size: number
  /** From 0 Hz to half the sample rate. */
  readonly bins: number
  /** From a row of bins to the next one; zeros lie between. */
  readonly stride: number
  /**
   * Windowed spectra of up to eight frames, `hop` samples apart, the first one at `samples[from]`; what lies outside of
   * `samples` is silence. Rows `row…` of `re` and `im` are written.
   */
  readonly spectra: (
    samples: Float32Array,
    from: number,
    hop: number,
    count: number,
    re: Float32Array,
    im: Float32Array,
    row: number,
  ) => void
  /** Adds such frames, times their rows' `gains` and windowed once more, to `out[at…]`, where they have to fit. */
  readonly frames: (
    re: Float32Array,
    im: Float32Array,
    gains: Float32Array,
    row: number,
    hop: number,
    count: number,
    out: Float32Array,
    at: number,
  ) => void
}

const [windowAt, orderAt, cosinesAt, sinesAt] = [0, 1, 2, 2.5].map(
  (part) => place.tables + part * 4 * largest,
)
const [reAt, imAt, samplesAt] = [0, 1, 2].map((part) => place.transform + part * 16 * largest)

/**
 * Transforms of `size` samples, a power of two from 16 to 4096, and `hop` at most a quarter of it; each frame is
 * multiplied by `window` on its way there, and by `window` times `backScale` on its way back.
 */
export function fourier(size: number, window: Float32Array, backScale = 1): Transform {
  const bins = size / 2 + 1
  const stride = 4 * Math.ceil(bins / 4)
  const turn = (of: (angle: number) => number) =>
    Float32Array.from({ length: size / 2 }, (_, i) => of((-2 * Math.PI * i) / size))
  const [cosines, sines, order] = [turn(Math.cos), turn(Math.sin), bitReversed(size)]
  const back = window.map((value) => (value * backScale) / size)

  const load = (shape: Float32Array): void => {
    floats.set(shape, windowAt! / 4)
    floats.set(cosines, cosinesAt! / 4)
    floats.set(sines, sinesAt! / 4)
    bytes.set(new Uint8Array(order.buffer), orderAt)
  }
  const tables = [windowAt!, orderAt!, cosinesAt!, sinesAt!, reAt!, imAt!] as const

  const spectra: Transform['spectra'] = (samples, from, hop, count, re, im, row) => {
    const length = size + (framesAtOnce - 1) * hop
    const first = Math.min(Math.max(0, -from), length)
    const wanted = Math.min(length, size + (count - 1) * hop)
    const part = samples.subarray(Math.max(0, from), Math.max(0, Math.min(samples.length, from + wanted)))
    floats.fill(0, samplesAt! / 4, samplesAt! / 4 + length)
    floats.set(part, samplesAt! / 4 + first)
    load(window)
    const [outRe, outIm] = [place.rowsRe, place.rowsIm]
    kernels.spectra(samplesAt!, hop, size, ...tables, outRe, outIm, stride)
    for (const at of [outRe / 4, outIm / 4])
      for (let end = at + stride; end <= at + count * stride; end += stride)
        floats.fill(0, end - stride + bins, end)
    re.set(floats.subarray(outRe / 4, outRe / 4 + count * stride), row * stride)
    im.set(floats.subarray(outIm / 4, outIm / 4 + count * stride), row * stride)
  }

  const frames: Transform['frames'] = (re, im, gains, row, hop, count, out, at) => {
    const rows = (of: Float32Array, to: number): void =>
      floats.set(of.subarray(row * stride, (row + count) * stride), to / 4)
    const length = size + (framesAtOnce - 1) * hop
    rows(re, place.rowsRe)
    rows(im, place.rowsIm)
    rows(gains, place.rowsGain)
    floats.fill(0, place.rowsGain / 4 + count * stride, place.rowsGain / 4 + framesAtOnce * stride)
    floats.fill(0, samplesAt! / 4, samplesAt! / 4 + length)
    load(back)
    kernels.frames(place.rowsRe, place.rowsIm, place.rowsGain, stride, hop, size, ...tables, samplesAt!)
    const used = size + (count - 1) * hop
    for (let i = 0; i < used; i++) out[at + i]! += floats[samplesAt! / 4 + i]!
  }
  return { size, bins, stride, spectra, frames }
}

function bitReversed(size: number): Int32Array<ArrayBuffer> {
  const order = new Int32Array(size)
  for (let i = 1; i < size; i++) order[i] = (order[i >> 1]! >> 1) | (i & 1 ? size >> 1 : 0)
  return order
}
