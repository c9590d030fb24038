/**
 * Makes the reel, the sound embedded in a review page: the parts of a recording around its edits, and the
 * sounds that are put in, as one small MP3. Hides that its frames all have one size and stand alone, so that
 * a time is found by counting bytes, and how much context an edit gets.
 */
import { bytesPerFrame, type PcmFormat } from '../audio/pcm.ts'
import type { Analysis, Span } from '../audio/analysis.ts'
import { ffmpegOutput } from '../audio/ffmpeg.ts'
import { bareFrames } from '../codec/through-ffmpeg.ts'
import type { TimelineSource } from '../timeline/timeline.ts'
import type { ObjectStore } from '../storage.ts'
import type { Edit, EditList } from '../edits/edits.ts'

/** MPEG-2 layer III, 24 kHz, 32 kb/s: 576 samples or 24 ms in 96 bytes, never padded. Enough for speech. */
export const reelRate = 24_000
export const reelFrameSamples = 576
export const reelFrameBytes = 96
/** What encoder and decoder delay the sound by (LAME 576, the decoder 529), in samples of the reel. */
export const reelDelaySamples = 1105
const bitrateKbps = 32
/** LAME's quality 7 of 9: twice as fast as its default, with the same delay. */
const speedFirst = ['-compression_level', '7']

/** Stretches are whole multiples of this: a whole number of frames, and of samples at 44.1 and 48 kHz. */
const gridSeconds = 0.12
const framesPerGrid = 5

/** A botched take is judged by what led to it; a filler by the words beside it. */
export const contextSeconds = (kind: Edit['kind']): { before: number; after: number } =>
  kind === 'flubber'
    ? { before: 45, after: 10 }
    : kind === 'intern'
      ? { before: 10, after: 10 }
      : { before: 2.4, after: 2.4 }
/** A page with more than this (10 MB) loads slowly; the edits after it are shown without sound. */
const longestReelSeconds = 2400
const reelLufs = -18

export interface ReelStretch extends Span {
  /** Its first frame in the reel. */
  readonly frame: number
}

export interface Reel {
  /** Of the recording. */
  readonly stretches: readonly ReelStretch[]
  /** What is put in, by edit, from its own first sample on. */
  readonly inserted: Readonly<Record<string, ReelStretch>>
  readonly mp3: Buffer
}

export interface Recorded {
  readonly object: string
  readonly format: PcmFormat
}

/** Reads the stretches of canonical PCM and encodes them. */
export async function makeReel(
  edits: EditList,
  analysis: Analysis,
  recording: Recorded,
  inserted: ReadonlyMap<string, TimelineSource>,
  { storage, bucket }: { storage: ObjectStore; bucket: string },
  signal: AbortSignal,
): Promise<Reel> {
  const grid = Math.round(gridSeconds * recording.format.sampleRate)
  let frame = 0
  const place = ({ startSample, endSample }: Span): ReelStretch => {
    const placed = { startSample, endSample, frame }
    frame += framesOf(placed, grid)
    return placed
  }
  const stretches = stretchesRound(edits, analysis.totalSamples, grid, recording.format.sampleRate).map(place)
  const sounds = [...inserted].map(([edit, source]) => ({
    edit,
    source,
    stretch: place({ startSample: 0, endSample: source.totalSamples }),
  }))
  const loudestGainDb = -20 * Math.log10(Math.max(analysis.peak, 1e-5))
  const gainDb = Number.isFinite(analysis.integratedLufs)
    ? Math.min(reelLufs - analysis.integratedLufs, loudestGainDb)
    : 0
  const parts: Buffer[] = []
  for (const part of [
    ...group(stretches.map((stretch) => ({ ...recording, stretch }))),
    ...sounds.flatMap(({ source, stretch }) => group([{ ...source, stretch }])),
  ])
    parts.push(await encode(part, grid, gainDb, { storage, bucket }, signal))
  return {
    stretches,
    inserted: Object.fromEntries(sounds.map(({ edit, stretch }) => [edit, stretch])),
    mp3: Buffer.concat(parts),
  }
}

function stretchesRound({ edits }: EditList, totalSamples: number, grid: number, sampleRate: number): Span[] {
  const end = Math.floor(totalSamples / grid) * grid
  const wanted = edits.map(({ kind, startSample, endSample }) => {
    const { before, after } = contextSeconds(kind)
    return {
      startSample: Math.max(0, Math.floor((startSample - before * sampleRate) / grid) * grid),
      endSample: Math.min(end, Math.ceil((endSample + after * sampleRate) / grid) * grid),
    }
  })
  const merged: { startSample: number; endSample: number }[] = []
  for (const { startSample, endSample } of wanted.sort((a, b) => a.startSample - b.startSample)) {
    const last = merged.at(-1)
    if (last && startSample <= last.endSample) last.endSample = Math.max(last.endSample, endSample)
    else merged.push({ startSample, endSample })
  }
  let seconds = 0
  return merged.filter(
    (span) =>
      span.endSample > span.startSample &&
      (seconds += (span.endSample - span.startSample) / sampleRate) <= longestReelSeconds,
  )
}

interface Piece extends Recorded {
  readonly stretch: ReelStretch
}

/** Pieces of one format are encoded in one go. */
const group = (pieces: readonly Piece[]): (readonly Piece[])[] => (pieces.length === 0 ? [] : [pieces])

async function encode(
  pieces: readonly Piece[],
  grid: number,
  gainDb: number,
  { storage, bucket }: { storage: ObjectStore; bucket: string },
  signal: AbortSignal,
): Promise<Buffer> {
  const { format } = pieces[0]!
  const width = bytesPerFrame(format)
  async function* pcm(): AsyncGenerator<Buffer> {
    for (const { object, stretch } of pieces) {
      yield* storage.readStream(
        { bucket, name: object },
        { start: stretch.startSample * width, end: stretch.endSample * width },
      )
      yield Buffer.alloc(
        ((framesOf(stretch, grid) / framesPerGrid) * grid - (stretch.endSample - stretch.startSample)) *
          width,
      )
    }
  }
  const input = [
    '-f',
    format.sampleFormat,
    '-ar',
    `${format.sampleRate}`,
    '-ac',
    `${format.channels}`,
    '-i',
    'pipe:0',
  ]
  const sound = ['-af', `volume=${gainDb.toFixed(1)}dB`, '-ac', '1', '-ar', `${reelRate}`]
  const mp3 = [...bareFrames(bitrateKbps), ...speedFirst]
  const bytes = await ffmpegOutput([...input, ...sound, ...mp3, 'pipe:1'], signal, pcm())
  return sized(bytes, pieces.reduce((sum, { stretch }) => sum + framesOf(stretch, grid), 0) * reelFrameBytes)
}

/** With a grid's worth of silence behind it, in which the encoder's delay runs out. */
const framesOf = ({ startSample, endSample }: Span, grid: number): number =>
  (Math.ceil((endSample - startSample) / grid) + 1) * framesPerGrid

/** What the encoder adds at the end holds only its delay. */
const sized = (bytes: Buffer, wanted: number): Buffer =>
  bytes.length >= wanted
    ? bytes.subarray(0, wanted)
    : Buffer.concat([bytes, Buffer.alloc(wanted - bytes.length)])
