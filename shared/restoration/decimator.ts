/** Sound at a lower rate, at absolute places: whatever pieces it comes in. Hides the filter and what it remembers. */
import { decimate } from '../kernel/decimate.ts'
import { sliding } from './sliding.ts'

export interface Decimator {
  /** Takes further samples; what can be told of the lower rate since the last call, until the next one. */
  readonly add: (samples: Float32Array) => Float32Array
  /** What is left, with silence behind the end. */
  readonly end: () => Float32Array
}

/**
 * Every `factor`th sample from the first one on, after a symmetric filter. `taps` has an odd length, its middle at the
 * sample itself.
 */
export function decimator(factor: number, taps: Float32Array): Decimator {
  const radius = (taps.length - 1) / 2
  const held = sliding(radius) // silence before the beginning
  let most = new Float32Array(0)
  const add = (samples: Float32Array): Float32Array => {
    const sound = held.append(samples)
    const count = Math.max(0, Math.floor((sound.length - 1 - 2 * radius) / factor) + 1)
    if (count > most.length) most = new Float32Array(count)
    const out = most.subarray(0, count)
    decimate(sound, factor, taps, out)
    held.forgetFirst(count * factor)
    return out
  }
  return { add, end: () => add(new Float32Array(radius)) }
}

/** A windowed sinc (Blackman) of `2 · radius + 1` taps that passes what is under `cutoff`, a share of the sample rate. */
export function lowPassTaps(radius: number, cutoff: number): Float32Array {
  const taps = Float64Array.from({ length: 2 * radius + 1 }, (_, i) => {
    const x = i - radius
    const place = (i + 1) / (2 * radius + 2)
    const window = 0.42 - 0.5 * Math.cos(2 * Math.PI * place) + 0.08 * Math.cos(4 * Math.PI * place)
    return window * (x === 0 ? 2 * cutoff : Math.sin(2 * Math.PI * cutoff * x) / (Math.PI * x))
  })
  const sum = taps.reduce((total, tap) => total + tap, 0)
  return Float32Array.from(taps, (tap) => tap / sum)
}

/** What a symmetric filter leaves of a tone at `frequency`, a share of the sample rate. */
export function responseAt(taps: Float32Array, frequency: number): number {
  const radius = (taps.length - 1) / 2
  return taps.reduce((sum, tap, i) => sum + tap * Math.cos(2 * Math.PI * frequency * (i - radius)), 0)
}
