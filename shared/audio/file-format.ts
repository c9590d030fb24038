/**
 * Identifies the format of an audio file from its first bytes, and checks what they say of its length. Hides
 * the signatures of the formats, and which of them say how long the file is.
 */
import { Permanent } from '../errors.ts'

/** First bytes → ffmpeg's demuxer. Matched in order; `at` is the offset of the magic. */
const signatures: readonly { demuxer: string; at: number; magic: string }[] = [
  { demuxer: 'wav', at: 8, magic: 'WAVE' },
  { demuxer: 'w64', at: 0, magic: 'riff\x2e\x91\xcf\x11' },
  { demuxer: 'aiff', at: 8, magic: 'AIFF' },
  { demuxer: 'aiff', at: 8, magic: 'AIFC' },
  { demuxer: 'caf', at: 0, magic: 'caff' },
  { demuxer: 'flac', at: 0, magic: 'fLaC' },
  { demuxer: 'ogg', at: 0, magic: 'OggS' },
  { demuxer: 'mov', at: 4, magic: 'ftyp' },
  { demuxer: 'mov', at: 4, magic: 'moov' },
  { demuxer: 'matroska', at: 0, magic: '\x1a\x45\xdf\xa3' },
  { demuxer: 'mp3', at: 0, magic: 'ID3' },
]

/** Text that would make ffmpeg open other files or hosts. */
const references = /^\s*(#EXTM3U|ffconcat|\[playlist\]|<\?xml|<smil|<asx|<playlist|v=0\r?\n)/i

/** Names the demuxer by content, never by file name. Throws `not_audio` or `refers_elsewhere`. */
export function sniff(head: Buffer, name: string): string {
  const text = head.toString('latin1')
  const found = signatures.find(({ at, magic }) => text.startsWith(magic, at))
  if (found) return found.demuxer
  if (references.test(text))
    throw new Permanent(
      'refers_elsewhere',
      `${name} is a playlist or a reference to other files. Upload the recording itself.`,
    )
  if (hasFrames(head, isMpegAudioHeader)) return 'mp3'
  if (hasFrames(head, isAdtsHeader)) return 'aac'
  throw new Permanent(
    'not_audio',
    `${name} is not audio Spool can read. It takes MP3, WAV, M4A/AAC, FLAC, Ogg, Opus, WebM and MP4.`,
  )
}

/**
 * MPEG audio layer III: 11 sync bits, a version, layer bits 01, a bit rate and a sampling rate that exist.
 */
const isMpegAudioHeader = (b: Buffer, i: number): boolean =>
  b[i] === 0xff &&
  (b[i + 1]! & 0xe6) === 0xe2 &&
  (b[i + 1]! & 0x18) !== 0x08 &&
  (b[i + 2]! & 0xf0) !== 0xf0 &&
  (b[i + 2]! & 0xf0) !== 0 &&
  (b[i + 2]! & 0x0c) !== 0x0c

const isAdtsHeader = (b: Buffer, i: number): boolean =>
  b[i] === 0xff && (b[i + 1]! & 0xf6) === 0xf0 && (b[i + 2]! & 0x3c) < 0x34

/** Two plausible headers with the same fixed bits within 4 KiB, the first near the start. */
function hasFrames(head: Buffer, isHeader: (bytes: Buffer, at: number) => boolean): boolean {
  const last = head.length - 4
  for (let first = 0; first < Math.min(last, 4096); first++) {
    if (!isHeader(head, first)) continue
    for (let next = first + 24; next < Math.min(last, first + 4096); next++) {
      if (
        isHeader(head, next) &&
        head[next + 1] === head[first + 1] &&
        (head[next + 2]! & 0x0c) === (head[first + 2]! & 0x0c)
      )
        return true
    }
    return false
  }
  return false
}

/**
 * Raw AAC, and MP3 without a header frame, say nothing of their length; what ffprobe reports is a guess from
 * the first bit rates.
 */
export const saysItsLength = (demuxer: string, head: Buffer): boolean =>
  demuxer !== 'aac' && (demuxer !== 'mp3' || /Xing|Info|VBRI/.test(head.toString('latin1')))

/** Sizes that a recorder writes when it does not know yet how long it will go on. */
const unknownSizes = [0, 0xffffffff, 0x7ffff000]

/** ffmpeg takes a WAV that ends early for a shorter one; its data chunk says better. */
export function checkWavLength(head: Buffer, bytes: number, name: string): void {
  for (let at = 12; at + 8 <= head.length;) {
    const size = head.readUInt32LE(at + 4)
    if (head.toString('latin1', at, at + 4) === 'data') {
      const missing = at + 8 + size - bytes
      if (unknownSizes.includes(size) || missing <= 0.01 * size) return
      throw new Permanent(
        'truncated_file',
        `${name} promises ${size} bytes of sound but lacks the last ${missing}. ` +
          'The upload or the export was cut off; upload it again.',
      )
    }
    at += 8 + size + (size % 2)
  }
}
