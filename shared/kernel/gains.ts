/** Adds samples to planes at gains that move, and lays gains on planes. Hides that blocks pass through the memory. */
import { blockFrames, doubles, groupsAtOnce, kernels, place, put, putDoubles, take } from './memory.ts'
import { split, type SampleFormat } from './planes.ts'

/** Interleaved samples as they lie; the same for both channels where there is one. */
export interface Interleaved {
  readonly bytes: Uint8Array
  readonly sampleFormat: SampleFormat
  readonly channels: 1 | 2
}

/** A level that changes by `slope` a sample; `first` counts the samples from where it is `level`. */
export interface Line {
  readonly level: number
  readonly slope: number
  readonly first: number
}

/** A fade and a level for each sample. */
export interface Faded {
  readonly fades: Float64Array
  readonly levels: Float64Array
}

/**
 * Adds `count` frames of `source` from `frame` on to `planes[…][at…]`, 16-bit samples as whole numbers: times `gain`,
 * and times a line, or times fades and then levels. Each sum is computed in float64 and rounded once.
 */
export function addFrames(
  planes: readonly Float32Array[],
  at: number,
  { bytes, sampleFormat, channels }: Interleaved,
  frame: number,
  count: number,
  gain: number,
  moves?: Line | Faded,
): void {
  const frameBytes = channels * (sampleFormat === 's16le' ? 2 : 4)
  for (let done = 0; done < count; done += blockFrames) {
    const length = Math.min(blockFrames, count - done)
    const part = bytes.subarray((frame + done) * frameBytes, (frame + done + length) * frameBytes)
    const sources = split(part, length, sampleFormat, channels, 1)
    if (moves && 'fades' in moves) {
      putDoubles(moves.fades.subarray(done, done + length), place.fades)
      putDoubles(moves.levels.subarray(done, done + length), place.wide)
    }
    planes.forEach((plane, channel) => {
      const source = sources[Math.min(channel, channels - 1)]!
      put(plane.subarray(at + done, at + done + length), place.mixed)
      if (!moves) kernels.mixSteady(place.mixed, source, length, gain)
      else if ('fades' in moves) kernels.mixFaded(place.mixed, source, length, gain, place.fades, place.wide)
      else kernels.mixLine(place.mixed, source, length, gain, moves.level, moves.slope, moves.first + done)
      take(place.mixed, length, plane, at + done)
    })
  }
}

/**
 * Multiplies `samples[from…to)`, in place, by `gain` and by lines through the gains of steps of an even number of
 * `step` samples: from a step's centre to the next one's. `gains[firstStep]` belongs to the step that starts at
 * `from`; beyond the first and last they are level.
 */
export function multiplySteps(
  samples: Float32Array,
  from: number,
  to: number,
  step: number,
  gains: Float64Array,
  firstStep: number,
  gain: number,
): void {
  const steps = groupsAtOnce(step)
  const gainsAt = place.wide + 8
  const places = Float64Array.from({ length: step }, (_, i) => (i + 0.5) / step - 0.5)
  putDoubles(places, place.parameters)
  for (let start = from, at = firstStep; start < to; start += steps * step, at += steps) {
    const end = Math.min(start + steps * step, to)
    const last = at + Math.ceil((end - start) / step)
    putDoubles(gains.subarray(at, last), gainsAt)
    doubles[gainsAt / 8 - 1] = gains[at - 1] ?? gains[at]!
    doubles[gainsAt / 8 + last - at] = gains[last] ?? gains[last - 1]!
    put(samples.subarray(start, end), place.left)
    kernels.gainSteps(place.left, end - start, step, gainsAt, place.parameters, gain)
    take(place.left, end - start, samples, start)
  }
}
