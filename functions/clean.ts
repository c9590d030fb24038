/** clean: words + analysis + settings → edits. Nothing is cut here; every change is a proposal that can be switched off. */
import { z } from 'zod'
import type { Knex } from 'knex'
import { decodeAnalysis } from '../shared/audio/analysis.ts'
import { settingsOf } from '../shared/db/runs.ts'
import { contentHash } from '../shared/hash.ts'
import { defineStep } from '../shared/step.ts'
import { checkBudget, toEditList } from '../shared/transcript/edits.ts'
import { detectFillers } from '../shared/transcript/fillers.ts'
import { detectPauses } from '../shared/transcript/pauses.ts'
import { checkTiming } from '../shared/transcript/timing.ts'
import type { Transcript } from '../shared/transcript/words.ts'

export const clean = defineStep({
  name: 'clean',
  version: 1,
  context: z.object({ analysisObject: z.string(), transcriptObject: z.string().nullable() }),
  load: async (db: Knex, { runId }) => (await settingsOf(db, runId)).cleaning,
  inputs: ({ analysisObject, transcriptObject }, settings) => ({ analysisObject, transcriptObject, settings }),
  work: async ({ analysisObject, transcriptObject }, settings, { storage, config, workObject }) => {
    const work = config.buckets.work
    const analysis = decodeAnalysis(await storage.read({ bucket: work, name: analysisObject }))
    const transcript = transcriptObject === null ? undefined : await storage.readJson<Transcript>({ bucket: work, name: transcriptObject })
    const fillers = transcript ? detectFillers(transcript, analysis, checkTiming(transcript, analysis), settings.fillers) : []
    const cut = fillers.filter(({ status }) => status !== 'pending')
    const pauses = detectPauses(analysis, transcript, cut, settings.pauses)
    const edits = toEditList([...fillers, ...pauses], analysis.format.sampleRate)
    const speechSamples = analysis.speech.reduce((sum, { startSample, endSample }) => sum + endSample - startSample, 0)
    checkBudget(edits, speechSamples, analysis.totalSamples, settings.maxRemovedShare)
    const object = workObject('edits.json')
    const text = JSON.stringify(edits)
    await storage.create(object, text, 'application/json')
    return { editsObject: object.name, editsHash: contentHash(text) }
  },
  passOn: (output) => output,
})
