/** Step `restore`: the plan + canonical PCM → one part of the restored sound. No parts where nothing is wrong with it. */
import { z } from 'zod'
import { defineStep } from '../shared/engine/step.ts'
import { restorePart } from '../shared/episode/restoring.ts'
import { fanOut, pick } from '../shared/episode/run-context.ts'

const context = pick(
  'planObject',
  'planHash',
  'pcmObject',
  'sampleRate',
  'channels',
  'sampleFormat',
  'totalSamples',
).and(z.object({ restoredPart: z.number() }))

export const restore = defineStep({
  name: 'restore',
  version: 3,
  context,
  inputs: ({ planHash, pcmObject, restoredPart }) => ({ planHash, pcmObject, restoredPart }),
  work: async ({ planObject, restoredPart, ...recording }, _input: undefined, tools) =>
    await restorePart(recording, planObject!, restoredPart, tools),
  parts: fanOut(['restoredParts'], ({ restoredParts }) =>
    Array.from({ length: restoredParts }, (_, restoredPart) => ({ restoredPart })),
  ),
})
