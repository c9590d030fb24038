/**
 * Sound that was too loud for its file: runs of samples at full scale, counted, and what they cut off put back. Hides how a
 * clipped peak is told from one that only reaches full scale, and what may be put in its place.
 */
import { clippedIn } from '../kernel/peaks.ts'
import { filling } from './repair.ts'

/** One channel's samples at full scale, all on one side. */
export interface ClippedRun {
  readonly channel: number
  readonly start: number
  readonly end: number
}

const clippedAt = Math.fround(0.9999)
/** A peak may touch full scale; of so many samples on end it was cut off. */
const leastSamples = 3
/** What is cut off for longer cannot be told from what lies around. */
const longestSeconds = 0.003
/** A channel that is clipped more often was meant to be, or is beyond help. */
const mostRuns = 50_000
/** What is put in its place is that many times full scale at most. */
const mostOver = 2

/** Takes one channel's sound in pieces, from sample `start` of the recording on. */
export function clippingMeter(channel: number, sampleRate: number, start = 0) {
  const runs: ClippedRun[] = []
  const longest = longestSeconds * sampleRate
  let [open, side, seen] = [-1, 0, start]
  const close = (end: number): void => {
    const isClipped = open >= 0 && end - open >= leastSamples && end - open <= longest
    if (isClipped && runs.length <= mostRuns) runs.push({ channel, start: open, end })
    open = -1
  }
  return {
    /** Returns how many samples stand at full scale. */
    add: (plane: Float32Array): number => {
      const count = clippedIn(plane, clippedAt)
      if (count === 0) close(seen)
      for (let i = 0; count > 0 && i < plane.length; i++) {
        const now = Math.abs(plane[i]!) < clippedAt ? 0 : Math.sign(plane[i]!)
        if (open >= 0 && now !== side) close(seen + i)
        if (open < 0 && now !== 0) [open, side] = [seen + i, now]
      }
      seen += plane.length
      return count
    },
    finish: (): readonly ClippedRun[] => {
      close(seen)
      return runs
    },
  }
}

/** Those of all channels that can be helped, in time. */
export function helpedRuns(runs: readonly ClippedRun[]): ClippedRun[] {
  const counts = new Map<number, number>()
  for (const { channel } of runs) counts.set(channel, (counts.get(channel) ?? 0) + 1)
  return runs.filter(({ channel }) => counts.get(channel)! <= mostRuns).sort((a, b) => a.start - b.start)
}

/** Puts back what was cut off of `samples[from…to)`, in place: never less than what was left of it. */
export function unclip(samples: Float32Array, from: number, to: number, sampleRate: number): void {
  filling(samples, from, to, sampleRate)?.forEach((sample, i) => {
    const left = samples[from + i]!
    const most = mostOver * Math.abs(left)
    samples[from + i] = Math.sign(left) * Math.max(Math.abs(left), Math.min(most, Math.sign(left) * sample))
  })
}
