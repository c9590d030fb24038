/** Canonical PCM: raw interleaved little-endian samples, seekable by sample. Hides the byte layout. */
import { z } from 'zod'
import { deinterleave, interleave } from '../kernel/planes.ts'
import { spent } from '../spent.ts'

export interface PcmFormat {
  /** Samples per second and channel. */
  readonly sampleRate: number
  readonly channels: 1 | 2
  /**
   * 16-bit sources stay 16-bit; everything else is float, which neither clips nor boosts quantisation noise.
   */
  readonly sampleFormat: 's16le' | 'f32le'
}

/** The format as scalars of a step's context or output. */
export const pcmScalars = {
  sampleRate: z.number(),
  channels: z.union([z.literal(1), z.literal(2)]),
  sampleFormat: z.enum(['s16le', 'f32le']),
}

export const bytesPerFrame = ({ channels, sampleFormat }: PcmFormat): number =>
  channels * (sampleFormat === 's16le' ? 2 : 4)

/** Reads interleaved bytes as one Float32Array per channel, full scale ±1. `bytes` holds whole frames. */
export function toPlanar(bytes: Buffer, format: PcmFormat): Float32Array[] {
  const frames = Math.floor(bytes.length / bytesPerFrame(format))
  const planes = Array.from({ length: format.channels }, () => new Float32Array(frames))
  fillPlanes(bytes, format, planes)
  return planes
}

/**
 * As `toPlanar`, into planes that are used again and again; those of a shorter block are filled from the
 * front.
 */
export function fillPlanes(bytes: Buffer, format: PcmFormat, planes: readonly Float32Array[]): void {
  deinterleave(bytes, format.sampleFormat, planes)
}

/** Weaves planes into interleaved 32-bit floats, as bytes. */
export function toInterleavedBytes(planes: readonly Float32Array[]): Buffer {
  const out = new Float32Array(planes.length * planes[0]!.length)
  interleave(planes, out)
  return Buffer.from(out.buffer)
}

/**
 * Regroups a byte stream into blocks of exactly `blockBytes`, the last one shorter. A block begins at a multiple of
 * four bytes; one that lies so in what comes in is a part of it, others have a buffer of their own.
 */
export async function* inBlocks(
  source: AsyncIterable<Buffer> | Iterable<Buffer>,
  blockBytes: number,
): AsyncGenerator<Buffer> {
  let block = newBlock(blockBytes)
  let filled = 0
  for await (const chunk of source) {
    for (let taken = 0; taken < chunk.length;) {
      const isAligned = (chunk.byteOffset + taken) % 4 === 0
      if (filled === 0 && isAligned && chunk.length - taken >= blockBytes) {
        yield chunk.subarray(taken, taken + blockBytes)
        taken += blockBytes
        continue
      }
      const copied = chunk.copy(block, filled, taken)
      filled += copied
      taken += copied
      if (filled < blockBytes) continue
      yield block
      block = newBlock(blockBytes)
      filled = 0
    }
    spent(chunk.length)
  }
  if (filled > 0) yield block.subarray(0, filled)
}

const newBlock = (bytes: number): Buffer => Buffer.from(new ArrayBuffer(bytes))

/** +36 dBFS: more than any converter or plug-in leaves in a file by accident. */
const plausible = 64
/** Within a tenth of a second no sound has a sample this many times its mean. */
const farAboveMean = 1000

/**
 * Replaces samples that no sound can have by silence, in place: NaN, infinities, and single ones far over full
 * scale and over everything around them. A file that is loud throughout, as one in another scale is, stays as it
 * is. `bytes` holds whole frames, about a tenth of a second. Returns how many were replaced.
 */
export function silenceImpossible(bytes: Buffer, { sampleFormat }: Pick<PcmFormat, 'sampleFormat'>): number {
  if (sampleFormat !== 'f32le') return 0
  const samples = new DataView(bytes.buffer, bytes.byteOffset, bytes.length)
  const count = bytes.length >> 2
  let [plausibleSum, finiteSum, over, infinite] = [0, 0, 0, 0]
  for (let i = 0; i < count; i++) {
    const level = Math.abs(samples.getFloat32(4 * i, true))
    if (level <= plausible) plausibleSum += level
    else if (level < Infinity) {
      over++
      finiteSum += level
    } else infinite++ // NaN too: it compares with nothing
  }
  if (over + infinite === 0) return 0
  const finite = count - infinite
  const mean =
    over < finite / 2 ? plausibleSum / (finite - over) : (plausibleSum + finiteSum) / Math.max(1, finite)
  const most = Math.max(plausible, farAboveMean * mean)
  let replaced = 0
  for (let i = 0; i < count; i++) {
    if (Math.abs(samples.getFloat32(4 * i, true)) <= most) continue
    samples.setFloat32(4 * i, 0, true)
    replaced++
  }
  return replaced
}

/** Arrays of samples or measures, one behind the other. */
export function concatenated<T extends Float32Array | Int16Array | Int8Array>(
  Type: new (length: number) => T,
  parts: readonly T[],
): T {
  const all = new Type(parts.reduce((sum, { length }) => sum + length, 0))
  let at = 0
  for (const part of parts) {
    all.set(part, at)
    at += part.length
  }
  return all
}
