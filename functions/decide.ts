/** decide: proposals + answers + the producer's decisions → the edits that are made, and everything that is to be spoken. May wait for the producer. */
import { z } from 'zod'
import type { Knex } from 'knex'
import { decodeAnalysis } from '../shared/audio/analysis.ts'
import { decisionsUpTo } from '../shared/db/decisions.ts'
import { settingsOf } from '../shared/db/runs.ts'
import { outputsOf } from '../shared/db/steps.ts'
import { AwaitingReview } from '../shared/errors.ts'
import { contentHash } from '../shared/hash.ts'
import { defineStep } from '../shared/step.ts'
import { answersByEdit, decideEdits, waitsForReview } from '../shared/transcript/decisions.ts'
import { checkBudget, type EditList } from '../shared/transcript/edits.ts'
import { spokenIn } from '../shared/transcript/spoken.ts'

export const decide = defineStep({
  name: 'decide',
  version: 1,
  context: z.object({
    analysisObject: z.string(),
    proposedObject: z.string(),
    proposedHash: z.string(),
    recordingHash: z.string(),
    decisionRevision: z.number(),
    reviewed: z.boolean(),
    totalSamples: z.number(),
    questions: z.string(),
  }),
  load: async (db: Knex, { runId, episodeId, recordingHash, decisionRevision, questions }) => ({
    settings: (await settingsOf(db, runId)).cleaning,
    decisions: await decisionsUpTo(db, episodeId, recordingHash, decisionRevision),
    answers: [...answersByEdit(questions, await outputsOf(db, runId, 'answer'))],
  }),
  inputs: ({ proposedHash, analysisObject, reviewed }, input) => ({ proposedHash, analysisObject, reviewed, ...input }),
  work: async (context, { settings, decisions, answers }, { storage, config, workObject, warn }) => {
    const bucket = config.buckets.work
    const proposed = await storage.readJson<EditList>({ bucket, name: context.proposedObject })
    const { speech } = decodeAnalysis(await storage.read({ bucket, name: context.analysisObject }))
    const edits = decideEdits(proposed, settings.review, new Map(answers), decisions, context.totalSamples)
    const open = waitsForReview(edits, settings.review)
    if (open.length > 0 && !context.reviewed) throw new AwaitingReview(`${open.length} edits wait for a decision.`)
    if (open.length > 0) {
      warn({ code: 'left_undecided', message: `${open.length} edit${open.length === 1 ? ' was' : 's were'} left undecided and not made.` })
    }
    checkBudget(edits, speech, context.totalSamples, settings.maxRemovedShare)
    const text = JSON.stringify(edits)
    const [editsObject, spokenObject] = [workObject('edits.json'), workObject('spoken.json')]
    const spoken = spokenIn(edits)
    await storage.create(editsObject, text, 'application/json')
    await storage.create(spokenObject, JSON.stringify(spoken), 'application/json')
    return {
      editsObject: editsObject.name,
      editsHash: contentHash(text),
      spokenObject: spokenObject.name,
      spokenHashes: spoken.map((one) => contentHash(one.text).slice(0, 16)).join(' '),
    }
  },
  passOn: (output) => output,
})
