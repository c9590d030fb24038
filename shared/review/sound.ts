/**
 * A span of a recording to listen to: as it was recorded, or as it will be with given edits, mixed by what mixes the
 * episode. Hides that only the edits around the span are laid out, how a span becomes an MP3 that is exactly as long,
 * and what stands for a sound that is not made yet.
 */
import { frameOffsets, samplesPerFrame } from '../audio/mp3-frames.ts'
import { blockSamples, type Span } from '../audio/analysis.ts'
import { integratedLoudness, kWeighting } from '../audio/loudness.ts'
import { fromDb } from '../audio/true-peak.ts'
import { mp3Codec } from '../codec/choose.ts'
import type { Planes } from '../codec/port.ts'
import type { Edit, EditList } from '../edits/edits.ts'
import { energyMeter } from '../kernel/filters.ts'
import { mixSlice } from '../mastering/mixer.ts'
import { frameCount, infoFrame, inputCompensation, postRollFrames } from '../mastering/mp3.ts'
import { arrangeShow } from '../show/arrange.ts'
import type { ArrangedSource, SpokenSource } from '../show/layout.ts'
import type { ObjectStore } from '../storage.ts'
import { outputEnd, toOutput, type Ledger } from '../timeline/ledger.ts'
import type { Timeline, TimelineSource } from '../timeline/timeline.ts'

/** Speech at a rate at which a join can be judged. */
const usualKbps = 96
/** An edit farther from the span than this is not heard in it: the longest crossfade takes a tenth. */
const reachSeconds = 2
/** As the bleep of an episode. */
const toneDbfs = -20

/** A kept span of the recording, and where in the sound it is heard; in seconds. */
export interface KeptSound {
  readonly startSeconds: number
  readonly endSeconds: number
  readonly atSeconds: number
}

export interface SpanSound {
  /** One channel, gapless: as long as `seconds` says, to the sample. */
  readonly mp3: Buffer
  readonly seconds: number
  readonly kept: readonly KeptSound[]
}

export interface Heard {
  readonly recording: TimelineSource
  /** None: the recording as it is. */
  readonly edits: EditList
  /** What is known of the sounds that are put in, by edit. */
  readonly inserted: ReadonlyMap<string, TimelineSource>
  /** Brought to the loudness that the same span has in this one. */
  readonly asLoudAs?: TimelineSource
}

interface Location {
  readonly storage: ObjectStore
  readonly bucket: string
}

/** What stands in a timeline for its edits. */
export const insertedIn = ({ answers, sources }: Pick<Timeline, 'answers' | 'sources'>) =>
  new Map(Object.entries(answers).map(([edit, index]) => [edit, sources[index]!]))

/** The edits that can be heard in a span. */
export const editsAround = ({ edits, ...list }: EditList, span: Span): EditList => {
  const reach = reachSeconds * list.sampleRate
  return {
    ...list,
    edits: edits.filter(
      ({ status, startSample, endSample }) =>
        status === 'applied' && startSample < span.endSample + reach && endSample > span.startSample - reach,
    ),
  }
}

/** Mixes and encodes a span of the recording. */
export async function spanSound(
  heard: Heard,
  span: Span,
  location: Location,
  signal: AbortSignal,
  bitrateKbps: number = usualKbps,
): Promise<SpanSound> {
  const { sampleRate } = heard.recording.format
  const { timeline, tones } = layOut(heard, span)
  const { ledger } = timeline
  const [from, to] = [toOutput(ledger, span.startSample), toOutput(ledger, span.endSample)]
  const end = Math.max(from + 1, to)
  const mono = toMono(await mixSlice(timeline, location.storage, location.bucket, from, end))
  if (heard.asLoudAs) await bringTo(mono, heard.asLoudAs, heard, span, location)
  for (const tone of tones) cover(mono, tone, ledger, from, sampleRate)
  return {
    mp3: await toMp3(mono, sampleRate, bitrateKbps, signal),
    seconds: (end - from) / sampleRate,
    kept: keptIn(ledger, from, end, sampleRate),
  }
}

/** A bleep is laid over the sound afterwards; what is not made yet leaves a plain join. */
function layOut({ recording, edits, inserted }: Heard, span: Span) {
  const sourceOf = (source: TimelineSource): ArrangedSource => ({
    ...source,
    file: source.object,
    integratedLufs: null,
    speech: [],
  })
  const near = editsAround(edits, span).edits
  const spoken = new Map<string, SpokenSource>()
  const made = near
    .filter(({ insert }) => insert?.sound !== 'tone')
    .map(({ insert, ...edit }): Edit => {
      const source = insert && inserted.get(edit.id)
      if (!source) return edit
      spoken.set(edit.id, { ...sourceOf(source), speaker: null, words: [] })
      return { ...edit, insert: { sound: 'speech', text: '' } }
    })
    .filter(({ insert, startSample, endSample }) => insert || endSample > startSample)
  const timeline = arrangeShow({
    recording: sourceOf(recording),
    assets: [],
    spoken,
    segments: [],
    music: [],
    outputChannels: 1,
    edits: { ...edits, edits: made },
  })
  return { timeline, tones: near.filter(({ insert }) => insert?.sound === 'tone') }
}

/** Makes sound as loud as the same span of another recording, as far as it stays below full scale. */
async function bringTo(
  mono: Float32Array,
  recording: TimelineSource,
  { edits }: Heard,
  span: Span,
  { storage, bucket }: Location,
): Promise<void> {
  const { timeline } = layOut({ recording, edits: { ...edits, edits: [] }, inserted: new Map() }, span)
  const other = toMono(await mixSlice(timeline, storage, bucket, span.startSample, span.endSample))
  const [own, wanted] = [mono, other].map((sound) => loudnessOf(sound, recording.format.sampleRate))
  if (!Number.isFinite(own) || !Number.isFinite(wanted)) return
  const peak = mono.reduce((most, sample) => Math.max(most, Math.abs(sample)), 1e-9)
  const gain = Math.min(fromDb(wanted! - own!), Math.max(1, 1 / peak))
  for (let i = 0; i < mono.length; i++) mono[i]! *= gain
}

/** LUFS; −Infinity of silence, and of less than 0.4 s. */
function loudnessOf(mono: Float32Array, sampleRate: number): number {
  const block = blockSamples(sampleRate)
  const sums = new Float64Array(Math.ceil(mono.length / block))
  energyMeter(kWeighting(sampleRate), 1)([mono], block, [sums])
  return integratedLoudness(sums.map((sum) => sum / block))
}

function toMono(planes: readonly Float32Array[]): Float32Array {
  const [left, right] = planes
  if (right) for (let i = 0; i < left!.length; i++) left![i] = (left![i]! + right[i]!) / 2
  return left!
}

function cover(mono: Float32Array, edit: Edit, ledger: Ledger, from: number, sampleRate: number): void {
  if (edit.insert?.sound !== 'tone') return
  const turn = (2 * Math.PI * edit.insert.hz) / sampleRate
  const start = toOutput(ledger, edit.startSample)
  const end = Math.min(from + mono.length, toOutput(ledger, edit.endSample))
  for (let i = Math.max(start, from); i < end; i++)
    mono[i - from] = fromDb(toneDbfs) * Math.sin(turn * (i - start))
}

const keptIn = (ledger: Ledger, from: number, end: number, sampleRate: number): KeptSound[] =>
  ledger
    .filter((span) => span.outputStart < end && outputEnd(span) > from)
    .map((span) => {
      const start = Math.max(from, span.outputStart)
      const sourceStart = span.sourceStart + start - span.outputStart
      return {
        startSeconds: sourceStart / sampleRate,
        endSeconds: (sourceStart + Math.min(end, outputEnd(span)) - start) / sampleRate,
        atSeconds: (start - from) / sampleRate,
      }
    })

/** With the frame in front that says what the codec has added before and after. */
async function toMp3(
  mono: Float32Array,
  sampleRate: number,
  bitrateKbps: number,
  signal: AbortSignal,
): Promise<Buffer> {
  const format = { sampleRate, channels: 1, bitrateKbps } as const
  const frames = frameCount(mono.length)
  const gain = inputCompensation(bitrateKbps)
  const fed = inSeconds(mono, gain, (frames + postRollFrames) * samplesPerFrame, sampleRate)
  const encoded = await (await mp3Codec()).encode(fed, format, signal)
  const sound = encoded.subarray(0, frameOffsets(encoded)[frames])
  return Buffer.concat([infoFrame(format, mono.length, sound.length), sound])
}

/** What the encoder is fed, a second at a time, with silence behind it in which its delay runs out. */
function* inSeconds(
  mono: Float32Array,
  gain: number,
  totalSamples: number,
  sampleRate: number,
): Generator<Planes> {
  for (let at = 0; at < totalSamples; at += sampleRate) {
    const second = new Float32Array(Math.min(sampleRate, totalSamples - at))
    second.set(mono.subarray(at, at + second.length))
    for (let i = 0; i < second.length; i++) second[i]! *= gain
    yield [second]
  }
}
