/**
 * What the kernels compute, in plain TypeScript: one sample after the other, in the order that defines the bits.
 * Nothing but tests uses it.
 */
import type { Cascade } from '../../shared/kernel/filters.ts'
import type { Faded, Interleaved, Line } from '../../shared/kernel/gains.ts'

/** 16-bit samples come out as they are. */
function channelOf({ bytes, sampleFormat, channels }: Interleaved, channel: number): number[] {
  const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.length)
  const width = sampleFormat === 's16le' ? 2 : 4
  return Array.from({ length: Math.floor(bytes.length / (width * channels)) }, (_, frame) => {
    const at = (frame * channels + Math.min(channel, channels - 1)) * width
    return sampleFormat === 's16le' ? view.getInt16(at, true) : view.getFloat32(at, true)
  })
}

export const deinterleave = (source: Interleaved): Float32Array[] =>
  Array.from({ length: source.channels }, (_, channel) =>
    Float32Array.from(
      channelOf(source, channel),
      (sample) => sample * (source.sampleFormat === 's16le' ? 1 / 32768 : 1),
    ),
  )

export function interleave(planes: readonly Float32Array[]): Float32Array {
  const out = new Float32Array(planes.length * planes[0]!.length)
  planes.forEach((plane, channel) => {
    for (let frame = 0, i = channel; frame < plane.length; frame++, i += planes.length) out[i] = plane[frame]!
  })
  return out
}

export function addFrames(
  planes: readonly Float32Array[],
  at: number,
  source: Interleaved,
  frame: number,
  count: number,
  gain: number,
  moves?: Line | Faded,
): void {
  planes.forEach((plane, channel) => {
    const samples = channelOf(source, channel)
    for (let i = 0; i < count; i++) {
      const sample = samples[frame + i]!
      if (!moves) plane[at + i]! += sample * gain
      else if ('fades' in moves) plane[at + i]! += sample * gain * moves.fades[i]! * moves.levels[i]!
      else plane[at + i]! += sample * gain * (moves.level + moves.slope * (moves.first + i))
    }
  })
}

export function multiplySteps(
  samples: Float32Array,
  from: number,
  to: number,
  stepSamples: number,
  gains: Float64Array,
  firstStep: number,
  gain: number,
): void {
  for (let start = from, step = firstStep; start < to; start += stepSamples, step++) {
    const here = gains[step]!
    const before = gains[step - 1] ?? here
    const after = gains[step + 1] ?? here
    const end = Math.min(start + stepSamples, to)
    if (here === 1 && before === 1 && after === 1) {
      for (let i = start; i < end; i++) samples[i]! *= gain
      continue
    }
    for (let i = start; i < end; i++) {
      const t = (i - start + 0.5) / stepSamples - 0.5
      samples[i]! *= gain * (t < 0 ? here + (here - before) * t : here + (after - here) * t)
    }
  }
}

const negligible = 1e-25

/** One channel. */
export function energyMeter([first, second]: Cascade) {
  let [x1, x2, y1, y2] = [0, 0, 0, 0]
  return (samples: Float32Array, step: number, out: Float64Array, outStart = 0): void => {
    const { b0, b1, b2, a1, a2 } = first
    const { b0: c0, b1: c1, b2: c2, a1: d1, a2: d2 } = second
    for (let start = 0, group = outStart; start < samples.length; start += step, group++) {
      let sum = 0
      for (let i = start; i < Math.min(start + step, samples.length); i++) {
        const x = samples[i]!
        const mid = b0 * x + x1
        x1 = b1 * x - a1 * mid + x2
        x2 = b2 * x - a2 * mid
        const y = c0 * mid + y1
        y1 = c1 * mid - d1 * y + y2
        y2 = c2 * mid - d2 * y
        sum += y * y
      }
      out[group] = sum
    }
    if (Math.abs(x1) < negligible && Math.abs(y1) < negligible) [x1, x2, y1, y2] = [0, 0, 0, 0]
  }
}

const loudest = (values: Iterable<number>): number => {
  let peak = 0
  for (const value of values) if (Math.abs(value) > peak) peak = Math.abs(value)
  return peak
}

export function groupPeaks(
  samples: Float32Array,
  from: number,
  to: number,
  step: number,
  threshold: number,
  quarter: Float64Array,
  half: Float64Array,
): Float32Array {
  const peaks = new Float32Array(Math.ceil((to - from) / step))
  for (let group = 0; group < peaks.length; group++) {
    const [start, end] = [from + group * step, Math.min(from + (group + 1) * step, to)]
    const peak = loudest(samples.subarray(start, end))
    peaks[group] =
      peak >= threshold ? Math.max(peak, interSamplePeak(samples, start, end, quarter, half)) : peak
  }
  return peaks
}

function interSamplePeak(
  samples: Float32Array,
  start: number,
  end: number,
  quarter: Float64Array,
  half: Float64Array,
): number {
  let peak = 0
  for (let i = start - 5; i < end - 5; i++) {
    const s = Array.from({ length: 12 }, (_, tap) => samples[i + tap] ?? 0)
    let [x, y, z] = [quarter[0]! * s[0]!, half[0]! * (s[0]! + s[11]!), quarter[11]! * s[0]!]
    for (let tap = 1; tap < 12; tap++) {
      x += quarter[tap]! * s[tap]!
      z += quarter[11 - tap]! * s[tap]!
    }
    for (let tap = 1; tap < 6; tap++) y += half[tap]! * (s[tap]! + s[11 - tap]!)
    peak = Math.max(peak, loudest([x, y, z]))
  }
  return peak
}

/** From `lows` and `highs` on, which it changes. Returns how many samples are clipped. */
export function extremes(
  plane: Float32Array,
  step: number,
  clippedAt: number,
  lows: Float32Array,
  highs: Float32Array,
): number {
  let clipped = 0
  plane.forEach((sample, i) => {
    const group = Math.floor(i / step)
    if (sample < lows[group]!) lows[group] = sample
    else if (sample > highs[group]!) highs[group] = sample
    if (sample >= clippedAt || sample <= -clippedAt) clipped++
  })
  return clipped
}

/** By row, then distribution: what `shared/kernel/densities.ts` says, in float32. */
export function logDensities(
  means: Float64Array,
  halfPrecisions: Float64Array,
  constants: Float64Array,
  rows: Float32Array,
): Float32Array {
  const f = Math.fround
  const count = constants.length
  const size = means.length / count
  return Float32Array.from({ length: (rows.length / size) * count }, (_, i) => {
    const [row, normal] = [Math.floor(i / count), i % count]
    let sum = f(constants[normal]!)
    for (let d = 0; d < size; d++) {
      const off = f(rows[row * size + d]! - f(means[normal * size + d]!))
      sum = f(sum - f(f(off * off) * f(halfPrecisions[normal * size + d]!)))
    }
    return sum
  })
}
