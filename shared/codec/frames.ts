/** Frames of MPEG-1 layer III: hides the header, and finds where each frame starts. */
import type { Mp3Format } from './port.ts'

export const bitrates = [0, 32, 40, 48, 56, 64, 80, 96, 112, 128, 160, 192, 224, 256, 320]
export const sampleRates = [44100, 48000, 32000]
const monoMode = 3

export interface FrameHeader extends Mp3Format {
  /** Of the whole frame, header included. */
  readonly bytes: number
}

/** Reads the header at `at`. Throws when there is none. */
export function frameHeader(bytes: Buffer, at: number): FrameHeader {
  const [sync, version, rates, mode] = [bytes[at], bytes[at + 1], bytes[at + 2], bytes[at + 3]]
  if (sync !== 0xff || (version! & 0xfe) !== 0xfa || rates === undefined)
    throw new Error(`No MPEG-1 layer III frame at byte ${at}.`)
  const bitrateKbps = bitrates[rates >> 4]
  const sampleRate = sampleRates[(rates >> 2) & 3]
  if (!bitrateKbps || !sampleRate || mode === undefined)
    throw new Error(`An unusable MPEG header at byte ${at}.`)
  return {
    bitrateKbps,
    sampleRate,
    channels: mode >> 6 === monoMode ? 1 : 2,
    bytes: Math.floor((144_000 * bitrateKbps) / sampleRate) + ((rates >> 1) & 1),
  }
}

/** Where each frame starts, and at the end where the last one ends. */
export function frameOffsets(bytes: Buffer): number[] {
  const offsets = [0]
  for (let at = 0; at < bytes.length; offsets.push(at)) at += frameHeader(bytes, at).bytes
  return offsets
}
