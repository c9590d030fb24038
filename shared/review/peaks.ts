/**
 * The waveform of a recording in as many points as are asked for, from what was found when it was prepared. Hides that
 * the waveforms looked at last are kept: whoever looks at one zooms.
 */
import { decodeAnalysis } from '../audio/analysis-file.ts'
import type { ObjectName, ObjectStore } from '../storage.ts'
import { lately } from './lately.ts'

/** The lowest and highest sample of each point, −127…127. */
export interface Peaks {
  readonly low: readonly number[]
  readonly high: readonly number[]
}

/** Of ten hours one takes 7 MB. */
const mostKept = 4
const perSecond = 100

const waveformOf = lately(mostKept, async (object, storage) =>
  decodeAnalysis(await storage.read(object)).waveform.slice(),
)

export interface AskedPeaks {
  readonly startSeconds: number
  /** The recording's end when absent. */
  readonly endSeconds?: number | undefined
  readonly points: number
}

/** Of a span in seconds; past the end of the recording there is silence. Fewer points where it has no more. */
export async function peaksOf(
  object: ObjectName,
  { startSeconds, endSeconds, points }: AskedPeaks,
  storage: ObjectStore,
): Promise<Peaks> {
  const waveform = await waveformOf(object, storage)
  const first = startSeconds * perSecond
  const frames = Math.max(
    0,
    (endSeconds === undefined ? waveform.length / 2 : endSeconds * perSecond) - first,
  )
  const count = Math.max(1, Math.min(points, Math.ceil(frames)))
  const [low, high]: [number[], number[]] = [[], []]
  for (let point = 0; point < count; point++) {
    const from = Math.floor(first + (point * frames) / count)
    const to = Math.max(from + 1, Math.floor(first + ((point + 1) * frames) / count))
    let [lowest, highest] = [0, 0]
    for (let i = from; i < to && 2 * i < waveform.length; i++) {
      lowest = Math.min(lowest, waveform[2 * i]!)
      highest = Math.max(highest, waveform[2 * i + 1]!)
    }
    low.push(lowest)
    high.push(highest)
  }
  return { low, high }
}
