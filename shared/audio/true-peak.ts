/**
 * True peak by ITU-R BS.1770-5 Annex 2: four times oversampling by a 48-tap polyphase filter.
 * Hides the coefficients and that it is computed only where it could matter.
 */
import { groupPeaks, interpolatorReach, layOutInterpolator } from '../kernel/peaks.ts'

/** Samples before and after a position that its interpolated values depend on. */
export const truePeakReach = interpolatorReach
const phases = 4
const tapsPerPhase = 2 * truePeakReach

/**
 * A windowed-sinc interpolator of the length the recommendation uses, each phase normalised to unity gain at
 * DC. Phase 0 is the sample itself; the others are returned.
 */
function designPhases(): Float64Array[] {
  return Array.from({ length: phases - 1 }, (_, index) => {
    const fraction = (index + 1) / phases
    const taps = Float64Array.from({ length: tapsPerPhase }, (_, tap) => {
      const t = tap - (truePeakReach - 1) - fraction
      return (Math.sin(Math.PI * t) / (Math.PI * t)) * kaiser(t / truePeakReach)
    })
    const gain = taps.reduce((sum, tap) => sum + tap, 0)
    return taps.map((tap) => tap / gain)
  })
}

/** Kaiser window with β = 5: 0.1 dB ripple to 0.42 of the sampling rate at this length. */
function kaiser(x: number): number {
  return Math.abs(x) >= 1 ? 0 : besselI0(5 * Math.sqrt(1 - x * x)) / besselI0(5)
}

function besselI0(x: number): number {
  let sum = 1
  for (let term = 1, n = 1; term > 1e-12 * sum; n++) {
    term *= (x / (2 * n)) ** 2
    sum += term
  }
  return sum
}

/**
 * How far an inter-sample peak can stand above the samples around it: 3.5 dB, where the worst test signals (a
 * quarter of the rate) have 3.0.
 */
const worstOvershoot = 1.5

const [quarter, half] = designPhases() as [Float64Array, Float64Array]
/** The three-quarters' taps are the quarter's backwards. */
const interpolator = layOutInterpolator(quarter, half.subarray(0, truePeakReach))

/**
 * Writes the peak of every `step` samples (8192 at most) of `samples[from…to)` to `out`, as amplitude: the true peak
 * where the sample peak, times the worst overshoot, reaches `matters`; the sample peak elsewhere. Values up to
 * `truePeakReach` beyond both ends are read where they exist.
 */
export function peaks(
  samples: Float32Array,
  from: number,
  to: number,
  step: number,
  matters: number,
  out: Float32Array,
  outStart = 0,
): void {
  groupPeaks(samples, from, to, step, matters / worstOvershoot, interpolator, out, outStart)
}

/** The highest magnitude among `samples[start…end)`. */
export function samplePeak(samples: Float32Array, start: number, end: number): number {
  let peak = 0
  for (let i = start; i < end; i++) {
    const sample = samples[i]!
    if (sample > peak) peak = sample
    else if (-sample > peak) peak = -sample
  }
  return peak
}

/**
 * The true peak of one channel that comes in blocks; interpolated only where a block could hold a new
 * highest.
 */
export function truePeakMeter() {
  const context = 2 * truePeakReach
  /** What came last, then the block; used again for every block. */
  let joined = new Float32Array(context)
  let steps = new Float32Array(0)
  let highest = 0
  return {
    add: (block: Float32Array): void => {
      const end = context + block.length
      if (joined.length < end) {
        joined = Float32Array.from({ length: end }, (_, i) => (i < context ? joined[i]! : 0))
        steps = new Float32Array(Math.ceil(block.length / meterStep))
      }
      joined.set(block, context)
      peaks(joined.subarray(0, end), truePeakReach, truePeakReach + block.length, meterStep, highest, steps)
      highest = Math.max(highest, samplePeak(steps, 0, Math.ceil(block.length / meterStep)))
      joined.copyWithin(0, end - context, end)
    },
    /** Amplitude; the last few samples count as they are. */
    highest: (): number => Math.max(highest, samplePeak(joined, 0, context)),
  }
}

const meterStep = 64

export const toDb = (amplitude: number): number => 20 * Math.log10(amplitude)
export const fromDb = (db: number): number => 10 ** (db / 20)
