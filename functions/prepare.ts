/**
 * Step `prepare`: any audio file → canonical PCM, seekable by sample, and its analysis. The recording comes
 * first, then each asset at the recording's rate.
 */
import { z } from 'zod'
import { analyser, blockSamples, encodeAnalysis, type Analysis } from '../shared/audio/analysis.ts'
import { bytesPerFrame, inBlocks } from '../shared/audio/pcm.ts'
import { tooLong, type OpenedSource } from '../shared/audio/source.ts'
import { withSources, type SourcePart } from '../shared/audio/multi-source.ts'
import { fileOf } from '../shared/objects.ts'
import { charge } from '../shared/episode/quota.ts'
import { fanOut, pick } from '../shared/episode/run-context.ts'
import { defineStep, type Tools } from '../shared/engine/step.ts'

/** The parts are the recording and, at its rate, each of the template's files. */
const part = z.object({
  source: z.enum(['recording', 'asset']),
  object: z.string(),
  generation: z.string(),
  contentHash: z.string(),
  /** Assets follow the recording; a recording keeps its own rate when it can. */
  targetRate: z.number().nullable(),
})

const context = pick('assets', 'recordings', 'recordingsAre').and(part)

export const prepare = defineStep({
  name: 'prepare',
  version: 2,
  context,
  inputs: ({ source, object, contentHash, targetRate, recordingsAre }) => ({
    source,
    file: fileOf(object),
    contentHash,
    targetRate,
    recordingsAre,
  }),
  work: async (
    { source, object, generation, contentHash, targetRate, recordings, recordingsAre, userId, runId },
    _input: undefined,
    tools,
  ) => {
    const { buckets, limits } = tools.config
    const name = fileOf(object)
    const mostBytes = source === 'asset' ? limits.assetBytes : limits.recordingBytes
    const uploaded =
      source === 'recording' && recordings.length > 0
        ? recordings
        : [{ object, generation, gainDb: 0, offsetSeconds: 0 }]
    const parts = uploaded.map(({ object: file, generation: pinned, gainDb, offsetSeconds }) => ({
      object: { bucket: buckets.uploads, name: file, generation: pinned },
      gainDb,
      offsetSeconds,
    }))
    return await withSources(
      tools.storage,
      parts,
      recordingsAre,
      { bytes: mostBytes, targetRate },
      tools.signal,
      async (opened) => {
        const { certainSeconds } = opened.probed
        const accept = async (seconds: number) => {
          if (seconds > limits.recordingSeconds) throw tooLong(name, seconds, limits.recordingSeconds)
          if (source === 'recording') await chargeMinutes(seconds, { userId, runId, contentHash }, tools)
        }
        if (certainSeconds !== undefined) await accept(certainSeconds) // before any work is done
        const analysis = await decodeAndAnalyse(opened, name, limits.recordingSeconds, tools)
        if (certainSeconds === undefined) await accept(analysis.totalSamples / analysis.format.sampleRate)
        warnOfDefects(analysis, name, tools)
        return {
          file: name,
          pcmObject: tools.workObject('pcm').name,
          analysisObject: tools.workObject('analysis').name,
          sampleRate: analysis.format.sampleRate,
          channels: analysis.format.channels,
          sampleFormat: analysis.format.sampleFormat,
          totalSamples: analysis.totalSamples,
          integratedLufs: Number.isFinite(analysis.integratedLufs) ? analysis.integratedLufs : null,
          marksObject: source === 'recording' ? await storeMarks(opened, parts, name, tools) : null,
        }
      },
    )
  },
  passOn: (output, { source }) => {
    if (source === 'asset') return {}
    const { pcmObject, analysisObject, sampleRate, channels, sampleFormat, totalSamples, marksObject } =
      output
    return { pcmObject, analysisObject, sampleRate, channels, sampleFormat, totalSamples, marksObject }
  },
  parts: fanOut(
    ['recordingObject', 'recordingGeneration', 'recordingHash', 'outputRate'],
    ({ recordingObject, recordingGeneration, recordingHash, outputRate }) => [
      {
        source: 'recording',
        object: recordingObject,
        generation: recordingGeneration,
        contentHash: recordingHash,
        targetRate: outputRate,
      },
    ],
  ),
  furtherParts: ({ sampleRate }, { assets }) =>
    assets.map((asset) => ({ source: 'asset', targetRate: sampleRate, ...asset })),
})

/** The same recording again costs nothing in the same account. */
const chargeMinutes = (
  seconds: number,
  { userId, runId, contentHash }: { userId: string; runId: string; contentHash: string },
  { withDatabase, config }: Tools,
) =>
  withDatabase((db) =>
    charge(db, config, { userId, kind: 'minutes', key: contentHash, amount: seconds / 60, runId }),
  )

/** One pass: decode, look at every block, store it. */
async function decodeAndAnalyse(
  { probed, decode }: OpenedSource,
  name: string,
  maxSeconds: number,
  tools: Tools,
): Promise<Analysis> {
  const gather = analyser(probed.pcm)
  const { sampleRate } = probed.pcm
  const decoding = decode(tools.signal)
  let samples = 0
  async function* analysed(): AsyncGenerator<Buffer> {
    for await (const block of inBlocks(decoding.sound, gather.blockBytes)) {
      gather.add(block)
      samples += block.length / bytesPerFrame(probed.pcm)
      const seconds = samples / sampleRate
      if (seconds > maxSeconds) throw tooLong(name, seconds, maxSeconds)
      if (probed.declaredSeconds) tools.progress(Math.min(1, seconds / probed.declaredSeconds))
      yield block
    }
  }
  await tools.storage.create(tools.workObject('pcm'), analysed(), 'application/octet-stream')
  decoding.warnings().forEach(tools.warn)
  const analysis = gather.finish()
  await tools.storage.create(
    tools.workObject('analysis'),
    encodeAnalysis(analysis),
    'application/octet-stream',
  )
  return analysis
}

/** Stores the chapter marks inside a recording; only those of a single file have a known place in it. */
async function storeMarks(
  { probed }: OpenedSource,
  parts: readonly SourcePart[],
  name: string,
  tools: Tools,
): Promise<string | null> {
  if (probed.marks.length === 0) return null
  if (parts.length > 1) {
    tools.warn({
      code: 'chapters_left_out',
      message:
        `${name} brings chapters with it, but is one of ${parts.length} files. ` +
        `Give the episode's chapters in a chapters file.`,
    })
    return null
  }
  const { offsetSeconds } = parts[0]!
  const object = tools.workObject('marks.json')
  const marks = probed.marks.map(({ startSeconds, title }) => ({
    startSeconds: startSeconds + offsetSeconds,
    title,
  }))
  await tools.storage.create(object, JSON.stringify(marks), 'application/json')
  return object.name
}

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
