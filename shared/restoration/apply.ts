/**
 * Carries a plan out. Hides the blocks of twenty seconds, at absolute times, that the sound passes through: each is made of
 * the sound around it alone, so any division of the work gives the same bits.
 */
import { withGains } from '../audio/gain-curve.ts'
import type { Plan } from './decide.ts'
import { unclip } from './clipping.ts'
import { humGrid } from './hum.ts'
import { subtractHum } from './hum-curves.ts'
import { rumbleCutter } from './rumble.ts'
import { repair, repairContextSeconds } from './repair.ts'
import type { Sound } from './spectra.ts'
import { contextSeconds, noiseReducer } from './noise.ts'
import type { OthersTurn } from './turns.ts'

const blockSeconds = 20
const repairsBetweenTurns = 4

/** What has to be known of the sound before a sample so that it comes out as it does when all is known. */
export const restorationContextSeconds = contextSeconds

type Planes = readonly Float32Array[]

export interface Restorer {
  /** Takes the next samples, a plane for each channel; gives what can be told by now. */
  readonly add: (planes: Planes) => AsyncGenerator<Planes>
  readonly end: () => AsyncGenerator<Planes>
}

/**
 * Restores a recording from sample `from` on, a multiple of twenty seconds; what is added begins
 * `restorationContextSeconds` earlier, or at the beginning. `to`: the last sample that is wanted, plus one. `othersTurn` is
 * asked for every few hundredths of a second of work.
 */
export function restorer(plan: Plan, othersTurn: OthersTurn, from = 0, to = plan.totalSamples): Restorer {
  const { sampleRate, channels, totalSamples } = plan
  const grid = humGrid(sampleRate)
  const context = contextSeconds * sampleRate
  const blockSamples = blockSeconds * sampleRate
  const isMusic = (sample: number): number => plan.music[Math.floor(sample / plan.stepSamples)] ?? 0
  const reducer =
    plan.noiseLimitDb === undefined
      ? undefined
      : noiseReducer(sampleRate, channels, plan.noiseLimitDb, othersTurn, isMusic)
  const held = soundWindow(channels, blockSamples + 2 * context + sampleRate, Math.max(0, from - context))
  let next = from
  let added = held.end()

  const cutters = Array.from({ length: plan.rumbleCutHz === undefined ? 0 : channels }, () =>
    rumbleCutter(sampleRate, plan.rumbleCutHz!, held.end(), (sample) => musicAround(plan, sample)),
  )
  const withoutHum = (planes: Planes, start: number): Planes =>
    plan.hum.every((runs) => runs.length === 0)
      ? planes
      : planes.map((plane, channel) => {
          const copy = plane.slice()
          subtractHum(copy, start, plan.hum[channel]!, grid, sampleRate)
          return copy
        })
  const withoutRumble = (planes: Planes): Planes =>
    cutters.length === 0 ? planes : planes.map((plane, channel) => cutters[channel]!.add(plane))

  const gains = plan.gainDb && { db: plan.gainDb, stepSamples: plan.stepSamples }
  const levelled = (planes: Planes, start: number): Planes =>
    gains ? planes.map((plane) => withGains(plane, start, gains)) : planes

  // in the order of time, whatever the pieces; as soon as what lies around is there, long before it is needed
  const margin = Math.ceil(2 * repairContextSeconds * sampleRate)
  const repairs = [...plan.clicks.map((click) => ({ ...click, channel: undefined })), ...plan.clipped]
    .filter(({ start }) => start >= held.end())
    .sort((a, b) => a.start - b.start)
  let repaired = 0
  const repairUpTo = async (isEnd: boolean): Promise<void> => {
    for (; repaired < repairs.length; repaired++) {
      const { start, end, channel } = repairs[repaired]!
      if (!isEnd && held.end() < end + margin) return
      const around = held.part(start - margin, Math.min(end + margin, totalSamples))
      const [from, to] = [start - around.start, end - around.start]
      if (channel !== undefined) unclip(around.planes[channel]!, from, to, sampleRate)
      else for (const plane of around.planes) repair(plane, from, Math.min(to, plane.length), sampleRate)
      if (repaired % repairsBetweenTurns === 0) await othersTurn()
    }
  }

  async function* ready(isEnd: boolean): AsyncGenerator<Planes> {
    await repairUpTo(isEnd)
    for (;;) {
      const end = Math.min(next + blockSamples, to)
      const needed = isEnd ? end : Math.min(end + context, totalSamples)
      if (next >= end || held.end() < needed) return
      const around = held.part(Math.max(0, next - context), Math.min(end + context, totalSamples))
      const done = reducer ? await reducer.reduce(around, next, end) : held.part(next, end).planes
      for (let at = 0; at < end - next; at += sampleRate) {
        await othersTurn()
        yield levelled(
          done.map((plane) => plane.slice(at, at + sampleRate)),
          next + at,
        )
      }
      next = end
      held.forgetBefore(next - context)
    }
  }
  async function* add(planes: Planes): AsyncGenerator<Planes> {
    const { length } = planes[0]!
    for (let taken = 0; taken < length; taken += sampleRate) {
      const some = planes.map((plane) => plane.subarray(taken, taken + sampleRate))
      held.append(withoutRumble(withoutHum(some, added)))
      added += some[0]!.length
      await othersTurn()
      yield* ready(false)
    }
  }
  async function* end(): AsyncGenerator<Planes> {
    if (cutters.length > 0) held.append(cutters.map((cutter) => cutter.end()))
    yield* ready(true)
  }
  return { add, end }
}

const besideMusicSteps = 10

/** Which share of a fifth of a second is music. */
function musicAround({ music, stepSamples }: Plan, sample: number): number {
  const step = Math.floor(sample / stepSamples)
  const around = music.subarray(
    Math.max(0, step - besideMusicSteps),
    Math.max(0, step + besideMusicSteps + 1),
  )
  return around.reduce((sum, flag) => sum + flag, 0) / Math.max(1, around.length)
}

/** The latest sound, in buffers that are used again and again. */
function soundWindow(channels: number, capacity: number, first: number) {
  const buffers = Array.from({ length: channels }, () => new Float32Array(capacity))
  let start = first
  let length = 0
  return {
    end: (): number => start + length,
    /** Views, until more is appended or forgotten. */
    part: (from: number, to: number): Sound => {
      const [a, b] = [Math.max(from, start), Math.min(to, start + length)]
      return { start: a, planes: buffers.map((buffer) => buffer.subarray(a - start, b - start)) }
    },
    append: (planes: Planes): void => {
      buffers.forEach((buffer, channel) => buffer.set(planes[channel]!, length))
      length += planes[0]!.length
    },
    forgetBefore: (sample: number): void => {
      const count = Math.max(0, sample - start)
      for (const buffer of buffers) buffer.copyWithin(0, count, length)
      start += count
      length -= count
    },
  }
}
