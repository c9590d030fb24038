/**
 * Opens the sound of a recording for placing a text in it: from a stream that is decoded once, or from canonical PCM in a
 * bucket, of which each call reads what it needs. Hides how cepstra of pieces are those of the whole.
 */
import { analyser, frameSamples, type Analysis } from '../audio/analysis.ts'
import { bytesPerFrame, concatenated, toPlanar, type PcmFormat } from '../audio/pcm.ts'
import { cepstra, cepstrumSize } from './cepstra.ts'
import type { Listen } from './listen.ts'
import type { Sound } from './speech-rows.ts'

/** A frame looks 5 ms to either side, so a piece is read with a frame more at each end. */
const marginFrames = 1
/** So much sound is analysed at a time. */
const secondsAtOnce = 10

/** Takes in one channel of PCM as it is decoded; keeps its cepstra and levels, 19 MB an hour. */
export async function hearAll(pieces: AsyncIterable<Buffer>, format: PcmFormat): Promise<Sound> {
  const gather = analyser(format)
  const frame = frameSamples(format.sampleRate)
  const bytesOfFrame = frame * bytesPerFrame(format)
  const rows: Float32Array<ArrayBuffer>[] = []
  let rest: Buffer = Buffer.alloc(0)
  let before: Buffer = Buffer.alloc(0)
  const take = (bytes: Buffer, count: number): void => {
    const samples = toPlanar(Buffer.concat([before, bytes]), format)[0]!
    const own = before.length / bytesOfFrame
    rows.push(cepstra(samples, format.sampleRate).slice(own * cepstrumSize, (own + count) * cepstrumSize))
    before = bytes.subarray((count - marginFrames) * bytesOfFrame, count * bytesOfFrame)
  }
  const analyse = (bytes: Buffer): void => {
    for (let at = 0; at < bytes.length; at += gather.blockBytes)
      gather.add(bytes.subarray(at, at + gather.blockBytes))
  }
  const whole = secondsAtOnce * format.sampleRate * bytesPerFrame(format)
  for await (const piece of pieces) {
    rest = Buffer.concat([rest, piece])
    while (rest.length >= whole + marginFrames * bytesOfFrame) {
      take(rest.subarray(0, whole + marginFrames * bytesOfFrame), whole / bytesOfFrame)
      analyse(rest.subarray(0, whole))
      rest = Buffer.from(rest.subarray(whole))
      await new Promise(setImmediate)
    }
  }
  const last = Math.floor(rest.length / bytesOfFrame)
  if (last > 0) take(rest, last)
  if (rest.length > 0) analyse(rest)
  const all = concatenated(Float32Array, rows)
  const read = (from: number, to: number): Promise<Float32Array> =>
    Promise.resolve(all.subarray(from * cepstrumSize, to * cepstrumSize))
  return { frames: all.length / cepstrumSize, levels: gather.finish().levels, cepstra: read }
}

/** A recording that is stored with its analysis. */
export function hearStored({ format, totalSamples, levels }: Analysis, listen: Listen): Sound {
  const frame = frameSamples(format.sampleRate)
  const frames = Math.floor(totalSamples / frame)
  const read = async (from: number, to: number): Promise<Float32Array> => {
    const first = Math.max(0, from - marginFrames)
    const end = Math.min(frames, to + marginFrames)
    const samples = await listen({ startSample: first * frame, endSample: end * frame })
    const rows = cepstra(samples, format.sampleRate)
    return rows.subarray((from - first) * cepstrumSize, (to - first) * cepstrumSize)
  }
  return { frames, levels, cepstra: read }
}
