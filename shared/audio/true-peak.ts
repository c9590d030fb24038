/**
 * True peak by ITU-R BS.1770-5 Annex 2: four times oversampling by a 48-tap polyphase filter.
 * Hides the coefficients and that it is computed only where it could matter.
 */

/** Samples before and after a position that its interpolated values depend on. */
export const truePeakReach = 6
const phases = 4
const tapsPerPhase = 2 * truePeakReach

/**
 * A windowed-sinc interpolator of the length the recommendation uses, each phase normalised to unity gain at DC.
 * Phase 0 is the sample itself.
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

/** How far an inter-sample peak can stand above the samples around it in sound that is not made to defeat meters: 6 dB. */
const worstOvershoot = 2

/**
 * Writes the peak of every `step` samples of `samples[from…to)` to `out`, as amplitude: the true peak where the sample peak, times the worst
 * overshoot, reaches `matters`; the sample peak elsewhere. Values up to `truePeakReach` beyond both ends are read where they exist.
 */
export function peaks(samples: Float32Array, from: number, to: number, step: number, matters: number, out: Float32Array, outStart = 0): void {
  const threshold = matters / worstOvershoot
  for (let start = from, group = outStart; start < to; start += step, group++) {
    const end = Math.min(start + step, to)
    let peak = 0
    for (let i = start; i < end; i++) {
      const sample = samples[i]!
      if (sample > peak) peak = sample
      else if (-sample > peak) peak = -sample
    }
    out[group] = peak >= threshold ? Math.max(peak, interSamplePeak(samples, start, end)) : peak
  }
}

/** The highest interpolated magnitude between `samples[start]` and `samples[end]`. */
export function interSamplePeak(samples: Float32Array, start: number, end: number): number {
  let peak = 0
  for (let i = start; i < end; i++) {
    const base = i - (truePeakReach - 1)
    const inside = base >= 0 && base + tapsPerPhase <= samples.length
    for (const taps of coefficients) {
      let sum = 0
      if (inside) for (let tap = 0; tap < tapsPerPhase; tap++) sum += taps[tap]! * samples[base + tap]!
      else for (let tap = 0; tap < tapsPerPhase; tap++) sum += taps[tap]! * (samples[base + tap] ?? 0)
      if (sum > peak) peak = sum
      else if (-sum > peak) peak = -sum
    }
  }
  return peak
}

export const toDb = (amplitude: number): number => 20 * Math.log10(amplitude)
export const fromDb = (db: number): number => 10 ** (db / 20)
