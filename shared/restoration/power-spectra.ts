/**
 * The power spectra of sound that comes in pieces of any length. Hides what is held of one piece for the next, and that
 * several frames are transformed at once.
 */
import { fourier, framesAtOnce } from '../kernel/fourier.ts'
import { sliding } from './sliding.ts'

export interface Frames {
  /** Samples of a frame, under a Hann window. */
  readonly size: number
  /** From one frame to the next, in samples. */
  readonly hop: number
  /** Silence before the first sample, in samples. */
  readonly lead: number
  /** What powers are multiplied by. */
  readonly scale?: number
}

/** `each` is given the powers of a frame's bins (up to half the rate), in an array that is used again. */
export function powerSpectra(
  { size, hop, lead, scale = 1 }: Frames,
  each: (powers: Float32Array) => void,
): { readonly add: (sound: Float32Array) => void } {
  const window = Float32Array.from({ length: size }, (_, i) => 0.5 - 0.5 * Math.cos((2 * Math.PI * i) / size))
  const transform = fourier(size, window)
  const re = new Float32Array(framesAtOnce * transform.stride)
  const im = new Float32Array(framesAtOnce * transform.stride)
  const powers = new Float32Array(transform.bins)
  const held = sliding(lead)
  const add = (sound: Float32Array): void => {
    const all = held.append(sound)
    const count = Math.max(0, Math.floor((all.length - size) / hop) + 1)
    for (let frame = 0; frame < count; frame += framesAtOnce) {
      const some = Math.min(framesAtOnce, count - frame)
      transform.spectra(all, frame * hop, hop, some, re, im, 0)
      for (let row = 0; row < some; row++) {
        const at = row * transform.stride
        for (let k = 0; k < powers.length; k++) powers[k] = scale * (re[at + k]! ** 2 + im[at + k]! ** 2)
        each(powers)
      }
    }
    held.forgetFirst(count * hop)
  }
  return { add }
}
