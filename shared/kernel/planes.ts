/** Between interleaved samples and planes. Hides that blocks pass through the kernels' memory. */
import { blockFrames, bytes as memory, floats, kernels, place, put, take } from './memory.ts'

export type SampleFormat = 's16le' | 'f32le'

const widths = { s16le: 2, f32le: 4 } as const

/**
 * Reads interleaved little-endian samples, of one channel or two, into as many planes; 16-bit ones become full
 * scale ±1. `bytes` may lie anywhere; planes that are longer keep what lies behind.
 */
export function deinterleave(
  bytes: Uint8Array,
  sampleFormat: SampleFormat,
  planes: readonly Float32Array[],
): void {
  const frameBytes = widths[sampleFormat] * planes.length
  const frames = Math.floor(bytes.length / frameBytes)
  for (let at = 0; at < frames; at += blockFrames) {
    const count = Math.min(blockFrames, frames - at)
    const addresses = split(
      bytes.subarray(at * frameBytes, (at + count) * frameBytes),
      count,
      sampleFormat,
      planes.length,
      1 / 32768,
    )
    planes.forEach((plane, channel) => take(addresses[channel]!, count, plane, at))
  }
}

/**
 * For this room: brings up to `blockFrames` frames into the memory and says where the channels lie there, as float32;
 * 16-bit samples are multiplied by `scale`, a power of two.
 */
export function split(
  bytes: Uint8Array,
  count: number,
  sampleFormat: SampleFormat,
  channels: number,
  scale: number,
): readonly number[] {
  const { interleaved, left, right } = place
  memory.set(bytes, interleaved)
  if (channels === 1) {
    if (sampleFormat === 'f32le') return [interleaved]
    kernels.widenInt16(interleaved, count, left, scale)
    return [left]
  }
  if (sampleFormat === 's16le') kernels.splitInt16(interleaved, count, left, right, scale)
  else kernels.splitFloat32(interleaved, count, left, right)
  return [left, right]
}

/** Weaves one plane or two, of one length, into `out`. */
export function interleave(planes: readonly Float32Array[], out: Float32Array): void {
  const [left, right] = planes as [Float32Array, Float32Array?]
  if (!right) {
    out.set(left)
    return
  }
  for (let at = 0; at < left.length; at += blockFrames) {
    const count = Math.min(blockFrames, left.length - at)
    put(left.subarray(at, at + count), place.left)
    put(right.subarray(at, at + count), place.right)
    kernels.weaveFloat32(place.left, place.right, count, place.interleaved)
    out.set(floats.subarray(place.interleaved / 4, place.interleaved / 4 + 2 * count), 2 * at)
  }
}
