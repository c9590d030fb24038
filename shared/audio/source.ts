/**
 * Opens an uploaded recording for ffmpeg: nothing in it is trusted, its format is identified from its
 * content, and it is never copied to disk. Hides the HTTP range server on loopback, the demuxer forced on
 * ffmpeg, and what makes a file unusable.
 */
import { z } from 'zod'
import { Permanent } from '../errors.ts'
import { fileOf } from '../objects.ts'
import type { ObjectName, ObjectStore } from '../storage.ts'
import { FfmpegError, ffmpeg, ffprobe, type RunningFfmpeg } from './ffmpeg.ts'
import type { PcmFormat } from './pcm.ts'
import { sniff, saysItsLength, checkWavLength } from './file-format.ts'
import { serveRanges } from './range-server.ts'

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
