/**
 * Step `examine`: canonical PCM → what is wrong with the sound, and a plan of what is done about it. Where nothing is
 * done, all that follows works on the same PCM. No parts where the template leaves the sound as it is.
 */
import { settingsOf } from '../shared/db/runs.ts'
import { defineStep } from '../shared/engine/step.ts'
import {
  planRestoration,
  readAnalysis,
  reportOf,
  restoredPartsOf,
  storePlan,
  storeReport,
} from '../shared/episode/restoring.ts'
import { fanOut, pick } from '../shared/episode/run-context.ts'
import { wishesOf } from '../shared/restoration/wishes.ts'
import { restoreSettings } from '../shared/settings/restore.ts'

export const examine = defineStep({
  name: 'examine',
  version: 4,
  context: pick('pcmObject', 'analysisObject', 'sampleRate', 'channels', 'sampleFormat', 'totalSamples'),
  load: async (db, { runId }) => wishesOf(restoreSettings((await settingsOf(db, runId)).restore)),
  inputs: ({ pcmObject, analysisObject }, wishes) => ({ pcmObject, analysisObject, wishes }),
  work: async (recording, wishes, tools) => {
    const plan = await planRestoration(recording, wishes, tools)
    if (!plan.summary.untouched)
      return {
        ...(await storePlan(plan, tools)),
        restoredParts: restoredPartsOf(recording),
        restorationObject: null,
      }
    const analysis = await readAnalysis(recording.analysisObject, tools)
    const restorationObject = await storeReport(reportOf(plan, analysis, analysis), tools)
    return { planObject: null, planHash: null, restoredParts: 0, restorationObject }
  },
  passOn: (output) => output,
  parts: fanOut(['restores'], ({ restores }) => (restores ? [{}] : [])),
})
