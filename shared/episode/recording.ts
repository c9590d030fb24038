/**
 * An uploaded recording or asset becomes canonical PCM, seekable by sample, and its analysis, in one go or joined from
 * stretches. Hides what is charged for it, how its objects are written, and which defects its producer is told of.
 */
import type { Knex } from 'knex'
import { z } from 'zod'
import { decodeAnalysis, encodeAnalysis } from '../audio/analysis-file.ts'
import { analyser, blockSamples, joinAnalyses } from '../audio/analysis.ts'
import type { Analysis } from '../audio/analysis.ts'
import { withSources, type SourceOrder, type SourcePart } from '../audio/multi-source.ts'
import type { GainCurve } from '../audio/gain-curve.ts'
import { bytesPerFrame, inBlocks, pcmScalars } from '../audio/pcm.ts'
import { sidesWarnings } from '../audio/sides.ts'
import { tooLong, type OpenedSource } from '../audio/source.ts'
import { decodeStretch, type Stretch } from '../audio/stretches.ts'
import { outputsOf } from '../db/steps.ts'
import type { Identity, Tools } from '../engine/step.ts'
import { fileOf } from '../objects.ts'
import type { TimelineSource } from '../timeline/timeline.ts'
import { charge } from './quota.ts'

/** What `prepare` and `join` say of a file that is ready. */
export const preparedScalars = {
  file: z.string(),
  pcmObject: z.string(),
  analysisObject: z.string(),
  ...pcmScalars,
  totalSamples: z.number(),
  integratedLufs: z.number().nullable(),
}
const prepared = z.object(preparedScalars)
export type Prepared = z.infer<typeof prepared>

/** What `prepare` says of a stretch. */
const stretchOutput = z.object({
  pcmObject: z.string(),
  analysisObject: z.string(),
  before: z.string().nullable(),
  end: z.string(),
  isAsPromised: z.boolean(),
})
export type PreparedStretch = z.infer<typeof stretchOutput>

export interface Upload {
  readonly source: 'recording' | 'asset'
  readonly object: string
  readonly generation: string
  readonly contentHash: string
  /** Assets follow the recording; a recording keeps its own rate when it can. */
  readonly targetRate: number | null
  /** The files of a recording that consists of several. */
  readonly recordings: readonly {
    readonly object: string
    readonly generation: string
    readonly contentHash: string
    readonly gainDb: number
    readonly offsetSeconds: number
    readonly curve?: GainCurve
    readonly drift?: number
  }[]
  readonly recordingsAre: SourceOrder
}

/** Opens what was uploaded, as one source. */
export async function withUpload<T>(
  { source, object, generation, contentHash, targetRate, recordings, recordingsAre }: Upload,
  { config, storage, signal }: Tools,
  use: (opened: OpenedSource, parts: readonly SourcePart[]) => Promise<T>,
): Promise<T> {
  const { buckets, limits } = config
  const single = [{ object, generation, contentHash, gainDb: 0, offsetSeconds: 0 }]
  const files: Upload['recordings'] = source === 'recording' && recordings.length > 0 ? recordings : single
  const parts = files.map(({ object: name, generation: pinned, contentHash: content, ...heard }) => ({
    object: { bucket: buckets.uploads, name, generation: pinned, contentHash: content },
    ...heard,
  }))
  const bytes = source === 'asset' ? limits.assetBytes : limits.recordingBytes
  return await withSources(storage, parts, recordingsAre, { bytes, targetRate }, signal, (opened) =>
    use(opened, parts),
  )
}

type Charged = Pick<Upload, 'source' | 'object' | 'contentHash'> & Pick<Identity, 'runId' | 'userId'>

/**
 * Takes a recording of so many seconds: throws Permanent where it is too long or the quota is used up. The same
 * recording again costs nothing in the same account.
 */
export async function accept(
  seconds: number,
  { source, object, contentHash, runId, userId }: Charged,
  { withDatabase, config }: Tools,
): Promise<void> {
  const most = config.limits.recordingSeconds
  if (seconds > most) throw tooLong(fileOf(object), seconds, most)
  if (source === 'asset') return
  const entry = { userId, kind: 'minutes', key: contentHash, amount: seconds / 60, runId } as const
  await withDatabase((db) => charge(db, config, entry))
}

/** Decodes and analyses a file in one go. */
export async function prepareWhole(opened: OpenedSource, upload: Charged, tools: Tools): Promise<Prepared> {
  const { certainSeconds } = opened.probed
  if (certainSeconds !== undefined) await accept(certainSeconds, upload, tools) // before any work is done
  const analysis = await decodeWhole(opened, fileOf(upload.object), tools)
  if (certainSeconds === undefined) await accept(secondsOf(analysis), upload, tools)
  return await store(analysis, upload, tools)
}

/** One pass: decode, look at every block, store it. */
async function decodeWhole({ probed, decode }: OpenedSource, name: string, tools: Tools): Promise<Analysis> {
  const gather = analyser(probed.pcm)
  const decoding = decode(tools.signal)
  const most = tools.config.limits.recordingSeconds
  let samples = 0
  async function* analysed(): AsyncGenerator<Buffer> {
    for await (const block of inBlocks(decoding.sound, gather.blockBytes)) {
      gather.add(block)
      samples += block.length / bytesPerFrame(probed.pcm)
      const seconds = samples / probed.pcm.sampleRate
      if (seconds > most) throw tooLong(name, seconds, most)
      if (probed.declaredSeconds) tools.progress(Math.min(1, seconds / probed.declaredSeconds))
      yield block
    }
  }
  await tools.storage.create(tools.workObject('pcm'), analysed(), 'application/octet-stream')
  decoding.warnings().forEach(tools.warn)
  return gather.finish()
}

/** Decodes and analyses one stretch of a recording. */
export async function prepareStretch(
  { object, generation, contentHash }: Pick<Upload, 'object' | 'generation' | 'contentHash'>,
  stretch: Stretch,
  { storage, config, signal, workObject }: Tools,
): Promise<PreparedStretch> {
  const [pcm, analysisObject] = [workObject('pcm'), workObject('analysis')]
  const { analysis, ...seen } = await decodeStretch(
    storage,
    { bucket: config.buckets.uploads, name: object, generation, contentHash },
    stretch,
    signal,
    (sound) => storage.create(pcm, sound, 'application/octet-stream'),
  )
  await storage.create(analysisObject, encodeAnalysis(analysis), 'application/octet-stream')
  return { pcmObject: pcm.name, analysisObject: analysisObject.name, ...seen }
}

/** Stretches that fit together → the recording. */
export async function joinStretches(
  stretches: readonly PreparedStretch[],
  upload: Charged,
  tools: Tools,
): Promise<Prepared> {
  const { storage, config, workObject } = tools
  const { work: bucket } = config.buckets
  const analyses: Analysis[] = []
  for (const { analysisObject: name } of stretches)
    analyses.push(decodeAnalysis(await storage.read({ bucket, name })))
  const analysis = joinAnalyses(analyses)
  await accept(secondsOf(analysis), upload, tools)
  const pieces = stretches.map(({ pcmObject }) => pcmObject)
  await storage.compose(bucket, pieces, workObject('pcm').name, 'application/octet-stream')
  return await store(analysis, upload, tools)
}

const secondsOf = ({ totalSamples, format }: Analysis): number => totalSamples / format.sampleRate

/** Stores the analysis of PCM that is stored already, and says what is wrong with it. */
async function store(analysis: Analysis, { object, source }: Charged, tools: Tools): Promise<Prepared> {
  const [file, analysisObject] = [fileOf(object), tools.workObject('analysis')]
  await tools.storage.create(analysisObject, encodeAnalysis(analysis), 'application/octet-stream')
  warnOfDefects(analysis, file, tools)
  if (source === 'recording') sidesWarnings(analysis.sides, file).forEach(tools.warn)
  const { format, totalSamples, integratedLufs } = analysis
  return {
    file,
    pcmObject: tools.workObject('pcm').name,
    analysisObject: analysisObject.name,
    ...format,
    totalSamples,
    integratedLufs: Number.isFinite(integratedLufs) ? integratedLufs : null,
  }
}

/** The files of a run that are ready: its recording, and the assets in their order. */
export async function preparedFiles(
  db: Knex,
  runId: string,
): Promise<{ recording: Prepared; assets: Prepared[] }> {
  const [first, ...others] = await outputsOf(db, runId, 'prepare')
  const [joined] = await outputsOf(db, runId, 'join')
  const [restored] = await outputsOf(db, runId, 'combine')
  return {
    recording: prepared.parse((restored ?? joined ?? first!).output),
    assets: others.filter(({ output }) => !isStretch(output)).map(({ output }) => prepared.parse(output)),
  }
}

/** Canonical PCM as a timeline names it. */
export const toTimelineSource = ({
  pcmObject,
  sampleRate,
  channels,
  sampleFormat,
  totalSamples,
}: Pick<
  Prepared,
  'pcmObject' | 'sampleRate' | 'channels' | 'sampleFormat' | 'totalSamples'
>): TimelineSource => ({ object: pcmObject, format: { sampleRate, channels, sampleFormat }, totalSamples })

/** The recording of a run as it was before anything was restored. */
export async function unrestoredRecording(db: Knex, runId: string): Promise<Prepared> {
  const [joined] = await outputsOf(db, runId, 'join')
  return prepared.parse((joined ?? (await outputsOf(db, runId, 'prepare'))[0]!).output)
}

/** The stretches of a run's recording, in their order. */
export async function preparedStretches(db: Knex, runId: string): Promise<PreparedStretch[]> {
  const outputs = (await outputsOf(db, runId, 'prepare')).map(({ output }) => output)
  return outputs.filter(isStretch).map((output) => stretchOutput.parse(output))
}

const isStretch = (output: object): boolean => 'isAsPromised' in output

// Defects

/** Clipping is audible from this many clipped samples on. */
const audibleClipping = 10
const veryQuietLufs = -40
/** One gating block (ITU-R BS.1770-4). */
const shortestMeasuredSeconds = 0.4

function warnOfDefects(
  { integratedLufs, clippedSamples, totalSamples, format }: Analysis,
  name: string,
  tools: Tools,
): void {
  if (integratedLufs === -Infinity && totalSamples < shortestMeasuredSeconds * format.sampleRate)
    tools.warn({
      code: 'too_short_to_measure',
      message: `${name} is shorter than ${shortestMeasuredSeconds} s, too short to have a loudness; it stays as it is.`,
    })
  else if (integratedLufs === -Infinity)
    tools.warn({
      code: 'silent_recording',
      message: `${name} is silent, or nearly so (below -70 LUFS); there is nothing to bring to loudness.`,
    })
  else if (integratedLufs < veryQuietLufs) {
    tools.warn({
      code: 'very_quiet',
      message:
        `${name} is very quiet (${integratedLufs.toFixed(1)} LUFS). ` +
        'It is raised, and its background noise with it.',
    })
  }
  const minutes = totalSamples / format.sampleRate / 60
  if (clippedSamples / minutes > audibleClipping * blockSamples(format.sampleRate) * 0.001) {
    tools.warn({
      code: 'clipped',
      message:
        `${name} was recorded too loud: ${clippedSamples} samples stand at full scale. ` +
        'Distortion cannot be undone.',
    })
  }
}
