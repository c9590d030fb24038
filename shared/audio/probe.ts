/**
 * Looks into a file with ffprobe: its tracks, its length, its chapters. Hides what ffprobe prints, how long it may take,
 * and what makes a file unusable before anything is decoded.
 */
import { z } from 'zod'
import { Permanent } from '../errors.ts'
import type { Inspection } from './container.ts'
import type { Recorded } from './decoding.ts'
import { explain } from './ffmpeg-complaints.ts'
import { FfmpegError, ffprobe } from './ffmpeg.ts'
import type { PcmFormat } from './pcm.ts'
import { tooComplex, type RangeServer } from './range-server.ts'
import { heardChannels, heardTracks, mostChannels, mostTracks, trackWarnings, type Track } from './tracks.ts'

export interface Probed {
  /** What the file says of its own length, a hint for showing progress; undefined when it does not say. */
  readonly declaredSeconds: number | undefined
  /** The length where it follows from the bytes that are there, as it does of uncompressed sound. */
  readonly certainSeconds: number | undefined
  readonly pcm: PcmFormat
  /** The chapter marks inside the file. */
  readonly marks: readonly { readonly startSeconds: number; readonly title: string }[]
}

const probeSeconds = 120

const episodeRates = [44100, 48000]
const fallbackRate = 48000

const number = z.coerce.number().catch(NaN)
const probeOutput = z.object({
  streams: z.array(
    z.object({
      index: z.number(),
      codec_type: z.string(),
      codec_name: z.string().default('unknown'),
      codec_tag_string: z.string().default(''),
      profile: z.string().optional().catch(undefined),
      sample_rate: number.default(0),
      channels: z.number().default(0),
      channel_layout: z.string().optional(),
      bits_per_raw_sample: z.coerce.number().optional().catch(undefined),
      sample_fmt: z.string().optional(),
      start_time: number.optional(),
      duration: number.optional(),
      time_base: z.string().optional(),
      start_pts: z.number().default(0),
      duration_ts: z.number().optional(),
      disposition: z.record(z.string(), z.number()).catch({}).default({}),
      tags: z
        .object({ language: z.string().catch('') })
        .partial()
        .catch({})
        .default({}),
    }),
  ),
  format: z.object({ format_name: z.string(), start_time: number.optional(), duration: number.optional() }),
  chapters: z
    .array(
      z.object({
        start_time: z.coerce.number().catch(-1),
        tags: z
          .object({ title: z.string().catch('') })
          .partial()
          .catch({})
          .default({}),
      }),
    )
    .catch([]),
})

export type Probe = z.infer<typeof probeOutput>
type ProbedStream = Probe['streams'][number]

const shown = ['-print_format', 'json', '-show_format', '-show_streams', '-show_chapters']

/** Throws Permanent saying what is wrong with the file. */
export async function readProbe(
  served: RangeServer,
  input: readonly string[],
  name: string,
  signal: AbortSignal,
): Promise<Probe> {
  const deadline = AbortSignal.timeout(1000 * probeSeconds)
  try {
    const text = await ffprobe([...input, ...shown], AbortSignal.any([signal, deadline]))
    served.assertUnbroken()
    return probeOutput.parse(JSON.parse(text))
  } catch (error) {
    signal.throwIfAborted()
    served.assertUnbroken()
    if (deadline.aborted) throw tooComplex(name)
    if (!(error instanceof FfmpegError)) throw error
    if (await isReference(served)) throw refersElsewhere(name)
    throw explain(error, name)
  }
}

/** Text that would make ffmpeg open other files or hosts. */
const references =
  /^\uFEFF?\s*(#EXTM3U|ffconcat|\[playlist\]|<\?xml|<smil|<asx|<playlist|<MPD|\[reference\]|v=0\r?\n)/i

const isReference = async (served: RangeServer): Promise<boolean> =>
  references.test((await served.readAt(0, 1024)).toString('utf8'))

const refersElsewhere = (name: string): Permanent =>
  new Permanent(
    'refers_elsewhere',
    `${name} is a playlist or a reference to other files. Upload the recording itself.`,
  )

/** Sample descriptions of sound that is protected against copying. */
const protectedTags = ['drms', 'enca', 'aavd', 'owma']

/** What is known of the file before it is decoded. Throws Permanent when nothing in it can be heard. */
export function describe(
  { streams, format, chapters }: Probe,
  inspection: Inspection,
  name: string,
  targetRate: number | 'own' | null,
): { recorded: Recorded; probed: Probed } {
  const sounding = soundTracks(streams, name)
  const tracks = sounding.map((stream) => trackOf(stream, format))
  const heard = heardTracks(tracks)
  const first = sounding.find(({ index }) => index === heard[0]!.index)!
  const sampleRate =
    targetRate === 'own'
      ? first.sample_rate
      : (targetRate ?? (episodeRates.includes(first.sample_rate) ? first.sample_rate : fallbackRate))
  const channels = heardChannels(heard)
  const isExact =
    heard.length === 1 && is16Bit(first) && first.sample_rate === sampleRate && first.channels <= 2
  const pcm: PcmFormat = { sampleRate, channels, sampleFormat: isExact ? 's16le' : 'f32le' }
  return {
    probed: {
      declaredSeconds: finite(first.duration) ?? finite(format.duration),
      certainSeconds:
        first.codec_name.startsWith('pcm_') && inspection.missingBytes === 0
          ? finite(first.duration)
          : undefined,
      pcm,
      marks: chapters.map(({ start_time, tags }) => ({ startSeconds: start_time, title: tags.title ?? '' })),
    },
    recorded: {
      name,
      pcm,
      heard,
      format: format.format_name.split(',')[0]!,
      codec: [first.codec_name, ...(first.codec_name === 'aac' ? [first.profile] : [])].join(' '),
      countedSamples:
        first.time_base === `1/${first.sample_rate}` && first.start_pts === 0 ? first.duration_ts : undefined,
      coding: `${first.codec_name}, ${first.bits_per_raw_sample ?? '?'} bits`,
      isFloat: first.codec_name.startsWith('pcm_f'),
      isSoundOnly: streams.every(({ codec_type }) => codec_type === 'audio'),
      declaredSeconds: saidBy(format.format_name, first, inspection),
      inspection,
      warnings: trackWarnings(tracks, heard, name),
    },
  }
}

/**
 * Of MP3 and raw AAC ffprobe guesses the length from the first bit rates, unless a frame counts them; of Ogg it takes
 * the clock of the last page, which may have begun at any time.
 */
const saidBy = (
  format: string,
  { duration }: ProbedStream,
  { countedSeconds }: Inspection,
): number | undefined => (['mp3', 'aac', 'ogg'].includes(format) ? countedSeconds : finite(duration))

const finite = (value: number | undefined): number | undefined => (Number.isFinite(value) ? value : undefined)

/** Those that can be decoded. Throws when there is none, or more than anybody records. */
function soundTracks(streams: readonly ProbedStream[], name: string): ProbedStream[] {
  const audio = streams.filter(({ codec_type }) => codec_type === 'audio')
  if (audio.length === 0)
    throw new Permanent(
      'no_audio_stream',
      `${name} is a media file without a sound track. Upload one that has sound.`,
    )
  const isProtected = audio.some(({ codec_tag_string }) => protectedTags.includes(codec_tag_string))
  const usable = audio.filter(({ sample_rate, channels }) => sample_rate > 0 && channels > 0)
  if (isProtected) throw explain(new FfmpegError('encrypted'), name)
  if (usable.length === 0) {
    const { codec_name, profile } = audio[0]!
    throw explain(new FfmpegError(`${codec_name} ${profile ?? ''}: not implemented`), name)
  }
  if (usable.length > mostTracks)
    throw new Permanent(
      'too_complex',
      `${name} has ${usable.length} sound tracks; the limit is ${mostTracks}.`,
    )
  if (usable.some(({ channels }) => channels > mostChannels))
    throw new Permanent(
      'too_complex',
      `${name} has a track of more than ${mostChannels} channels, the limit.`,
    )
  return usable
}

const trackOf = (
  { index, sample_rate, channels, channel_layout, start_time, tags, disposition }: ProbedStream,
  format: Probe['format'],
): Track => ({
  index,
  sampleRate: sample_rate,
  channels,
  layout: channel_layout === 'unknown' ? undefined : channel_layout,
  language: tags.language && tags.language !== 'und' ? tags.language : undefined,
  leadInSeconds: Math.max(0, (finite(start_time) ?? 0) - (finite(format.start_time) ?? 0)),
  isDefault: disposition['default'] === 1,
  isAside: disposition['comment'] === 1 || disposition['visual_impaired'] === 1,
})

/** Lossless 16-bit sources fit in s16le exactly. */
const is16Bit = ({ codec_name, sample_fmt, bits_per_raw_sample }: ProbedStream): boolean =>
  codec_name.startsWith('pcm_s16') ||
  codec_name === 'pcm_u8' ||
  ((codec_name === 'flac' || codec_name === 'alac') &&
    (sample_fmt ?? '').startsWith('s16') &&
    (bits_per_raw_sample ?? 16) <= 16)
