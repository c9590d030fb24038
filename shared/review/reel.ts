/**
 * Makes the reel, the sound embedded in a review page: the parts of a recording around its edits, and the
 * sounds that are put in, as one small MP3. Hides that its frames all have one size and stand alone, so that
 * a time is found by counting bytes, and how much context an edit gets.
 */
import { bytesPerFrame, type PcmFormat } from '../audio/pcm.ts'
import type { Analysis, Span } from '../audio/analysis.ts'
import { ffmpegOutput } from '../audio/ffmpeg.ts'
import { bareFrames } from '../codec/through-ffmpeg.ts'
import type { Timeline, TimelineSource } from '../timeline/timeline.ts'
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

/** In samples. */
const gridOf = ({ format }: Pick<TimelineSource, 'format'>): number =>
  Math.round(gridSeconds * format.sampleRate)

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

/** Where everything lies in the reel, and what it is made of. */
export interface ReelPlan {
  /** Of the recording. */
  readonly stretches: readonly ReelStretch[]
  /** What is put in, by edit, from its own first sample on. */
  readonly inserted: Readonly<Record<string, ReelStretch>>
  /** One behind the other they are the reel; each can be encoded alone. */
  readonly parts: readonly (readonly Piece[])[]
}

export type ReelPlaces = Omit<ReelPlan, 'parts'>

export interface Reel extends ReelPlaces {
  readonly mp3: Buffer
}

export interface Recorded {
  readonly object: string
  readonly format: PcmFormat
}

interface Piece extends Recorded {
  readonly stretch: ReelStretch
}

/** The reel of a timeline: of its recording, and of what stands in it for edits. */
export function planReel(
  edits: EditList,
  { sources, answers }: Pick<Timeline, 'sources' | 'answers'>,
): ReelPlan {
  const [recording] = sources
  const grid = gridOf(recording!)
  let frame = 0
  const place = ({ startSample, endSample }: Span): ReelStretch => {
    const placed = { startSample, endSample, frame }
    frame += framesOf(placed, grid)
    return placed
  }
  const stretches = stretchesRound(edits, recording!.totalSamples, grid).map(place)
  const sounds = Object.entries(answers).map(([edit, index]) => {
    const source = sources[index]!
    return { edit, source, stretch: place({ startSample: 0, endSample: source.totalSamples }) }
  })
  return {
    stretches,
    inserted: Object.fromEntries(sounds.map(({ edit, stretch }) => [edit, stretch])),
    parts: inParts([
      ...stretches.map((stretch) => ({ ...recording!, stretch })),
      ...sounds.map(({ source, stretch }) => ({ ...source, stretch })),
    ]),
  }
}

/** What begins within so much of one source is encoded in one go: a second of work. An edit changes its own part. */
const partSeconds = 300

function inParts(pieces: readonly Piece[]): Piece[][] {
  const placeOf = ({ object, format, stretch }: Piece): string =>
    `${object} ${Math.floor(stretch.startSample / (partSeconds * format.sampleRate))}`
  return [...Map.groupBy(pieces, placeOf).values()]
}

/** What each part is made of, as text: parts whose text is the same sound the same, wherever they lie in the reel. */
export const reelContents = ({ parts }: Pick<ReelPlan, 'parts'>): string[] =>
  parts.map((pieces) =>
    JSON.stringify(
      pieces.map(({ object, format, stretch: { startSample, endSample } }) => [
        object,
        format,
        startSample,
        endSample,
      ]),
    ),
  )

/** What brings the recording to the reel's loudness without clipping it. */
function gainOf({ peak, integratedLufs }: Analysis): number {
  if (!Number.isFinite(integratedLufs)) return 0
  return Math.min(reelLufs - integratedLufs, -20 * Math.log10(Math.max(peak, 1e-5)))
}

/** The whole reel at once. */
export async function makeReel(
  edits: EditList,
  analysis: Analysis,
  timeline: Pick<Timeline, 'sources' | 'answers'>,
  location: Location,
  signal: AbortSignal,
): Promise<Reel> {
  const { parts, ...places } = planReel(edits, timeline)
  const encoded: Buffer[] = []
  for (const part of parts) encoded.push(await encodeReelPart(part, analysis, location, signal))
  return { ...places, mp3: Buffer.concat(encoded) }
}

function stretchesRound({ edits, sampleRate }: EditList, totalSamples: number, grid: number): Span[] {
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

interface Location {
  readonly storage: ObjectStore
  readonly bucket: string
}

/** Reads the stretches of canonical PCM, all of one format, and encodes them. */
export async function encodeReelPart(
  pieces: readonly Piece[],
  analysis: Analysis,
  { storage, bucket }: Location,
  signal: AbortSignal,
): Promise<Buffer> {
  const { format } = pieces[0]!
  const [width, grid] = [bytesPerFrame(format), gridOf(pieces[0]!)]
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
  const { sampleFormat, sampleRate, channels } = format
  const input = ['-f', sampleFormat, '-ar', `${sampleRate}`, '-ac', `${channels}`, '-i', 'pipe:0']
  const sound = ['-af', `volume=${gainOf(analysis).toFixed(1)}dB`, '-ac', '1', '-ar', `${reelRate}`]
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
