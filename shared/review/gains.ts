/**
 * How much louder or softer restoration made a recording from moment to moment, in as many points as its waveform is drawn
 * in. Hides where this is kept.
 */
import { deserialize } from 'node:v8'
import type { Plan } from '../restoration/decide.ts'
import type { ObjectName, ObjectStore } from '../storage.ts'
import { lately } from './lately.ts'
import type { AskedPeaks } from './peaks.ts'

/** Of ten hours one takes 14 MB. */
const mostKept = 2

export type Gains = Pick<Plan, 'gainDb' | 'stepSamples' | 'sampleRate'>

const gainsIn = lately(mostKept, async (object, storage): Promise<Gains> => {
  const { gainDb, stepSamples, sampleRate } = deserialize(await storage.read(object)) as Plan
  return { gainDb, stepSamples, sampleRate }
})

/** In dB, a mean for each point of a span in seconds, rounded to tenths; null where all stays as loud as it was. */
export function gainPoints(
  { gainDb, stepSamples, sampleRate }: Gains,
  { startSeconds, endSeconds, points }: AskedPeaks,
): number[] | null {
  if (!gainDb) return null
  const stepAt = (seconds: number) => (seconds * sampleRate) / stepSamples
  const first = stepAt(startSeconds)
  const steps = Math.max(0, (endSeconds === undefined ? gainDb.length : stepAt(endSeconds)) - first)
  const count = Math.max(1, Math.min(points, Math.ceil(steps)))
  return Array.from({ length: count }, (_, point) => {
    const from = Math.floor(first + (point * steps) / count)
    const some = gainDb.subarray(from, Math.max(from + 1, Math.floor(first + ((point + 1) * steps) / count)))
    const mean = some.reduce((sum, gain) => sum + gain, 0) / Math.max(1, some.length)
    return Math.round(10 * mean) / 10
  })
}

/** The same of a plan that is stored. */
export const gainsOf = async (
  plan: ObjectName,
  asked: AskedPeaks,
  storage: ObjectStore,
): Promise<number[] | null> => gainPoints(await gainsIn(plan, storage), asked)
