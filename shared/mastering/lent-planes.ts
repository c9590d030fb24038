/**
 * Lends the planes that slices of the programme are mixed in. Hides that a process mixes all its chunks in the same
 * few. Fresh ones are 23 MB a chunk: the system clears every page of them, the collector looks through the whole heap
 * for their sake, and those of the chunk before are still there meanwhile.
 */
import { samplesPerFrame } from '../audio/mp3-frames.ts'
import { longestUsualChunkSamples } from '../timeline/timeline.ts'

/** Gives that many planes of so many samples, all silent. */
export type Lend = (count: number, samples: number) => Float32Array[]

export const freshPlanes: Lend = (count, samples) =>
  Array.from({ length: count }, () => new Float32Array(samples))

/** A chunk with all that is mixed before and after it. Pages that nobody writes to take no memory. */
const lentSamples = longestUsualChunkSamples + 128 * samplesPerFrame
const idle: Float32Array[] = []

/** Does work with planes that are its own until it is over. */
export async function withLentPlanes<T>(work: (lend: Lend) => Promise<T>): Promise<T> {
  const lent: Float32Array[] = []
  const lend: Lend = (count, samples) =>
    Array.from({ length: count }, () => {
      if (samples > lentSamples) return new Float32Array(samples)
      const plane = idle.pop() ?? new Float32Array(lentSamples)
      lent.push(plane)
      return plane.subarray(0, samples).fill(0)
    })
  try {
    return await work(lend)
  } finally {
    idle.push(...lent)
  }
}
