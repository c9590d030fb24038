/**
 * The hum of a recording as curves: amplitude and phase of each harmonic at any time, from what was learnt in stretches;
 * and its subtraction. Hides how stretches become runs, and that moments without a voice weigh more.
 */
import { subtractTones, type Tone } from '../kernel/tones.ts'
import {
  humHarmonics,
  humPointsPerStretch,
  humSilence,
  humWindowPoints,
  type HumGrid,
  type HumStretch,
  type MainsHz,
} from './hum.ts'
import { quantile, toDb, widened } from './series.ts'
import { smoothCurve } from './smoothing.ts'

/** Hum over some time of one channel. */
export interface HumRun {
  readonly family: MainsHz
  /** Among the points of the grid. */
  readonly firstPoint: number
  readonly points: number
  /** Amplitudes, a value a harmonic and point, one harmonic behind the other. */
  readonly re: Float32Array
  readonly im: Float32Array
  /** By which the phase of the family's first harmonic is ahead of exactly 50 or 60 Hz, in radians. */
  readonly phase: Float64Array
  /** RMS of all harmonics, dBFS, the median in time. */
  readonly levelDb: number
  /** Multiples of the family that stand out. */
  readonly lines: readonly number[]
}

/** So many stretches on end, of 20 s, are hum; in a recording of fewer, one is. */
const leastFound = 2
/** What turns faster is no change of the mains, and none of the hum. */
const frequencySeconds = 1
const amplitudeSeconds = 0.5
/** Of what a voice covers, lest a curve runs away where there is nothing else. */
const leastBelief = 1e-5
/** Where there is no noise, what is so far under the loudest line, told in quiet moments, is a flank of it. */
const flankShare = 1e-5
const quietShare = 0.2
/** The scatter of a harmonic's power may be so many times the harmonic's. */
const leastStrength = 10
/** At the edges of a run it fades. */
const fadeSeconds = 1

/** `stretchCount`: how many stretches the recording has, the last one perhaps short; `whole`: how many are whole. */
export function humRuns(
  stretches: readonly HumStretch[],
  stretchCount: number,
  whole: number,
  pointSeconds: number,
): HumRun[] {
  const runs: HumStretch[][] = []
  for (const stretch of stretches) {
    const last = runs.at(-1)
    const goesOn = last?.at(-1)!.index === stretch.index - 1 && last[0]!.family === stretch.family
    if (goesOn) last.push(stretch)
    else runs.push([stretch])
  }
  return runs
    .filter((run) => run.filter(({ found }) => found).length >= Math.max(1, Math.min(leastFound, whole)))
    .map((run) => curvesOf(run, pointSeconds, run.at(-1)!.index === stretchCount - 1))
}

interface Amplitudes {
  readonly re: Float64Array
  readonly im: Float64Array
}

/** A flag for each point around which there is no sound at all: the track was gated there, and its hum with it. */
function silentPoints(harmonics: readonly (Amplitudes & { readonly beside: Float64Array })[]): Uint8Array {
  return Uint8Array.from(harmonics[0]!.re, (_, i) => {
    let power = 0
    for (const { re, im, beside } of harmonics) power += re[i]! ** 2 + im[i]! ** 2 + beside[i]!
    return power < humSilence ? 1 : 0
  })
}

const powersOf = ({ re, im }: Amplitudes): Float64Array => re.map((a, i) => a * a + im[i]! ** 2)

interface Harmonic extends Amplitudes {
  readonly weight: Float64Array
  readonly base: number
}

function curvesOf(run: readonly HumStretch[], pointSeconds: number, reachesEnd: boolean): HumRun {
  const points = run.reduce((sum, { re }) => sum + re.length / humHarmonics, 0)
  const of = (which: 're' | 'im' | 'beside', k: number): Float64Array => {
    const values = new Float64Array(points)
    let at = 0
    for (const stretch of run)
      for (let i = k; i < stretch[which].length; i += humHarmonics) values[at++] = stretch[which][i]!
    return values
  }
  const measured = Array.from({ length: humHarmonics }, (_, k) => ({
    re: of('re', k),
    im: of('im', k),
    beside: of('beside', k),
  }))
  const silent = silentPoints(measured)
  const partly = widened(silent, humWindowPoints, humWindowPoints)
  const whole = (values: Float64Array) => values.filter((_, i) => !partly[i])
  const loudest = Math.max(...measured.map((one) => quantile(whole(powersOf(one)), quietShare)))
  const all = measured.map(({ re, im, beside }): Harmonic => {
    const base = Math.max(quantile(whole(beside), 0.1), flankShare * loudest) + 1e-14
    const weight = beside.map((value, i) => {
      const most = Math.max(value, beside[i - 1] ?? 0, beside[i + 1] ?? 0)
      return partly[i] ? 0 : 1 / (1 + most / (4 * base)) ** 2
    })
    return { re, im, weight, base }
  })
  const phase = phaseOf(all, pointSeconds)
  const [re, im] = [new Float32Array(points * humHarmonics), new Float32Array(points * humHarmonics)]
  const lines: number[] = []
  all.forEach((harmonic, k) => {
    const steady = steadyAmplitude(harmonic, k + 1, phase, pointSeconds)
    if (!steady) return
    lines.push((k + 1) * run[0]!.family)
    re.set(steady.re, k * points)
    im.set(steady.im, k * points)
  })
  const firstPoint = run[0]!.index * humPointsPerStretch
  const fade = fadeSeconds / pointSeconds
  // a point is told of as much that lies on either side of it
  const away = widened(silent, humWindowPoints >> 1, humWindowPoints >> 1)
  for (let point = 0; point < points; point++) {
    const fromStart = firstPoint === 0 ? 1 : point / fade
    const fromEnd = reachesEnd ? 1 : (points - 1 - point) / fade
    const share = away[point] ? 0 : Math.min(1, fromStart, fromEnd)
    for (let k = 0; k < humHarmonics; k++) {
      re[k * points + point]! *= share
      im[k * points + point]! *= share
    }
  }
  const powers = Float64Array.from({ length: points }, (_, point) => {
    let sum = 0
    for (let at = point; at < re.length; at += points) sum += (re[at]! ** 2 + im[at]! ** 2) / 2
    return sum
  })
  return {
    family: run[0]!.family,
    firstPoint,
    points,
    re,
    im,
    phase,
    levelDb: toDb(
      quantile(
        powers.filter((_, i) => !away[i]),
        0.5,
      ),
    ),
    lines,
  }
}

/**
 * The phase from the steps of those harmonics that stand out, each turning as often as its number. Where a voice covers all of
 * them for seconds, the mains' frequency goes on as before and behind it.
 */
function phaseOf(all: readonly Harmonic[], pointSeconds: number): Float64Array {
  const points = all[0]!.re.length
  const strength = all.map((harmonic) => quantile(powersOf(harmonic), 0.5) / harmonic.base)
  const loud = all.map((_, k) => k).filter((k) => strength[k]! > 6)
  const used = loud.length > 0 ? loud : [0]
  const steps = Math.max(0, points - 1)
  const [deviation, evidence] = [new Float64Array(steps), new Float64Array(steps)]
  for (const k of used) {
    const { re, im, weight, base } = all[k]!
    const perHz = 2 * Math.PI * (k + 1) * pointSeconds
    for (let i = 0; i < steps; i++) {
      const [a, b] = [re[i + 1]! * re[i]! + im[i + 1]! * im[i]!, im[i + 1]! * re[i]! - re[i + 1]! * im[i]!]
      const sure = (Math.min(weight[i]!, weight[i + 1]!) * Math.hypot(a, b) * (k + 1) ** 2) / base
      deviation[i]! += (sure * Math.atan2(b, a)) / perHz
      evidence[i]! += sure
    }
  }
  const hz = smoothCurve(
    deviation.map((sum, i) => sum / (evidence[i]! + 1e-20)),
    believed(evidence),
    frequencySeconds,
    pointSeconds,
  )
  const phase = new Float64Array(points)
  for (let i = 1; i < points; i++) phase[i] = phase[i - 1]! + 2 * Math.PI * hz[i - 1]! * pointSeconds
  return phase
}

/** Weights of which most of what is good has 1. */
function believed(evidence: Float64Array): Float64Array {
  const good = quantile(evidence, 0.9) + 1e-20
  return evidence.map((value) => (value === 0 ? 0 : Math.max(leastBelief, Math.min(1, value / good))))
}

/** What lasts of a harmonic; undefined where it does not exceed its own scatter. */
function steadyAmplitude(
  { re, im, weight }: Harmonic,
  number: number,
  phase: Float64Array,
  pointSeconds: number,
) {
  const turned = re.map((a, i) => a * Math.cos(number * phase[i]!) + im[i]! * Math.sin(number * phase[i]!))
  const turnedIm = re.map((a, i) => im[i]! * Math.cos(number * phase[i]!) - a * Math.sin(number * phase[i]!))
  const beliefs = believed(weight)
  const [a, b] = [turned, turnedIm].map((values) =>
    smoothCurve(values, beliefs, amplitudeSeconds, pointSeconds),
  ) as [Float64Array, Float64Array]
  let [scatter, total] = [0, 0]
  weight.forEach((w, i) => {
    scatter += w * ((turned[i]! - a[i]!) ** 2 + (turnedIm[i]! - b[i]!) ** 2)
    total += w
  })
  const strengths = a.map((value, i) => Math.hypot(value, b[i]!))
  const typical = quantile(
    strengths.filter((_, i) => weight[i]! > 0),
    0.5,
  )
  return typical < Math.sqrt(scatter / total / leastStrength) ? undefined : { re: a, im: b }
}

/** Takes the hum away, in place, of one channel's samples from `start` on. */
export function subtractHum(
  samples: Float32Array,
  start: number,
  runs: readonly HumRun[],
  grid: HumGrid,
  sampleRate: number,
): void {
  for (const run of runs) {
    const end = start + samples.length
    const placeOf = (sample: number) => (sample - grid.firstPoint) / grid.pointSamples - run.firstPoint
    const before = run.firstPoint === 0 ? -Infinity : 0
    const first = Math.max(-3, Math.floor(Math.max(before, placeOf(start))))
    const last = Math.min(run.points + 2, Math.floor(placeOf(end - 1)))
    for (let point = first; point <= last; point++) {
      const atPoint = (point + run.firstPoint) * grid.pointSamples + grid.firstPoint
      const from = Math.max(0, Math.ceil(atPoint))
      const to = Math.ceil(atPoint + grid.pointSamples)
      subtractBetween(samples, start, run, point, atPoint, from, to, sampleRate, grid.pointSamples)
    }
  }
}

/** From one point to the next: phasors turn evenly, amplitudes go straight. */
function subtractBetween(
  samples: Float32Array,
  start: number,
  { family, points, re, im, phase }: HumRun,
  point: number,
  atPoint: number,
  from: number,
  to: number,
  sampleRate: number,
  pointSamples: number,
): void {
  const clip = (i: number) => Math.max(0, Math.min(points - 1, i))
  const [a, b] = [clip(point), clip(point + 1)]
  const perPoint = a === b ? 0 : phase[b]! - phase[a]!
  const begin = Math.max(from, start)
  const end = Math.min(to, start + samples.length)
  if (end <= begin) return
  const share = (from - atPoint) / pointSamples
  const tones = Array.from({ length: humHarmonics }, (_, k): Tone => {
    const [reA, imA] = [re[k * points + a]!, im[k * points + a]!]
    const reStep = (re[k * points + b]! - reA) / pointSamples
    const imStep = (im[k * points + b]! - imA) / pointSamples
    const hz = family * (k + 1)
    return {
      angle: 2 * Math.PI * (((hz * from) / sampleRate) % 1) + (k + 1) * (phase[a]! + share * perPoint),
      turn: (2 * Math.PI * hz) / sampleRate + ((k + 1) * perPoint) / pointSamples,
      re: reA + share * pointSamples * reStep,
      im: imA + share * pointSamples * imStep,
      reStep,
      imStep,
    }
  }).filter((tone) => tone.re !== 0 || tone.im !== 0 || tone.reStep !== 0 || tone.imStep !== 0)
  subtractTones(samples, begin - start, end - start, begin - from, tones)
}
