/**
 * What the container of an audio file says of itself, read from its headers: where the sound begins, how many
 * bytes of it are promised, how many are there. Hides the layouts of WAV (RIFF, RIFX, RF64), AIFF, CAF, MP4, Matroska,
 * FLAC, MP3 and ID3v2. Nothing here decides what a file is, that is the decoder's word; a promise is believed only
 * where it shows that bytes are missing, or that bytes are there which it forgot.
 */

/** Reads `length` bytes at `at`; fewer where the file ends. */
export type ReadAt = (at: number, length: number) => Promise<Buffer>

export interface Inspection {
  /** Bytes of ID3v2 tags in front. */
  readonly tagBytes: number
  /** Where the sound, as far as the headers tell, begins and ends; metadata lies outside. */
  readonly soundStart: number
  readonly soundEnd: number
  /** Bytes of sound that are promised and not there. */
  readonly missingBytes: number
  readonly promisedBytes: number
  /** What an MP3's first frame counts; undefined for anything else. */
  readonly countedSeconds: number | undefined
  /** A WAV whose size of the sound was never brought up to date: much more sound follows it. */
  readonly isSizeStale: boolean
}

interface Promised {
  readonly start: number
  readonly end: number
  readonly isStale?: boolean
  readonly countedSeconds?: number
}

/** Boxes, chunks and blocks that are walked over before what is looked for must have come. */
const mostHops = 200

/** Looks at the headers of a file of `bytes` bytes. Never throws for what it finds there. */
export async function inspect(readAt: ReadAt, bytes: number): Promise<Inspection> {
  const tagBytes = await id3Bytes(readAt, bytes)
  const head = await readAt(tagBytes, 64)
  const magic = head.toString('latin1')
  const reader = layouts.find(({ matches }) => matches(magic))?.promised
  const promised = (await reader?.(readAt, tagBytes, bytes)) ?? (await xingPromise(readAt, tagBytes, bytes))
  const { start, end, isStale = false, countedSeconds } = promised ?? { start: tagBytes, end: bytes }
  return {
    tagBytes,
    soundStart: start,
    soundEnd: (isStale ? bytes : Math.min(end, bytes)) - (await trailingTagBytes(readAt, bytes)),
    missingBytes: Math.max(0, end - bytes),
    promisedBytes: Math.max(0, end - start),
    countedSeconds,
    isSizeStale: isStale,
  }
}

type Layout = (readAt: ReadAt, from: number, bytes: number) => Promise<Promised | undefined>

const layouts: readonly { readonly matches: (magic: string) => boolean; readonly promised: Layout }[] = [
  { matches: (magic) => /^(RIFF|RIFX|RF64|BW64)....WAVE/s.test(magic), promised: wavPromise },
  { matches: (magic) => /^FORM....AIF[FC]/s.test(magic), promised: aiffPromise },
  { matches: (magic) => magic.startsWith('caff'), promised: cafPromise },
  { matches: (magic) => /^....(ftyp|moov|mdat|skip|free|wide|pnot)/s.test(magic), promised: mp4Promise },
  { matches: (magic) => magic.startsWith('\x1a\x45\xdf\xa3'), promised: matroskaPromise },
  { matches: (magic) => magic.startsWith('fLaC'), promised: flacPromise },
]

/** ID3v2 tags, one behind the other, with their footers (id3.org, ID3v2.4.0 §3.1). */
async function id3Bytes(readAt: ReadAt, bytes: number): Promise<number> {
  let at = 0
  for (let hop = 0; hop < 4; hop++) {
    const head = await readAt(at, 10)
    if (head.length < 10 || head.toString('latin1', 0, 3) !== 'ID3' || head.subarray(6).some((b) => b > 127))
      return at
    const size = [...head.subarray(6)].reduce((sum, byte) => sum * 128 + byte, 0)
    const end = at + 10 + size + (head[5]! & 0x10 ? 10 : 0)
    if (end >= bytes) return at
    at = end
  }
  return at
}

/** ID3v1 (128 bytes) and, before it or alone, APEv2, whose footer has its size. */
async function trailingTagBytes(readAt: ReadAt, bytes: number): Promise<number> {
  const id3v1 = (await readAt(Math.max(0, bytes - 128), 3)).toString('latin1') === 'TAG' ? 128 : 0
  const footer = await readAt(Math.max(0, bytes - id3v1 - 32), 32)
  if (footer.toString('latin1', 0, 8) !== 'APETAGEX') return id3v1
  const size = footer.readUInt32LE(12) + 32 // and its header
  return size < bytes ? id3v1 + size : id3v1
}

interface Chunk {
  readonly id: string
  /** Of what it holds, behind its head. */
  readonly start: number
  readonly size: number
}

type ChunkHead = (head: Buffer) => { readonly id: string; readonly size: number }

/** Walks chunks of `headBytes` and an even size from `at` until one ends at or behind the end of the file. */
async function* chunks(
  readAt: ReadAt,
  from: number,
  bytes: number,
  { headBytes, read, isPadded }: { headBytes: number; read: ChunkHead; isPadded: boolean },
): AsyncGenerator<Chunk> {
  let at = from
  for (let hop = 0; hop < mostHops && at + headBytes <= bytes; hop++) {
    const { id, size } = read(await readAt(at, headBytes))
    yield { id, start: at + headBytes, size }
    if (size < 0) return
    at += headBytes + size + (isPadded ? size % 2 : 0)
  }
}

// WAV: RIFF (Microsoft, Multimedia Programming Interface 1.0), RF64 (EBU Tech 3306)

/** Sizes that recorders write when they do not know yet how long they will go on. */
const isUnknownSize = (size: number): boolean =>
  size === 0 || size >= 0xffff0000 || (size >= 0x7fff0000 && size <= 0x80010000)

/** More bytes than this share of the file behind its sound, and nothing that they would be, are sound. */
const unexplainedShare = 0.01
const unexplainedBytes = 1024 * 1024

async function wavPromise(readAt: ReadAt, from: number, bytes: number): Promise<Promised | undefined> {
  const isBig = (await readAt(from, 4)).toString('latin1') === 'RIFX'
  const read: ChunkHead = (head) => ({
    id: head.toString('latin1', 0, 4),
    size: isBig ? head.readUInt32BE(4) : head.readUInt32LE(4),
  })
  let longSize: number | undefined
  for await (const { id, start, size } of chunks(readAt, from + 12, bytes, {
    headBytes: 8,
    read,
    isPadded: true,
  })) {
    if (id === 'ds64') longSize = Number((await readAt(start + 8, 8)).readBigUInt64LE())
    if (id !== 'data') continue
    if (longSize !== undefined) return { start, end: start + longSize }
    if (isUnknownSize(size)) return { start, end: bytes }
    const end = start + size
    const rest = bytes - end
    const isMuch = rest > Math.min(unexplainedBytes, unexplainedShare * bytes)
    return { start, end, isStale: isMuch && !(await areChunks(readAt, end + (size % 2), bytes, read)) }
  }
  return undefined
}

/** Chunks that programs write behind the sound. */
const knownChunks =
  /^(LIST|id3 |ID3 |bext|cue |JUNK|junk|PAD |iXML|aXML|_PMX|plst|smpl|inst|fact|FLLR|minf|elm1|regn|umid)$/

/** Whether what stands at `from` are chunks: a known one, or any that end where the file ends. */
async function areChunks(readAt: ReadAt, from: number, bytes: number, read: ChunkHead): Promise<boolean> {
  let end = from
  for await (const { id, start, size } of chunks(readAt, from, bytes, {
    headBytes: 8,
    read,
    isPadded: true,
  })) {
    if (knownChunks.test(id)) return true
    if (!/^[ -~]{4}$/.test(id)) return false
    end = start + size
  }
  return Math.abs(bytes - end) <= 1
}

// AIFF (Apple, 1989) and CAF (Apple, Core Audio Format 1.0)

async function aiffPromise(readAt: ReadAt, from: number, bytes: number): Promise<Promised | undefined> {
  const read: ChunkHead = (head) => ({ id: head.toString('latin1', 0, 4), size: head.readUInt32BE(4) })
  for await (const { id, start, size } of chunks(readAt, from + 12, bytes, {
    headBytes: 8,
    read,
    isPadded: true,
  }))
    if (id === 'SSND') return { start, end: isUnknownSize(size) ? bytes : start + size }
  return undefined
}

async function cafPromise(readAt: ReadAt, from: number, bytes: number): Promise<Promised | undefined> {
  const read: ChunkHead = (head) => ({
    id: head.toString('latin1', 0, 4),
    size: Number(head.readBigInt64BE(4)), // -1: to the end
  })
  for await (const { id, start, size } of chunks(readAt, from + 8, bytes, {
    headBytes: 12,
    read,
    isPadded: false,
  }))
    if (id === 'data') return { start, end: size < 0 ? bytes : start + size }
  return undefined
}

// MP4 and QuickTime (ISO/IEC 14496-12 §4.2)

async function mp4Promise(readAt: ReadAt, from: number, bytes: number): Promise<Promised | undefined> {
  let at = from
  for (let hop = 0; hop < mostHops && at + 8 <= bytes; hop++) {
    const head = await readAt(at, 16)
    const short = head.readUInt32BE(0)
    const size = short === 1 && head.length >= 16 ? Number(head.readBigUInt64BE(8)) : short
    if (size === 0) return { start: at, end: bytes }
    if (size < 8) return undefined
    if (head.toString('latin1', 4, 8) === 'mdat' && at + size > bytes)
      return { start: at + 8, end: at + size }
    at += size
  }
  return undefined
}

// Matroska and WebM (RFC 8794, RFC 9559)

async function matroskaPromise(readAt: ReadAt, from: number): Promise<Promised | undefined> {
  const header = variableInteger(await readAt(from + 4, 8))
  if (header.value === undefined) return undefined
  const at = from + 4 + header.length + header.value
  const segment = await readAt(at, 12)
  if (segment.length < 12 || segment.readUInt32BE(0) !== 0x18538067) return undefined
  const { length, value } = variableInteger(segment.subarray(4))
  return value === undefined ? undefined : { start: at + 4 + length, end: at + 4 + length + value }
}

/** An EBML element's size; undefined when its writer did not know it. */
function variableInteger(bytes: Buffer): { readonly length: number; readonly value: number | undefined } {
  const length = Math.clz32(bytes[0] ?? 0) - 23
  if (length > 8 || bytes.length < length) return { length: 1, value: undefined }
  let value = bytes[0]! & (0xff >> length)
  let isUnknown = value === 0xff >> length
  for (const byte of bytes.subarray(1, length)) {
    value = value * 256 + byte
    isUnknown &&= byte === 0xff
  }
  return { length, value: isUnknown ? undefined : value }
}

// FLAC (RFC 9639 §8) and MP3

async function flacPromise(readAt: ReadAt, from: number, bytes: number): Promise<Promised | undefined> {
  let at = from + 4
  for (let hop = 0; hop < mostHops && at + 4 <= bytes; hop++) {
    const head = await readAt(at, 4)
    at += 4 + head.readUIntBE(1, 3)
    if (head[0]! & 0x80) return { start: at, end: bytes }
  }
  return undefined
}

/** Enough for the longest frame of MPEG audio and the junk before it. */
const firstFrameBytes = 8192

/** The Xing or Info frame counts an MP3's frames and bytes; bytes behind the last one counted are sound too. */
async function xingPromise(readAt: ReadAt, from: number, bytes: number): Promise<Promised | undefined> {
  const head = await readAt(from, firstFrameBytes)
  const frame = head.findIndex((byte, i) => byte === 0xff && isLayer3(head, i))
  if (frame < 0) return undefined
  const version = (head[frame + 1]! >> 3) & 3
  const isMono = head[frame + 3]! >> 6 === 3
  const at = frame + 4 + (version === mpeg1 ? (isMono ? 17 : 32) : isMono ? 9 : 17)
  if (at + 16 > head.length || !/^(Xing|Info)$/.test(head.toString('latin1', at, at + 4))) return undefined
  const flags = head.readUInt32BE(at + 4)
  const start = from + frame
  const hasFrames = (flags & 1) !== 0
  const counted = (flags & 2) !== 0 ? head.readUInt32BE(at + (hasFrames ? 12 : 8)) : 0
  const frameSeconds =
    (version === mpeg1 ? 1152 : 576) / samplingRates[version]![(head[frame + 2]! >> 2) & 3]!
  return {
    start,
    end: Math.max(bytes, start + counted),
    countedSeconds: hasFrames ? head.readUInt32BE(at + 8) * frameSeconds : 0,
  }
}

const mpeg1 = 3
/** By the two bits of the version (2.5, none, 2, 1) and the two of the rate (ISO/IEC 11172-3 §2.4.2.3). */
const samplingRates = [[11025, 12000, 8000], [], [22050, 24000, 16000], [44100, 48000, 32000]]

/** A header of MPEG audio, layer III: sync, a version, a bit rate and a sampling rate that exist. */
const isLayer3 = (b: Buffer, i: number): boolean =>
  i + 4 <= b.length &&
  (b[i + 1]! & 0xe6) === 0xe2 &&
  (b[i + 1]! & 0x18) !== 0x08 &&
  (b[i + 2]! & 0xf0) !== 0xf0 &&
  (b[i + 2]! & 0xf0) !== 0 &&
  (b[i + 2]! & 0x0c) !== 0x0c
