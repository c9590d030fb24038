/**
 * Step `hear`: a slice of the recording → the words that a model of one's own hears in it. No parts when the words were
 * supplied or a provider transcribes.
 */
import { z } from 'zod'
import { listenTo } from '../shared/alignment/listen.ts'
import { decodeAnalysis } from '../shared/audio/analysis-file.ts'
import { settingsOf } from '../shared/db/runs.ts'
import { bringModel } from '../shared/ears/bring-model.ts'
import { hearSpan } from '../shared/ears/hear.ts'
import { modelName } from '../shared/ears/models.ts'
import { openListener } from '../shared/ears/listener.ts'
import { spokenLanguage } from '../shared/ears/spoken-language.ts'
import { defineStep } from '../shared/engine/step.ts'
import { fanOut, pick } from '../shared/episode/run-context.ts'
import { contentHash } from '../shared/hash.ts'
import { sliceBounds, sliceCount } from '../shared/providers/slices.ts'
import { localRecogniser } from '../shared/settings/settings.ts'

/** A model is opened once a slice, which takes a few seconds; and what is killed hears no more than this again. */
const sliceSeconds = 300

export const hear = defineStep({
  name: 'hear',
  version: 1,
  context: pick(
    'pcmObject',
    'analysisObject',
    'sampleRate',
    'channels',
    'sampleFormat',
    'recogniserDigest',
  ).and(z.object({ recogniserModel: z.string().regex(modelName), slice: z.number(), slices: z.number() })),
  load: async (db, { runId }) => (await settingsOf(db, runId)).transcription.language ?? null,
  inputs: ({ pcmObject, analysisObject, recogniserModel, recogniserDigest, slice, slices }, language) => ({
    pcmObject,
    analysisObject,
    recogniserModel,
    recogniserDigest,
    slice,
    slices,
    language,
  }),
  work: async (context, language, tools) => {
    const { storage, config, workObject, signal, progress } = tools
    const { recogniserModel, slice, slices } = context
    const bucket = config.buckets.work
    const analysis = decodeAnalysis(await storage.read({ bucket, name: context.analysisObject }))
    const span = sliceBounds(analysis, slice, slices)
    const model = await bringModel(recogniserModel, config, storage)
    const listener = await openListener(model, language ?? undefined, signal)
    try {
      const listen = listenTo(storage, { bucket, name: context.pcmObject }, context)
      const heard = await hearSpan(analysis, span, listen, listener, progress)
      const spoken = language ?? heard.language ?? spokenLanguage(model.name, heard.words)
      const recognised = { ...heard, language: spoken }
      const kept = workObject('recognised.json')
      const text = JSON.stringify(recognised)
      await storage.create(kept, text, 'application/json')
      return {
        recognisedObject: kept.name,
        recognisedHash: contentHash(text),
        startSample: span.startSample,
        words: recognised.words.length,
        model: model.name,
      }
    } finally {
      listener.close()
    }
  },
  parts: fanOut(['recogniser', 'totalSamples', 'sampleRate'], ({ recogniser, totalSamples, sampleRate }) => {
    if (recogniser !== localRecogniser) return []
    const slices = sliceCount(totalSamples / sampleRate, sliceSeconds)
    return Array.from({ length: slices }, (_, slice) => ({ slice, slices }))
  }),
})
