/**
 * Opens an uploaded recording for ffmpeg: nothing in it is trusted, what it is is the decoder's word, and it is never
 * copied to disk. Hides the loopback server, the probe and its bounds, and what makes a file unusable.
 */
import { z } from 'zod'
import { Permanent } from '../errors.ts'
import { fileOf } from '../objects.ts'
import type { ObjectName, ObjectStore } from '../storage.ts'
import { inspect, type Inspection } from './container.ts'
import { decodeTracks, type Decoding, type Recorded } from './decoding.ts'
import { explain } from './ffmpeg-complaints.ts'
import { FfmpegError, ffprobe } from './ffmpeg.ts'
import type { PcmFormat } from './pcm.ts'
import { serveRanges, tooComplex, type RangeServer } from './range-server.ts'
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

export interface OpenedSource {
  readonly probed: Probed
  /** Decodes what is heard to canonical PCM, in blocks of a tenth of a second. */
  readonly decode: (signal: AbortSignal) => Decoding
}

export interface Terms {
  /** The most bytes accepted. */
  readonly bytes: number
  /** The sample rate wanted; null keeps the source's own when it is 44.1 or 48 kHz, else 48 kHz. */
  readonly targetRate: number | null
}

/**
 * Demuxers that read nothing but the bytes they are given. Playlists, lists of pictures and descriptions of streams
 * are left out: they would open other files and hosts.
 */
const readable =
  'aa,aac,ac3,act,adx,aea,aiff,amr,amrnb,amrwb,ape,aptx,asf,asf_o,ast,au,avi,bfstm,brstm,caf,dsf,dts,dtshd,dv,eac3,' +
  'epaf,flac,flv,gsm,gxf,hca,hcom,iff,ilbc,ircam,kvag,libgme,libopenmpt,live_flv,loas,lvf,matroska,webm,mlp,mmf,mods,' +
  'mov,mp3,mpc,mpc8,mpeg,mpegts,mxf,nistsphere,nsv,nut,ogg,oma,pvf,qcp,rm,rso,s337m,sbc,sds,sln,smjpeg,sox,spdif,svs,' +
  'tak,tta,truehd,voc,vqf,w64,wav,wsd,wtv,wv,xa,xwma'

/** ffprobe needs a second and a few megabytes; an index at the end of ten hours of film a few tens. */
const probeAllowance = { bytes: 256 * 1024 * 1024, requests: 5000 }
const probeSeconds = 120
/** In one piece, whatever a header asks for. */
const mostAllocated = 512 * 1024 * 1024
/** ffmpeg recognises nothing behind a tag longer than its probe buffer of 1 MiB. */
const longTagBytes = 256 * 1024

const episodeRates = [44100, 48000]
const fallbackRate = 48000

/**
 * Opens the object, refuses what cannot become an episode, and lends it to `use` while a loopback server serves it.
 * Throws Permanent with one of the codes for recordings.
 */
export async function withSource<T>(
  storage: ObjectStore,
  object: ObjectName,
  terms: Terms,
  signal: AbortSignal,
  use: (source: OpenedSource) => Promise<T>,
): Promise<T> {
  const name = fileOf(object.name)
  const { bytes, generation } = await acceptable(storage, object, terms, name)
  const served = await serveRanges(storage, { ...object, generation }, bytes, name)
  try {
    served.allow(probeAllowance)
    const inspection = await inspect(served.readAt, bytes)
    const input = await inputOf(served, inspection, name, signal)
    const probe = await readProbe(served, input, name, signal)
    const { recorded, probed } = describe(probe, inspection, name, terms.targetRate)
    const decode = (abort: AbortSignal): Decoding => {
      // an interleaved film is read in jumps, so some of it more than once
      served.allow({ bytes: 4 * bytes + probeAllowance.bytes, requests: Infinity })
      return decodeTracks(input, recorded, abort, served)
    }
    return await use({ probed, decode })
  } finally {
    served.close()
  }
}

async function acceptable(storage: ObjectStore, object: ObjectName, terms: Terms, name: string) {
  const stored = await storage.stat(object)
  if (!stored)
    throw new Permanent(
      'upload_replaced',
      `${name} was replaced or deleted before it could be read. Upload it again.`,
    )
  const { bytes } = stored
  if (bytes === 0) throw new Permanent('empty_file', `${name} has no bytes. Record or export it again.`)
  if (bytes > terms.bytes)
    throw new Permanent(
      'recording_too_large',
      `${name} has ${bytes} bytes; the limit is ${terms.bytes}. ` +
        'Export it in a compressed format such as FLAC.',
    )
  return stored
}

export const tooLong = (name: string, seconds: number, limitSeconds: number): Permanent =>
  new Permanent(
    'recording_too_long',
    `${name} runs for more than ${Math.floor(seconds)} s; the limit is ${limitSeconds} s. ` +
      'Split it into several episodes.',
  )

/** ffmpeg's arguments that open the file. */
async function inputOf(
  served: RangeServer,
  { tagBytes, isSizeStale }: Inspection,
  name: string,
  signal: AbortSignal,
): Promise<string[]> {
  const bounded = [
    '-max_alloc',
    String(mostAllocated),
    '-protocol_whitelist',
    'http,tcp',
    '-format_whitelist',
    readable,
  ]
  const forced: string[] = []
  if (isSizeStale) forced.push('-f', 'wav', '-ignore_length', '1')
  else if (tagBytes > longTagBytes) {
    const behind = [...bounded, '-i', served.url(tagBytes)]
    const { format } = await readProbe(served, behind, name, signal)
    forced.push('-f', format.format_name.split(',')[0]!)
  }
  return [...bounded, ...forced, '-i', served.url()]
}

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

type Probe = z.infer<typeof probeOutput>
type ProbedStream = Probe['streams'][number]

const shown = ['-print_format', 'json', '-show_format', '-show_streams', '-show_chapters']

async function readProbe(
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

function describe(
  { streams, format, chapters }: Probe,
  inspection: Inspection,
  name: string,
  targetRate: number | null,
): { recorded: Recorded; probed: Probed } {
  const sounding = soundTracks(streams, name)
  const tracks = sounding.map((stream) => trackOf(stream, format))
  const heard = heardTracks(tracks)
  const first = sounding.find(({ index }) => index === heard[0]!.index)!
  const sampleRate =
    targetRate ?? (episodeRates.includes(first.sample_rate) ? first.sample_rate : fallbackRate)
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
