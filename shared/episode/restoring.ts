/**
 * A run's recording restored: looked at in parts where it is long, decided on at once, and mended in parts that make one
 * recording again. Hides how looks and plans are kept, where parts begin, and that what is mended is in 32-bit float,
 * since it may be louder than full scale.
 */
import type { Knex } from 'knex'
import { setImmediate as othersTurn } from 'node:timers/promises'
import { deserialize, serialize } from 'node:v8'
import { decodeAnalysis, encodeAnalysis } from '../audio/analysis-file.ts'
import { analyser, type Analysis } from '../audio/analysis.ts'
import { bytesPerFrame, fillPlanes, inBlocks, toInterleavedBytes, type PcmFormat } from '../audio/pcm.ts'
import { settingsOf } from '../db/runs.ts'
import type { Tools } from '../engine/step.ts'
import { contentHash } from '../hash.ts'
import { look, tablesOf, type Look } from '../restoration/analysis.ts'
import { restorationContextSeconds, restorer } from '../restoration/apply.ts'
import { decide, type Plan, type Summary } from '../restoration/decide.ts'
import { joinedLooks, lookSpans, ownLook } from '../restoration/looks.ts'
import { wishesOf, type Wishes } from '../restoration/wishes.ts'
import { restoreSettings } from '../settings/restore.ts'

export interface StoredPcm extends PcmFormat {
  readonly pcmObject: string
  readonly totalSamples: number
}

/** What was found and done, as producers see it. Times in seconds, levels in dBFS. */
export interface RestorationReport extends Omit<Summary, 'snrDb' | 'gatedShare'> {
  /** Speech over what is heard in pauses; null where it is silent, or too short. */
  readonly snrBeforeDb: number | null
  readonly snrAfterDb: number | null
  readonly musicSeconds: number
}

/** What a run's template wants done to the sound. */
export const wishesIn = async (db: Knex, runId: string): Promise<Wishes> =>
  wishesOf(restoreSettings((await settingsOf(db, runId)).restore))

/** A multiple of the twenty seconds that sound is mended by. */
const partSeconds = 100

/** How many parts a recording is mended in. */
export const restoredPartsOf = ({
  totalSamples,
  sampleRate,
}: Pick<StoredPcm, 'totalSamples' | 'sampleRate'>): number =>
  Math.ceil(totalSamples / (partSeconds * sampleRate))

/** Looks at one part, or at all of it. */
export async function lookAt(
  recording: StoredPcm,
  wishes: Wishes,
  part: number | null,
  tools: Tools,
): Promise<Look> {
  const { totalSamples, sampleRate } = recording
  const span =
    part === null
      ? { from: 0, to: totalSamples, hearFrom: 0, hearTo: totalSamples }
      : lookSpans(totalSamples, sampleRate)[part]!
  const sound = secondsOf(recording, span.hearFrom, span.hearTo, tools)
  return ownLook(await look(sound, { ...recording, wishes }, span.hearFrom), span)
}

/** Keeps a look for whoever decides. */
export async function storeLook(some: Look, { storage, workObject }: Tools): Promise<string> {
  const object = workObject('look')
  await storage.create(object, serialize(some), 'application/octet-stream')
  return object.name
}

/** One after the other: only one is in memory as bytes too. */
export async function readLooks(names: readonly string[], { storage, config }: Tools): Promise<Look[]> {
  const looks: Look[] = []
  for (const name of names)
    looks.push(deserialize(await storage.read({ bucket: config.buckets.work, name })) as Look)
  return looks
}

/** What is passed on of a plan: where nothing is done, the report that says so. */
export interface Prescription extends Record<string, string | number | null> {
  readonly planObject: string | null
  readonly planHash: string | null
  readonly restoredParts: number
  readonly restorationObject: string | null
}

/** Decides, once all parts have been looked at; looks at the whole recording once more where it hums. */
export async function prescription(
  recording: StoredPcm & { readonly analysisObject: string },
  wishes: Wishes,
  looks: readonly Look[],
  tools: Tools,
): Promise<Prescription> {
  const plan = await planRestoration(recording, wishes, looks, tools)
  if (!plan.summary.untouched)
    return {
      ...(await storePlan(plan, tools)),
      restoredParts: restoredPartsOf(recording),
      restorationObject: null,
    }
  const analysis = await readAnalysis(recording.analysisObject, tools)
  const restorationObject = await storeReport(reportOf(plan, analysis, analysis), tools)
  return { planObject: null, planHash: null, restoredParts: 0, restorationObject }
}

async function planRestoration(
  recording: StoredPcm,
  wishes: Wishes,
  looks: readonly Look[],
  tools: Tools,
): Promise<Plan> {
  const found = joinedLooks(looks)
  if (found.totalSamples !== recording.totalSamples)
    throw new Error('Not all of the recording was looked at.')
  const sound = () => secondsOf(recording, 0, recording.totalSamples, tools)
  const tables = await tablesOf(found, sound, { ...recording, wishes })
  return (await decide([tables], wishes, () => letOthers(tools.signal)))[0]!
}

/** Keeps a plan for those who carry it out; its hash stands for what it does. */
async function storePlan(
  plan: Plan,
  { storage, workObject }: Tools,
): Promise<{ planObject: string; planHash: string }> {
  const [object, bytes] = [workObject('plan'), serialize(plan)]
  await storage.create(object, bytes, 'application/octet-stream')
  return { planObject: object.name, planHash: contentHash(bytes) }
}

export interface RestoredPart extends Record<string, string | number> {
  readonly pcmObject: string
  readonly samples: number
}

/** Mends one part: the same samples as if all had been mended in one go. */
export async function restorePart(
  recording: StoredPcm,
  planObject: string,
  part: number,
  tools: Tools,
): Promise<RestoredPart> {
  const { storage, workObject } = tools
  const { sampleRate, totalSamples } = recording
  const plan = await readPlan(planObject, tools)
  const from = part * partSeconds * sampleRate
  const to = Math.min(totalSamples, from + partSeconds * sampleRate)
  const context = restorationContextSeconds * sampleRate
  const sound = secondsOf(recording, Math.max(0, from - context), Math.min(totalSamples, to + context), tools)
  const restoring = restorer(plan, () => letOthers(tools.signal), from, to)
  async function* mended(): AsyncGenerator<Buffer> {
    for await (const planes of sound)
      for await (const done of restoring.add(planes)) yield toInterleavedBytes(done)
    for await (const done of restoring.end()) yield toInterleavedBytes(done)
  }
  const pcm = workObject('pcm')
  await storage.create(pcm, mended(), 'application/octet-stream')
  return { pcmObject: pcm.name, samples: to - from }
}

/** The parts as one recording, with its analysis. */
export async function combineParts(
  parts: readonly RestoredPart[],
  { sampleRate, channels }: PcmFormat,
  tools: Tools,
): Promise<{ recording: StoredPcm; analysisObject: string; analysis: Analysis }> {
  const { storage, config, workObject } = tools
  const [pcm, stored] = [workObject('pcm'), workObject('analysis')]
  const pieces = parts.map(({ pcmObject }) => pcmObject)
  await storage.compose(config.buckets.work, pieces, pcm.name, 'application/octet-stream')
  const recording: StoredPcm = {
    ...{ pcmObject: pcm.name, sampleRate, channels, sampleFormat: 'f32le' },
    totalSamples: parts.reduce((sum, { samples }) => sum + samples, 0),
  }
  const analysis = await analysisOf(recording, tools)
  await storage.create(stored, encodeAnalysis(analysis), 'application/octet-stream')
  return { recording, analysisObject: stored.name, analysis }
}

async function analysisOf(recording: StoredPcm, tools: Tools): Promise<Analysis> {
  const gather = analyser(recording)
  const sound = bytesOf(recording, 0, recording.totalSamples, tools)
  for await (const block of inBlocks(sound, gather.blockBytes)) gather.add(block)
  return gather.finish()
}

/** The bytes from one sample to another, and how far they are, a second at a time. */
async function* bytesOf(
  recording: StoredPcm,
  from: number,
  to: number,
  { storage, config, signal, progress }: Tools,
): AsyncGenerator<Buffer> {
  const width = bytesPerFrame(recording)
  const object = { bucket: config.buckets.work, name: recording.pcmObject }
  const scanned = storage.scan(object, { start: from * width, end: to * width })
  let done = 0
  for await (const block of inBlocks(scanned, recording.sampleRate * width)) {
    yield block
    done += block.length
    progress(done / ((to - from) * width))
    await letOthers(signal)
  }
}

/** Heartbeats go on, and work that is called off ends. */
export async function letOthers(signal: AbortSignal): Promise<void> {
  await othersTurn()
  signal.throwIfAborted()
}

/** Planes that are used again: a second of them holds until the next one is asked for. */
async function* secondsOf(
  recording: StoredPcm,
  from: number,
  to: number,
  tools: Tools,
): AsyncGenerator<readonly Float32Array[]> {
  const planes = Array.from({ length: recording.channels }, () => new Float32Array(recording.sampleRate))
  for await (const block of bytesOf(recording, from, to, tools)) {
    fillPlanes(block, recording, planes)
    const frames = block.length / bytesPerFrame(recording)
    yield planes.map((plane) => plane.subarray(0, frames))
  }
}

/** `after` is the analysis of what was made; that of the recording itself where nothing was done. */
export function reportOf({ summary }: Plan, before: Analysis, after: Analysis): RestorationReport {
  const { snrDb: _own, gatedShare: _ofTracks, ...found } = summary
  return {
    snrBeforeDb: signalToNoise(before),
    snrAfterDb: signalToNoise(after),
    ...found,
    musicSeconds: Math.round(found.music.reduce((sum, { start, end }) => sum + end - start, 0)),
  }
}

const signalToNoise = ({ speechLevelDb, noiseFloorDb, integratedLufs }: Analysis): number | null =>
  integratedLufs === -Infinity ? null : Math.round(10 * (speechLevelDb - noiseFloorDb)) / 10

/** Stores a report, and names it. */
export async function storeReport(
  report: RestorationReport,
  { storage, workObject }: Tools,
): Promise<string> {
  const object = workObject('restoration.json')
  await storage.create(object, JSON.stringify(report), 'application/json')
  return object.name
}

export async function readAnalysis(name: string, { storage, config }: Tools): Promise<Analysis> {
  return decodeAnalysis(await storage.read({ bucket: config.buckets.work, name }))
}

/** Those of an earlier version lack what was added. */
type StoredPlan = Omit<Plan, 'clipped'> & Partial<Pick<Plan, 'clipped'>>

export async function readPlan(
  name: string,
  { storage, config }: Pick<Tools, 'storage' | 'config'>,
): Promise<Plan> {
  const plan = deserialize(await storage.read({ bucket: config.buckets.work, name })) as StoredPlan
  return { clipped: [], ...plan }
}
