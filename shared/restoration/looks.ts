/**
 * A long recording looked at in parts, side by side, as if in one go. Hides where parts begin, how much of their neighbours
 * each has to hear to tell the same of its own, and what of its tables is its own.
 */
import { concatenated } from '../audio/pcm.ts'
import type { Look } from './analysis.ts'
import type { BreathTables } from './breaths.ts'
import type { Click } from './clicks.ts'
import { humGrid, humPointsPerStretch } from './hum.ts'
import { lowRateOf } from './low-rate.ts'
import { firstRumbleLook, rumbleHop, type RumbleTables } from './rumble.ts'
import { tonalityHop } from './tonality.ts'

/** From one part to the next, about: what each hears twice is a tenth of it then. */
const partSeconds = 900

/** A part, all in samples of the recording: what it tells of, and what it hears for it. */
export interface LookSpan {
  readonly from: number
  readonly to: number
  readonly hearFrom: number
  readonly hearTo: number
}

/** The parts a recording is looked at in; one where it is short. */
export function lookSpans(totalSamples: number, sampleRate: number, seconds = partSeconds): LookSpan[] {
  const unit = unitOf(sampleRate)
  const stretch = humPointsPerStretch * humGrid(sampleRate).pointSamples
  // a stretch of hum asks for those beside it, and begins anywhere within the first one
  const beside = unit * Math.ceil((2 * stretch + sampleRate) / unit)
  const length = unit * Math.round((seconds * sampleRate) / unit)
  const count = Math.max(1, Math.round(totalSamples / length))
  return Array.from({ length: count }, (_, part) => {
    const [from, to] = [part * length, part === count - 1 ? totalSamples : (part + 1) * length]
    return { from, to, hearFrom: Math.max(0, from - beside), hearTo: Math.min(totalSamples, to + beside) }
  })
}

/** How many parts that are. */
export const looksOf = ({
  totalSamples,
  sampleRate,
}: Readonly<Record<'totalSamples' | 'sampleRate', number>>): number =>
  lookSpans(totalSamples, sampleRate).length

/** Where a part may begin: at a whole second of its steps and a sample of the low rate. */
function unitOf(sampleRate: number): number {
  const second = 100 * Math.round(sampleRate / 100)
  const { factor } = lowRateOf(sampleRate)
  let unit = second
  while (unit % factor !== 0) unit += second
  return unit
}

/** Of what was found while a part was heard, that which is its own. Throws a RangeError for one of several tracks. */
export function ownLook(look: Look, { from, to, hearFrom, hearTo }: LookSpan): Look {
  if (look.bands) throw new RangeError('Tracks are looked at in one go.')
  const { sampleRate, stepSamples, tonality, rumble, breaths } = look
  const isLast = to === hearTo
  const isOwn = ({ start }: { readonly start: number }) => start >= from && start < to
  /** Of series with a value every `hop` samples, of which the first one that was heard has the number `first`. */
  const own = (hop: number, first: number) => {
    const [left, right] = [Math.ceil(from / hop) - first, Math.ceil(to / hop) - first]
    return (values: Float32Array) => values.slice(left, isLast ? undefined : right)
  }
  const steps = own(stepSamples, hearFrom / stepSamples)
  const { factor } = lowRateOf(sampleRate)
  const hop = tonalityHop(sampleRate)
  const looks = own(rumbleHop(sampleRate) * factor, firstRumbleLook(sampleRate, hearFrom / factor))
  const stretch = humPointsPerStretch * humGrid(sampleRate).pointSamples
  return {
    ...look,
    totalSamples: to - from,
    loudness: steps(look.loudness),
    power: steps(look.power),
    tonality: own(hop * factor, Math.ceil(hearFrom / (hop * factor)))(tonality),
    rumble: rumble && mapRumble([rumble], (series) => looks(series[0]!)),
    breaths: breaths && mapBreaths([breaths], (series) => steps(series[0]!)),
    clicks: look.clicks.filter(isOwn),
    clippedRuns: look.clippedRuns.filter(isOwn),
    clippedCounts: own(100 * stepSamples, hearFrom / (100 * stepSamples))(look.clippedCounts),
    stretches: look.stretches.map((some) => some.filter(({ index }) => isOwn({ start: index * stretch }))),
  }
}

/** One look, of those of all parts in their order. */
export function joinedLooks(looks: readonly Look[]): Look {
  const [first] = looks
  if (looks.length === 1) return first!
  const joined = (series: readonly Float32Array[]) => concatenated(Float32Array, series)
  const [rumble, breaths] = [
    looks.flatMap((one) => one.rumble ?? []),
    looks.flatMap((one) => one.breaths ?? []),
  ]
  return {
    ...first!,
    totalSamples: looks.reduce((sum, { totalSamples }) => sum + totalSamples, 0),
    loudness: joined(looks.map(({ loudness }) => loudness)),
    power: joined(looks.map(({ power }) => power)),
    tonality: joined(looks.map(({ tonality }) => tonality)),
    rumble: rumble.length === 0 ? undefined : mapRumble(rumble, joined),
    breaths: breaths.length === 0 ? undefined : mapBreaths(breaths, joined),
    clicks: apart(looks.flatMap(({ clicks }) => clicks)),
    clippedRuns: looks.flatMap(({ clippedRuns }) => clippedRuns),
    clippedCounts: joined(looks.map(({ clippedCounts }) => clippedCounts)),
    stretches: first!.stretches.map((_, channel) => looks.flatMap(({ stretches }) => stretches[channel]!)),
  }
}

/** Without one that begins where the one before it has not ended: two parts have found the same. */
const apart = (clicks: readonly Click[]): Click[] =>
  clicks.filter(({ start }, i) => i === 0 || start >= clicks[i - 1]!.end)

type OfSeries = (series: readonly Float32Array[]) => Float32Array

const mapRumble = (all: readonly RumbleTables[], one: OfSeries): RumbleTables => ({
  steps: all[0]!.steps.map((_, i) => one(all.map(({ steps }) => steps[i]!))),
  voice: one(all.map(({ voice }) => voice)),
  pitchHz: one(all.map(({ pitchHz }) => pitchHz)),
  voicing: one(all.map(({ voicing }) => voicing)),
})

const mapBreaths = (all: readonly BreathTables[], one: OfSeries): BreathTables => ({
  bands: all[0]!.bands.map((_, i) => one(all.map(({ bands }) => bands[i]!))),
  voicing: one(all.map(({ voicing }) => voicing)),
  flatness: one(all.map(({ flatness }) => flatness)),
})
