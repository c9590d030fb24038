/**
 * Decodes the frames of one encoded chunk and measures them: loudness partials and true peak. Hides where in
 * the decoded sound the chunk lies, and the filters' warm-up.
 */
import { energyMeter, kWeighting } from '../audio/loudness.ts'
import { decode, decodedDelay, type Mp3Format } from './mp3.ts'
import { bytesPerFrame, inBlocks, toPlanar, type PcmFormat } from '../audio/pcm.ts'
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
  const meters = Array.from({ length: isMonaural ? 1 : channels }, () => ({
    energies: energyMeter(kWeighting(sampleRate)),
    peak: truePeakMeter(),
  }))
  const blocks = new Float32Array(Math.floor(length / block))
  const energy = new Float64Array(1)
  let at = -warmUpBlocks
  const decoder = decode(encoded, format, signal)
  const aligned = inBlocks(
    skipBytes(decoder.stdout, (chunkOffset % block) * bytesPerFrame(pcm)),
    block * bytesPerFrame(pcm),
  )
  for await (const bytes of aligned) {
    const planes = toPlanar(bytes, pcm)
    const wanted = Math.min(block, length - at * block)
    meters.forEach(({ energies, peak }, channel) => {
      energies(planes[channel]!, block, energy)
      if (at >= 0 && at < blocks.length) blocks[at]! += (energy[0]! * (isMonaural ? 2 : 1)) / block
      if (at >= 0 && wanted > 0) peak.add(planes[channel]!.subarray(0, wanted))
    })
    at++
  }
  await decoder.ended
  return { blocks, truePeakDbtp: toDb(Math.max(...meters.map(({ peak }) => peak.highest()))) }
}

async function* skipBytes(source: AsyncIterable<Buffer>, count: number): AsyncGenerator<Buffer> {
  let left = count
  for await (const chunk of source) {
    const skipped = Math.min(left, chunk.length)
    left -= skipped
    if (skipped < chunk.length) yield chunk.subarray(skipped)
  }
}
