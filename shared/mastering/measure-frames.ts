/**
 * Measures one encoded chunk as it is decoded: loudness partials and true peak. Hides where in the decoded sound
 * the chunk lies, and the filters' warm-up.
 */
import { kWeighting } from '../audio/loudness.ts'
import type { Mp3Format, Planes } from '../codec/port.ts'
import { energyMeter } from '../kernel/filters.ts'
import { decodedDelay } from './mp3.ts'
import { toDb, truePeakMeter } from '../audio/true-peak.ts'

/**
 * A span of the programme that is encoded from `encodeStart` to `encodeEnd` for the sake of [`start`,
 * `end`).
 */
export interface Place {
  readonly start: number
  readonly end: number
  readonly encodeStart: number
  readonly encodeEnd: number
  readonly mixStart: number
  readonly mixEnd: number
}

/**
 * Measures decoded sound as it comes: the loudness partials of the chunk, on the timeline's grid, after a
 * warm-up for the filters.
 */
export async function measureDecoded(
  decoded: AsyncIterable<Planes>,
  place: Place,
  isMonaural: boolean,
  { sampleRate, channels }: Mp3Format,
): Promise<{ blocks: Float32Array; truePeakDbtp: number }> {
  const block = sampleRate / 10
  const chunkOffset = place.start - place.encodeStart + decodedDelay
  const length = place.end - place.start
  const heardChannels = isMonaural ? 1 : channels
  const energies = energyMeter(kWeighting(sampleRate), heardChannels)
  const sums = Array.from({ length: heardChannels }, () => new Float64Array(1))
  const peaks = sums.map(() => truePeakMeter())
  const blocks = new Float32Array(Math.floor(length / block))
  let at = -Math.floor(chunkOffset / block)
  for await (const planes of regrouped(decoded, chunkOffset % block, block, channels)) {
    const wanted = Math.min(block, length - at * block)
    energies(planes.slice(0, heardChannels), block, sums)
    sums.forEach((sum, channel) => {
      if (at >= 0 && at < blocks.length) blocks[at]! += (sum[0]! * (isMonaural ? 2 : 1)) / block
      if (at >= 0 && wanted > 0) peaks[channel]!.add(planes[channel]!.subarray(0, wanted))
    })
    at++
  }
  return { blocks, truePeakDbtp: toDb(Math.max(...peaks.map((peak) => peak.highest()))) }
}

/** Without the first `skip` samples, in blocks of `length`, the last one shorter; all in the same planes. */
async function* regrouped(
  source: AsyncIterable<Planes>,
  skip: number,
  length: number,
  channels: number,
): AsyncGenerator<Planes> {
  const block = Array.from({ length: channels }, () => new Float32Array(length))
  let filled = 0
  let left = skip
  for await (const planes of source) {
    const samples = planes[0]!.length
    let taken = Math.min(left, samples)
    left -= taken
    while (taken < samples) {
      const count = Math.min(length - filled, samples - taken)
      block.forEach((plane, channel) => plane.set(planes[channel]!.subarray(taken, taken + count), filled))
      filled += count
      taken += count
      if (filled < length) continue
      yield block
      filled = 0
    }
  }
  if (filled > 0) yield block.map((plane) => plane.subarray(0, filled))
}
