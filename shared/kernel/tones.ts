/** Tones that are subtracted. Hides how they are laid out in pairs, and that samples pass through the kernels' memory. */
import { kernels, place, put, putDoubles, take } from './memory.ts'

/** Re{(re + j·im) · e^(j·angle)} at some sample; what it becomes from there to the next one. */
export interface Tone {
  readonly angle: number
  readonly turn: number
  readonly re: number
  readonly im: number
  readonly reStep: number
  readonly imStep: number
}

const parts = 8

/**
 * Subtracts tones from `samples[from…to)`, which may be 16384 at most; the tones are described `lead` samples before `from`, and
 * come out the same for any `from`, if `from - lead` is the same place.
 */
export function subtractTones(
  samples: Float32Array,
  from: number,
  to: number,
  lead: number,
  tones: readonly Tone[],
): void {
  const pairs = Math.ceil(tones.length / 2)
  const values = new Float64Array(2 * parts * pairs)
  tones.forEach(({ angle, turn, re, im, reStep, imStep }, i) => {
    const first = 2 * parts * (i >> 1) + (i & 1)
    const of = [Math.cos(angle), Math.sin(angle), Math.cos(turn), Math.sin(turn), re, im, reStep, imStep]
    of.forEach((value, part) => (values[first + 2 * part] = value))
  })
  putDoubles(values, place.parameters)
  put(samples.subarray(from, to), place.left + 4 * lead)
  kernels.subtractTones(place.left, lead + to - from, place.parameters, pairs)
  take(place.left + 4 * lead, to - from, samples, from)
}
