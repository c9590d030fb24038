/** arrange: edits + template → timeline: clips, the sample ledger and the chunk plan. */
import { z } from 'zod'
import type { Knex } from 'knex'
import { arrangeShow, chunkContents, type ArrangedSource } from '../shared/audio/arrange.ts'
import type { PcmFormat } from '../shared/audio/pcm.ts'
import type { Scalars } from '../shared/context.ts'
import { settingsOf } from '../shared/db/runs.ts'
import { outputsOf } from '../shared/db/steps.ts'
import { Permanent } from '../shared/errors.ts'
import { contentHash } from '../shared/hash.ts'
import { defineStep } from '../shared/step.ts'
import type { EditList } from '../shared/transcript/edits.ts'

const source = z.object({
  file: z.string(),
  pcmObject: z.string(),
  sampleRate: z.number(),
  channels: z.union([z.literal(1), z.literal(2)]),
  sampleFormat: z.enum(['s16le', 'f32le']),
  totalSamples: z.number(),
  integratedLufs: z.number().nullable(),
})

export const arrange = defineStep({
  name: 'arrange',
  version: 1,
  context: z.object({ editsObject: z.string(), editsHash: z.string() }),
  load: async (db: Knex, { runId }) => {
    const [recording, ...assets] = (await outputsOf(db, runId, 'prepare')).map(({ output }) => toSource(output))
    const { segments, output, loudness } = await settingsOf(db, runId)
    return { recording: recording!, assets, segments, output, loudness }
  },
  inputs: ({ editsHash }, input) => ({ editsHash, ...input }),
  work: async ({ editsObject }, { recording, assets, segments, output, loudness }, { storage, config, workObject }) => {
    const edits = await storage.readJson<EditList>({ bucket: config.buckets.work, name: editsObject })
    const timeline = arrangeShow({ recording, assets, segments, edits, outputChannels: output.channels === 'mono' ? 1 : 2 })
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
