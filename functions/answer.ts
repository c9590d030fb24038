/**
 * Step `answer`: asks a language model a question that a host put to the assistant. One part for each
 * question; none when the show has no language model, and then the producer is asked.
 */
import { z } from 'zod'
import type { Knex } from 'knex'
import { settingsOf } from '../shared/db/runs.ts'
import { openKey } from '../shared/providers/choose.ts'
import { payOnce } from '../shared/providers/paid-call.ts'
import { openAnswerer } from '../shared/providers/answerers.ts'
import { fanOut, pick } from '../shared/episode/run-context.ts'
import { defineStep } from '../shared/engine/step.ts'

export const answer = defineStep({
  name: 'answer',
  version: 1,
  context: pick('providerKeys').and(z.object({ edit: z.string(), question: z.string() })),
  load: async (db: Knex, { runId }) => {
    const { cleaning, transcription } = await settingsOf(db, runId)
    return {
      answerer: cleaning.intern.answerer!,
      model: cleaning.intern.model,
      language: transcription.language,
    }
  },
  inputs: ({ question }, settings) => ({ question, ...settings }),
  work: async (context, { answerer: name, model, language }, tools) => {
    const { storage, config, workObject, signal } = tools
    const apiKey = openKey(config, context.providerKeys, context.userId, name)
    const answerer = openAnswerer(name, { baseUrl: config.providers.urls[name], apiKey, model })
    const kept = workObject('answer.txt')
    const text = await payOnce<string, string>(tools, context, 'answer', {
      provider: name,
      recall: async () =>
        (await storage.stat(kept)) ? (await storage.read(kept)).toString('utf8') : undefined,
      submit: async () => ({
        state: 'done',
        result: await answerer.answer(context.question, { language }, signal),
      }),
      keep: async (said) => {
        await storage.create(kept, said, 'text/plain; charset=utf-8')
        return said
      },
    })
    return { text }
  },
  parts: fanOut(['questions', 'answers'], ({ questions, answers }) => (answers ? questions : [])),
})
