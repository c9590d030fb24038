/**
 * Opens an uploaded recording for ffmpeg: nothing in it is trusted, its format is identified from its
 * content, and it is never copied to disk. Hides the HTTP range server on loopback, the demuxer forced on
 * ffmpeg, and what makes a file unusable.
 */
import { createServer, type Server, type ServerResponse } from 'node:http'
import type { AddressInfo } from 'node:net'
import { randomUUID } from 'node:crypto'
import { pipeline } from 'node:stream/promises'
import { z } from 'zod'
import { Permanent } from '../errors.ts'
import { fileOf } from '../objects.ts'
import type { ObjectName, ObjectStore } from '../storage.ts'
import { FfmpegError, ffmpeg, ffprobe, type RunningFfmpeg } from './ffmpeg.ts'
import type { PcmFormat } from './pcm.ts'

export interface Probed {
  /** What the file says of its own length; undefined when it does not say. */
  readonly declaredSeconds: number | undefined
  readonly pcm: PcmFormat
  /** The chapter marks inside the file. */
  readonly marks: readonly { readonly startSeconds: number; readonly title: string }[]
}

export interface OpenedSource {
  readonly probed: Probed
  /** Decodes the first audio stream to canonical PCM on stdout. */
  readonly decode: (signal: AbortSignal) => RunningFfmpeg
}

export interface Terms {
  /** The most bytes and seconds accepted. */
  readonly bytes: number
  readonly seconds: number
  /** The sample rate wanted; null keeps the source's own when it is 44.1 or 48 kHz, else 48 kHz. */
  readonly targetRate: number | null
}

/** Enough to see past an ID3 tag's header and to find a second MPEG frame. */
const sniffedBytes = 64 * 1024
const episodeRates = [44100, 48000]
const fallbackRate = 48000

/**
 * Identifies the object, refuses what cannot become an episode, and lends it to `use` while a loopback server
 * serves it. Throws Permanent with one of the codes for recordings.
 */
export async function withSource<T>(
  storage: ObjectStore,
  object: ObjectName,
  terms: Terms,
  signal: AbortSignal,
  use: (source: OpenedSource) => Promise<T>,
): Promise<T> {
  const name = fileOf(object.name)
  const stored = await storage.stat(object)
  if (!stored)
    throw new Permanent(
      'upload_replaced',
      `${name} was replaced or deleted before it could be read. Upload it again.`,
    )
  const { bytes, generation } = stored
  if (bytes === 0) throw new Permanent('empty_file', `${name} has no bytes. Record or export it again.`)
  if (bytes > terms.bytes) {
    throw new Permanent(
      'recording_too_large',
      `${name} has ${bytes} bytes; the limit is ${terms.bytes}. ` +
        'Export it in a compressed format such as FLAC.',
    )
  }
  const head = await storage.read({ ...object, generation }, { start: 0, end: Math.min(sniffedBytes, bytes) })
  const demuxer = sniff(head, name)
  if (demuxer === 'wav') checkWavLength(head, bytes, name)
  const served = await serveRanges(storage, { ...object, generation }, bytes)
  const input = ['-protocol_whitelist', 'http,tcp', '-f', demuxer, '-i', served.url]
  try {
    const probed = await probe(input, name, terms.targetRate, signal, saysItsLength(demuxer, head)).finally(
      served.assertUnbroken,
    )
    if (probed.declaredSeconds !== undefined && probed.declaredSeconds > terms.seconds)
      throw tooLong(name, probed.declaredSeconds, terms.seconds)
    const decode = (abort: AbortSignal): RunningFfmpeg => {
      const { stdout, ended } = ffmpeg([...input, ...decodeArguments(probed.pcm)], abort)
      const whole = ended.finally(served.assertUnbroken)
      whole.catch(() => undefined) // seen by whoever awaits it; unseen until then it must not end the process
      return { stdout, ended: whole }
    }
    return await use({ probed, decode })
  } finally {
    served.close()
  }
}

export const tooLong = (name: string, seconds: number, limitSeconds: number): Permanent =>
  new Permanent(
    'recording_too_long',
    `${name} runs for ${Math.round(seconds)} s; the limit is ${limitSeconds} s. ` +
      'Split it into several episodes.',
  )

const decodeArguments = ({ sampleRate, channels, sampleFormat }: PcmFormat): string[] => [
  ...['-map', '0:a:0', '-ar', String(sampleRate), '-ac', String(channels)],
  ...['-f', sampleFormat, 'pipe:1'],
]

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
const saysItsLength = (demuxer: string, head: Buffer): boolean =>
  demuxer !== 'aac' && (demuxer !== 'mp3' || /Xing|Info|VBRI/.test(head.toString('latin1')))

/** Sizes that a recorder writes when it does not know yet how long it will go on. */
const unknownSizes = [0, 0xffffffff, 0x7ffff000]

/** ffmpeg takes a WAV that ends early for a shorter one; its data chunk says better. */
function checkWavLength(head: Buffer, bytes: number, name: string): void {
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

const probeOutput = z.object({
  streams: z.array(
    z.object({
      codec_name: z.string().default('unknown'),
      sample_rate: z.coerce.number().default(0),
      channels: z.number().default(0),
      bits_per_raw_sample: z.coerce.number().optional(),
      sample_fmt: z.string().optional(),
      duration: z.coerce.number().optional(),
    }),
  ),
  format: z.object({ duration: z.coerce.number().optional() }),
  chapters: z
    .array(
      z.object({
        start_time: z.coerce.number().catch(-1),
        tags: z
          .object({ title: z.string().catch('') })
          .partial()
          .default({}),
      }),
    )
    .catch([]),
})

async function probe(
  input: readonly string[],
  name: string,
  targetRate: number | null,
  signal: AbortSignal,
  saysLength: boolean,
): Promise<Probed> {
  const { streams, format, chapters } = await readProbe(input, name, signal)
  const [audio] = streams
  if (!audio)
    throw new Permanent(
      'no_audio_stream',
      `${name} is a media file without a sound track. Upload one that has sound.`,
    )
  if (audio.sample_rate <= 0 || audio.channels <= 0)
    throw new Permanent('not_audio', `${name} names no sample rate or channels; it cannot be decoded.`)
  const sampleRate =
    targetRate ?? (episodeRates.includes(audio.sample_rate) ? audio.sample_rate : fallbackRate)
  return {
    declaredSeconds: saysLength ? (audio.duration ?? format.duration) : undefined,
    pcm: {
      sampleRate,
      channels: audio.channels === 1 ? 1 : 2,
      sampleFormat:
        is16Bit(audio) && audio.sample_rate === sampleRate && audio.channels <= 2 ? 's16le' : 'f32le',
    },
    marks: chapters.map(({ start_time, tags }) => ({ startSeconds: start_time, title: tags.title ?? '' })),
  }
}

async function readProbe(
  input: readonly string[],
  name: string,
  signal: AbortSignal,
): Promise<z.infer<typeof probeOutput>> {
  try {
    const text = await ffprobe(
      [
        ...input,
        '-print_format',
        'json',
        '-show_format',
        '-show_streams',
        '-show_chapters',
        '-select_streams',
        'a',
      ],
      signal,
    )
    return probeOutput.parse(JSON.parse(text))
  } catch (error) {
    if (error instanceof FfmpegError) throw explain(error, name)
    throw error
  }
}

/** What ffmpeg's complaint about an untrusted file means for its owner. */
export function explain(error: FfmpegError, name: string): Permanent {
  const truncated = /moov atom not found|End of file|Truncat|partial file|Invalid NAL|EOF/i.test(
    error.message,
  )
  return truncated
    ? new Permanent(
        'truncated_file',
        `${name} ends too early to be read; the upload or the export was cut off. Upload it again.`,
        { cause: error },
      )
    : new Permanent(
        'not_audio',
        `${name} cannot be decoded: ` +
          error.message.replaceAll(/http:\/\/127\.0\.0\.1:\S+/g, name).slice(0, 300),
        {
          cause: error,
        },
      )
}

/** Lossless 16-bit sources fit in s16le exactly. */
const is16Bit = ({
  codec_name,
  sample_fmt,
  bits_per_raw_sample,
}: {
  codec_name: string
  sample_fmt?: string | undefined
  bits_per_raw_sample?: number | undefined
}): boolean =>
  codec_name.startsWith('pcm_s16') ||
  codec_name === 'pcm_u8' ||
  ((codec_name === 'flac' || codec_name === 'alac') &&
    (sample_fmt ?? '').startsWith('s16') &&
    (bits_per_raw_sample ?? 16) <= 16)

/** A server on loopback that answers range reads of one object under a name nobody can guess. */
async function serveRanges(storage: ObjectStore, object: ObjectName, bytes: number) {
  const path = `/${randomUUID()}`
  let fault: Error | undefined
  const server: Server = createServer((request, response) => {
    if (request.url !== path) response.writeHead(404).end()
    else
      void answerRange(storage, object, bytes, request.headers.range, response).catch(
        (error: unknown) => (fault = error as Error),
      )
  })
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve))
  const { port } = server.address() as AddressInfo
  const close = () => {
    server.close()
    server.closeAllConnections()
  }
  /** ffmpeg takes a connection cut short for the end of the file, and ends well. */
  const assertUnbroken = () => {
    if (fault !== undefined) throw fault
  }
  return { url: `http://127.0.0.1:${port}${path}`, close, assertUnbroken }
}

/** Rejects when the store failed; a reader that leaves early is none of our business. */
async function answerRange(
  storage: ObjectStore,
  object: ObjectName,
  bytes: number,
  range: string | undefined,
  response: ServerResponse,
): Promise<void> {
  const [, from, to] = /^bytes=(\d+)-(\d*)$/.exec(range ?? '') ?? []
  const start = Number(from ?? 0)
  const end = Math.min(to ? Number(to) + 1 : bytes, bytes)
  if (start >= end) {
    response.writeHead(416, { 'content-range': `bytes */${bytes}` }).end()
    return
  }
  const headers = {
    'accept-ranges': 'bytes',
    'content-length': end - start,
    'content-range': `bytes ${start}-${end - 1}/${bytes}`,
  }
  response.writeHead(range === undefined ? 200 : 206, headers)
  try {
    await pipeline(storage.readStream(object, { start, end }), response)
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code !== 'ERR_STREAM_PREMATURE_CLOSE') throw error
  } finally {
    response.destroy()
  }
}
