/** A gain that changes in time, and sound at it. Hides how it goes from one value to the next. */

export interface GainCurve {
  /** In dB, for every step from the sound's beginning; the last one goes on. */
  readonly db: Float32Array
  readonly stepSamples: number
}

/** A copy of the samples from `start` on at their gains, which hold at the middle of each step; between two they go straight. */
export function withGains(
  samples: Float32Array,
  start: number,
  { db, stepSamples }: GainCurve,
): Float32Array<ArrayBuffer> {
  const out = samples.slice()
  const gainAt = (step: number) => 10 ** (db[Math.max(0, Math.min(db.length - 1, step))]! / 20)
  const middle = Math.floor(stepSamples / 2)
  const first = Math.floor((start - middle) / stepSamples)
  for (let step = first; step * stepSamples + middle < start + samples.length; step++) {
    const [from, left, right] = [step * stepSamples + middle, gainAt(step), gainAt(step + 1)]
    if (left === 1 && right === 1) continue
    const slope = (right - left) / stepSamples
    const begin = Math.max(from, start)
    const end = Math.min(from + stepSamples, start + samples.length)
    for (let i = begin; i < end; i++) out[i - start]! *= left + slope * (i - from)
  }
  return out
}
