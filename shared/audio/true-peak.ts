/**
 * True peak by ITU-R BS.1770-5 Annex 2: four times oversampling by a 48-tap polyphase filter.
 * Hides the coefficients and that it is computed only where it could matter.
 */

/** Samples before and after a position that its interpolated values depend on. */
export const truePeakReach = 6
const phases = 4
const tapsPerPhase = 2 * truePeakReach

/**
 * A windowed-sinc interpolator of the length the recommendation uses, each phase normalised to unity gain at
 * DC. Phase 0 is the sample itself.
 */
const coefficients = designPhases()

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

/**
 * Writes the peak of every `step` samples of `samples[from…to)` to `out`, as amplitude: the true peak where
 * the sample peak, times the worst overshoot, reaches `matters`; the sample peak elsewhere. Values up to
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
  const threshold = matters / worstOvershoot
  for (let start = from, group = outStart; start < to; start += step, group++) {
    const end = Math.min(start + step, to)
    const peak = samplePeak(samples, start, end)
    out[group] = peak >= threshold ? Math.max(peak, interSamplePeak(samples, start, end)) : peak
  }
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

/** The quarter's taps; the three-quarters' are the same backwards, and the half's are symmetric. */
const [quarter, half] = coefficients as [Float64Array, Float64Array]
const [q0, q1, q2, q3, q4, q5, q6, q7, q8, q9, q10, q11] = quarter as unknown as number[] as Twelve
const [h0, h1, h2, h3, h4, h5] = half as unknown as number[] as Twelve
type Twelve = [number, number, number, number, number, number, number, number, number, number, number, number]

/**
 * The highest interpolated magnitude between `samples[start]` and `samples[end]`. Written out: this is where
 * a limiter spends its time.
 */
export function interSamplePeak(samples: Float32Array, start: number, end: number): number {
  const base = start - (truePeakReach - 1)
  const inside = base >= 0 && end + truePeakReach <= samples.length
  const s = inside ? samples : padded(samples, base, end + truePeakReach)
  const shift = inside ? 0 : base
  let peak = 0
  for (let i = base - shift; i < end - shift - (truePeakReach - 1); i++) {
    const [a, b, c, d, e, f] = [s[i]!, s[i + 1]!, s[i + 2]!, s[i + 3]!, s[i + 4]!, s[i + 5]!]
    const [g, h, j, k, l, m] = [s[i + 6]!, s[i + 7]!, s[i + 8]!, s[i + 9]!, s[i + 10]!, s[i + 11]!]
    const x =
      q0 * a +
      q1 * b +
      q2 * c +
      q3 * d +
      q4 * e +
      q5 * f +
      q6 * g +
      q7 * h +
      q8 * j +
      q9 * k +
      q10 * l +
      q11 * m
    const y = h0 * (a + m) + h1 * (b + l) + h2 * (c + k) + h3 * (d + j) + h4 * (e + h) + h5 * (f + g)
    const z =
      q11 * a +
      q10 * b +
      q9 * c +
      q8 * d +
      q7 * e +
      q6 * f +
      q5 * g +
      q4 * h +
      q3 * j +
      q2 * k +
      q1 * l +
      q0 * m
    if (x > peak) peak = x
    else if (-x > peak) peak = -x
    if (y > peak) peak = y
    else if (-y > peak) peak = -y
    if (z > peak) peak = z
    else if (-z > peak) peak = -z
  }
  return peak
}

/** `samples[from…to)` with silence where there is none. */
const padded = (samples: Float32Array, from: number, to: number): Float32Array =>
  Float32Array.from({ length: to - from }, (_, i) => samples[from + i] ?? 0)

/**
 * The true peak of one channel that comes in blocks; interpolated only where a block could hold a new
 * highest.
 */
export function truePeakMeter() {
  const context = 2 * truePeakReach
  let tail = new Float32Array(context)
  let highest = 0
  return {
    add: (block: Float32Array): void => {
      const joined = new Float32Array(context + block.length)
      joined.set(tail)
      joined.set(block, context)
      const steps = new Float32Array(Math.ceil(block.length / meterStep))
      peaks(joined, truePeakReach, truePeakReach + block.length, meterStep, highest, steps)
      highest = samplePeak(steps, 0, steps.length) > highest ? samplePeak(steps, 0, steps.length) : highest
      tail = joined.slice(-context)
    },
    /** Amplitude; the last few samples count as they are. */
    highest: (): number => Math.max(highest, samplePeak(tail, 0, tail.length)),
  }
}

const meterStep = 64

export const toDb = (amplitude: number): number => 20 * Math.log10(amplitude)
export const fromDb = (db: number): number => 10 ** (db / 20)
