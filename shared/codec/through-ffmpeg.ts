/** The codec as ffmpeg's child processes. Hides its arguments, pipes and interleaved samples. */
import { collect, ffmpeg } from '../audio/ffmpeg.ts'
import { bytesPerFrame, fillPlanes, inBlocks, toInterleavedBytes, type PcmFormat } from '../audio/pcm.ts'
import { samplesPerFrame } from '../audio/mp3-frames.ts'
import { framesPerSlice, othersTurn, type Mp3Codec, type Planes } from './port.ts'

/** Arguments that make ffmpeg write bare frames without bit reservoir, each of which stands alone. */
export const bareFrames = (bitrateKbps: number): readonly string[] => [
  ...['-c:a', 'libmp3lame', '-b:a', `${bitrateKbps}k`, '-reservoir', '0', '-joint_stereo', '1'],
  ...['-write_xing', '0', '-id3v2_version', '0', '-f', 'mp3'],
]

export const ffmpegCodec: Mp3Codec = {
  name: 'ffmpeg',
  async encode(blocks, { sampleRate, channels, bitrateKbps }, signal) {
    const input = ['-f', 'f32le', '-ar', `${sampleRate}`, '-ac', `${channels}`, '-i', 'pipe:0']
    const lame = ffmpeg([...input, ...bareFrames(bitrateKbps), 'pipe:1'], signal, interleaved(blocks))
    const [bytes] = await Promise.all([collect(lame.stdout), lame.ended])
    return bytes
  },
  async *decode(frames, { sampleRate, channels }, signal) {
    const pcm: PcmFormat = { sampleRate, channels, sampleFormat: 'f32le' }
    const width = bytesPerFrame(pcm)
    const planes = Array.from({ length: channels }, () => new Float32Array(sliceSamples))
    const output = ['-f', 'f32le', '-ar', `${sampleRate}`, '-ac', `${channels}`, 'pipe:1']
    const left = new AbortController()
    const either = AbortSignal.any([signal, left.signal])
    const decoder = ffmpeg(['-f', 'mp3', '-i', 'pipe:0', ...output], either, [frames])
    try {
      for await (const bytes of inBlocks(decoder.stdout, sliceSamples * width)) {
        fillPlanes(bytes, pcm, planes)
        yield planes.map((plane) => plane.subarray(0, bytes.length / width))
      }
      await decoder.ended
    } finally {
      left.abort() // a reader who leaves early leaves no process
    }
  },
}

const sliceSamples = framesPerSlice * samplesPerFrame

async function* interleaved(blocks: AsyncIterable<Planes> | Iterable<Planes>): AsyncGenerator<Buffer> {
  for await (const planes of blocks) {
    yield toInterleavedBytes(planes)
    await othersTurn()
  }
}
