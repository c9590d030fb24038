/**
 * Stretches of a long file that are decoded apart and give, one behind the other, what decoding it in one go gives, to
 * the bit, but for the noise that an AAC decoder makes up itself. Hides which files can be divided, and how a decoder is brought to a sample. Where a stretch turns out other
 * than its file promised, the file is to be decoded in one go: damage is judged there.
 */
import { z } from 'zod'
import { contentHash } from '../hash.ts'
import { fileOf } from '../objects.ts'
import type { ObjectStore } from '../storage.ts'
import { analyser, blockSamples, type Analysis } from './analysis.ts'
import { bounded, decoderOutput, decodingAllowance, isBrokenPacket, replaced } from './decoder.ts'
import type { Recorded } from './decoding.ts'
import { FfmpegError } from './ffmpeg.ts'
import { frameTable, samplesPerFrame } from './mp3-frames.ts'
import { inBlocks, pcmScalars, silenceImpossible } from './pcm.ts'
import { findPinned, type PinnedObject } from '../pinned-file.ts'
import { serveRanges, type RangeServer } from './range-server.ts'
import { canonical } from './tracks.ts'

/** It crosses a step as JSON. */
export const stretch = z.object({
  pcm: z.object(pcmScalars),
  demuxer: z.string(),
  /** Of the file's streams. */
  track: z.number(),
  startSample: z.number(),
  /** As promised; the last stretch of a file that is divided by times goes on to the end of the file. */
  endSample: z.number(),
  isLast: z.boolean(),
  /** Where an MP3's decoder begins, and with which sample; others look for the time. */
  entryByte: z.number().nullable(),
  entrySample: z.number(),
  /** Decoded from anywhere, a sample is the same to the bit. */
  isExact: z.boolean(),
})
export type Stretch = z.infer<typeof stretch>

/** Their list fits a step's output. */
const mostStretches = 100
/** About as long as a stretch is; shorter ones cost more for their starts than they save. */
export const stretchSeconds = 300
/** Filters of the analysis have forgotten everything after a second. */
const warmUpSeconds = 1
/** Decoders too: an AAC frame overlaps with one before it, an MP3 frame may use bytes of nine before it. */
const preRollSeconds = 1
const preRollFrames = 32
/** Of MP3. */
const leastBytesPerSecond = 4000
/** A container may count the last frame whole, or not at all. */
const toleratedSamples = 4096

/** Lossless, or with a memory that ends; by demuxer. */
const divisible: Readonly<Record<string, RegExp>> = {
  wav: /^pcm_/,
  aiff: /^pcm_/,
  flac: /^flac$/,
  mov: /^(pcm_.*|alac|aac LC)$/,
}

/** The stretches of a file; none when it must be decoded in one go. */
export async function stretchesOf(
  recorded: Recorded,
  served: RangeServer,
  seconds: number,
): Promise<readonly Stretch[]> {
  if (!isPlain(recorded)) return []
  const { format, pcm, heard } = recorded
  const [track] = heard
  const common = { pcm, demuxer: format, track: track!.index, isExact: !recorded.codec.startsWith('aac') }
  if (format === 'mp3') return await stretchesOfFrames(recorded, common, served, seconds)
  if (!divisible[format]?.test(recorded.codec) || recorded.countedSamples === undefined) return []
  return spans(recorded.countedSamples, pcm.sampleRate, seconds).map((span) => ({
    ...common,
    ...span,
    entryByte: null,
    entrySample: 0,
  }))
}

/** One track at its own rate, of which nothing is missing and nothing is to be told. */
function isPlain({ pcm, heard, inspection, warnings }: Recorded): boolean {
  const [track, ...others] = heard
  return (
    others.length === 0 &&
    warnings.length === 0 &&
    inspection.missingBytes === 0 &&
    !inspection.isSizeStale &&
    track!.sampleRate === pcm.sampleRate &&
    track!.leadInSeconds === 0 &&
    [undefined, 'mono', 'stereo'].includes(track!.layout)
  )
}

type Common = Pick<Stretch, 'pcm' | 'demuxer' | 'track' | 'isExact'>

async function stretchesOfFrames(
  { inspection, pcm: { sampleRate } }: Recorded,
  common: Common,
  served: RangeServer,
  seconds: number,
): Promise<readonly Stretch[]> {
  const { soundStart, soundEnd } = inspection
  if (soundEnd - soundStart < 2 * seconds * leastBytesPerSecond) return []
  const table = await frameTable(served.readAt, soundStart, soundEnd)
  if (!table) return []
  const { offsets, delaySamples, totalSamples } = table
  return spans(totalSamples, sampleRate, seconds).map((span) => {
    const first = delaySamples + span.startSample - warmUpOf({ ...span, pcm: common.pcm })
    const frame = Math.max(0, Math.floor(first / samplesPerFrame) - preRollFrames)
    return {
      ...common,
      ...span,
      entryByte: offsets[frame]!,
      entrySample: frame * samplesPerFrame - delaySamples,
    }
  })
}

/** Equal spans, that begin where a block of the analysis does. */
function spans(totalSamples: number, sampleRate: number, seconds: number) {
  const count = Math.min(mostStretches, Math.floor(totalSamples / (seconds * sampleRate)))
  if (count < 2) return []
  const block = blockSamples(sampleRate)
  const length = block * Math.ceil(totalSamples / count / block)
  return Array.from({ length: count }, (_, i) => ({
    startSample: i * length,
    endSample: Math.min(totalSamples, (i + 1) * length),
    isLast: i === count - 1,
  }))
}

const warmUpOf = ({ startSample, pcm }: Pick<Stretch, 'startSample' | 'pcm'>): number =>
  Math.min(startSample, warmUpSeconds * pcm.sampleRate)

/** A stretch that has been decoded. */
export interface Decoded {
  readonly analysis: Analysis
  /** Hashes of the tenth of a second before it, and of its last: neighbours that fit have the same. Null where noise differs. */
  readonly before: string | null
  readonly end: string
  /** It has what was promised, and nothing in it is worth a word. */
  readonly isAsPromised: boolean
}

/** Decodes one stretch of an object and analyses it; `store` is given its PCM, and reads it to the end. */
export async function decodeStretch(
  storage: ObjectStore,
  object: PinnedObject,
  stretch: Stretch,
  signal: AbortSignal,
  store: (pcm: AsyncIterable<Buffer>) => Promise<void>,
): Promise<Decoded> {
  const name = fileOf(object.name)
  const stored = await findPinned(storage, object)
  if (!stored) throw replaced(name)
  const { bucket, name: place } = object
  const { generation, bytes } = stored
  const served = await serveRanges(storage, { bucket, name: place, generation }, bytes, name)
  served.allow(decodingAllowance(bytes))
  const gather = analyser(stretch.pcm)
  let complaints = 0
  let [before, end]: [Buffer, Buffer] = [Buffer.alloc(0), Buffer.alloc(0)]
  async function* analysed(): AsyncGenerator<Buffer> {
    let warmUp = warmUpOf(stretch) / blockSamples(stretch.pcm.sampleRate)
    const decoded = decoderOutput(decoderArgs(stretch, served), name, served, signal, (line) => {
      if (isBrokenPacket(line)) complaints++
    })
    try {
      for await (const block of inBlocks(decoded, gather.blockBytes)) {
        complaints += silenceImpossible(block, stretch.pcm)
        if (warmUp-- > 0) {
          gather.warmUp(block)
          before = block
        } else {
          gather.add(block)
          end = block
          yield block
        }
      }
    } catch (error) {
      if (!(error instanceof FfmpegError)) throw error
      complaints++
    }
    served.assertUnbroken()
  }
  try {
    await store(analysed())
  } finally {
    served.close()
  }
  const analysis = gather.finish()
  const missing = stretch.endSample - stretch.startSample - analysis.totalSamples
  const isComplete = stretch.isLast ? Math.abs(missing) <= toleratedSamples : missing === 0
  return {
    analysis,
    before: stretch.isExact ? contentHash(before) : null,
    end: contentHash(end),
    isAsPromised: isComplete && complaints === 0,
  }
}

/** From its warm-up to its end. */
function decoderArgs(stretch: Stretch, served: RangeServer): string[] {
  const { pcm, demuxer, track, startSample, endSample, isLast, entryByte, entrySample } = stretch
  const from = startSample - warmUpOf(stretch)
  const seconds = from / pcm.sampleRate - preRollSeconds
  const [input, trim] =
    entryByte === null
      ? [
          [...(seconds > 0 ? ['-noaccurate_seek', '-ss', seconds.toFixed(6)] : []), '-i', served.url()],
          `start_pts=${from}${isLast ? '' : `:end_pts=${endSample}`}`,
        ]
      : [
          ['-f', demuxer, '-i', served.url(entryByte)],
          `start_sample=${from - entrySample}:end_sample=${endSample - entrySample}`,
        ]
  return [
    ...['-copyts', '-guess_layout_max', '2', ...bounded, ...input],
    ...['-filter_complex', `[0:${track}]atrim=${trim},${canonical(pcm)}[out]`, '-map', '[out]'],
    ...['-f', pcm.sampleFormat, 'pipe:1'],
  ]
}

/** Whether what was decoded apart fits: each as promised, and each beginning as the one before it ended. */
export const fitTogether = (decoded: readonly Pick<Decoded, 'before' | 'end' | 'isAsPromised'>[]): boolean =>
  decoded.every(
    ({ before, isAsPromised }, i) =>
      isAsPromised && (i === 0 || before === null || before === decoded[i - 1]!.end),
  )
