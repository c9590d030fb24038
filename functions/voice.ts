/**
 * Step `voice`: one text → speech as canonical PCM at the episode's rate, with its words. Paid for once for
 * the same text, voice, model and settings; never silence.
 */
import { z } from 'zod'
import { ffmpegVersion } from '../shared/audio/ffmpeg.ts'
import { toEpisodeSpeech } from '../shared/show/episode-speech.ts'
import { toInterleavedBytes } from '../shared/audio/pcm.ts'
import { Permanent } from '../shared/errors.ts'
import { openKey } from '../shared/providers/choose.ts'
import { payOnce } from '../shared/providers/paid-call.ts'
import { charge } from '../shared/episode/quota.ts'
import { VendorError } from '../shared/providers/vendor-failure.ts'
import { openVoice } from '../shared/providers/voices.ts'
import type { Spoken } from '../shared/providers/voice.ts'
import { fanOut, pick } from '../shared/episode/run-context.ts'
import { defineStep, type Tools } from '../shared/engine/step.ts'
import type { SpokenText } from '../shared/show/spoken.ts'

const kept = z.object({ totalSamples: z.number(), integratedLufs: z.number().nullable() })

export const voice = defineStep({
  name: 'voice',
  version: 1,
  needs: ffmpegVersion, // not in the key: what was paid for outlives a version
  context: pick('spokenObject', 'providerKeys', 'sampleRate').and(
    z.object({ spoken: z.number(), spokenHash: z.string() }),
  ),
  inputs: ({ spokenHash, sampleRate }) => ({ spokenHash, sampleRate }),
  work: async (context, _input: undefined, tools) => {
    const { storage, config, signal } = tools
    const texts = await storage.readJson<SpokenText[]>({
      bucket: config.buckets.work,
      name: context.spokenObject,
    })
    const { text, voice: wanted } = texts[context.spoken]!
    const { provider, voice: speaker, model, settings } = wanted
    const access =
      provider === 'flite'
        ? { baseUrl: '', apiKey: '' } // built in
        : {
            baseUrl: config.providers.urls[provider],
            apiKey: openKey(config, context.providerKeys, context.userId, provider),
          }
    const speak = () => openVoice(provider, access).speak({ text, voice: speaker, model, settings }, signal)
    const keep = async (spoken: Spoken, copy: number) => {
      const { pcm, words, facts } = objectsOf(copy, tools)
      const speech = await toEpisodeSpeech(spoken, text, context.sampleRate, signal)
      await storage.create(words, JSON.stringify(speech.words), 'application/json')
      await storage.create(pcm, toInterleavedBytes([speech.samples]), 'application/octet-stream')
      const measured = {
        pcmObject: pcm.name,
        wordsObject: words.name,
        totalSamples: speech.samples.length,
        integratedLufs: speech.integratedLufs,
      }
      // written last: whoever finds it finds the others
      await storage.create(facts, JSON.stringify(measured), 'application/json')
      return measured
    }
    const made =
      provider === 'flite'
        ? await keep(await speak().catch(refuse), 1)
        : await payOnce(tools, context, 'voice', {
            provider,
            recall: (copy) => recall(copy, tools),
            submit: async () => {
              const entry = {
                userId: context.userId,
                kind: 'characters',
                key: tools.inputKey,
                amount: text.length,
                runId: context.runId,
              } as const
              await tools.withDatabase((db) => charge(db, config, entry))
              return { state: 'done', result: await speak() }
            },
            keep,
          })
    return made
  },
  parts: fanOut(['spokenHashes'], ({ spokenHashes }) =>
    spokenHashes.map((spokenHash, spoken) => ({ spoken, spokenHash })),
  ),
})

/** What was spoken a second time, since the first was lost, is another sound and has other names. */
function objectsOf(copy: number, { workObject }: Tools) {
  const place = copy > 1 ? `${copy}-` : ''
  return {
    pcm: workObject(`${place}pcm`),
    words: workObject(`${place}words.json`),
    facts: workObject(`${place}facts.json`),
  }
}

/** Undefined unless all of it is there. */
async function recall(copy: number, tools: Tools) {
  const { pcm, words, facts } = objectsOf(copy, tools)
  const found = await Promise.all([pcm, words, facts].map((object) => tools.storage.stat(object)))
  if (!found.every(Boolean)) return undefined
  const measured = kept.parse(await tools.storage.readJson(facts))
  return { pcmObject: pcm.name, wordsObject: words.name, ...measured }
}

/** The voice that is built in costs nothing: what it refuses, it always will. */
function refuse(error: unknown): never {
  throw error instanceof VendorError ? new Permanent(error.code, error.message, { cause: error }) : error
}
