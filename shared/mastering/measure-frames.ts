/**
 * Decodes the frames of one encoded chunk and measures them: loudness partials and true peak. Hides where in
 * the decoded sound the chunk lies, and the filters' warm-up.
 */
import { kWeighting } from '../audio/loudness.ts'
import { energyMeter } from '../kernel/filters.ts'
import { decode, decodedDelay, type Mp3Format } from './mp3.ts'
import { bytesPerFrame, fillPlanes, inBlocks, type PcmFormat } from '../audio/pcm.ts'
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
 * Measures the decoded frames as they come: the loudness partials of the chunk, on the timeline's grid, after
 * a warm-up for the filters.
 */
export async function measureDecoded(
  encoded: Buffer,
  place: Place,
  isMonaural: boolean,
  format: Mp3Format,
  signal: AbortSignal,
): Promise<{ blocks: Float32Array; truePeakDbtp: number }> {
  const { sampleRate, channels } = format
  const block = sampleRate / 10
  const chunkOffset = place.start - place.encodeStart + decodedDelay
  const length = place.end - place.start
  const warmUpBlocks = Math.floor(chunkOffset / block)
  const pcm: PcmFormat = { sampleRate, channels, sampleFormat: 'f32le' }
  const planes = Array.from({ length: channels }, () => new Float32Array(block))
  const heard = isMonaural ? planes.slice(0, 1) : planes
  const energies = energyMeter(kWeighting(sampleRate), isMonaural ? 1 : channels)
  const sums = heard.map(() => new Float64Array(1))
  const peaks = heard.map(() => truePeakMeter())
  const blocks = new Float32Array(Math.floor(length / block))
  let at = -warmUpBlocks
  const decoder = decode(encoded, format, signal)
  const aligned = inBlocks(
    skipBytes(decoder.stdout, (chunkOffset % block) * bytesPerFrame(pcm)),
    block * bytesPerFrame(pcm),
  )
  for await (const bytes of aligned) {
    fillPlanes(bytes, pcm, planes)
    const count = bytes.length / bytesPerFrame(pcm)
    const wanted = Math.min(count, length - at * block)
    energies(
      heard.map((plane) => plane.subarray(0, count)),
      block,
      sums,
    )
    heard.forEach((plane, channel) => {
      if (at >= 0 && at < blocks.length) blocks[at]! += (sums[channel]![0]! * (isMonaural ? 2 : 1)) / block
      if (at >= 0 && wanted > 0) peaks[channel]!.add(plane.subarray(0, wanted))
    })
    at++
  }
  await decoder.ended
  return { blocks, truePeakDbtp: toDb(Math.max(...peaks.map((peak) => peak.highest()))) }
}

async function* skipBytes(source: AsyncIterable<Buffer>, count: number): AsyncGenerator<Buffer> {
  let left = count
  for await (const chunk of source) {
    const skipped = Math.min(left, chunk.length)
    left -= skipped
    if (skipped < chunk.length) yield chunk.subarray(skipped)
  }
}
