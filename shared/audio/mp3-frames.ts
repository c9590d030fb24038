/**
 * Frames of MPEG-1 layer III: hides the header, finds where each frame starts, and reads what the first one counts of a
 * whole file, so that any sample of it can be found without decoding what is before.
 */
import type { ReadAt } from './container.ts'

export const bitrates = [0, 32, 40, 48, 56, 64, 80, 96, 112, 128, 160, 192, 224, 256, 320]
export const sampleRates = [44100, 48000, 32000]
/** Samples in one frame of MPEG-1 layer III (ISO/IEC 11172-3). */
export const samplesPerFrame = 1152
const monoMode = 3
const headerBytes = 4

export interface FrameHeader {
  readonly sampleRate: number
  readonly channels: 1 | 2
  readonly bitrateKbps: number
  /** Of the whole frame, header included. */
  readonly bytes: number
}

/** Reads the header at `at`. Throws when there is none. */
export function frameHeader(bytes: Buffer, at: number): FrameHeader {
  const header = readHeader(bytes, at)
  if (!header) throw new Error(`No MPEG-1 layer III frame that can be used at byte ${at}.`)
  return header
}

function readHeader(bytes: Buffer, at: number): FrameHeader | undefined {
  const [sync, version, rates, mode] = [bytes[at], bytes[at + 1], bytes[at + 2], bytes[at + 3]]
  if (sync !== 0xff || (version! & 0xfe) !== 0xfa || rates === undefined) return undefined
  const bitrateKbps = bitrates[rates >> 4]
  const sampleRate = sampleRates[(rates >> 2) & 3]
  if (!bitrateKbps || !sampleRate || mode === undefined) return undefined
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

export interface FrameTable {
  /** Where each frame of sound starts. */
  readonly offsets: readonly number[]
  /** Samples of the first frames that are the encoder's delay and not heard. */
  readonly delaySamples: number
  /** How many are heard, the padding at the end left out. */
  readonly totalSamples: number
}

/** Read in one go. */
const windowBytes = 4 * 1024 * 1024

/**
 * The frames between two bytes of a file. Undefined unless they fill the space to the byte, are of one kind, and are
 * as many as the file's first frame counts.
 */
export async function frameTable(
  readAt: ReadAt,
  start: number,
  end: number,
): Promise<FrameTable | undefined> {
  const first = await readAt(start, 2048)
  const kind = readHeader(first, 0)
  if (!kind || hasVbri(first)) return undefined
  const offsets: number[] = []
  let [window, from] = [first, start]
  for (let at = start; at < end;) {
    if (at + headerBytes > from + window.length) {
      from = at
      window = await readAt(from, Math.min(windowBytes, end - from))
    }
    const header = readHeader(window, at - from)
    if (header?.sampleRate !== kind.sampleRate || header.channels !== kind.channels) return undefined
    offsets.push(at)
    at += header.bytes
    if (at > end) return undefined
  }
  const count = countIn(first, kind)
  if (count) offsets.shift()
  if (count?.frames !== undefined && count.frames !== offsets.length) return undefined
  const { delay, padding } = count?.gap ?? { delay: 0, padding: 0 }
  const totalSamples = offsets.length * samplesPerFrame - delay - padding
  return { offsets, delaySamples: delay, totalSamples }
}

/** Fraunhofer's count stands 32 bytes behind the header, and its delay is not said in a way that is agreed on. */
const hasVbri = (frame: Buffer): boolean => frame.toString('latin1', 36, 40) === 'VBRI'

interface Count {
  /** Of sound: the counting frame is none. */
  readonly frames: number | undefined
  /** Samples in front and at the end that no encoder was given. */
  readonly gap: { readonly delay: number; readonly padding: number } | undefined
}

/** A decoder is this late (LAME Info tag, revision 1; 528 of the filter bank, and one). */
const decoderDelay = 529
const knowsItsDelay = /^(LAME|Lavf|Lavc)/

/** What a Xing or Info frame counts, and LAME's note of its delay behind it. */
function countIn(frame: Buffer, { channels }: FrameHeader): Count | undefined {
  const at = headerBytes + (channels === 1 ? 17 : 32)
  if (!/^(Xing|Info)$/.test(frame.toString('latin1', at, at + 4))) return undefined
  const flags = frame.readUInt32BE(at + 4)
  const has = (bit: number): boolean => (flags & bit) !== 0
  const note = at + 8 + (has(1) ? 4 : 0) + (has(2) ? 4 : 0) + (has(4) ? 100 : 0) + (has(8) ? 4 : 0)
  const gap = frame.readUIntBE(note + 21, 3)
  return {
    frames: has(1) ? frame.readUInt32BE(at + 8) : undefined,
    gap: knowsItsDelay.test(frame.toString('latin1', note, note + 4))
      ? { delay: (gap >> 12) + decoderDelay, padding: Math.max(0, (gap & 4095) - decoderDelay) }
      : undefined,
  }
}
