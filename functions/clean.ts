/** clean: words + analysis + settings → proposed edits. Nothing is cut here; every change is a proposal that can be switched off. */
import { z } from 'zod'
import type { Knex } from 'knex'
import { decodeAnalysis } from '../shared/audio/analysis.ts'
import { settingsOf } from '../shared/db/runs.ts'
import { contentHash } from '../shared/hash.ts'
import { defineStep } from '../shared/step.ts'
import { toEditList, type EditList } from '../shared/transcript/edits.ts'
import { proposeEdits } from '../shared/transcript/propose.ts'
import type { Transcript } from '../shared/transcript/words.ts'

export const clean = defineStep({
  name: 'clean',
  version: 2,
  context: z.object({ analysisObject: z.string(), transcriptObject: z.string().nullable() }),
  load: async (db: Knex, { runId }) => (await settingsOf(db, runId)).cleaning,
  inputs: ({ analysisObject, transcriptObject }, { review: _policy, ...settings }) => ({ analysisObject, transcriptObject, settings }),
  work: async ({ analysisObject, transcriptObject }, settings, { storage, config, workObject }) => {
    const work = config.buckets.work
    const analysis = decodeAnalysis(await storage.read({ bucket: work, name: analysisObject }))
    const transcript = transcriptObject === null ? undefined : await storage.readJson<Transcript>({ bucket: work, name: transcriptObject })
    const proposed = toEditList(proposeEdits(transcript, analysis, settings), analysis.format.sampleRate)
    const object = workObject('proposed.json')
    const text = JSON.stringify(proposed)
    await storage.create(object, text, 'application/json')
    return {
      proposedObject: object.name,
      proposedHash: contentHash(text),
      questions: JSON.stringify(questionsIn(proposed)),
      answers: settings.intern.answerer !== undefined,
    }
  },
  passOn: (output) => output,
})

/** More than this cannot be asked in one episode: they are scalars of the run. */
const mostQuestions = 50

const questionsIn = ({ edits }: EditList): { edit: string; question: string }[] =>
  edits.flatMap(({ id, question }) => (question === undefined ? [] : [{ edit: id, question }])).slice(0, mostQuestions)
