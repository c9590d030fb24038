/**
 * Step `recognise`: a slice of the recording → the words that the chosen provider recognises in it. No
 * parts when the words were supplied, the show has no recogniser, or has a model of its own (`hear`).
 */
import { z } from 'zod'
import { ffmpegVersion } from '../shared/audio/ffmpeg.ts'
import { decodeAnalysis } from '../shared/audio/analysis-file.ts'
import { encodeForRecogniser } from '../shared/providers/recogniser-sound.ts'
import { sliceBounds, sliceCount } from '../shared/providers/slices.ts'
import { settingsOf } from '../shared/db/runs.ts'
import { contentHash } from '../shared/hash.ts'
import { openKey } from '../shared/providers/choose.ts'
import { payOnce } from '../shared/providers/paid-call.ts'
import { callbackFor } from '../shared/providers/callback-url.ts'
import { recogniserNames } from '../shared/settings/settings.ts'
import { openRecogniser, sliceSecondsOf } from '../shared/providers/recognisers.ts'
import type { Recognised } from '../shared/providers/recogniser.ts'
import { fanOut, pick } from '../shared/episode/run-context.ts'
import { defineStep } from '../shared/engine/step.ts'

interface Counted {
  readonly words: number
  readonly unreadable: number
  /** Bought a second time, the words need not be the same, and what follows from them is made again. */
  readonly recognisedHash: string
}

const counted = (recognised: Recognised): Counted => ({
  words: recognised.words.length,
  unreadable: recognised.unreadable ?? 0,
  recognisedHash: contentHash(JSON.stringify(recognised)),
})

export const recognise = defineStep({
  name: 'recognise',
  version: 1,
  needs: ffmpegVersion,
  context: pick(
    'providerKeys',
    'recordingHash',
    'recordingsAre',
    'pcmObject',
    'analysisObject',
    'sampleRate',
    'channels',
    'sampleFormat',
    'totalSamples',
  ).and(z.object({ recogniser: z.enum(recogniserNames), slice: z.number(), slices: z.number() })),
  load: async (db, { runId }) => (await settingsOf(db, runId)).transcription,
  // the recording itself, and not what a version of ffmpeg made of it: what was paid for outlives that
  inputs: ({ recogniser, recordingHash, recordingsAre, sampleRate, slice, slices }, { language, model }) => ({
    recogniser,
    recordingHash,
    recordingsAre,
    sampleRate,
    slice,
    slices,
    language,
    model,
  }),
  work: async (context, { language, model }, tools) => {
    const { storage, config, workObject, signal } = tools
    const { recogniser: name, providerKeys, slice, slices, userId } = context
    const bucket = config.buckets.work
    const analysis = decodeAnalysis(await storage.read({ bucket, name: context.analysisObject }))
    const { startSample, endSample } = sliceBounds(analysis, slice, slices)
    const sound = await encodeForRecogniser(
      context,
      { startSample, endSample },
      workObject('speech.ogg'),
      tools,
    )
    const apiKey = openKey(config, providerKeys, userId, name)
    const recogniser = openRecogniser(name, { baseUrl: config.providers.urls[name], apiKey, model })
    const kept = workObject('recognised.json')
    const { words, unreadable, recognisedHash } = await payOnce<Recognised, Counted>(
      tools,
      context,
      'recognise',
      {
        provider: name,
        recall: async () =>
          (await storage.stat(kept)) ? counted(await storage.readJson<Recognised>(kept)) : undefined,
        submit: (callId) => recogniser.submit(sound, { language, ...callbackFor(config, callId) }, signal),
        ...(recogniser.find ? { find: () => recogniser.find!(sound, signal) } : {}),
        ...(recogniser.poll ? { poll: (reference) => recogniser.poll!(reference, signal) } : {}),
        keep: async (recognised) => {
          await storage.create(kept, JSON.stringify(recognised), 'application/json')
          return counted(recognised)
        },
      },
    )
    if (unreadable > 0)
      tools.warn({
        code: 'words_repaired',
        message:
          `${unreadable} of the ${words + unreadable} words that came from ${name} had no time or no text ` +
          `and were left out.`,
      })
    return { recognisedObject: kept.name, recognisedHash, startSample, words }
  },
  parts: fanOut(['recogniser', 'totalSamples', 'sampleRate'], ({ recogniser, totalSamples, sampleRate }) => {
    const name = recogniserNames.find((known) => known === recogniser)
    if (name === undefined) return []
    const slices = sliceCount(totalSamples / sampleRate, sliceSecondsOf(name))
    return Array.from({ length: slices }, (_, slice) => ({ slice, slices }))
  }),
})
