/** Step `measure`: one chunk of the mix → its loudness partials at a few trial gains. */
import { z } from 'zod'
import { chunkParts, loadChunk } from '../shared/mastering/chunk-step.ts'
import { measureChunk } from '../shared/mastering/gain.ts'
import { ceilingDb } from '../shared/mastering/programme.ts'
import { encodePartials } from '../shared/mastering/partials.ts'
import type { Timeline } from '../shared/timeline/timeline.ts'
import { pick } from '../shared/episode/run-context.ts'
import { defineStep } from '../shared/engine/step.ts'

export const measure = defineStep({
  name: 'measure',
  version: 2,
  context: pick('timelineObject', 'sampleRate', 'gainEstimateDb').and(z.object({ chunk: z.number() })),
  load: loadChunk,
  inputs: ({ gainEstimateDb }, { chunkHash, format, loudness }) => ({
    gainEstimateDb,
    chunkHash,
    format,
    loudness,
  }),
  work: async (
    { timelineObject, chunk, gainEstimateDb },
    { format, loudness },
    { storage, config, workObject },
  ) => {
    const bucket = config.buckets.work
    const timeline = await storage.readJson<Timeline>({ bucket, name: timelineObject })
    const trials = await measureChunk(
      timeline,
      { storage, bucket },
      chunk,
      gainEstimateDb,
      ceilingDb(loudness, format),
    )
    const object = workObject('partials')
    await storage.create(
      object,
      encodePartials(trials.map(({ blocks }) => blocks)),
      'application/octet-stream',
    )
    return { partialsObject: object.name, gainsDb: trials.map(({ gainDb }) => gainDb).join(' ') }
  },
  parts: chunkParts,
})
