/**
 * Step `arrange`: edits + template → timeline: clips, music beds, the map from recording to output, and the
 * division into chunks. Pauses are tightened where the template limits the length.
 */
import { z } from 'zod'
import type { Knex } from 'knex'
import { decodeAnalysis } from '../shared/audio/analysis-file.ts'
import type { Analysis } from '../shared/audio/analysis.ts'
import { pausesIn } from '../shared/audio/quiet.ts'
import { arrangeShow } from '../shared/show/arrange.ts'
import type { ArrangedSource, Show, SpokenSource } from '../shared/show/layout.ts'
import { chunkContents } from '../shared/show/chunk-contents.ts'
import { fitLength } from '../shared/show/length.ts'
import type { PcmFormat } from '../shared/audio/pcm.ts'
import { bleep } from '../shared/show/tone.ts'
import { settingsOf } from '../shared/db/runs.ts'
import { outputsOf } from '../shared/db/steps.ts'
import { Permanent } from '../shared/errors.ts'
import { contentHash } from '../shared/hash.ts'
import type { RunSettings } from '../shared/settings/settings.ts'
import { preparedFiles, type Prepared } from '../shared/episode/recording.ts'
import { pick } from '../shared/episode/run-context.ts'
import { defineStep, type Tools } from '../shared/engine/step.ts'
import type { EditList } from '../shared/edits/edits.ts'
import { withPauses } from '../shared/edits/propose.ts'
import { planReel, reelContents } from '../shared/review/reel.ts'
import type { SpokenText } from '../shared/show/spoken.ts'
import type { Transcript } from '../shared/words/words.ts'

const speech = z.object({
  pcmObject: z.string(),
  wordsObject: z.string(),
  totalSamples: z.number(),
  integratedLufs: z.number().nullable(),
})

const context = pick('editsObject', 'spokenObject', 'transcriptObject')
type Context = z.output<typeof context>
type Input = Awaited<ReturnType<typeof load>>

export const arrange = defineStep({
  name: 'arrange',
  version: 5,
  context,
  load,
  inputs: ({ editsObject, spokenObject, transcriptObject }, input) => ({
    editsObject,
    spokenObject,
    transcriptObject,
    ...input,
  }),
  work: async (context, input, tools) => {
    const { storage, workObject } = tools
    const { edits, timeline, toneObject } = await layOut(context, input, tools)
    if (timeline.totalSamples === 0) throw new Permanent('nothing_left')
    const [object, editsObject] = [workObject('timeline.json'), workObject('edits.json')]
    const editsText = JSON.stringify(edits)
    await storage.create(object, JSON.stringify(timeline), 'application/json')
    await storage.create(editsObject, editsText, 'application/json')
    const contents = chunkContents(timeline).map(shortHash)
    const reel = reelContents(planReel(edits, timeline)).map(shortHash)
    const { targetLufs } = input.settings.loudness
    return {
      timelineObject: object.name,
      editsObject: editsObject.name,
      toneObject,
      editsHash: contentHash(editsText),
      chunkCount: contents.length,
      chunkHashes: contents.join(' '),
      reelParts: reel.length,
      reelHashes: reel.join(' '),
      gainEstimateDb: Math.round(10 * (targetLufs - (input.recording.integratedLufs ?? targetLufs))) / 10,
    }
  },
  passOn: ({ chunkHashes: _own, reelHashes: _its, toneObject: _too, ...output }) => output,
})

const shortHash = (text: string): string => contentHash(text).slice(0, 16)

async function load(db: Knex, { runId }: { runId: string }) {
  const { recording, assets } = await preparedFiles(db, runId)
  const voices = (await outputsOf(db, runId, 'voice')).map(({ output }) => speech.parse(output))
  return { recording, assets, voices, settings: settingsToArrangeBy(await settingsOf(db, runId)) }
}

const settingsToArrangeBy = ({ segments, music, output, loudness, length, cleaning }: RunSettings) => ({
  segments,
  music,
  output,
  loudness,
  length,
  pauses: cleaning.pauses,
})

async function layOut(context: Context, { recording, assets, voices, settings }: Input, tools: Tools) {
  const { storage, config, workObject, warn } = tools
  const bucket = config.buckets.work
  const edits = await storage.readJson<EditList>({ bucket, name: context.editsObject })
  const texts = await storage.readJson<SpokenText[]>({ bucket, name: context.spokenObject })
  const analysis = decodeAnalysis(await storage.read({ bucket, name: recording.analysisObject }))
  const hasDucking = settings.music.some(({ ducking }) => ducking.enabled)
  const spoken = await Promise.all(
    voices.map((voice, i) => toSpokenSource(voice, recording.sampleRate, texts[i]!.voice.name, tools)),
  )
  const show: Omit<Show, 'edits'> = {
    recording: toSource(recording, analysis),
    assets: await Promise.all(
      assets.map(async (asset) =>
        toSource(asset, hasDucking ? await analysisOf(asset.analysisObject, tools) : undefined),
      ),
    ),
    spoken: new Map(texts.map(({ place }, i) => [place, spoken[i]!])),
    tone: await bleep(edits, recording.sampleRate, workObject('tone'), storage),
    segments: settings.segments,
    music: settings.music,
    outputChannels: settings.output.channels === 'mono' ? 1 : 2,
  }
  const transcript =
    context.transcriptObject === null
      ? undefined
      : await storage.readJson<Transcript>({ bucket, name: context.transcriptObject })
  const { result, remark } = fitLength(
    settings.length,
    settings.pauses,
    (limits) => {
      const made = limits ? withPauses(edits, transcript, analysis, { enabled: true, ...limits }) : edits
      return { edits: made, timeline: arrangeShow({ ...show, edits: made }) }
    },
    ({ timeline }) => timeline.totalSamples / timeline.sampleRate,
  )
  if (remark) warn(remark)
  return { ...result, toneObject: show.tone?.object ?? null }
}

const analysisOf = async (name: string, { storage, config }: Tools): Promise<Analysis> =>
  decodeAnalysis(await storage.read({ bucket: config.buckets.work, name }))

function toSource(output: Prepared, analysis: Analysis | undefined): ArrangedSource {
  const { file, pcmObject, sampleRate, channels, sampleFormat, totalSamples, integratedLufs } = output
  const format: PcmFormat = { sampleRate, channels, sampleFormat }
  return {
    file,
    object: pcmObject,
    format,
    totalSamples,
    integratedLufs,
    speech: analysis?.speech ?? [],
    pauses: analysis ? pausesIn(analysis) : [],
  }
}

async function toSpokenSource(
  { pcmObject, wordsObject, totalSamples, integratedLufs }: z.infer<typeof speech>,
  sampleRate: number,
  speaker: string,
  { storage, config }: Tools,
): Promise<SpokenSource> {
  const words = await storage.readJson<SpokenSource['words']>({
    bucket: config.buckets.work,
    name: wordsObject,
  })
  const format: PcmFormat = { sampleRate, channels: 1, sampleFormat: 'f32le' }
  const whole = {
    startSample: words[0]?.startSample ?? 0,
    endSample: words.at(-1)?.endSample ?? totalSamples,
  }
  return {
    file: '',
    object: pcmObject,
    format,
    totalSamples,
    integratedLufs,
    speech: [whole],
    speaker,
    words,
  }
}
