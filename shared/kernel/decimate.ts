/** Sound at a lower rate. Hides that it passes through the kernels' memory. */
import { blockFrames, floats, kernels, place, put, take } from './memory.ts'

/**
 * Sample `i` of `out` becomes the sum of `taps[k] · sound[i · factor + k]`, all of which there have to be; in float32, four
 * sums side by side. There are at most 8192 taps.
 */
export function decimate(sound: Float32Array, factor: number, taps: Float32Array, out: Float32Array): void {
  const length = 4 * Math.ceil(taps.length / 4)
  const atOnce = Math.floor(blockFrames / factor)
  floats.fill(0, place.parameters / 4, place.parameters / 4 + length)
  put(taps, place.parameters)
  for (let first = 0; first < out.length; first += atOnce) {
    const count = Math.min(atOnce, out.length - first)
    const needed = (count - 1) * factor + taps.length
    put(sound.subarray(first * factor, first * factor + needed), place.left)
    floats.fill(0, place.left / 4 + needed, place.left / 4 + needed + 3) // times taps that are 0
    kernels.decimate(place.left, count, factor, place.parameters, length, place.out)
    take(place.out, count, out, first)
  }
}
