/**
 * Hum of mains (50 or 60 Hz and its multiples): found in stretches of twenty seconds, and subtracted as it sounds, so
 * that a voice at the same pitches stays. Hides the lower rate that is worked at, how lines are told from voices and music,
 * and how phase and amplitude are learnt from quiet moments before and after.
 */
import { fourier, framesAtOnce } from '../kernel/fourier.ts'
import { lowRateHighestHz, lowRateOf, type LowRate } from './low-rate.ts'
import { quantile, toDb } from './series.ts'
import { fromNext, sliding } from './sliding.ts'

export type MainsHz = 50 | 60

const families: readonly MainsHz[] = [50, 60]
const harmonics = 12
const highestHz = lowRateHighestHz

/** Points at which the hum is described lie so far apart; each looks at five times that. */
const pointSeconds = 0.05
const pointsPerStretch = 400
const windowPoints = 5
/** Beside a line, where the power says how loud everything else is. */
const besideHz = 14

const transformSize = 4096

/** What is known of the hum in one stretch of one channel; a value a point and harmonic. */
export interface HumStretch {
  readonly index: number
  /** Lines of this family stand out; undefined where it is kept for a neighbour's sake. */
  readonly found: boolean
  readonly family: MainsHz
  /** Amplitudes relative to multiples of exactly 50 or 60 Hz, from the sound's beginning. */
  readonly re: Float32Array
  readonly im: Float32Array
  /** Powers beside each line. */
  readonly beside: Float32Array
}

/** The grid of points, the same for all recordings of one rate. */
export interface HumGrid {
  /** In samples of the recording. */
  readonly pointSamples: number
  /** Where point 0 is, in samples. */
  readonly firstPoint: number
}

/** Low-rate samples between points. */
const hopAt = ({ rate }: LowRate): number => Math.round(pointSeconds * rate)

export function humGrid(sampleRate: number): HumGrid {
  const low = lowRateOf(sampleRate)
  const pointSamples = hopAt(low) * low.factor
  return { pointSamples, firstPoint: (windowPoints / 2) * pointSamples }
}

/**
 * Gathers what is to be known of one channel's hum, from its sound at the low rate, from the first whole stretch behind sample
 * `begin` of that on. Memory: some 3 kB a second where there is any, else none.
 */
export function humMeter(sampleRate: number, begin = 0) {
  const low = lowRateOf(sampleRate)
  const hop = hopAt(low)
  const stretch = pointsPerStretch * hop
  const look = detector(low.rate)
  const learn = families.map((family) => learner(family, low, hop))
  // three stretches, the middle one of which is learnt from once the one behind it has been looked at
  const held = sliding()
  let sound: Float32Array = new Float32Array(0)
  const fromStretch = fromNext(stretch, begin)
  const first = Math.ceil(begin / stretch)
  let start = 0 // of what is held, as counted from the first stretch
  let count = 0
  const found: (MainsHz | undefined)[] = []
  const kept: HumStretch[] = []

  const settle = (index: number): void => {
    const [before, own, after] = [found[index - 1], found[index], found[index + 1]]
    const family = own ?? before ?? after
    if (family === undefined) return
    const place = (first + index) * pointsPerStretch
    const learnt = learn[families.indexOf(family)]!(sound, index * stretch - start, place)
    kept.push({ index: first + index, family, found: own !== undefined, ...learnt })
  }
  const take = (samples: Float32Array): void => {
    sound = held.append(fromStretch(samples))
    for (; start + sound.length >= (count + 1) * stretch + windowPoints * hop; count++) {
      found.push(look(sound.subarray(count * stretch - start, (count + 1) * stretch - start)))
      if (count > 0) settle(count - 1)
      const keepFrom = Math.max(0, count * stretch - start)
      if (keepFrom > 0) {
        sound = held.forgetFirst(keepFrom)
        start += keepFrom
      }
    }
  }
  return {
    add: take,
    finish: (): readonly HumStretch[] => {
      for (; count * stretch < start + sound.length; count++) {
        found.push(look(sound.subarray(count * stretch - start, (count + 1) * stretch - start)))
        if (count > 0) settle(count - 1)
      }
      if (count > 0) settle(count - 1)
      return kept
    },
  }
}

/** A line is so far above its neighbourhood; of eight lines so many make hum, and these belong to both families. */
const lineDb = 9
const countedLines = 8
const leastLines = 3
const sharedHz = [300, 600]
const leastLevelDb = -85
/** Shorter than this, nothing can be told. */
const leastFrames = 8
/** Of a bin's powers this share is quieter than what the line is looked for in. */
const quietShare = 0.2

/** Which family's lines stand out of a stretch, if any: in the quieter moments, since voices come and go. */
function detector(rate: number) {
  const length = Math.round(rate)
  const window = new Float32Array(transformSize)
  for (let i = 0; i < length; i++) window[i] = 0.5 - 0.5 * Math.cos((2 * Math.PI * i) / length)
  const transform = fourier(transformSize, window)
  const hop = Math.floor(length / 2)
  const binOf = (hz: number) => Math.round((hz * transformSize) / rate)
  const bins = Math.min(transform.bins, binOf(highestHz + 20))
  const scale = 2 / (length / 2) ** 2
  const [re, im] = [0, 0].map(() => new Float32Array(framesAtOnce * transform.stride))
  let powers = new Float32Array(0) // by bin, then by frame

  const quietPowers = (sound: Float32Array, frames: number): Float64Array => {
    if (powers.length < bins * frames) powers = new Float32Array(bins * frames)
    for (let frame = 0; frame < frames; frame += framesAtOnce) {
      const count = Math.min(framesAtOnce, frames - frame)
      transform.spectra(sound, frame * hop, hop, count, re!, im!, 0)
      for (let row = 0; row < count; row++)
        for (let k = 0; k < bins; k++) {
          const at = row * transform.stride + k
          powers[k * frames + frame + row] = scale * (re![at]! ** 2 + im![at]! ** 2)
        }
    }
    return Float64Array.from({ length: bins }, (_, k) =>
      quantile(powers.subarray(k * frames, (k + 1) * frames), quietShare),
    )
  }

  const linesOf = (quiet: Float64Array, family: MainsHz): { lines: number; level: number } => {
    let [lines, level] = [0, 0]
    for (let k = 1; k <= harmonics; k++) {
      const hz = family * k
      const reach = k < 5 ? 1 : 2
      const line = Math.max(...quiet.subarray(binOf(hz - reach), binOf(hz + reach) + 1))
      const around = [
        ...quiet.subarray(binOf(hz - 16), binOf(hz - 5)),
        ...quiet.subarray(binOf(hz + 5), binOf(hz + 16)),
      ]
      level += line
      if (k > countedLines || sharedHz.includes(hz)) continue
      if (toDb(line) - toDb(quantile(around, 0.5)) > lineDb) lines++
    }
    return { lines, level }
  }

  return (sound: Float32Array): MainsHz | undefined => {
    const frames = Math.floor((sound.length - length) / hop) + 1
    if (frames < leastFrames) return undefined
    const quiet = quietPowers(sound, frames)
    const [fifty, sixty] = families.map((family) => linesOf(quiet, family))
    const [family, best] = sixty!.lines > fifty!.lines ? [60 as const, sixty!] : [50 as const, fifty!]
    return best.lines >= leastLines && toDb(best.level) > leastLevelDb ? family : undefined
  }
}

/** Demodulates a stretch at each multiple, and beside it. */
function learner(family: MainsHz, { rate, gainAt }: LowRate, hop: number) {
  const length = windowPoints * hop
  const shape = Float64Array.from(
    { length },
    (_, i) => 0.5 - 0.5 * Math.cos((2 * Math.PI * (i + 0.5)) / length),
  )
  const total = shape.reduce((sum, value) => sum + value, 0)
  const tone = (hz: number) => ({
    hz,
    cos: Float32Array.from(shape, (w, i) => ((2 * w) / total) * Math.cos((2 * Math.PI * hz * i) / rate)),
    sin: Float32Array.from(shape, (w, i) => ((-2 * w) / total) * Math.sin((2 * Math.PI * hz * i) / rate)),
    // what the filters have left of it is made up for
    gain: 1 / gainAt(hz),
  })
  const tones = Array.from({ length: harmonics }, (_, k) =>
    [0, -besideHz, besideHz].map((offset) => tone(family * (k + 1) + offset)),
  )
  return (sound: Float32Array, from: number, firstPoint: number) => {
    const points = Math.max(
      0,
      Math.min(pointsPerStretch, Math.floor((sound.length - from - length) / hop) + 1),
    )
    const [re, im, beside] = [0, 0, 0].map(() => new Float32Array(points * harmonics))
    for (let point = 0; point < points; point++) {
      const start = from + point * hop
      const seconds = ((firstPoint + point) * hop) / rate
      tones.forEach((three, k) => {
        const at = point * harmonics + k
        three.forEach(({ hz, cos, sin, gain }, which) => {
          let [a, b] = [0, 0]
          for (let i = 0; i < length; i++) {
            const sample = sound[start + i]!
            a += sample * cos[i]!
            b += sample * sin[i]!
          }
          if (which > 0) {
            beside![at]! += (gain * gain * (a * a + b * b)) / 2
            return
          }
          const turn = -2 * Math.PI * ((hz * seconds) % 1)
          re![at] = gain * (a * Math.cos(turn) - b * Math.sin(turn))
          im![at] = gain * (a * Math.sin(turn) + b * Math.cos(turn))
        })
      })
    }
    return { re: re!, im: im!, beside: beside! }
  }
}

export const humHarmonics = harmonics
export const humWindowPoints = windowPoints
export const humPointsPerStretch = pointsPerStretch
export const humPointSeconds = pointSeconds
