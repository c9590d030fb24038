/**
 * Several files as one recording: one after the other, or as tracks of one conversation, each with its gain
 * and offset. Hides that they are decoded side by side at one rate, and how blocks of different widths become
 * one stream; whoever reads it sees one source.
 */
import type { Warning } from '../codes.ts'
import { fileOf } from '../objects.ts'
import type { PinnedObject } from '../pinned-file.ts'
import type { ObjectStore } from '../storage.ts'
import { byOtherClock } from './clock.ts'
import { withGains, type GainCurve } from './gain-curve.ts'
import { inBlocks, toInterleavedBytes, toPlanar, type PcmFormat } from './pcm.ts'
import { withSource, type OpenedSource, type Terms } from './source.ts'
import { fromDb } from './true-peak.ts'
import { minutesOf } from '../timecode.ts'

export interface SourcePart {
  readonly object: PinnedObject
  readonly gainDb: number
  /**
   * Of a track: when it begins within the conversation (negative: what came before is left out). In a
   * sequence: silence before it.
   */
  readonly offsetSeconds: number
  /** On top of its gain, from the conversation's beginning. */
  readonly curve?: GainCurve
  /** Of a track: by which share its recorder's clock was faster than the others'. */
  readonly drift?: number
}

export type SourceOrder = 'sequence' | 'tracks'

/** As `withSource`, for one file or several; the first decides the rate when none is asked for. */
export async function withSources<T>(
  storage: ObjectStore,
  parts: readonly SourcePart[],
  order: SourceOrder,
  terms: Terms,
  signal: AbortSignal,
  use: (source: OpenedSource) => Promise<T>,
): Promise<T> {
  const [only] = parts
  if (parts.length === 1 && only!.gainDb === 0 && only!.offsetSeconds === 0 && !only!.curve && !only!.drift)
    return await withSource(storage, only!.object, terms, signal, use)
  const openAll = async (opened: readonly OpenedSource[]): Promise<T> => {
    const next = parts[opened.length]
    if (!next) return await use(combined(opened, parts, order))
    const targetRate = opened[0]?.probed.pcm.sampleRate ?? terms.targetRate
    return await withSource(storage, next.object, { ...terms, targetRate }, signal, (source) =>
      openAll([...opened, source]),
    )
  }
  return await openAll([])
}

function combined(
  opened: readonly OpenedSource[],
  parts: readonly SourcePart[],
  order: SourceOrder,
): OpenedSource {
  const { sampleRate } = opened[0]!.probed.pcm
  const channels = opened.some(({ probed }) => probed.pcm.channels === 2) ? 2 : 1
  const pcm: PcmFormat = { sampleRate, channels, sampleFormat: 'f32le' }
  const lengthOf = (which: 'declaredSeconds' | 'certainSeconds'): number | undefined => {
    const lengths = opened.map(({ probed }, i) => (probed[which] ?? NaN) + parts[i]!.offsetSeconds)
    const length =
      order === 'tracks' ? Math.max(...lengths) : lengths.reduce((sum, seconds) => sum + seconds, 0)
    return Number.isNaN(length) ? undefined : length
  }
  return {
    probed: {
      ...opened[0]!.probed,
      declaredSeconds: lengthOf('declaredSeconds'),
      certainSeconds: lengthOf('certainSeconds'),
      pcm,
    },
    stretches: () => Promise.resolve([]),
    decode: (signal) => {
      const decodings = opened.map((source) => source.decode(signal)) // none starts before it is read
      const streams = decodings.map(({ sound }, i) =>
        heard(sound, opened[i]!.probed.pcm, parts[i]!, channels),
      )
      return {
        sound: order === 'tracks' ? summed(streams, sampleRate, channels) : inTurn(streams),
        warnings: () => [
          ...decodings.flatMap(({ warnings }) => warnings()),
          ...(order === 'tracks' ? remarksOnLengths(opened, parts) : []),
        ],
      }
    },
  }
}

/** Tracks of one conversation end together; by so much one may have been switched off earlier. */
const mostApart = { seconds: 10, share: 0.1 }

/** Of tracks whose lengths are known. */
function remarksOnLengths(opened: readonly OpenedSource[], parts: readonly SourcePart[]): Warning[] {
  const ends = opened.map(({ probed }, i) => (probed.declaredSeconds ?? NaN) + parts[i]!.offsetSeconds)
  const [first, last] = [Math.min(...ends), Math.max(...ends)]
  if (!(last - first > Math.max(mostApart.seconds, mostApart.share * last))) return []
  const told = parts.map(({ object }, i) => `${fileOf(object.name)} at ${minutesOf(ends[i]!)}`)
  return [
    {
      code: 'tracks_unequal',
      message: `The tracks end at different times, and are silent from there: ${told.join(', ')}. If one was broken off, bring it whole.`,
    },
  ]
}

/** A tenth of a second. */
const blockFrames = (sampleRate: number): number => sampleRate / 10

/**
 * A file's sound as interleaved floats with as many channels as asked for, at its gain and from its offset.
 */
async function* heard(
  sound: AsyncIterable<Buffer>,
  format: PcmFormat,
  { gainDb, offsetSeconds, curve, drift }: SourcePart,
  channels: 1 | 2,
): AsyncGenerator<Buffer> {
  const frameBytes = 4 * channels
  const offset = Math.round(offsetSeconds * format.sampleRate)
  for (let left = offset; left > 0; left -= blockFrames(format.sampleRate))
    yield Buffer.alloc(Math.min(left, blockFrames(format.sampleRate)) * frameBytes)
  let skipped = Math.max(0, -offset)
  const gain = fromDb(gainDb)
  let at = offset
  for await (const decoded of drift ? byOtherClock(planar(sound, format), drift) : planar(sound, format)) {
    const planes = decoded
      .map((plane) => plane.map((sample) => sample * gain))
      .map((plane) => (curve ? withGains(plane, at, curve) : plane))
    at += planes[0]!.length
    const wide = toInterleavedBytes(channels === 2 && planes.length === 1 ? [planes[0]!, planes[0]!] : planes)
    const dropped = Math.min(skipped, wide.length / frameBytes)
    skipped -= dropped
    if (dropped * frameBytes < wide.length) yield wide.subarray(dropped * frameBytes)
  }
}

async function* planar(
  sound: AsyncIterable<Buffer>,
  format: PcmFormat,
): AsyncGenerator<readonly Float32Array[]> {
  for await (const block of sound) yield toPlanar(block, format)
}

/** One after the other: a decoder starts when the one before it has ended, so that never two run at once. */
async function* inTurn(streams: readonly AsyncIterable<Buffer>[]): AsyncGenerator<Buffer> {
  for (const stream of streams) yield* stream
}

/** All at once: their sum, as long as the longest. */
async function* summed(
  streams: readonly AsyncIterable<Buffer>[],
  sampleRate: number,
  channels: 1 | 2,
): AsyncGenerator<Buffer> {
  const tracks = streams.map((stream) =>
    inBlocks(stream, blockFrames(sampleRate) * 4 * channels)[Symbol.asyncIterator](),
  )
  try {
    for (;;) {
      const blocks = (await Promise.all(tracks.map((track) => track.next()))).flatMap(({ done, value }) =>
        done ? [] : [value],
      )
      if (blocks.length === 0) return
      const sum = new Float32Array(Math.max(...blocks.map(({ length }) => length)) / 4)
      for (const block of blocks) {
        const samples = new Float32Array(block.buffer as ArrayBuffer, block.byteOffset, block.length / 4)
        for (let i = 0; i < samples.length; i++) sum[i]! += samples[i]!
      }
      yield Buffer.from(sum.buffer)
    }
  } finally {
    await Promise.all(tracks.map((track) => track.return(undefined))) // of which one may have failed
  }
}
