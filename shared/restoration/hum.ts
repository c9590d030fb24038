/**
 * Hum of mains (50 or 60 Hz and its multiples): found in stretches of twenty seconds, and subtracted as it sounds, so
 * that a voice at the same pitches stays. Hides the lower rate that is worked at, how lines are told from voices and music,
 * and how phase and amplitude are learnt from quiet moments before and after.
 */
import { fourier, framesAtOnce } from '../kernel/fourier.ts'
import { sortColumns } from '../kernel/sorting.ts'
import { lowRateHighestHz, lowRateOf, type LowRate } from './low-rate.ts'
import { quantile, toDb, toPower } from './series.ts'
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
/** What is louder so close beside a line is a tone of its own, and the line its flank. */
const flankHz = 2
/** Fewer lines are hum where they are so clear, and never away: a voice or a note of music is, if only for a moment. */
const leastSureLines = 2
const sureDb = 15
const steadyDb = 2
/** What is softer than this is silence, or a recorder's own rounding: a mean square. */
const silence = 1e-10
/** Shorter than this, nothing can be told. */
const leastFrames = 8
/** Of a bin's powers such shares are quieter: where it is never away, where lines are looked for, and what is usual. */
const shares = { least: 0.05, quiet: 0.2, most: 0.8 } as const

/** Powers of bins, at each of the shares. */
type Powers = Readonly<Record<keyof typeof shares, Float64Array>>

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
  let powers = new Float32Array(0) // by frame, then by bin

  const powersOf = (sound: Float32Array, sounding: Uint8Array, frames: number): Powers => {
    if (powers.length < bins * frames) powers = new Float32Array(bins * frames)
    let to = 0
    for (let frame = 0; frame < sounding.length; frame += framesAtOnce) {
      const count = Math.min(framesAtOnce, sounding.length - frame)
      transform.spectra(sound, frame * hop, hop, count, re!, im!, 0)
      for (let row = 0; row < count; row++) {
        if (!sounding[frame + row]) continue
        for (let k = 0; k < bins; k++) {
          const at = row * transform.stride + k
          powers[to + k] = scale * (re![at]! ** 2 + im![at]! ** 2)
        }
        to += bins
      }
    }
    sortColumns(powers, frames, bins)
    const at = (share: number) => betweenRows(powers, bins, share * (frames - 1))
    return { least: at(shares.least), quiet: at(shares.quiet), most: at(shares.most) }
  }

  /** The loudest within some Hz of a place, in dB. */
  const peakDb = (values: Float64Array, hz: number, reach: number): number =>
    toDb(Math.max(...values.subarray(binOf(hz - reach), binOf(hz + reach) + 1)))

  const lineOf = ({ least, quiet, most }: Powers, hz: number, reach: number) => {
    const levelDb = peakDb(quiet, hz, reach)
    const around = [
      ...quiet.subarray(binOf(hz - 16), binOf(hz - 5)),
      ...quiet.subarray(binOf(hz + 5), binOf(hz + 16)),
    ]
    const overDb = levelDb - toDb(quantile(around, 0.5))
    const isFlank = peakDb(quiet, hz, reach + flankHz) > levelDb
    const leastDb = peakDb(least, hz, reach)
    return {
      levelDb,
      standsOut: overDb > lineDb && !isFlank,
      isSure: overDb > sureDb && !isFlank && levelDb - leastDb < steadyDb,
      isConstant: peakDb(most, hz, reach) - leastDb < steadyDb,
    }
  }

  /** How many lines of a family stand out, and whether that is hum. */
  const linesOf = (of: Powers, family: MainsHz): { count: number; isHum: boolean } => {
    const all = Array.from({ length: harmonics }, (_, i) => lineOf(of, family * (i + 1), i < 4 ? 1 : 2))
    const own = all.filter((_, i) => i < countedLines && !sharedHz.includes(family * (i + 1)))
    const count = own.filter(({ standsOut }) => standsOut).length
    const sure = own.filter(({ isSure }) => isSure).length
    // below every voice, one that changes as little as the mains do is enough
    const isAlone = own[0]!.isSure && own[0]!.isConstant
    const level = all.reduce((sum, { levelDb }) => sum + toPower(levelDb), 0)
    const isEnough = count >= leastLines || sure >= leastSureLines || isAlone
    return { count, isHum: isEnough && toDb(level) > leastLevelDb }
  }

  return (sound: Float32Array): MainsHz | undefined => {
    const sounding = soundingFrames(sound, length, hop)
    const frames = sounding.reduce((sum, flag) => sum + flag, 0)
    if (frames < leastFrames) return undefined
    const of = powersOf(sound, sounding, frames)
    const found = families.map((family) => ({ family, ...linesOf(of, family) })).filter(({ isHum }) => isHum)
    return found.sort((a, b) => b.count - a.count)[0]?.family
  }
}

/** The values at a place among rows of `length`: straight between the two that it lies between. */
function betweenRows(rows: Float32Array, length: number, place: number): Float64Array {
  const left = Math.floor(place)
  return Float64Array.from({ length }, (_, k) => {
    const low = rows[left * length + k]!
    return left === place ? low : low + (place - left) * (rows[(left + 1) * length + k]! - low)
  })
}

/** Of each frame whether it sounds throughout: in a track that was gated nothing hums between its speaker's turns. */
function soundingFrames(sound: Float32Array, length: number, hop: number): Uint8Array {
  const slice = Math.floor(hop / 10)
  const isSilent = Array.from({ length: Math.floor(sound.length / slice) }, (_, i) => {
    const some = sound.subarray(i * slice, (i + 1) * slice)
    return some.reduce((sum, sample) => sum + sample * sample, 0) < slice * silence
  })
  const count = Math.max(0, Math.floor((sound.length - length) / hop) + 1)
  return Uint8Array.from({ length: count }, (_, frame) => {
    const [from, to] = [Math.floor((frame * hop) / slice), Math.ceil((frame * hop + length) / slice)]
    return isSilent.slice(from, to).includes(true) ? 0 : 1
  })
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

export const humSilence = silence
export const humHarmonics = harmonics
export const humWindowPoints = windowPoints
export const humPointsPerStretch = pointsPerStretch
export const humPointSeconds = pointSeconds
