/**
 * Step `prescribe`: what was found in the parts of a long recording → a plan of what is done about it. Where nothing is done, all
 * that follows works on the same PCM. No parts where `examine` has decided.
 */
import type { Knex } from 'knex'
import { z } from 'zod'
import { settingsOf } from '../shared/db/runs.ts'
import { outputsOf } from '../shared/db/steps.ts'
import { defineStep } from '../shared/engine/step.ts'
import { prescription, readLook } from '../shared/episode/restoring.ts'
import { fanOut, pick } from '../shared/episode/run-context.ts'
import { looksOf } from '../shared/restoration/looks.ts'
import { wishesOf } from '../shared/restoration/wishes.ts'
import { restoreSettings } from '../shared/settings/restore.ts'

const looked = z.object({ lookObject: z.string() })

export const prescribe = defineStep({
  name: 'prescribe',
  version: 1,
  context: pick('pcmObject', 'analysisObject', 'sampleRate', 'channels', 'sampleFormat', 'totalSamples'),
  load: async (db: Knex, { runId }) => ({
    wishes: wishesOf(restoreSettings((await settingsOf(db, runId)).restore)),
    looks: (await outputsOf(db, runId, 'examine')).map(({ output }) => looked.parse(output).lookObject),
  }),
  inputs: ({ pcmObject, analysisObject }, { wishes, looks }) => ({
    pcmObject,
    analysisObject,
    wishes,
    looks,
  }),
  work: async (recording, { wishes, looks }, tools) => {
    const found = await Promise.all(looks.map((name) => readLook(name, tools)))
    return await prescription(recording, wishes, found, tools)
  },
  passOn: (output) => output,
  parts: fanOut(['restores', 'totalSamples', 'sampleRate'], ({ restores, ...recording }) =>
    restores && looksOf(recording) > 1 ? [{}] : [],
  ),
})
