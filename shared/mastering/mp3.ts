/**
 * What an MP3 of joined chunks needs: how many frames, how much before and after them, how loud the encoder's
 * input is, and the Info frame in front that makes the whole gapless and seekable. Hides LAME's delay and the way
 * it scales its input.
 */
import { bitrates, frameHeader, sampleRates, samplesPerFrame } from '../audio/mp3-frames.ts'
import type { Mp3Format } from '../codec/port.ts'

/** Frames fed before a chunk so that the encoder's state has become what a serial encode would have. */
export const preRollFrames = 49
/** Frames fed after it, for the encoder's look-ahead. */
export const postRollFrames = 4
/** LAME delays its input by this; a decoder adds 529 more. */
const encoderDelay = 576
const decoderDelay = 529
/** The first timeline sample lies this far into the decoded stream. */
export const decodedDelay = encoderDelay + decoderDelay

/** LAME lowers its input by a preset of the bit rate (up to 160k, 192k, 224k); from 256k on it does not. */
const inputScales: readonly { upToKbps: number; scale: number }[] = [
  { upToKbps: 160, scale: 0.95 },
  { upToKbps: 192, scale: 0.97 },
  { upToKbps: 224, scale: 0.98 },
]

/** The factor that undoes this scaling. */
export const inputCompensation = (bitrateKbps: number): number =>
  1 / (inputScales.find(({ upToKbps }) => bitrateKbps <= upToKbps)?.scale ?? 1)

/** Frames that hold `totalSamples` with the delay before and at least the decoder's delay after. */
export const frameCount = (totalSamples: number): number =>
  Math.ceil((totalSamples + decodedDelay) / samplesPerFrame)

const sideInfoBytes = { 1: 17, 2: 32 } as const
const seekEntries = 100
const xingBytes = 4 + 4 + 4 + 4 + seekEntries + 4
/** As LAME's tag numbers them: mono, joint stereo; up to 32 kHz, 44.1 and 48 kHz. */
const stereoModes = { 1: 0, 2: 3 } as const
const sourceRates: Readonly<Record<number, number>> = { 32000: 0, 44100: 1, 48000: 2 }
const infoFlags = 0x0f // frames, bytes, seek table and quality follow

/**
 * The Info frame: a silent frame of the stream's own kind that carries its length in frames and bytes, a seek
 * table, and in LAME's extension the delay and padding that make it gapless. `musicCrc` is of the frames that
 * follow; 0 when nobody has looked.
 */
export function infoFrame(format: Mp3Format, totalSamples: number, audioBytes: number, musicCrc = 0): Buffer {
  const { header, bytes } = infoHeader(format)
  const frame = Buffer.alloc(bytes)
  header.copy(frame)
  let at = 4 + sideInfoBytes[format.channels]
  const frames = frameCount(totalSamples)
  frame.write('Info', at, 'latin1')
  frame.writeUInt32BE(infoFlags, at + 4)
  frame.writeUInt32BE(frames, at + 8)
  frame.writeUInt32BE(Math.min(0xffffffff, audioBytes + bytes), at + 12)
  // a constant bit rate seeks in straight lines
  for (let i = 0; i < seekEntries; i++) frame[at + 16 + i] = Math.floor((i * 256) / seekEntries)
  at += xingBytes
  frame.write('LAME3.100', at, 'latin1')
  frame[at + 9] = 0x01 // tag revision 0, constant bit rate
  frame[at + 20] = Math.min(255, format.bitrateKbps)
  const padding = frames * samplesPerFrame - encoderDelay - totalSamples
  frame.writeUIntBE((encoderDelay << 12) | padding, at + 21, 3)
  frame[at + 24] = (stereoModes[format.channels] << 2) | ((sourceRates[format.sampleRate] ?? 0) << 6)
  frame.writeUInt32BE(Math.min(0xffffffff, audioBytes + bytes), at + 28)
  frame.writeUInt16BE(musicCrc, at + 32)
  frame.writeUInt16BE(crc16(frame.subarray(0, at + 34)), at + 34)
  return frame
}

/**
 * The smallest bit rate whose frame holds the tag: below 64k the tag's frame is larger than the stream's own.
 */
function infoHeader({ sampleRate, channels, bitrateKbps }: Mp3Format): { header: Buffer; bytes: number } {
  const needed = 4 + sideInfoBytes[channels] + xingBytes + 36
  const rate = sampleRates.indexOf(sampleRate)
  const index = bitrates.findIndex(
    (kbps) => kbps >= bitrateKbps && Math.floor((144_000 * kbps) / sampleRate) >= needed,
  )
  const header = Buffer.from([0xff, 0xfb, (index << 4) | (rate << 2), channels === 1 ? 0xc0 : 0x40])
  return { header, bytes: frameHeader(header, 0).bytes }
}

const crcTable = Uint16Array.from({ length: 256 }, (_, byte) => {
  let crc = byte
  for (let bit = 0; bit < 8; bit++) crc = crc & 1 ? (crc >>> 1) ^ 0xa001 : crc >>> 1
  return crc
})

/** CRC-16 (reflected 0x8005) as LAME's tag has it, of bytes that follow those of `before`. */
export function crc16(bytes: Buffer, before = 0): number {
  const table = crcTable
  let crc = before
  for (let i = 0; i < bytes.length; i++) crc = (crc >>> 8) ^ table[(crc ^ bytes[i]!) & 255]!
  return crc
}

/** The CRC-16 of parts one behind the other, from those of each and their lengths. */
export const joinedCrc16 = (parts: readonly { readonly crc: number; readonly bytes: number }[]): number =>
  parts.reduce((before, { crc, bytes }) => behindZeros(before, bytes) ^ crc, 0)

/**
 * The CRC after so many bytes of zero. One byte is a linear map of the 16 bits, kept as the image of each; as many
 * bytes are its power, by squaring.
 */
function behindZeros(crc: number, bytes: number): number {
  const apply = (map: readonly number[], value: number): number =>
    map.reduce((sum, image, bit) => ((value >> bit) & 1 ? sum ^ image : sum), 0)
  let map = Array.from({ length: 16 }, (_, bit) => crc16(zero, 1 << bit))
  for (let left = bytes; left > 0; left = Math.floor(left / 2)) {
    if (left % 2 === 1) crc = apply(map, crc)
    map = map.map((image) => apply(map, image))
  }
  return crc
}
const zero = Buffer.alloc(1)

/**
 * How far below the certificate's limit the limiter aims, in dB: the codec adds peaks of its own, the more
 * the fewer its bits.
 */
export const codecHeadroomDb = ({ bitrateKbps, channels }: Mp3Format): number => {
  const perChannel = bitrateKbps / channels
  return perChannel >= 96 ? 0.3 : perChannel >= 64 ? 0.5 : 0.9
}
