/**
 * Step `examine`: canonical PCM → what is wrong with the sound. A long recording is looked at in parts, and `prescribe` decides
 * on all of them; who looks at all of one decides on it too. No parts where the template leaves the sound as it is.
 */
import { z } from 'zod'
import { defineStep } from '../shared/engine/step.ts'
import { lookAt, prescription, storeLook, wishesIn } from '../shared/episode/restoring.ts'
import { fanOut, pick } from '../shared/episode/run-context.ts'
import { looksOf } from '../shared/restoration/looks.ts'

const context = pick(
  'pcmObject',
  'analysisObject',
  'sampleRate',
  'channels',
  'sampleFormat',
  'totalSamples',
).and(z.object({ look: z.number().nullable().default(null) }))

export const examine = defineStep({
  name: 'examine',
  version: 5,
  context,
  load: async (db, { runId }) => await wishesIn(db, runId),
  inputs: ({ pcmObject, analysisObject, look }, wishes) => ({
    ...{ pcmObject, analysisObject, wishes },
    ...(look === null ? {} : { look }),
  }),
  work: async ({ look, ...recording }, wishes, tools) => {
    const found = await lookAt(recording, wishes, look, tools)
    return look === null
      ? await prescription(recording, wishes, [found], tools)
      : { lookObject: await storeLook(found, tools) }
  },
  passOn: (output) => ('lookObject' in output ? {} : output),
  parts: fanOut(['restores', 'totalSamples', 'sampleRate'], ({ restores, ...recording }) => {
    const looks = restores ? looksOf(recording) : 0
    return looks === 1 ? [{}] : Array.from({ length: looks }, (_, look) => ({ look }))
  }),
})
