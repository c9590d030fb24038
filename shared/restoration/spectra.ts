/**
 * The spectra of a stretch of sound, with the powers that noise is told by. Hides frames, and what is kept of them from one
 * block to the next.
 */
import { fourier, framesAtOnce, type Transform } from '../kernel/fourier.ts'
import type { Cells } from './noise-floor.ts'

/** Sound from an absolute sample on, a plane for each channel. */
export interface Sound {
  readonly start: number
  readonly planes: readonly Float32Array[]
}

/** Far below the quantisation of 24 bits. */
const leastPower = 1e-12

/** About 43 ms: harmonics of a voice stand apart. A power of two, so that any rate has its size. */
const sizeFor = (sampleRate: number): number =>
  2 ** Math.max(8, Math.min(12, Math.round(Math.log2(0.0427 * sampleRate))))
export interface Shape {
  readonly sampleRate: number
  readonly size: number
  readonly hop: number
  readonly transform: Transform
  /** Frame 0 begins so many samples before the sound. */
  readonly lead: number
  /** The least gain, a logarithm to base 2. */
  readonly floor: number
  readonly scratch: ReturnType<typeof scratchArrays>
}

/** Frames from `from` to before `to`. */
export interface Frames {
  readonly from: number
  readonly to: number
}

export const framesOver = (start: number, end: number, { hop, lead, size }: Shape): Frames => ({
  from: Math.max(0, Math.floor((start + lead - size) / hop) + 1),
  to: Math.floor((end - 1 + lead) / hop) + 1,
})

export interface Spectra {
  readonly cells: Cells
  readonly re: readonly Float32Array[]
  readonly im: readonly Float32Array[]
}

/** Arrays that are used again for every block: new ones of this size would be collected too late. */
function scratchArrays() {
  const arrays = new Map<string, Float32Array>()
  return (name: string, length: number): Float32Array => {
    const known = arrays.get(name)
    if (known && known.length >= length) return known.subarray(0, length)
    const made = new Float32Array(length)
    arrays.set(name, made)
    return made
  }
}

/** The spectra of all frames that touch the sound; those which are known already stay, moved to the front. */
export function spectraOf(sound: Sound, channels: number, shape: Shape, known?: Spectra): Spectra {
  const { transform, hop, lead } = shape
  const { bins, stride } = transform
  const { from, to } = framesOver(sound.start, sound.start + sound.planes[0]!.length, shape)
  // frames at the end of what was known lacked the sound that came after
  const knownTo = known ? known.cells.first + known.cells.count - shape.size / hop : from
  // frames that are transformed together share their rounding: they are always the same ones
  const batchOf = (frame: number) => frame - (frame % framesAtOnce)
  const taken = known && known.cells.first <= from ? Math.max(from, batchOf(Math.min(to, knownTo))) : from
  const moved = (name: string, before?: Float32Array): Float32Array => {
    const all = shape.scratch(name, (to - from) * stride)
    if (!before || taken === from) return all
    const [a, b] = [(from - known!.cells.first) * stride, (taken - known!.cells.first) * stride]
    if (before.buffer === all.buffer) before.copyWithin(0, a, b)
    else all.set(before.subarray(a, b))
    return all
  }
  const planes = (name: string, before?: readonly Float32Array[]) =>
    Array.from({ length: channels }, (_, channel) => moved(`${name}${channel}`, before?.[channel]))
  const [re, im] = [planes('re', known?.re), planes('im', known?.im)]
  const powers = moved('powers', known?.cells.powers)
  const smooth = moved('smooth', known?.cells.smooth)
  for (let frame = taken; frame < to; frame = batchOf(frame) + framesAtOnce) {
    const count = Math.min(batchOf(frame) + framesAtOnce, to) - frame
    for (let channel = 0; channel < channels; channel++)
      transform.spectra(
        sound.planes[channel]!,
        frame * hop - lead - sound.start,
        hop,
        count,
        re[channel]!,
        im[channel]!,
        frame - from,
      )
  }
  fillPowers(re, im, powers, (taken - from) * stride)
  // the means of the last frames that were known lacked those that came after
  smoothen(powers, smooth, Math.max(0, taken - from - 2), to - from, stride, bins, shape)
  const { scratch } = shape
  return { re, im, cells: { first: from, count: to - from, bins, stride, powers, smooth, scratch } }
}

/** The power of the channels' mean. */
function fillPowers(
  re: readonly Float32Array[],
  im: readonly Float32Array[],
  out: Float32Array,
  from: number,
): void {
  const scale = 1 / re.length ** 2
  const [re0, im0, re1, im1] = [re[0]!, im[0]!, re[1], im[1]]
  if (!re1 || !im1)
    for (let i = from; i < out.length; i++) out[i] = re0[i]! * re0[i]! + im0[i]! * im0[i]! + leastPower
  else
    for (let i = from; i < out.length; i++) {
      const [a, b] = [re0[i]! + re1[i]!, im0[i]! + im1[i]!]
      out[i] = scale * (a * a + b * b) + leastPower
    }
}

/** Means over five frames and three bins, as far as there are any, for the frames from `from` on. */
function smoothen(
  powers: Float32Array,
  out: Float32Array,
  from: number,
  count: number,
  stride: number,
  bins: number,
  shape: Shape,
): void {
  const across = shape.scratch('across', powers.length)
  for (let row = Math.max(0, from - 2) * stride; row < powers.length; row += stride) {
    const [a, b] = [row + 1, row + bins - 1]
    for (let i = a; i < b; i++) across[i] = (powers[i - 1]! + powers[i]! + powers[i + 1]!) / 3
    across[row] = (powers[row]! + powers[row + 1]!) / 2
    across[b] = (powers[b - 1]! + powers[b]!) / 2
    for (let i = row + bins; i < row + stride; i++) across[i] = powers[i]!
  }
  for (let frame = from; frame < count; frame++) {
    const at = frame * stride
    if (frame < 2 || frame >= count - 2) {
      meanOfRows(across, Math.max(0, frame - 2), Math.min(count, frame + 3), stride, out, at)
      continue
    }
    const [two, end] = [2 * stride, at + stride]
    for (let i = at; i < end; i++)
      out[i] =
        (across[i - two]! + across[i - stride]! + across[i]! + across[i + stride]! + across[i + two]!) / 5
  }
}

/** The mean of some rows, to `out[at…]`. */
export function meanOfRows(
  rows: Float32Array,
  from: number,
  to: number,
  stride: number,
  out: Float32Array,
  at: number,
): void {
  for (let k = 0; k < stride; k++) {
    let sum = 0
    for (let row = from; row < to; row++) sum += rows[row * stride + k]!
    out[at + k] = sum / (to - from)
  }
}

/** `limitDb`: how far noise goes down at most. */
export function shapeOf(sampleRate: number, limitDb: number): Shape {
  const size = sizeFor(sampleRate)
  const root = Float32Array.from({ length: size }, (_, i) =>
    Math.sqrt(0.5 - 0.5 * Math.cos((2 * Math.PI * i) / size)),
  )
  const hop = size / 4
  return {
    sampleRate,
    size,
    hop,
    transform: fourier(size, root, 0.5),
    lead: size - hop,
    floor: -limitDb / (20 * Math.log10(2)),
    scratch: scratchArrays(),
  }
}
