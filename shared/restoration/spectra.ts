/**
 * The spectra of a stretch of sound, with the powers that noise is told by. Hides frames, and what is kept of them from one
 * block to the next.
 */
import { boxMeans, powersOf } from '../kernel/cells.ts'
import { fourier, framesAtOnce, type Transform } from '../kernel/fourier.ts'
import type { Cells } from './noise-floor.ts'
import { scratchArrays, type Scratch } from './scratch.ts'
import type { OthersTurn } from './turns.ts'

/** Sound from an absolute sample on, a plane for each channel. */
export interface Sound {
  readonly start: number
  readonly planes: readonly Float32Array[]
}

/** Far below the quantisation of 24 bits. */
const leastPower = 1e-12
const smoothRadius = { bins: 1, rows: 2 } as const
/** Work of some 10 ms. */
export const framesBetweenTurns = 32 * framesAtOnce

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
  readonly scratch: Scratch
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

/** The spectra of all frames that touch the sound; those which are known already stay, moved to the front. */
export async function spectraOf(
  sound: Sound,
  channels: number,
  shape: Shape,
  othersTurn: OthersTurn,
  known?: Spectra,
): Promise<Spectra> {
  const { transform, hop, lead } = shape
  const { bins, stride } = transform
  const { from, to } = framesOver(sound.start, sound.start + sound.planes[0]!.length, shape)
  // frames at the end of what was known lacked the sound that came after
  const knownTo = known ? known.cells.first + known.cells.count - shape.size / hop : from
  // frames that are transformed together share their rounding: they are always the same ones
  const batchOf = (frame: number) => frame - (frame % framesAtOnce)
  const taken = known && known.cells.first <= from ? Math.max(from, batchOf(Math.min(to, knownTo))) : from
  const moved = (name: string, before: Float32Array = new Float32Array(0)): Float32Array => {
    const first = known?.cells.first ?? 0
    const kept = taken === from ? [0, 0] : [(from - first) * stride, (taken - first) * stride]
    return shape.scratch.keep(name, (to - from) * stride, before.subarray(...kept))
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
    if (batchOf(frame) % framesBetweenTurns === 0) await othersTurn()
  }
  powersOf(re, im, leastPower, powers, (taken - from) * stride)
  await othersTurn()
  // the means of the last frames that were known lacked those that came after
  boxMeans(powers, { stride, bins }, smoothRadius, smooth, Math.max(0, taken - from - smoothRadius.rows))
  return { re, im, cells: { first: from, count: to - from, bins, stride, powers, smooth } }
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
