/**
 * The codec in this process. Hides that its calls are synchronous: sound is worked on in slices with a turn for
 * everything else between them, and every handle is closed, whatever happens.
 */
import { frameHeader, samplesPerFrame } from '../audio/mp3-frames.ts'
import { loadLibraries, type Libraries } from './libraries.ts'
import { framesPerSlice, othersTurn, type Mp3Codec, type Mp3Format, type Planes } from './port.ts'

const sliceSamples = framesPerSlice * samplesPerFrame
const trial = { sampleRate: 48000, channels: 2, bitrateKbps: 128 } as const

/** Throws when a library is missing, or when a trial shows that it is not what it should be. */
export async function inProcessCodec(): Promise<Mp3Codec> {
  const libraries = await loadLibraries()
  const codec: Mp3Codec = {
    name: `in this process (${libraries.versions})`,
    encode: (blocks, format, signal) => encode(libraries, blocks, format, signal),
    decode: (frames, format, signal) => decode(libraries, frames, format, signal),
  }
  await tryOut(codec)
  return codec
}

async function tryOut(codec: Mp3Codec): Promise<void> {
  const never = new AbortController().signal
  const silence = new Float32Array(samplesPerFrame)
  const frames = await codec.encode([[silence, silence]], trial, never)
  for await (const planes of codec.decode(frames, trial, never))
    if (planes.some((plane) => plane.some((sample) => sample !== 0)))
      throw new Error('Silence does not come back as silence.')
}

async function encode(
  { openLame }: Libraries,
  blocks: AsyncIterable<Planes> | Iterable<Planes>,
  format: Mp3Format,
  signal: AbortSignal,
): Promise<Buffer> {
  signal.throwIfAborted()
  const frames: Buffer[] = []
  const lame = openLame(format)
  try {
    let isFed = false
    for await (const planes of blocks)
      for (let from = 0; from < planes[0]!.length; from += sliceSamples) {
        frames.push(lame.encode(planes.map((plane) => plane.subarray(from, from + sliceSamples))))
        isFed = true
        await othersTurn()
        signal.throwIfAborted()
      }
    if (isFed) frames.push(lame.flush()) // of nothing ffmpeg makes nothing
  } finally {
    lame.close()
  }
  return Buffer.concat(frames)
}

async function* decode(
  { openDecoder }: Libraries,
  frames: Buffer,
  { sampleRate, channels }: Mp3Format,
  signal: AbortSignal,
): AsyncGenerator<Planes> {
  signal.throwIfAborted()
  const planes = Array.from({ length: channels }, () => new Float32Array(sliceSamples))
  const decoder = openDecoder()
  try {
    let filled = 0
    for (let at = 0; at < frames.length;) {
      const header = frameHeader(frames, at)
      if (header.sampleRate !== sampleRate || header.channels !== channels)
        throw new Error(`The frame at byte ${at} is of another format.`)
      decoder.decode(frames.subarray(at, at + header.bytes), planes, filled)
      at += header.bytes
      filled += samplesPerFrame
      if (filled < sliceSamples) continue
      yield planes
      filled = 0
      await othersTurn()
      signal.throwIfAborted()
    }
    if (filled > 0) yield planes.map((plane) => plane.subarray(0, filled))
  } finally {
    decoder.close()
  }
}
