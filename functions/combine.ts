/**
 * Step `combine`: the parts of the restored sound → one recording in place of what `prepare` or `join` left, and a report
 * of what was done to it. No parts where nothing was restored.
 */
import type { Knex } from 'knex'
import { z } from 'zod'
import { outputsOf } from '../shared/db/steps.ts'
import { defineStep } from '../shared/engine/step.ts'
import { preparedFiles, type Prepared } from '../shared/episode/recording.ts'
import { combineParts, readAnalysis, readPlan, reportOf, storeReport } from '../shared/episode/restoring.ts'
import { fanOut, pick } from '../shared/episode/run-context.ts'

const restored = z.object({ pcmObject: z.string(), samples: z.number() })

export const combine = defineStep({
  name: 'combine',
  version: 1,
  context: pick('planObject', 'planHash', 'analysisObject'),
  load: async (db: Knex, { runId }) => ({
    original: (await preparedFiles(db, runId)).recording,
    parts: (await outputsOf(db, runId, 'restore')).map(({ output }) => restored.parse(output)),
  }),
  inputs: ({ planHash, analysisObject }, { original, parts }) => ({
    ...{ planHash, analysisObject },
    file: original.file,
    parts,
  }),
  work: async ({ planObject, analysisObject: before }, { original, parts }, tools) => {
    const { recording, analysisObject, analysis } = await combineParts(parts, original, tools)
    const report = reportOf(await readPlan(planObject!, tools), await readAnalysis(before, tools), analysis)
    const { integratedLufs } = analysis
    const prepared: Prepared = {
      ...recording,
      ...{ file: original.file, analysisObject },
      integratedLufs: Number.isFinite(integratedLufs) ? integratedLufs : null,
    }
    return { ...prepared, restorationObject: await storeReport(report, tools) }
  },
  passOn: ({ pcmObject, analysisObject, sampleFormat, restorationObject }) => ({
    ...{ pcmObject, analysisObject, sampleFormat },
    restorationObject,
  }),
  parts: fanOut(['restoredParts'], ({ restoredParts }) => (restoredParts > 0 ? [{}] : [])),
})
