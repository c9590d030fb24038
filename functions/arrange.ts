/** arrange: edits + template → timeline: clips, the sample ledger and the chunk plan. */
import { z } from 'zod'
import type { Knex } from 'knex'
import { arrangeShow, chunkContents, type ArrangedSource, type SpokenSource } from '../shared/audio/arrange.ts'
import type { PcmFormat } from '../shared/audio/pcm.ts'
import { bleep } from '../shared/audio/tone.ts'
import type { Scalars } from '../shared/context.ts'
import { settingsOf } from '../shared/db/runs.ts'
import { outputsOf } from '../shared/db/steps.ts'
import { Permanent } from '../shared/errors.ts'
import { contentHash } from '../shared/hash.ts'
import { defineStep, type Tools } from '../shared/step.ts'
import type { EditList } from '../shared/transcript/edits.ts'
import type { SpokenText } from '../shared/transcript/spoken.ts'

const source = z.object({
  file: z.string(),
  pcmObject: z.string(),
  sampleRate: z.number(),
  channels: z.union([z.literal(1), z.literal(2)]),
  sampleFormat: z.enum(['s16le', 'f32le']),
  totalSamples: z.number(),
  integratedLufs: z.number().nullable(),
})

const speech = z.object({ pcmObject: z.string(), wordsObject: z.string(), totalSamples: z.number(), integratedLufs: z.number().nullable() })
type Speech = z.infer<typeof speech>

export const arrange = defineStep({
  name: 'arrange',
  version: 2,
  context: z.object({ editsObject: z.string(), editsHash: z.string(), spokenObject: z.string() }),
  load: async (db: Knex, { runId }) => {
    const [recording, ...assets] = (await outputsOf(db, runId, 'prepare')).map(({ output }) => toSource(output))
    const voices = (await outputsOf(db, runId, 'voice')).map(({ output }) => speech.parse(output))
    const { segments, output, loudness, voice } = await settingsOf(db, runId)
    return { recording: recording!, assets, voices, segments, output, loudness, speaker: voice.name }
  },
  inputs: ({ editsHash, spokenObject }, input) => ({ editsHash, spokenObject, ...input }),
  work: async ({ editsObject, spokenObject }, { recording, assets, voices, segments, output, loudness, speaker }, tools) => {
    const { storage, config, workObject } = tools
    const bucket = config.buckets.work
    const edits = await storage.readJson<EditList>({ bucket, name: editsObject })
    const texts = await storage.readJson<SpokenText[]>({ bucket, name: spokenObject })
    const answers = await Promise.all(voices.map((voice) => toSpokenSource(voice, recording, speaker, tools)))
    const timeline = arrangeShow({
      ...{ recording, assets, segments, edits, outputChannels: output.channels === 'mono' ? 1 : 2 },
      spoken: new Map(texts.map(({ edit }, i) => [edit, answers[i]!])),
      tone: await bleep(edits, recording.format.sampleRate, workObject('tone'), storage),
    })
    if (timeline.totalSamples === 0) throw new Permanent('nothing_left')
    const object = workObject('timeline.json')
    await storage.create(object, JSON.stringify(timeline), 'application/json')
    const contents = chunkContents(timeline).map((text) => contentHash(text).slice(0, 16))
    return {
      timelineObject: object.name,
      chunkCount: contents.length,
      chunkHashes: contents.join(' '),
      gainEstimateDb: Math.round(10 * (loudness.targetLufs - (recording.integratedLufs ?? loudness.targetLufs))) / 10,
    }
  },
  passOn: ({ timelineObject, chunkCount, gainEstimateDb }) => ({ timelineObject, chunkCount, gainEstimateDb }),
})

function toSource(output: Scalars): ArrangedSource {
  const { file, pcmObject, sampleRate, channels, sampleFormat, totalSamples, integratedLufs } = source.parse(output)
  const format: PcmFormat = { sampleRate, channels, sampleFormat }
  return { file, object: pcmObject, format, totalSamples, integratedLufs }
}

async function toSpokenSource(
  { pcmObject, wordsObject, totalSamples, integratedLufs }: Speech,
  recording: ArrangedSource,
  speaker: string,
  { storage, config }: Tools,
): Promise<SpokenSource> {
  const words = await storage.readJson<SpokenSource['words']>({ bucket: config.buckets.work, name: wordsObject })
  const format: PcmFormat = { sampleRate: recording.format.sampleRate, channels: 1, sampleFormat: 'f32le' }
  return { file: '', object: pcmObject, format, totalSamples, integratedLufs, speaker, words }
}
