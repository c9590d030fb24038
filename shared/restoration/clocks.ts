/**
 * Recorders whose clocks differ: two tracks of one conversation that drift apart. Told from how the loudness of bands goes up
 * and down in both, where one microphone hears what the other does. Hides windows, lags and what is believed of them.
 */
import { bandCount, type BandLevels } from './crosstalk.ts'
import { quantile } from './series.ts'
import type { OthersTurn } from './turns.ts'

/** In steps of 10 ms. A window, and how far apart tracks may be in the first one, and further than before in the next. */
const windowSteps = 6000
const farthestLag = 60
const furtherLag = 8
/** Loudness counts against what is around, and as far down as this under a band's loud moments. */
const aroundSteps = 20
const downDb = 45
/** Of a lag's correlation: at least this, and that much more than a quarter of a second away. */
const leastCorrelation = 0.12
const leastLead = 0.04
const awaySteps = 25
/** A drift is believed from so many windows, in so much of the time, of which half lie this close to it; and up to so much. */
const leastWindows = 6
const leastSpan = 0.5
const closeSteps = 0.8
const mostDrift = 300e-6
/** Who speaks in a window moves its lag by about so much: sound takes its time. What comes to little more at the end is no drift. */
const scatterSteps = 0.8
const surely = 3.5
const leastSteps = 2

interface Seen {
  /** The middle of a window, and by how much the track is later there; in steps. */
  readonly at: number
  readonly lag: number
}

/**
 * By which share the clock of `own` runs faster than that of `reference`: its sound comes so much later the longer it
 * lasts. 0 where they agree, or do not hear each other.
 */
export async function driftOf(
  reference: BandLevels,
  own: BandLevels,
  othersTurn: OthersTurn,
): Promise<number> {
  const steps = Math.min(reference.length, own.length) / bandCount
  const [tops, ownTops] = [topsOf(reference), topsOf(own)]
  const seen: Seen[] = []
  for (let from = 0; from + windowSteps / 2 <= steps; from += windowSteps) {
    const to = Math.min(steps, from + windowSteps)
    const last = seen.at(-1)
    const lag = await lagIn(
      movements(reference, tops, from, to),
      movements(own, ownTops, from, to),
      last ? { middle: Math.round(last.lag), reach: furtherLag } : { middle: 0, reach: farthestLag },
      othersTurn,
    )
    if (lag !== undefined) seen.push({ at: (from + to) / 2, lag })
  }
  return believed(seen, steps)
}

/** The slope that most pairs of windows agree on (Theil and Sen). */
function believed(seen: readonly Seen[], steps: number): number {
  if (seen.length < leastWindows || seen.at(-1)!.at - seen[0]!.at < leastSpan * (steps - windowSteps))
    return 0
  const slopes = seen.flatMap((a, i) => seen.slice(i + 1).map((b) => (b.lag - a.lag) / (b.at - a.at)))
  const drift = quantile(slopes, 0.5)
  const start = quantile(
    seen.map(({ at, lag }) => lag - drift * at),
    0.5,
  )
  const close = seen.filter(({ at, lag }) => Math.abs(lag - start - drift * at) < closeSteps)
  const isBelieved = close.length >= Math.max(leastWindows, seen.length / 2) && Math.abs(drift) <= mostDrift
  // of a line through so many points that scatter so far, the error from its one end to the other
  const error = scatterSteps * Math.sqrt(12 / seen.length)
  return isBelieved && Math.abs(drift) * steps >= Math.max(leastSteps, surely * error) ? drift : 0
}

/** Of each band, in hundredths of a dB. */
const topsOf = (levels: BandLevels): number[] =>
  Array.from({ length: bandCount }, (_, band) =>
    quantile(
      levels.filter((_level, i) => i % (10 * bandCount) === band),
      0.95,
    ),
  )

/** How each band's loudness differs from what is around; a row of steps for every band, of unit power all together. */
function movements(levels: BandLevels, tops: readonly number[], from: number, to: number): Float32Array {
  const count = to - from
  const out = new Float32Array(count * bandCount)
  let power = 1e-9
  for (let band = 0; band < bandCount; band++) {
    const least = tops[band]! - 100 * downDb
    const sums = new Float64Array(count + 1)
    for (let i = 0; i < count; i++)
      sums[i + 1] = sums[i]! + Math.max(least, levels[(from + i) * bandCount + band]!)
    for (let i = 0; i < count; i++) {
      const [a, b] = [Math.max(0, i - aroundSteps), Math.min(count, i + aroundSteps + 1)]
      const value = sums[i + 1]! - sums[i]! - (sums[b]! - sums[a]!) / (b - a)
      out[band * count + i] = value
      power += value * value
    }
  }
  const scale = 1 / Math.sqrt(power)
  for (let i = 0; i < out.length; i++) out[i]! *= scale
  return out
}

/** Where the second is most like the first, between steps; undefined where it is not like it. */
async function lagIn(
  one: Float32Array,
  other: Float32Array,
  { middle, reach }: { readonly middle: number; readonly reach: number },
  othersTurn: OthersTurn,
): Promise<number | undefined> {
  const count = one.length / bandCount
  const at = (lag: number): number => {
    let sum = 0
    for (let row = 0; row < one.length; row += count)
      for (let i = Math.max(0, -lag); i < Math.min(count, count - lag); i++)
        sum += one[row + i]! * other[row + i + lag]!
    return sum
  }
  const values = new Map<number, number>()
  for (let lag = middle - reach - 1; lag <= middle + reach + 1; lag++) {
    values.set(lag, at(lag))
    if (lag % 8 === 0) await othersTurn()
  }
  let best = middle
  for (let lag = middle - reach; lag <= middle + reach; lag++)
    if (values.get(lag)! > values.get(best)!) best = lag
  const [before, peak, after] = [values.get(best - 1)!, values.get(best)!, values.get(best + 1)!]
  const away = Math.max(at(best - awaySteps), at(best + awaySteps))
  if (peak < leastCorrelation || peak - away < leastLead || peak < before || peak < after) return undefined
  return best + (0.5 * (before - after)) / (before - 2 * peak + after || -1)
}
