/**
 * Step `prescribe`: what was found in the parts of a long recording → a plan of what is done about it. Where nothing is
 * done, all that follows works on the same PCM. No parts where `examine` decides; what one of an earlier version has
 * decided on a long recording stands.
 */
import type { Knex } from 'knex'
import { z } from 'zod'
import { outputsOf } from '../shared/db/steps.ts'
import { defineStep } from '../shared/engine/step.ts'
import { prescription, readLooks, wishesIn, type Prescription } from '../shared/episode/restoring.ts'
import { fanOut, pick } from '../shared/episode/run-context.ts'
import { looksOf } from '../shared/restoration/looks.ts'

const looked = z.object({ lookObject: z.string() })
const decided: z.ZodType<Prescription> = z.object({
  planObject: z.string().nullable(),
  planHash: z.string().nullable(),
  restoredParts: z.number(),
  restorationObject: z.string().nullable(),
})

export const prescribe = defineStep({
  name: 'prescribe',
  version: 2,
  context: pick('pcmObject', 'analysisObject', 'sampleRate', 'channels', 'sampleFormat', 'totalSamples'),
  load: async (db: Knex, { runId }) => {
    const found = (await outputsOf(db, runId, 'examine')).map(({ output }) => output)
    return {
      wishes: await wishesIn(db, runId),
      earlier: found.flatMap((output) => decided.safeParse(output).data ?? [])[0] ?? null,
      looks: found.flatMap((output) => looked.safeParse(output).data?.lookObject ?? []),
    }
  },
  inputs: ({ pcmObject, analysisObject }, given) => ({ pcmObject, analysisObject, ...given }),
  work: async (recording, { wishes, earlier, looks }, tools) =>
    earlier ?? (await prescription(recording, wishes, await readLooks(looks, tools), tools)),
  passOn: (output) => output,
  parts: fanOut(['restores', 'totalSamples', 'sampleRate'], ({ restores, ...recording }) =>
    restores && looksOf(recording) > 1 ? [{}] : [],
  ),
})
